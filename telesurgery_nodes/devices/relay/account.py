"""What the relay says about itself: how far from the planned time it was, per path and direction. Counted, not kept: any length fits."""

from __future__ import annotations

import math
from collections import Counter

MICRO = 1e6
LONGEST_US = 10_000_000  # one bin for everything later
SHARES = {"p50": 0.5, "p99": 0.99}


class Spread:
    """Times [s] sorted into whole microseconds."""

    def __init__(self) -> None:
        self._bins: Counter[int] = Counter()
        self.count = 0
        self.worst = -math.inf

    def add(self, seconds: float) -> None:
        """Count one."""
        us = int(seconds * MICRO)
        self._bins[us if us < LONGEST_US else LONGEST_US] += 1
        self.count += 1
        if seconds > self.worst:
            self.worst = seconds

    def merge(self, other: Spread) -> None:
        """Count all of another."""
        self._bins.update(other._bins)
        self.count += other.count
        self.worst = max(self.worst, other.worst)

    def us(self) -> dict[str, float | None]:
        """p50, p99 and max [us]; None where nothing was counted."""
        if not self.count:
            return dict.fromkeys([*SHARES, "max"])
        found: dict[str, float | None] = {name: self._at(share) for name, share in SHARES.items()}
        return {**found, "max": round(self.worst * MICRO, 1)}

    def _at(self, share: float) -> float:
        """Smallest time that at least ``share`` of all do not exceed, to the microsecond."""
        wanted, seen = math.ceil(share * self.count), 0
        for at in sorted(self._bins):
            seen += self._bins[at]
            if seen >= wanted:
                break
        return float(at)


class Account:
    """One direction of one path, datagrams or streams. Times [s]: planned release, start of the send, its return, and the offer."""

    def __init__(self) -> None:
        self.delivered = self.unheard = self.failed = 0
        self.late, self.returned = Spread(), Spread()  # start of the send, and its return, after the planned time
        self.second = Spread()  # as ``late``, of the second that runs
        self._asked = self._given = 0.0

    def note(self, planned: float, began: float, done: float, offered: float) -> None:
        """One release."""
        self._asked += planned - offered
        self._given += done - offered
        self.second.add(began - planned)
        self.returned.add(done - planned)

    def turn(self) -> Spread:
        """The second that is over; a new one begins."""
        over, self.second = self.second, Spread()
        self.late.merge(over)
        return over

    def delays_ms(self) -> dict[str, float | None]:
        """Mean delay asked by the model and given by the clock [ms]."""
        count = self.returned.count
        if not count:
            return {"asked_ms": None, "given_ms": None}
        return {"asked_ms": round(1e3 * self._asked / count, 3), "given_ms": round(1e3 * self._given / count, 3)}
