"""The rings on the board: their meshes, and where they rest."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from ..kinematics.frames import Frame, from_quaternion, pose_of
from . import meshes
from .meshes import Mesh
from .view import looks_same

RING_COLORS = ((0.93, 0.30, 0.22), (0.98, 0.75, 0.18), (0.28, 0.75, 0.38), (0.25, 0.55, 0.95), (0.85, 0.40, 0.85), (0.95, 0.95, 0.90))


def ring_frame(pose: Sequence[float]) -> Frame:
    """Frame of x, y, z [m], w, x, y, z (a quaternion of any length but zero)."""
    w, x, y, z = (np.asarray(pose[3:7], dtype=float) / np.linalg.norm(pose[3:7])).tolist()
    return Frame((pose[0], pose[1], pose[2]), from_quaternion((w, x, y, z)))


def ring_mesh(number: int, frame: Frame, radius: float, tube: float) -> Mesh:
    """Ring ``number`` at ``frame`` in the root link, the rings coloured in turn."""
    pose = pose_of(frame)
    return _torus(radius, tube, number % len(RING_COLORS)).moved(pose.rotation, pose.position)


@lru_cache(maxsize=64)
def _torus(radius: float, tube: float, color: int) -> Mesh:
    return meshes.torus(radius, tube, RING_COLORS[color])


def settled(drawn: Sequence[Frame], wanted: Sequence[Frame]) -> tuple[Frame, ...]:
    """The ``wanted`` frames, but where a ring was ``drawn`` if that looks the same: a physics engine never lets it lie quite still."""
    pairs = zip(wanted, [*drawn[: len(wanted)], *wanted[len(drawn) :]], strict=True)
    return tuple(old if looks_same(old, new) else new for new, old in pairs)
