"""Master gripper -> tool jaw, through a rate-limited ghost that starts at the tool's jaw: no jump, whatever the fingers did meanwhile."""

from __future__ import annotations

import math

# dVRK teleoperation PSM defaults: gripper 0..60 deg maps to jaw 0..80 deg; squeezing below zero carries on along the same line.
GRIPPER_OPEN = math.radians(60.0)
JAW_OPEN = math.radians(80.0)
JAW_PER_GRIPPER = JAW_OPEN / GRIPPER_OPEN
# Jaw limits of the PSM (reference/sim.md 6.2): -0.698..1.396 rad; squeeze kept to dVRK's -20 deg.
JAW_MIN = math.radians(-20.0)
JAW_MAX = math.radians(80.0)
# dVRK jaw rate 720 deg/s, and 36 deg/s after (re)engaging until the ghost has caught up (safety.md section 1).
RATE = math.radians(720.0)
RATE_CATCHING_UP = math.radians(36.0)


def jaw_of(gripper: float) -> float:
    """Jaw angle [rad] a gripper angle [rad] asks for, before the limits."""
    return gripper * JAW_PER_GRIPPER


class JawFollower:
    """One jaw. ``clamped`` counts the updates in which the fingers asked for more than the jaw can do."""

    def __init__(self) -> None:
        self.clamped = 0
        self._ghost = 0.0
        self._caught_up = False
        self._time = 0.0

    @property
    def ghost(self) -> float:
        """The last jaw angle given out [rad]."""
        return self._ghost

    def start(self, jaw: float, now: float) -> None:
        """Begin at ``jaw`` [rad], the tool's own; slow until the ghost has caught up with the fingers."""
        self._ghost, self._caught_up, self._time = jaw, False, now

    def update(self, gripper: float, now: float) -> float:
        """Jaw angle [rad] at ``now``. A clock that stands or runs backwards moves nothing."""
        wanted = jaw_of(gripper)
        target = min(max(wanted, JAW_MIN), JAW_MAX)
        self.clamped += target != wanted
        step = (RATE if self._caught_up else RATE_CATCHING_UP) * max(0.0, now - self._time)
        self._time = max(self._time, now)
        gap = target - self._ghost
        if abs(gap) <= step:
            self._ghost, self._caught_up = target, True
        else:
            self._ghost += math.copysign(step, gap)
        return self._ghost
