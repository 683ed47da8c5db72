"""Does the arm follow its set points? An error that lasts is a fault: something holds the arm, or it is not the arm we think."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..kinematics.frames import Frame, angle_between, distance


@dataclass
class TrackingWatch:
    """Latches after ``time`` [s] of an error above ``position`` [m] or ``rotation`` [rad], beyond the ``lag`` [s] of the motors."""

    position: float
    rotation: float
    time: float
    lag: float
    error_m: float = 0.0
    error_rad: float = 0.0
    _since: float | None = None

    def update(self, wanted: Frame, measured: Frame, speeds: Callable[[], tuple[float, float]], now: float) -> bool:
        """True once the error has lasted. ``speeds``: set point tip's speed [m/s] and turn [rad/s], asked only where it matters."""
        self.error_m = distance(wanted.p, measured.p)
        self.error_rad = angle_between(wanted.r, measured.r)
        small = self.error_m <= self.position and self.error_rad <= self.rotation  # False for NaN, which runs into the fault
        if not small:
            speed, turn = speeds()
            small = self.error_m <= self.position + speed * self.lag and self.error_rad <= self.rotation + turn * self.lag
        if small:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        return now - self._since >= self.time

    def reset(self) -> None:
        """Forget a running error."""
        self._since = None
