"""Does the arm follow its set points? An error that lasts is a fault: something holds the arm, or it is not the arm we think."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..kinematics.frames import Frame, angle_between, distance


@dataclass
class TrackingWatch:
    """Latches after ``time`` [s] of an error above ``position`` [m] or ``rotation`` [rad], beyond the ``lag`` [s] of the motors.

    A measurement that comes late shows where the arm was, so its age counts as lag; how old it may get is watched elsewhere.
    """

    position: float
    rotation: float
    time: float
    lag: float
    error_m: float = 0.0
    error_rad: float = 0.0
    _since: float | None = None

    def update(self, wanted: Frame, measured: Frame, age: float, speeds: Callable[[], tuple[float, float]], now: float) -> bool:
        """True once the error has lasted. ``age`` [s] of ``measured``; ``speeds``: of the set point's tip [m/s], [rad/s], if asked."""
        self.error_m = distance(wanted.p, measured.p)
        self.error_rad = angle_between(wanted.r, measured.r)
        small = self.error_m <= self.position and self.error_rad <= self.rotation  # False for NaN, which runs into the fault
        if not small:
            (speed, turn), lag = speeds(), self.lag + max(age, 0.0)
            small = self.error_m <= self.position + speed * lag and self.error_rad <= self.rotation + turn * lag
        if small:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        return now - self._since >= self.time

    def reset(self) -> None:
        """Forget a running error."""
        self._since = None
