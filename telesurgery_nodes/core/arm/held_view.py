"""The view an arm's targets stand in. While they follow it is held: a camera that moves must not drag the instruments with it.

dVRK composes the goal with the change of the base frame since the clutch (mtsTeleOperationPSM, base_frame); holding the frame of the
beginning is the same thing without the arithmetic. It is also kept through a short hold as long as the camera has not moved: targets of
one epoch then stand in one view, bit for bit. And nothing begins in a view that has only just moved: the bridge, which anchored the
targets, learns of it later than arm control does, and a target of the old view in the new one would be a jump.
"""

from __future__ import annotations

import math

from ..kinematics.frames import Frame, angle_between, distance

STEP_M, STEP_RAD = 0.0002, math.radians(0.1)  # less is a motor that holds (core/link/view_watch.py)
# A view is kept up to here: further than where the bridge ends an epoch (view_watch.MOVED_*), so no epoch ever sees two of them.
KEEP_M, KEEP_RAD = 0.0003, math.radians(0.15)
SETTLE = 0.15  # [s] an idle camera arm tells the bridge its pose every 40 ms, and a busy host may be late


class HeldView:
    """``held``: view -> RCM frame in force; ``settled``: following may begin in it."""

    def __init__(self) -> None:
        self.held: Frame | None = None
        self.settled = False
        self._rest: Frame | None = None
        self._moved = -math.inf

    def update(self, live: Frame | None, following: bool, now: float) -> Frame | None:
        """The view of this tick: ``live`` until a target is followed, then the one it began in; and that as long as it is the same."""
        if live is not None and live is not self._rest:
            self._look(live, now)
        if self.held is None or live is None or not within(live, self.held, KEEP_M, KEEP_RAD):
            self.held = self.held if following and self.held is not None else live
        self.settled = following or (live is not None and now - self._moved >= SETTLE)
        return self.held

    def _look(self, live: Frame, now: float) -> None:
        if self._rest is None or not within(live, self._rest, STEP_M, STEP_RAD):
            self._rest, self._moved = live, now


def within(one: Frame, other: Frame, metres: float, radians: float) -> bool:
    """The same view but for this much (written so that NaN is another)."""
    return one is other or (distance(one.p, other.p) <= metres and angle_between(one.r, other.r) <= radians)
