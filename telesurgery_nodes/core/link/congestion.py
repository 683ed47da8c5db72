"""How much of a path video may use, from the queueing delay of the own heartbeats: commands must not wait behind our own pictures.

The echo of each heartbeat tells when the peer heard it. That minus its sending time, by two unsynchronised clocks, changes by the
queue in between and nothing else that is fast. Beyond what is usual on this path (jitter is not our queue) video pauses until the
queue is gone, then goes on at a share that grows slowly. A delay that stays without any video was not video's doing: a new route.
"""

from __future__ import annotations

import math

QUEUE_S = 0.002  # more than this above the usual is a queue
RISING = 3  # heartbeats in a row that say so without falling: a process that stood still makes one late and the next ones less so
DEVIATIONS = 4.0  # of the usual spread; a delay beyond is no jitter
DECREASE = 0.4
INCREASE_PER_S = 0.01  # of the contracted rate: at 210 ms round trip 5 % (wan.md 8.4) overshot by 16 ms of queue, this by 8
LEAST_SHARE = 0.02
LONGEST_PAUSE_S = 0.5  # plus a round trip
USUAL_TAU_S = 5.0
LEARNED_SAMPLES = 25  # before them nothing is usual: half a second of heartbeats


class VideoShare:
    """One per path. ``update`` gives the share 0..1 of the contracted rate that may be used; 0 is a pause."""

    def __init__(self) -> None:
        self._usual = 0.0  # transit [s], the clocks' offset included
        self._spread = 0.0
        self._samples = 0
        self._share = 1.0
        self._paused_at = math.nan
        self._settle_until = -math.inf
        self._last: float | None = None
        self._queue = 0.0  # of the heartbeat before
        self._rising = 0

    def update(self, transit: float, round_trip: float, now: float) -> float:
        """``transit`` [s]: peer's clock at a heartbeat's arrival minus own clock at its sending; ``round_trip`` [s] of that exchange."""
        passed = 0.0 if self._last is None else max(0.0, now - self._last)
        self._last = now
        queue = transit - self._usual
        if self._samples < LEARNED_SAMPLES:
            self._learn(transit, 1.0 / (self._samples + 1.0))
            return self._share
        if not math.isnan(self._paused_at):
            return self._pause(queue, transit, round_trip, now)
        if self._congested(queue) and now >= self._settle_until:
            self._share = max(LEAST_SHARE, DECREASE * self._share)
            self._paused_at = now
            return 0.0
        self._learn(transit, 1.0 - math.exp(-passed / USUAL_TAU_S))
        self._share = min(1.0, self._share + INCREASE_PER_S * passed)
        return self._share

    def _congested(self, queue: float) -> bool:
        above = queue > QUEUE_S + DEVIATIONS * self._spread and queue >= self._queue - QUEUE_S
        self._queue, self._rising = queue, self._rising + 1 if above else 0
        return self._rising >= RISING

    def _pause(self, queue: float, transit: float, round_trip: float, now: float) -> float:
        drained = queue <= QUEUE_S / 2.0 + self._spread
        if not drained and now - self._paused_at <= LONGEST_PAUSE_S + round_trip:
            return 0.0
        if not drained:
            self._usual = transit
        self._paused_at = math.nan
        self._settle_until = now + round_trip
        return self._share

    def _learn(self, transit: float, weight: float) -> None:
        self._samples += self._samples < LEARNED_SAMPLES
        error = transit - self._usual
        self._usual += weight * error
        self._spread += weight * (abs(error) - self._spread) if self._samples > 1 else 0.0
