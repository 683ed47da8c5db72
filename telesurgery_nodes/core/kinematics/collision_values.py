"""What goes into and comes out of the collision guard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .limits import Joints

FAR = "none near"  # instead of a pair


class Path(NamedTuple):
    """Where an arm's path is, how fast it moves there, and its own time [s] (stepper.py: ``lead``, ``lead_velocity``, ``time``).

    The time is the path's, not the clock's: arms tick at rates of their own.
    """

    lead: Joints
    velocity: Joints
    time: float


@dataclass(frozen=True)
class CollisionReport:
    """``nearest``: the pair nearest to its margin, with ``distance`` and ``margin`` [m] (NaN while an arm is ``unknown``)."""

    nearest: str
    distance: float
    margin: float
    unknown: tuple[str, ...]
