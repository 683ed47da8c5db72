"""The view an arm's targets stand in. While they follow it is held: a camera that moves must not drag the instruments with it.

dVRK composes the goal with the change of the base frame since the clutch (mtsTeleOperationPSM, base_frame); holding the frame of the
beginning is the same thing without the arithmetic. And nothing begins in a view that has only just moved: the bridge, which anchored
the targets, learns of it later than arm control does, and a target of the old view in the new one would be a jump.
"""

from __future__ import annotations

import math

from ..kinematics.frames import Frame, angle_between, distance

STEP_M, STEP_RAD = 0.0002, math.radians(0.1)  # less is a motor that holds (core/link/view_watch.py)
SETTLE = 0.15  # [s] an idle camera arm tells the bridge its pose every 40 ms, and a busy host may be late


class HeldView:
    """``held``: view -> RCM frame in force; ``settled``: following may begin in it."""

    def __init__(self) -> None:
        self.held: Frame | None = None
        self.settled = False
        self._rest: Frame | None = None
        self._moved = -math.inf

    def update(self, live: Frame | None, following: bool, now: float) -> Frame | None:
        """The view of this tick: ``live`` until a target is followed, then the one it began in."""
        if live is not None and live is not self._rest:
            self._look(live, now)
        if not following or self.held is None:
            self.held = live
        self.settled = following or (live is not None and now - self._moved >= SETTLE)
        return self.held

    def _look(self, live: Frame, now: float) -> None:
        rest = self._rest
        if rest is None or not (distance(live.p, rest.p) <= STEP_M and angle_between(live.r, rest.r) <= STEP_RAD):
            self._rest, self._moved = live, now
