"""How far the instrument shaft is from its remote centre of motion (the trocar).

Computed through the URDF chain, not through the closed form that commands the arm: two ways that must agree.
"""

from __future__ import annotations

from collections.abc import Sequence

from .frames import Vector, cross, norm
from .model import Chain

SHAFT_JOINT = 3  # yaw, pitch, insertion, roll: the roll axis IS the shaft


def line_distance(point: Vector, on_line: Vector, direction: Vector) -> float:
    """Distance of ``point`` from the line through ``on_line`` along unit ``direction`` [m]."""
    offset = (point[0] - on_line[0], point[1] - on_line[1], point[2] - on_line[2])
    return norm(cross(offset, direction))


def trocar_error(chain: Chain, q: Sequence[float], trocar: Vector = (0.0, 0.0, 0.0)) -> float:
    """Distance of the shaft line at measured joints ``q`` from ``trocar`` [m]; ``chain`` starts at the RCM link, trocar in that frame."""
    on_line, direction = chain.axis_line(q, SHAFT_JOINT)
    return line_distance(trocar, on_line, direction)
