"""Does the arm follow its set points? An error that lasts is a fault: something holds the arm, or it is not the arm we think."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from ..kinematics.frames import Frame, angle_between, distance

SAME = 1e-6  # [s] two measurements are never so close together; the rounding of `now - age` is far smaller
REMEMBERED = 0.5  # [s] of the set point's path; a measurement is no longer used long before it is as old


@dataclass
class TrackingWatch:
    """Latches after ``time`` [s] of an error above ``position`` [m] or ``rotation`` [rad], beyond the ``lag`` [s] of the motors.

    Each measurement is judged once, when it is new: one that stays away is no evidence that the arm stands, and robot silence is watched
    elsewhere. One that comes late shows where the arm was, so its age counts as lag. What is allowed for the lag is the way at the
    present speed or the way the set point came in that time, whichever is longer: of a set point that has just stopped the arm is as
    far behind as before.
    """

    position: float
    rotation: float
    time: float
    lag: float
    error_m: float = 0.0
    error_rad: float = 0.0
    _since: float | None = None
    _measured_at: float = -math.inf
    _path: deque[tuple[float, Frame]] = field(default_factory=deque)  # where the set point was from when on [s]

    def update(self, wanted: Frame, measured: Frame, age: float, speeds: Callable[[], tuple[float, float]], now: float) -> bool:
        """True once the error has lasted. ``age`` [s] of ``measured``; ``speeds``: of the set point's tip [m/s], [rad/s], if asked."""
        self._remember(wanted, now)
        self.error_m = distance(wanted.p, measured.p)
        self.error_rad = angle_between(wanted.r, measured.r)
        if abs(now - age - self._measured_at) <= SAME:
            return False
        self._measured_at = now - age
        small = self.error_m <= self.position and self.error_rad <= self.rotation  # False for NaN, which runs into the fault
        if not small:
            (speed, turn), lag = speeds(), self.lag + max(age, 0.0)
            way, turned = self._way_since(now - lag)
            small = self.error_m <= self.position + max(speed * lag, way) and self.error_rad <= self.rotation + max(turn * lag, turned)
        if small:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        return now - self._since >= self.time

    def reset(self) -> None:
        """Forget a running error, and the way to where the set point begins anew."""
        self._since = None
        self._path.clear()

    def _remember(self, wanted: Frame, now: float) -> None:
        if not self._path or self._path[-1][1] is not wanted:
            self._path.append((now, wanted))
        while len(self._path) > 1 and now - self._path[1][0] > REMEMBERED:
            self._path.popleft()

    def _way_since(self, begin: float) -> tuple[float, float]:
        """How far [m], [rad] the set point came since ``begin`` [s]."""
        way = turned = 0.0
        for (earlier, old), (later, new) in pairwise(self._path):
            if later > begin:
                share = 1.0 if earlier >= begin else (later - begin) / (later - earlier)
                way, turned = way + share * distance(old.p, new.p), turned + share * angle_between(old.r, new.r)
        return way, turned
