"""What each joint of an arm may do: range, speed, acceleration, jerk, and the soft margin before the ends of the range."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...errors import ConfigError
from .reasons import Limit

__all__ = ["ROUNDING", "JointLimits", "Joints", "Limit"]

Joints = tuple[float, ...]

ROUNDING = 1e-12  # [rad or m] a position this far outside is arithmetic, not motion
MARGIN_FLOOR = 0.02  # share of the speed limit that is left at the very end of a range, so that the end is reached


@dataclass(frozen=True)
class JointLimits:
    """Per joint: range [rad or m], speed [per s], acceleration [per s^2], soft margin inside the range [rad or m], jerk [per s^3]."""

    lower: Joints
    upper: Joints
    velocity: Joints
    acceleration: Joints
    margin: Joints
    jerk: Joints

    def __post_init__(self) -> None:
        n = len(self.lower)
        if any(len(values) != n for values in (self.upper, self.velocity, self.acceleration, self.margin, self.jerk)):
            raise ConfigError(f"joint limits: {n} numbers wanted in every row, got {self}")
        rows = zip(self.lower, self.upper, self.velocity, self.acceleration, self.margin, self.jerk, strict=True)
        for low, high, speed, rate, soft, jerk in rows:
            valid = low < high and speed > 0.0 and rate > 0.0 and jerk > 0.0 and 0.0 <= 2.0 * soft < high - low
            if not (valid and all(map(math.isfinite, (low, high, speed, rate, soft, jerk)))):
                raise ConfigError(f"joint limits: lower < upper, finite positive speed, acceleration, jerk, 0 <= margin wanted; got {self}")

    @property
    def rise_time(self) -> float:
        """Window [s] over which the acceleration goes from full one way to full the other, such that no joint exceeds its jerk."""
        return max(2.0 * rate / jerk for rate, jerk in zip(self.acceleration, self.jerk, strict=True))

    def inside(self, q: Joints) -> bool:
        """True where every joint is in its range."""
        return all(low - ROUNDING <= x <= high + ROUNDING for low, x, high in zip(self.lower, q, self.upper, strict=True))

    def clamp(self, q: Joints) -> tuple[Joints, Limit]:
        """Nearest joints in range (per joint: for joint targets, where no tip position is to be kept), and what bit."""
        clamped = tuple(min(max(x, low), high) for low, x, high in zip(self.lower, q, self.upper, strict=True))
        return clamped, (Limit.POSITION if not self.inside(q) else Limit.NONE) | self.soft(clamped)

    def soft(self, q: Joints) -> Limit:
        """SOFT_MARGIN where a joint is in the margin before the end of its range."""
        rows = zip(self.lower, q, self.upper, self.margin, strict=True)
        return Limit.SOFT_MARGIN if any(x < low + soft or x > high - soft for low, x, high, soft in rows) else Limit.NONE

    def margin_share(self, q: Joints, v: Joints) -> float:
        """Share (0, 1] of ``v`` allowed by the soft margins: towards an end the speed limit falls with the way left; away from it never."""
        share = 1.0
        for x, speed, low, high, soft, fastest in zip(q, v, self.lower, self.upper, self.margin, self.velocity, strict=True):
            left = high - x if speed > 0.0 else x - low
            if speed and left < soft:
                share = min(share, fastest * max(left / soft, MARGIN_FLOOR) / abs(speed))
        return share
