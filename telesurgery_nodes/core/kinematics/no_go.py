"""The user's volumes: what no arm may enter, or may not leave. Strict: what is not understood refuses the start.

How deep a capsule is inside a volume it must stay in: the distance of its nearer end from the wall less its radius. For a convex
volume that depth is concave along a segment, so the ends decide.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from ...errors import ConfigError
from ..values import FloatArray
from .arm_body import Role
from .collision_config import MM, mapping, number
from .frames import Frame, from_rpy

KEYS = ("name", "forbid", "shape", "frame", "xyz_mm", "rpy_deg", "margin_mm", "applies_to")
SIZES: Mapping[str, tuple[str, ...]] = {
    "sphere": ("radius_mm",),
    "box": ("size_mm",),
    "capsule": ("radius_mm", "length_mm"),
    "cylinder": ("radius_mm", "length_mm"),
    "mesh": ("file", "scale"),
}
APPLIES: Mapping[str, tuple[Role, ...]] = {
    "tips": (Role.TIP,),
    "shafts": (Role.SHAFT, Role.TIP),
    "all": (Role.OUTSIDE, Role.SHAFT, Role.TIP),
}
FORBID = ("inside", "outside")
SIZE_MM = (0.1, 5000.0)
SCALE = (1e-6, 1e3)
PLACE_MM, TURN_DEG, MARGIN_MM = (-10_000.0, 10_000.0), (-360.0, 360.0), (0.0, 200.0)


@dataclass(frozen=True)
class Volume:
    """``size`` [m]: sphere (radius,), box edges, capsule and cylinder (radius, length), mesh its scale three times. ``frame`` in ``link``.

    ``inside`` True: forbidden inside; False: forbidden outside. ``margin`` [m] of the surfaces. ``roles`` it applies to.
    """

    name: str
    inside: bool
    kind: str
    size: tuple[float, ...]
    file: str
    link: str
    frame: Frame
    margin: float
    roles: tuple[Role, ...]


def no_go_volumes(content: object, links: Collection[str]) -> tuple[Volume, ...]:
    """Check the parsed YAML. ``links``: those that do not move."""
    rows = mapping(content, ("volumes",), "no-go file")["volumes"]
    if not isinstance(rows, list):
        raise ConfigError(f"no-go file: a list wanted at volumes, got {rows!r}")
    found = tuple(_volume(row, links) for row in rows)
    names = [volume.name for volume in found]
    if len(set(names)) != len(names):
        raise ConfigError(f"no-go file: every volume wants a name of its own, got {names}")
    return found


def _volume(content: object, links: Collection[str]) -> Volume:
    name = content.get("name") if isinstance(content, Mapping) else None
    where = f"no-go volume {name!r}"
    raw = mapping(content, KEYS, where)
    if not isinstance(name, str) or not name.isidentifier():
        raise ConfigError(f"{where}: a name of letters, digits and underscores wanted")
    kind, size, file = _shape(raw["shape"], where)
    inside = _word(raw, "forbid", FORBID, where) == "inside"
    if kind == "mesh" and not inside:
        valid = ", ".join(one for one in SIZES if one != "mesh")
        raise ConfigError(f"{where}: a mesh can only be forbidden inside; valid to stay in: {valid}")
    x, y, z = (value * MM for value in _three(raw, "xyz_mm", PLACE_MM, where))
    roll, pitch, yaw = np.radians(_three(raw, "rpy_deg", TURN_DEG, where)).tolist()
    return Volume(
        name=name,
        inside=inside,
        kind=kind,
        size=size,
        file=file,
        link=_word(raw, "frame", sorted(links), where),
        frame=Frame((x, y, z), from_rpy(roll, pitch, yaw)),
        margin=number(raw, "margin_mm", MARGIN_MM, where) * MM,
        roles=APPLIES[_word(raw, "applies_to", tuple(APPLIES), where)],
    )


def _shape(content: object, where: str) -> tuple[str, tuple[float, ...], str]:
    kind = content.get("kind") if isinstance(content, Mapping) else None
    if not isinstance(kind, str) or kind not in SIZES:
        raise ConfigError(f"{where}: shape: kind: one of {', '.join(SIZES)} wanted, got {kind!r}")
    raw = mapping(content, ("kind", *SIZES[kind]), f"{where}: shape")
    if kind == "mesh":
        if not isinstance(raw["file"], str) or not raw["file"]:
            raise ConfigError(f"{where}: shape: a file name wanted at file, got {raw['file']!r}")
        return kind, (number(raw, "scale", SCALE, where),) * 3, raw["file"]
    if kind == "box":
        return kind, tuple(value * MM for value in _three(raw, "size_mm", SIZE_MM, where)), ""
    return kind, tuple(number(raw, key, SIZE_MM, where) * MM for key in SIZES[kind]), ""


def _word(raw: Mapping[str, object], key: str, valid: Collection[str], where: str) -> str:
    value = raw[key]
    if not isinstance(value, str) or value not in valid:
        raise ConfigError(f"{where}: {key}: one of {', '.join(valid)} wanted, got {value!r}")
    return value


def _three(raw: Mapping[str, object], key: str, valid: tuple[float, float], where: str) -> tuple[float, float, float]:
    value = raw[key]
    if not isinstance(value, list) or len(value) != 3:
        raise ConfigError(f"{where}: {key}: three numbers wanted, got {value!r}")
    x, y, z = (number({key: one}, key, valid, where) for one in value)
    return x, y, z


def depth(volume: Volume, rotation: FloatArray, center: FloatArray, points: FloatArray) -> FloatArray:
    """How far ``points`` (..., 3) are inside [m]; negative outside. ``rotation``, ``center``: the volume's pose in the points' frame."""
    local = (points - center) @ rotation
    if volume.kind == "box":
        return np.asarray(np.min(0.5 * np.array(volume.size) - np.abs(local), axis=-1))
    across = np.hypot(local[..., 0], local[..., 1])
    if volume.kind == "cylinder":
        return np.asarray(np.minimum(volume.size[0] - across, 0.5 * volume.size[1] - np.abs(local[..., 2])))
    half = 0.5 * volume.size[1] if volume.kind == "capsule" else 0.0
    over = np.maximum(np.abs(local[..., 2]) - half, 0.0)
    return np.asarray(volume.size[0] - np.hypot(across, over))
