"""What stands still near the arms: cart, table and board from the URDF, the trocars of the arms, and the user's no-go volumes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..values import FloatArray
from .arm_body import Role
from .collision_config import CollisionConfig, Zone
from .frames import Frame, compose
from .model import RobotModel
from .no_go import Volume, depth
from .solids import Capsule, Solid, hangs_below

BOARD = "peg_board"
MESH_STEP = 2e-4  # [m] a mesh is looked at this often along a step, so its margin holds to half of this
MESH_LOOKS = 24  # at most
# Pairs that are not watched, and why. docs/collision.md shows this table.
LEFT_OUT: Mapping[str, str] = {
    "links of one arm": "they slide and turn on each other along fixed guides; their range is the joint range",
    "a shaft and its own trocar": "it passes through it; the remote centre holds by construction and is watched as the trocar error",
    "tips of two arms": "handing a needle or a ring over is the work",
    "tips and the board": "touching it is the work",
    "pegs and rings": "work pieces: touched on purpose; they are not in the way of a shaft for longer than they bend",
}
# (a, b, radii) of segments (k, 3) -> clearance of their surfaces from the volume (k,) [m]; ``known`` is enough where it is far.
Clearance = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True, eq=False)
class Still:
    """One convex thing that does not move: ``kind`` capsule (with ``capsule``), box or cylinder (``size`` as in `Solid`, ``frame``).

    ``zones``: the roles it is watched against. ``own``: the arm whose trocar it is.
    """

    name: str
    kind: str
    zones: Mapping[Role, Zone]
    capsule: Capsule | None = None
    frame: Frame | None = None
    size: tuple[float, ...] = ()
    own: str = ""


@dataclass(frozen=True, eq=False)
class Field:
    """A volume known only by how clear of it a capsule is: one to stay in (``looks`` 1: concave, the ends of a way decide) or a mesh."""

    name: str
    zones: Mapping[Role, Zone]
    clearance: Clearance
    looks: int = 1


MeshMaker = Callable[[str, float, Frame], Clearance]  # file, scale, pose in the root frame


def world(model: RobotModel, solids: Sequence[Solid], bases: Mapping[str, str], config: CollisionConfig) -> tuple[list[Still], list[Solid]]:
    """Solids of the URDF that belong to no arm (``bases``: arm -> base link); a mesh among them comes back as it is."""
    outside, shaft = config.zones["arm_table"], config.zones["shaft_table"]
    stills, meshes = [], []
    for solid in solids:
        moving = any(hangs_below(model, solid.link, base) for base in bases.values())
        piece = solid.link != BOARD and BOARD in model.links and hangs_below(model, solid.link, BOARD)
        if moving or piece:
            continue
        zones = {Role.OUTSIDE: outside, Role.SHAFT: shaft, **({} if solid.link == BOARD else {Role.TIP: shaft})}
        frame = compose(model.chain_to(solid.link).tool, solid.frame)
        if solid.kind == "mesh":
            meshes.append(solid)
        else:
            stills.append(still(solid.link, solid.kind, solid.size, frame, zones))
    return stills, meshes


def ports(model: RobotModel, arms: Sequence[str], config: CollisionConfig) -> list[Still]:
    """A capsule at each arm's remote centre, along the shaft at home; the arm itself passes through it."""
    zones = dict.fromkeys(Role, config.zones["shaft_port"])
    size = (config.port_radius, config.port_length)
    return [still(f"{arm}_port", "capsule", size, model.chain_to(f"{arm}_rcm").tool, zones, arm) for arm in arms]


def forbidden(
    model: RobotModel, volumes: Sequence[Volume], config: CollisionConfig, make_mesh: MeshMaker
) -> tuple[list[Still], list[Field]]:
    """The user's volumes."""
    stills, fields = [], []
    for volume in volumes:
        frame = compose(model.chain_to(volume.link).tool, volume.frame)
        zones = dict.fromkeys(volume.roles, Zone(volume.margin + config.no_go_slow, volume.margin))
        if not volume.inside:
            fields.append(Field(volume.name, zones, _stay_in(volume, frame)))
        elif volume.kind == "mesh":
            fields.append(Field(volume.name, zones, make_mesh(volume.file, volume.size[0], frame), MESH_LOOKS))
        else:
            stills.append(still(volume.name, volume.kind, volume.size, frame, zones))
    return stills, fields


def still(name: str, kind: str, size: tuple[float, ...], frame: Frame, zones: Mapping[Role, Zone], own: str = "") -> Still:
    """A sphere or a capsule by its segment, everything else by its pose."""
    if kind in ("box", "cylinder"):
        return Still(name, kind, zones, None, frame, size, own)
    axis, middle = np.array((frame.r[2], frame.r[5], frame.r[8])), np.array(frame.p)
    half = 0.5 * size[1] * axis if kind == "capsule" else np.zeros(3)
    return Still(name, "capsule", zones, Capsule(middle - half, middle + half, size[0]), own=own)


def _stay_in(volume: Volume, frame: Frame) -> Clearance:
    rotation, center = np.array(frame.r).reshape(3, 3), np.array(frame.p)

    def clearance(a: FloatArray, b: FloatArray, radius: FloatArray) -> FloatArray:
        return np.minimum(depth(volume, rotation, center, a), depth(volume, rotation, center, b)) - radius

    return clearance
