"""When a control loop ticks: every period, or the moment what it waits for has come.

A loop that only looks every 4 ms serves a sample 2 ms late on average, and two such loops lie between a hand and the motors. A loop that
is knocked at when the sample comes serves it at once. However often it is knocked at, the mean rate stays within 5 % of the period's
(LEAST): filters and limits count on it.
"""

from __future__ import annotations

import math

from ..errors import ConfigError

# All in periods. A source may be a little faster than the loop believes without its samples piling up ...
LEAST = 0.95  # shortest mean distance of two ticks
EARLY = 0.3  # ... and a sample may come so much before its time (jitter)
LATE = 1.3  # so long after a knock the next one is waited for; then the loop ticks without
# Between a tick's end and the next one whatever else the process does must be done too: a share of what the tick took, at most so much of
# the period. A sample that comes right behind a short tick then hardly waits.
REST, LONGEST_REST = 0.25, 0.2


class Beat:
    """The clock of one loop. Ask `wait`, sleep no longer than that, then `begin` the tick where it is due, and `end` it."""

    def __init__(self, period: float, now: float) -> None:
        """``period`` [s] of the loop; ``now`` steady time [s]."""
        if not (math.isfinite(period) and period > 0.0):
            raise ConfigError(f"period of a loop: wanted a positive number of seconds, got {period}")
        self.period = period
        self._next = now + period  # the tick comes then, knock or no knock
        self._grid = now + LEAST * period  # where ticks would be at the greatest mean rate
        self._knocked = False
        self._began = self._rested = now

    def knock(self) -> None:
        """What the loop waits for has come."""
        self._knocked = True

    def wait(self, now: float) -> float:
        """How long [s] until the next tick, 0 where it is due."""
        at = min(self._next, self._grid - EARLY * self.period) if self._knocked else self._next
        return max(0.0, max(at, self._rested) - now)

    def begin(self, now: float) -> None:
        """A tick starts. What was missed is not made up for."""
        self._began = now
        knocked, self._knocked = self._knocked, False
        self._grid = max(self._grid, now - EARLY * self.period) + LEAST * self.period
        regular = self._next + self.period
        self._next = now + LATE * self.period if knocked else regular if regular > now else now + self.period

    def end(self, now: float) -> None:
        """The tick is over."""
        self._rested = now + min(REST * (now - self._began), LONGEST_REST * self.period)
