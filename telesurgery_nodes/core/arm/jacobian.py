"""Jacobians out of a kinematics' own twist, one column a joint; rows linear x y z, then angular x y z."""

from __future__ import annotations

from ..kinematics.frames import Vector, cross, rotate, transpose
from ..kinematics.limits import Joints
from .kinematics import Kinematics

Rows = tuple[tuple[float, ...], ...]


def body_jacobian(kinematics: Kinematics, q: Joints) -> Rows:
    """Joint speeds to the tip's twist in the tip's own frame."""
    turn = transpose(kinematics.forward(q).r)
    return _rows([(rotate(turn, linear), rotate(turn, angular)) for linear, angular in _columns(kinematics, q)])


def spatial_jacobian(kinematics: Kinematics, q: Joints) -> Rows:
    """Joint speeds to the twist of the point of the tool at the RCM frame's origin, in that frame."""
    p = kinematics.forward(q).p
    found = []
    for linear, angular in _columns(kinematics, q):
        swing = cross(angular, p)
        found.append(((linear[0] - swing[0], linear[1] - swing[1], linear[2] - swing[2]), angular))
    return _rows(found)


def _columns(kinematics: Kinematics, q: Joints) -> list[tuple[Vector, Vector]]:
    units = [tuple(float(row == column) for row in range(len(q))) for column in range(len(q))]
    return [kinematics.twist(q, unit) for unit in units]


def _rows(columns: list[tuple[Vector, Vector]]) -> Rows:
    return tuple(zip(*((*linear, *angular) for linear, angular in columns), strict=True))
