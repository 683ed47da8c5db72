"""The patient cart as one URDF text, and the facts about it that a URDF cannot hold: homes and rings.

The xacro is expanded in this process by the `xacro` Python package (the PyPI wheel and ROS's own are the same code), so that the
simulation, arm control, the camera and robot_state_publisher all read one description. No ament index is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from .core.robot.contact import Plate
from .core.values import FloatArray
from .errors import ConfigError
from .resources import find_resource

XACRO = "urdf/patient_cart.urdf.xacro"
SCENE = "config/scene.yaml"
HOMES = "config/arms/homes.yaml"
# Rings rest a hair above the board, so that the first physics step does not push them out of it.
RING_LIFT = 1e-5


@dataclass(frozen=True, eq=False)
class Home:
    """Where an arm starts: ``joints`` shape (n,) [rad or m], ``jaw`` [rad]."""

    joints: FloatArray
    jaw: float


@dataclass(frozen=True, eq=False)
class Rings:
    """Movable rings: tori of ``centre_radius``, ``tube_radius`` [m], ``mass`` [kg]; ``start``: name -> (3,) in the cart frame [m]."""

    centre_radius: float
    tube_radius: float
    mass: float
    start: Mapping[str, FloatArray]


@lru_cache(maxsize=1)
def robot_description() -> str:
    """URDF text of the patient cart. ConfigError where xacro is missing or the file cannot be expanded."""
    return expand(find_resource(XACRO))


def expand(path: Path) -> str:
    """URDF text of a xacro file. ConfigError says what is wrong with it."""
    try:
        import xacro
    except ImportError as error:
        raise ConfigError("the robot description needs 'xacro': pip install xacro (or apt install ros-<distro>-xacro)") from error
    try:
        return str(xacro.process_file(str(path)).toxml())
    except Exception as error:  # xacro raises many kinds and documents none; all mean: this file is not usable
        raise ConfigError(f"{path} cannot be expanded by xacro: {error}") from error


@lru_cache(maxsize=1)
def homes() -> Mapping[str, Home]:
    """Arm name -> home (config/arms/homes.yaml)."""
    table = _load(HOMES)
    try:
        return {arm: Home(np.array(row["joints"], dtype=np.float64), float(row["jaw"])) for arm, row in table.items()}
    except (TypeError, KeyError, ValueError) as error:
        raise ConfigError(f"{HOMES}: wanted 'ARM: {{joints: [numbers], jaw: number}}', got {table!r}") from error


@lru_cache(maxsize=1)
def rings() -> Rings:
    """The rings of the peg board (config/scene.yaml)."""
    scene = _load(SCENE)
    try:
        spec, pegs = scene["rings"], scene["pegs"]["at"]
        lift = spec["tube_radius"] + RING_LIFT
        start = {
            f"ring_{number}": np.array(scene["board"]["xyz"], dtype=np.float64) + np.array([*pegs[peg - 1], lift])
            for number, peg in enumerate(spec["pegs"], start=1)
        }
        return Rings(float(spec["centre_radius"]), float(spec["tube_radius"]), float(spec["mass"]), start)
    except (TypeError, KeyError, IndexError, ValueError) as error:
        raise ConfigError(f"{SCENE}: wanted board, pegs and rings with valid peg numbers: {error!r}") from error


@lru_cache(maxsize=1)
def board() -> Plate:
    """The top face of the peg board in the cart frame (config/scene.yaml)."""
    scene = _load(SCENE)
    try:
        (x, y, z), (length, width, _) = (tuple(map(float, scene["board"][key])) for key in ("xyz", "size"))
    except (TypeError, KeyError, ValueError) as error:
        raise ConfigError(f"{SCENE}: wanted board with three numbers in xyz and size: {error!r}") from error
    return Plate((x, y, z), (0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (length / 2.0, width / 2.0))


def _load(relative: str) -> Any:
    path = find_resource(relative)
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error
