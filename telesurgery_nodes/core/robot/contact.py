"""An analytic contact law with known ground truth (Hunt and Crossley 1975; a sphere on a half space is Hertz: exponent 3/2)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from telesurgery_nodes.core.kinematics.frames import Vector, dot
from telesurgery_nodes.errors import ConfigError

HERTZ = 1.5


@dataclass(frozen=True)
class HuntCrossley:
    """``stiffness`` [N/m^exponent]; ``damping`` [s/m]: 1.5 (1 - restitution) per impact speed; never pulls."""

    stiffness: float
    damping: float
    exponent: float = HERTZ

    def __post_init__(self) -> None:
        if not (0.0 < self.stiffness < math.inf and 0.0 <= self.damping < math.inf and 1.0 <= self.exponent < math.inf):
            raise ConfigError(f"contact: wanted stiffness above 0, damping from 0, exponent from 1; got {self}")

    def force(self, depth: float, speed: float) -> float:
        """Force [N] at ``depth`` [m] going deeper at ``speed`` [m/s]; NaN stays NaN."""
        if depth <= 0.0:
            return 0.0
        force = self.stiffness * math.pow(depth, self.exponent) * (1.0 + self.damping * speed)
        return 0.0 if force < 0.0 else force


@dataclass(frozen=True)
class Plate:
    """A flat face: ``middle`` [m] and unit ``normal`` in one frame, ``half`` its half width along ``side`` and across it [m]."""

    middle: Vector
    normal: Vector
    side: Vector
    half: tuple[float, float]

    def depth(self, point: Vector) -> float:
        """How deep a point lies under the face [m]; zero or less above it, and beside it."""
        away: Vector = (point[0] - self.middle[0], point[1] - self.middle[1], point[2] - self.middle[2])
        n, s = self.normal, self.side
        across: Vector = (n[1] * s[2] - n[2] * s[1], n[2] * s[0] - n[0] * s[2], n[0] * s[1] - n[1] * s[0])
        beside = abs(dot(away, s)) > self.half[0] or abs(dot(away, across)) > self.half[1]
        return 0.0 if beside else -dot(away, n)
