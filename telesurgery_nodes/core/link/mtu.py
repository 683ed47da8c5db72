"""How long a datagram a path carries whole, found out with heartbeats padded to PROBE_SIZES. Nothing is ever fragmented (DF is set).

A path that carries small heartbeats and loses whole datagrams looks alive while pictures and full commands vanish: that is NARROW.
The receiver knows what came; its heartbeats tell it back, so each end knows both directions.
"""

from __future__ import annotations

import math

from .layouts import LATELY_S, PROBE_SIZES

PROBE_S = 0.5  # between two probes of a path, the sizes in turn: each size five times in LATELY_S, so that loss is not taken for narrowness
OUTAGE_S = PROBE_S * len(PROBE_SIZES)  # a longer silence has swallowed every size; shorter ones, a process starved for 60 ms, do not count


class PathMtu:
    """One per path, for both directions."""

    def __init__(self) -> None:
        self._heard = dict.fromkeys(PROBE_SIZES, -math.inf)
        self._told = 0
        self._next_at = -math.inf
        self._turn = 0
        self._last = self._since = -math.inf

    def came(self, size: int, now: float) -> None:
        """An authentic datagram of ``size`` [B] came over this path."""
        if now - self._last > OUTAGE_S:
            self._since = now
        self._last = now
        if size < PROBE_SIZES[0]:
            return  # nearly all of them
        for probe in PROBE_SIZES:
            if size >= probe:
                self._heard[probe] = now

    def told(self, largest: int) -> None:
        """What the peer says came over this path there."""
        self._told = largest

    def largest(self, now: float) -> int:
        """The largest probe size that came lately [B]; 0 for none."""
        return max((size for size, at in self._heard.items() if now - at <= LATELY_S), default=0)

    def both_ways(self, now: float) -> int:
        """What the path carries in both directions [B], of PROBE_SIZES; 0: unknown, or less than the smallest of them."""
        return min(self.largest(now), self._told)

    def narrow(self, now: float) -> bool:
        """Datagrams have come for longer than it takes to prove a size, and none of any size, there or here."""
        return now - self._since > LATELY_S and not self.both_ways(now)

    def due(self, now: float) -> int:
        """Size of the probe that is to leave now [B]; 0 for none."""
        if now < self._next_at:
            return 0
        self._next_at = now + PROBE_S
        self._turn = (self._turn + 1) % len(PROBE_SIZES)
        return PROBE_SIZES[self._turn]
