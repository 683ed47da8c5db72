"""What arm_control reads at start: the URDF and config/arms."""

from __future__ import annotations

import yaml

from ..core.arm.assembly import Assembly, assemble
from ..core.arm.config import ArmConfig, arm_config
from ..core.kinematics.model import RobotModel
from ..errors import ConfigError
from ..resources import find_resource


def read_urdf(name: str) -> str:
    """URDF text of a file; xacro is expanded. ConfigError where it cannot be."""
    path = find_resource(name)
    if path.suffix != ".xacro":
        return path.read_text()
    try:
        import xacro
    except ImportError as error:
        raise ConfigError(f"parameter urdf: {path} needs the package xacro; valid: pip install xacro, or a plain .urdf") from error
    return str(xacro.process_file(str(path)).toxml())


def read_config(name: str) -> ArmConfig:
    """One of config/arms/*.yaml, by its name without the ending."""
    return arm_config(yaml.safe_load(find_resource(f"config/arms/{name}.yaml").read_text()))


def make_arm(arm: str, model: RobotModel, kind: str, max_tick: float) -> Assembly:
    """Arm ``arm`` of the URDF as config/arms/``kind``.yaml describes it. ConfigError where the two are not the same arm."""
    return assemble(arm, model, read_config(kind), max_tick)
