"""Once a period, asked at ticks that never fall exactly on it."""

from __future__ import annotations

import math

EARLY = 0.125  # of a period: a tick this much before its time is taken, or a jittering tick of the same period would miss every other one


class Pacer:
    """The mean rate is 1 / period wherever the ticks are fast enough; what was missed is not made up for in a bunch."""

    def __init__(self, later: float = 0.0) -> None:
        """``later``: share of a period by which all but the first come later, so that several pacers do not fall on the same tick."""
        self._later = later
        self._at = -math.inf  # where the last one should have been [s]

    def due(self, period: float, now: float) -> bool:
        """Is it time, ``period`` [s] after the last one? Counts as done where it says so."""
        if now - self._at < (1.0 - EARLY) * period:
            return False
        self._at = self._at + period if now - self._at < 2.0 * period else now + self._later * period
        return True
