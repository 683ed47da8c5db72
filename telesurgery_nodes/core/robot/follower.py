"""From set points at 250 Hz to a smooth reference at the servo's rate, within the joint limits. Every joint of the cart at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from telesurgery_nodes.core.values import FloatArray

# A set point is reached after this long [s]: the period at which arm control sends, so the reference is a continuous line.
RAMP = 0.004
# A joint limit is approached with a speed of this times the way left [1/s]: a tenth of the servo's bandwidth, so that inertia does
# not carry a joint past its limit (constant deceleration does, by a / bandwidth^2 = 8 mrad in the wrist).
APPROACH = 30.0


@dataclass(frozen=True, eq=False)
class Limits:
    """Of n joints, each shape (n,): ``lower``, ``upper`` [rad or m], ``velocity`` [rad/s or m/s]."""

    lower: FloatArray
    upper: FloatArray
    velocity: FloatArray


@dataclass(frozen=True, eq=False)
class Reference:
    """Where the joints should be now: ``position`` [rad or m] and ``velocity`` [rad/s or m/s] of n joints."""

    position: Sequence[float]
    velocity: Sequence[float]


class Follower:
    """Straight line from the reference to the newest set point in RAMP, slower where a velocity limit says so.

    In plain floats: most joints rest most of the time and cost nothing, and numpy pays off only with several times as many.
    """

    def __init__(self, limits: Limits, start: Sequence[float]) -> None:
        """Stand at ``start``, n joints."""
        self._ends = list(zip(limits.lower.tolist(), limits.upper.tolist(), strict=True))
        self._fastest: list[float] = limits.velocity.tolist()
        self._position = [float(at) for at in start]
        self._goal = self._position
        self._left = [0.0] * len(self._position)
        self.clamped = 0

    @property
    def goal(self) -> FloatArray:
        """Set point in force, shape (n,)."""
        return np.array(self._goal)

    def aim(self, joints: slice, position: Sequence[float]) -> None:
        """New set point for some joints. Outside the limits it is clamped and counted in ``clamped``."""
        wanted = list(position)
        allowed = _inside(wanted, self._ends[joints])
        self.clamped += allowed != wanted
        self._goal = [*self._goal[: joints.start], *allowed, *self._goal[joints.stop :]]
        self._left[joints] = [RAMP] * len(allowed)

    def reset(self, position: Sequence[float]) -> None:
        """Stand still at ``position``, n joints, and forget every set point. A place outside the limits becomes the limit."""
        self._goal = self._position = _inside(position, self._ends)
        self._left = [0.0] * len(self._position)

    def leash(self, measured: Sequence[float], slack: Sequence[float]) -> None:
        """Keep the reference within ``slack`` of the ``measured`` joints, n each.

        An arm held back by an obstacle would otherwise leap after its reference when the obstacle gives way.
        """
        near = zip(self._position, measured, slack, strict=True)
        self._position = [at if m - s <= at <= m + s else min(max(at, m - s), m + s) for at, m, s in near]

    def advance(self, dt: float) -> Reference:
        """Move the reference on by ``dt`` [s]."""
        position, velocity = self._position.copy(), [0.0] * len(self._position)
        for joint, (goal, at, left) in enumerate(zip(self._goal, self._position, self._left, strict=True)):
            if goal != at:
                velocity[joint] = speed = self._held_back(joint, at, (goal - at) / (left if left > dt else dt))
                position[joint] = at + speed * dt
        self._position = position
        self._left = [left - dt if left > dt else 0.0 for left in self._left]
        return Reference(position, velocity)

    def _held_back(self, joint: int, at: float, speed: float) -> float:
        """``speed`` of a joint at ``at``, within its velocity limit and slower the nearer the joint limit ahead."""
        (lower, upper), fastest = self._ends[joint], self._fastest[joint]
        room = at - lower if speed < 0.0 else upper - at
        most = APPROACH * room if room > 0.0 else 0.0
        most = fastest if fastest < most else most
        return most if speed > most else -most if speed < -most else speed  # NaN stays NaN


def _inside(values: Sequence[float], ends: Sequence[tuple[float, float]]) -> list[float]:
    """Each value, or the end of its range that it is beyond."""
    return [value if lower <= value <= upper else min(max(value, lower), upper) for value, (lower, upper) in zip(values, ends, strict=True)]
