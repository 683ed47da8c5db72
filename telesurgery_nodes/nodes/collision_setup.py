"""What the collision guard is made of: the URDF's shapes, config/collision.yaml and the user's no-go file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ..core.arm.assembly import Assembly
from ..core.kinematics.arm_body import Role, read_body
from ..core.kinematics.collision import CollisionGuard
from ..core.kinematics.collision_config import CollisionConfig, collision_config
from ..core.kinematics.frames import IDENTITY, Frame, compose
from ..core.kinematics.model import RobotModel
from ..core.kinematics.no_go import no_go_volumes
from ..core.kinematics.obstacles import MESH_LOOKS, Clearance, Field, Still, forbidden, ports, world
from ..core.kinematics.solids import Solid, read_solids
from ..core.values import FloatArray
from ..devices import coal_mesh
from ..errors import ConfigError
from ..resources import find_file

COLLISION_FILE = "config/collision.yaml"


def make_guard(urdf: str, model: RobotModel, arms: Mapping[str, Assembly], config: str = COLLISION_FILE, no_go: str = "") -> CollisionGuard:
    """The guard of ``arms``. ``no_go``: file with the user's volumes, empty for none. ConfigError where anything is not understood."""
    rules = read_rules(config)
    if unknown := sorted(set(rules.absent) - set(arms)):
        raise ConfigError(f"{config}: absent_arms: {unknown} wanted to be of {', '.join(arms)}")
    present = {arm: made for arm, made in arms.items() if arm not in rules.absent}
    bases = {arm: made.base for arm, made in arms.items()}
    solids = read_solids(urdf)
    bodies = [
        read_body(urdf, model, solids, arm, made.chain, made.shaft.tip, _trocar(model, made), coal_mesh.vertices)
        for arm, made in present.items()
    ]
    stills, meshes = world(model, solids, bases, rules)
    more, fields = user_volumes(model, rules, no_go)
    fields += [_world_mesh(model, solid, rules) for solid in meshes]
    limits = {arm: made.controller.config.limits for arm, made in present.items()}
    return CollisionGuard(bodies, limits, [*stills, *ports(model, tuple(present), rules), *more], fields, rules)


def user_volumes(model: RobotModel, rules: CollisionConfig, no_go: str) -> tuple[list[Still], list[Field]]:
    """What the no-go file forbids; nothing where ``no_go`` is empty. ConfigError where anything is not understood."""
    volumes = no_go_volumes(_yaml(no_go, "no_go_file"), _standing(model)) if no_go else ()
    return forbidden(model, volumes, rules, _user_mesh(no_go))


def read_rules(config: str = COLLISION_FILE) -> CollisionConfig:
    """The distances at which arms slow down and stop."""
    return collision_config(_yaml(config, "collision_file"))


def _trocar(model: RobotModel, made: Assembly) -> FloatArray | None:
    """Where the mechanism keeps the shaft, in the root frame; None where software does."""
    if made.controller.config.description.rcm.trocar is not None:
        return None
    return np.array(compose(model.chain_to(made.base).tool, Frame(made.trocar, IDENTITY.r)).p)


def _standing(model: RobotModel) -> list[str]:
    """Links that no joint moves."""
    return [link for link in model.links if not model.chain_to(link).joints]


def _user_mesh(no_go: str) -> Any:
    """A mesh file is named as seen from the no-go file, or absolutely."""
    folder = Path(no_go).parent

    def make(file: str, scale: float, frame: Frame) -> Clearance:
        beside = folder / file
        return coal_mesh.clearance(str(beside.resolve()) if beside.is_file() else file, (scale, scale, scale), frame)

    return make


def _world_mesh(model: RobotModel, solid: Solid, rules: CollisionConfig) -> Field:
    zones = {Role.OUTSIDE: rules.zones["arm_table"], Role.SHAFT: rules.zones["shaft_table"], Role.TIP: rules.zones["shaft_table"]}
    frame = compose(model.chain_to(solid.link).tool, solid.frame)
    scale = (solid.size[0], solid.size[1], solid.size[2])
    return Field(solid.link, zones, coal_mesh.clearance(solid.file.removeprefix("file://"), scale, frame), MESH_LOOKS)


def _yaml(name: str, what: str) -> object:
    path = find_file(name, what)
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: YAML wanted; got {error}") from error
