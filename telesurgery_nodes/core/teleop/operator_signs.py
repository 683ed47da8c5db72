"""Signs that a human is at the console: a debounced pedal press, and a squeeze or roll of the hand before anything follows."""

from __future__ import annotations

import math

from ..rotations import twist
from ..values import FloatArray

# A press counts after 50 ms of uninterrupted contact, a release at once (reference/safety.md section 3, dead-man row).
PRESS_DEBOUNCE = 0.050
# dVRK's proof of activity before following: gripper range 40 deg, or roll 4 deg.
SQUEEZE = math.radians(40.0)
ROLL = math.radians(4.0)


class PressDetector:
    """Fresh presses of one pedal. A pedal that was already down at the start, or while unseen, is no press: it must come up first."""

    def __init__(self) -> None:
        self.count = 0
        self._armed = False
        self._since: float | None = None

    def update(self, down: bool, trusted: bool, now: float) -> bool:
        """True in the one update in which a press is accepted. ``trusted``: the pedal was really seen just now."""
        if not trusted:
            self._armed, self._since = False, None
            return False
        if not down:
            self._armed, self._since = True, None
            return False
        if not self._armed:
            return False
        if self._since is None:
            self._since = now
        if now - self._since < PRESS_DEBOUNCE:
            return False
        self._armed, self._since = False, None
        self.count += 1
        return True


class PresenceProof:
    """Has this hand squeezed 40 deg peak to peak, or rolled 4 deg, since ``restart``?

    The aligning motor itself turns the hand towards the goal, so only roll *away* from the goal, against the motor, is a human's.
    """

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget everything seen."""
        self.shown = False
        self._low, self._high, self._least_roll = math.inf, -math.inf, math.inf

    def update(self, gripper: float, hand: FloatArray, goal: FloatArray) -> bool:
        """Take one sample: gripper [rad], hand and goal rotation (3, 3). True once presence is shown; it stays shown."""
        self._low, self._high = min(self._low, gripper), max(self._high, gripper)
        roll = abs(twist(goal.T @ hand))
        self._least_roll = min(self._least_roll, roll)
        self.shown = self.shown or self._high - self._low >= SQUEEZE or roll - self._least_roll >= ROLL
        return self.shown
