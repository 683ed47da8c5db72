"""Smooth curves for simulated hands: the minimum-jerk profile of human reaching, and a C2 spline through recorded samples."""

from __future__ import annotations

import numpy as np

from ...core.values import FloatArray
from ...errors import ConfigError

# Peak of the derivative of 10 t^3 - 15 t^4 + 6 t^5 (Flash and Hogan 1985), at t = 1/2.
MINIMUM_JERK_PEAK = 1.875


def minimum_jerk(progress: float) -> float:
    """Share of the way done at ``progress`` 0..1 of the time; at rest (speed and acceleration zero) at both ends."""
    t = min(max(progress, 0.0), 1.0)
    return t * t * t * (10.0 + t * (6.0 * t - 15.0))


def reach_time(distance: float, peak_speed: float, shortest: float) -> float:
    """Time [s] of a minimum-jerk reach over ``distance`` [m] whose peak speed is at most ``peak_speed`` [m/s]."""
    return max(shortest, MINIMUM_JERK_PEAK * distance / peak_speed)


class Spline:
    """Natural cubic spline through evenly spaced rows: value, speed and acceleration are continuous. Outside it stays at the ends."""

    def __init__(self, rows: FloatArray, period: float) -> None:
        """``rows`` shape (n >= 2, columns), one row every ``period`` [s]."""
        if rows.ndim != 2 or len(rows) < 2:
            raise ConfigError(f"spline: wanted at least 2 rows of samples, got shape {rows.shape}")
        self._last, self._period = len(rows) - 1, period
        bend = _second_differences(rows) / 6.0
        # What stands at both ends of each piece, shape (n - 1, 4, columns): one product with four weights is the row in between.
        self._pieces = np.stack((rows[:-1], rows[1:], bend[:-1], bend[1:]), axis=1)

    @property
    def duration(self) -> float:
        """Time from the first to the last row [s]."""
        return self._last * self._period

    def at(self, time: float) -> FloatArray:
        """The row at ``time`` [s] since the first, shape (columns,)."""
        place = min(max(time / self._period, 0.0), float(self._last))
        index = min(int(place), self._last - 1)
        right = place - index
        left = 1.0 - right
        weights = np.array((left, right, left**3 - left, right**3 - right))
        return np.asarray(weights @ self._pieces[index], dtype=np.float64)


def _second_differences(rows: FloatArray) -> FloatArray:
    """Second derivatives (per sample^2) at the rows: m[i-1] + 4 m[i] + m[i+1] = 6 (y[i-1] - 2 y[i] + y[i+1]), zero at the ends."""
    count = len(rows)
    bend = np.zeros_like(rows)
    if count == 2:
        return bend
    right = 6.0 * (rows[:-2] - 2.0 * rows[1:-1] + rows[2:])
    upper = np.empty(count - 2)
    upper[0] = 0.25
    right[0] *= 0.25
    for i in range(1, count - 2):
        upper[i] = 1.0 / (4.0 - upper[i - 1])
        right[i] = (right[i] - right[i - 1]) * upper[i]
    for i in range(count - 4, -1, -1):
        right[i] -= upper[i] * right[i + 1]
    bend[1:-1] = right
    return bend
