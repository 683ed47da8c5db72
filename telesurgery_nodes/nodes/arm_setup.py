"""What arm_control reads at start: the URDF and config/arms, checked against each other."""

from __future__ import annotations

import yaml

from ..core.arm.config import ArmConfig, arm_config
from ..core.arm.controller import ArmController
from ..core.kinematics.ecm import Ecm, EcmGeometry
from ..core.kinematics.frames import angle_between, distance
from ..core.kinematics.model import Chain
from ..core.kinematics.psm import Psm, PsmGeometry
from ..core.values import CAMERA_ARM
from ..errors import ConfigError
from ..resources import find_resource

AGREE = 1e-6  # [m, rad] closed form and URDF describe the same arm


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
    """One of config/arms/*.yaml."""
    return arm_config(yaml.safe_load(find_resource(f"config/arms/{name}.yaml").read_text()))


def make_controller(arm: str, chain: Chain, max_tick: float) -> ArmController:
    """Controller of one arm. ConfigError where the closed form and the URDF's ``chain`` are not the same arm."""
    config = read_config("ecm" if arm == CAMERA_ARM else "psm")
    psm = Psm(config.limits, PsmGeometry(**config.geometry)) if arm != CAMERA_ARM else None
    kinematics = psm if psm is not None else Ecm(config.limits, EcmGeometry(**config.geometry))
    limits = config.limits
    if not (chain.inside(limits.lower) and chain.inside(limits.upper)):
        raise ConfigError(f"{arm}: config/arms lets joints go to {limits.lower}..{limits.upper}, further than the URDF does")
    # Every joint away from zero, so that a wrong axis or sign cannot hide.
    posture = tuple(0.7 * home + 0.3 * (0.5 * upper) for home, upper in zip(config.home, config.limits.upper, strict=True))
    ours, theirs = kinematics.forward(posture), chain.forward(posture)
    if not (distance(ours.p, theirs.p) <= AGREE and angle_between(ours.r, theirs.r) <= AGREE):
        raise ConfigError(f"{arm}: config/arms and the URDF disagree about the tip at joints {posture}: {ours} and {theirs}")
    return ArmController(arm, kinematics, config, psm, max_tick=max_tick)
