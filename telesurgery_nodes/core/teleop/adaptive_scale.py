"""Motion scale and delay: a longer round trip asks for smaller motion.

Scaling down reduces errors at long delays (17 users, arXiv 1902.03290; IROS 2025, arXiv 2506.21689), and the best factor is another one
for every user and delay. So the factor is a proposal: always shown, used only where the operator switches it on, and the last word
is a scale set by hand (console.py). The law goes through the human figures of Xu 2014 (10.1007/s00464-014-3504-z): up to 200 ms ideal,
300 ms suitable, 500 ms tiring; beyond that the watchdog pauses. Its factors are the project's (reference/safety.md section 3).
"""

from __future__ import annotations

import math
from itertools import pairwise

# Round trip [s] of command, robot and state, and the factor there; straight lines between, flat outside.
LAW: tuple[tuple[float, float], ...] = ((0.200, 1.0), (0.300, 0.6), (0.500, 0.4))
DEADBAND = 0.05  # smaller wishes to change are left alone: every change is a new clutch epoch
# [s] a wish has to last: down soon, up late, so that jitter never makes the scale swing.
HOLD_DOWN, HOLD_UP = 1.0, 5.0


def factor_of(round_trip: float) -> float:
    """Factor (0, 1] for a round trip [s]. One that is not known counts as the longest."""
    if not round_trip >= 0.0:
        return LAW[-1][1]
    for (before, high), (after, low) in pairwise(LAW):
        if round_trip <= before:
            return high
        if round_trip <= after:
            return high + (low - high) * (round_trip - before) / (after - before)
    return LAW[-1][1]


class AdaptiveScale:
    """The factor, with slow hysteresis: it takes the mildest of the wishes that lasted."""

    def __init__(self) -> None:
        self._factor: float | None = None
        self._since: float | None = None
        self._mildest = 0.0

    @property
    def factor(self) -> float:
        """The factor in force; the smallest before the first round trip is known."""
        return LAW[-1][1] if self._factor is None else self._factor

    def update(self, round_trip: float, now: float) -> float:
        """Take one measurement [s] (inf or NaN: not known) at steady time ``now`` [s]."""
        wish = factor_of(round_trip)
        if self._factor is None:
            self._factor = wish if math.isfinite(round_trip) else None
            return self.factor
        down, old = wish < self._factor, self._factor
        if abs(wish - old) <= DEADBAND:
            self._since = None
            return old
        if self._since is None or down != (self._mildest < old):
            self._since, self._mildest = now, wish
        self._mildest = max(self._mildest, wish) if down else min(self._mildest, wish)
        if now - self._since >= (HOLD_DOWN if down else HOLD_UP):
            self._factor, self._since = self._mildest, None
        return self._factor
