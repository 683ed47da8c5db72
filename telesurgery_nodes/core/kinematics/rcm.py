"""How far the instrument shaft is from its remote centre of motion (the trocar).

Computed through the URDF chain, not through the kinematics that command the arm: two ways that must agree.
"""

from __future__ import annotations

from collections.abc import Sequence

from .frames import Vector, cross, norm
from .model import Chain

CENTRE: Vector = (0.0, 0.0, 0.0)


def line_distance(point: Vector, on_line: Vector, direction: Vector) -> float:
    """Distance of ``point`` from the line through ``on_line`` along unit ``direction`` [m]."""
    offset = (point[0] - on_line[0], point[1] - on_line[1], point[2] - on_line[2])
    return norm(cross(offset, direction))


def trocar_error(shaft: Chain, q: Sequence[float], trocar: Vector = CENTRE) -> float:
    """Distance of the shaft from ``trocar`` [m] at measured joints ``q``.

    ``shaft``: base link -> link whose z axis is the shaft (a prefix of the arm's chain, later joints are not looked at); the trocar in
    the base link's frame.
    """
    place = shaft.forward(q[: len(shaft.joints)])
    return line_distance(trocar, place.p, (place.r[2], place.r[5], place.r[8]))
