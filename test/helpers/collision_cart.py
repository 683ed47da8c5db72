"""The cart's arms as bodies, and guards around them, for the collision tests. No ROS, no files but the shipped ones."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import yaml
from arm_samples import config

from telesurgery_nodes.core.kinematics.arm_body import ArmBody, read_body
from telesurgery_nodes.core.kinematics.collision import CollisionGuard
from telesurgery_nodes.core.kinematics.collision_config import CollisionConfig, collision_config
from telesurgery_nodes.core.kinematics.model import RobotModel
from telesurgery_nodes.core.kinematics.no_go import no_go_volumes
from telesurgery_nodes.core.kinematics.obstacles import forbidden, ports, world
from telesurgery_nodes.core.kinematics.solids import read_solids

ARMS = ("PSM1", "PSM2", "PSM3", "ECM")
LIMITS = {arm: config("ecm" if arm == "ECM" else "psm").limits for arm in ARMS}
RULES = Path(__file__).resolve().parents[2] / "config" / "collision.yaml"


def rules() -> dict:
    return yaml.safe_load(RULES.read_text())


@lru_cache(maxsize=1)
def cart() -> tuple[str, RobotModel]:
    from telesurgery_nodes.description import robot_description

    return robot_description(), RobotModel(robot_description())


@cache
def body(arm: str) -> ArmBody:
    urdf, model = cart()
    trocar = np.array(model.chain_to(f"{arm}_rcm").tool.p)
    return read_body(urdf, model, read_solids(urdf), arm, model.chain(f"{arm}_rcm", f"{arm}_tip"), f"{arm}_roll_link", trocar)


def guard(arms=ARMS, stills=None, fields=(), config: CollisionConfig | None = None) -> CollisionGuard:
    """``stills`` None: cart, board and ports."""
    urdf, model = cart()
    config = config or collision_config(rules())
    if stills is None:
        stills = world(model, read_solids(urdf), {arm: f"{arm}_rcm" for arm in ARMS}, config)[0] + ports(model, arms, config)
    return CollisionGuard([body(arm) for arm in arms], LIMITS, stills, list(fields), config)


def volume(**changes):
    row = {
        "name": "v", "forbid": "inside", "shape": {"kind": "sphere", "radius_mm": 10.0}, "frame": "patient_cart",
        "xyz_mm": [500.0, 0.0, 850.0], "rpy_deg": [0.0, 0.0, 0.0], "margin_mm": 3.0, "applies_to": "all",
    }  # fmt: skip
    return {**row, **changes}


def with_volumes(arms, content, make_mesh=None) -> CollisionGuard:
    _, model = cart()
    rule = collision_config(rules())
    stills, fields = forbidden(model, no_go_volumes(content, ["patient_cart", "peg_board", "PSM1_rcm"]), rule, make_mesh)
    return guard(arms, stills, fields)
