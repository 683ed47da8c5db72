"""From set points at 250 Hz to a smooth reference at the servo's rate, within the joint limits. Every joint of the cart at once."""

from __future__ import annotations

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
    """Where the joints should be now: ``position`` and ``velocity`` shape (n,)."""

    position: FloatArray
    velocity: FloatArray


class Follower:
    """Straight line from the reference to the newest set point in RAMP, slower where a velocity limit says so."""

    def __init__(self, limits: Limits, start: FloatArray) -> None:
        """Stand at ``start``, shape (n,)."""
        self._limits = limits
        self._position = np.array(start, dtype=np.float64)
        self._goal = self._position.copy()
        self._left = np.zeros_like(self._position)
        self.clamped = 0

    @property
    def goal(self) -> FloatArray:
        """Set point in force, shape (n,)."""
        return self._goal.copy()

    def aim(self, joints: slice | int, position: FloatArray | float) -> None:
        """New set point for some joints. Outside the limits it is clamped and counted in ``clamped``."""
        wanted = np.asarray(position, dtype=np.float64)
        allowed = np.minimum(np.maximum(wanted, self._limits.lower[joints]), self._limits.upper[joints])
        self.clamped += int(np.any(allowed != wanted))
        self._goal[joints] = allowed
        self._left[joints] = RAMP

    def reset(self, position: FloatArray) -> None:
        """Stand still at ``position``, shape (n,), and forget every set point. A place outside the limits becomes the limit."""
        self._position = np.minimum(np.maximum(position, self._limits.lower), self._limits.upper)
        self._goal = self._position.copy()
        self._left[:] = 0.0

    def leash(self, measured: FloatArray, slack: FloatArray) -> None:
        """Keep the reference within ``slack`` of the ``measured`` joints, both shape (n,).

        An arm held back by an obstacle would otherwise leap after its reference when the obstacle gives way.
        """
        self._position = np.minimum(np.maximum(self._position, measured - slack), measured + slack)

    def advance(self, dt: float) -> Reference:
        """Move the reference on by ``dt`` [s]."""
        velocity = (self._goal - self._position) / np.maximum(self._left, dt)
        limits = self._limits
        ahead = APPROACH * np.maximum(limits.upper - self._position, 0.0)
        behind = APPROACH * np.maximum(self._position - limits.lower, 0.0)
        velocity = np.minimum(np.maximum(velocity, -np.minimum(limits.velocity, behind)), np.minimum(limits.velocity, ahead))
        self._position = self._position + velocity * dt
        self._left = np.maximum(self._left - dt, 0.0)
        return Reference(self._position, velocity)
