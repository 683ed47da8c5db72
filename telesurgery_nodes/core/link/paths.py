"""What each path does, from the datagrams that came over it, and GOOD / DEGRADED / DOWN out of that.

| state    | enter                                                          |
| -------- | -------------------------------------------------------------- |
| DOWN     | no authenticated, never-seen datagram for 50 ms (wan.md 8.3)   |
| DEGRADED | loss above 1 %, jitter above 20 ms, or less than 0.5 s back up |
| GOOD     | none of these                                                  |

Only authenticated datagrams count, and each only once per path: replaying a recording at a dead path does not make it look alive.
"""

from __future__ import annotations

import enum
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from .clock import ClockEstimate, ClockEstimator
from .window import ReplayWindow
from .wire import Stream

DOWN_AFTER_S = 0.05
RECOVERY_S = 0.5
DEGRADED_LOSS = 0.01
DEGRADED_JITTER_S = 0.02
JITTER_GAIN = 1.0 / 16.0  # RFC 3550 section 6.4.1
TRANSIT_GAIN = 1.0 / 16.0
LOSS_BUCKET_S = 1.0
LOSS_BUCKETS = 5
LOSS_STREAMS = (Stream.COMMAND, Stream.STATE)  # sent on every path; heartbeats differ per path, video may be thinned


class PathState(enum.IntEnum):
    """Health of a path."""

    DOWN = 0
    DEGRADED = 1
    GOOD = 2


@dataclass(frozen=True)
class PathHealth:
    """One path as the receiving side sees it. ``skew`` [s]: how much slower than the fastest path; times in s, loss 0..1."""

    name: str
    state: PathState
    loss: float
    jitter: float
    round_trip: float
    skew: float
    silence: float
    received: int
    duplicates: int
    lost: int
    worst_gap: float


class LossMeter:
    """Share of sequences that did not come in the last seconds. A late one repairs what its gap had counted."""

    def __init__(self) -> None:
        self.lost = 0
        self._newest: int | None = None
        self._buckets: deque[list[float]] = deque(maxlen=LOSS_BUCKETS)  # [begin, expected, received]

    def note(self, sequence: int, now: float) -> None:
        """A never-seen sequence came."""
        ahead = 1 if self._newest is None else sequence - self._newest
        expected = max(ahead, 0)
        self._newest = sequence if self._newest is None else max(self._newest, sequence)
        self.lost += expected - 1
        if not self._buckets or now - self._buckets[-1][0] >= LOSS_BUCKET_S:
            self._buckets.append([now, 0.0, 0.0])
        self._buckets[-1][1] += expected
        self._buckets[-1][2] += 1.0

    def share(self) -> float:
        """Loss 0..1 of the kept seconds; 0 before anything came."""
        expected = sum(bucket[1] for bucket in self._buckets)
        received = sum(bucket[2] for bucket in self._buckets)
        return max(0.0, 1.0 - received / expected) if expected else 0.0


class PathMonitor:
    """Statistics of one path in the receiving direction."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.clock = ClockEstimator()
        self.reset((0,) * len(Stream))
        self.duplicates = 0
        self.received = 0

    def reset(self, begin: Sequence[int]) -> None:
        """Forget the peer: a new session begins, with these sequences per stream."""
        self.clock = ClockEstimator()
        self._windows = {stream: ReplayWindow() for stream in Stream}
        for stream in Stream:
            self._windows[stream].begin(begin[stream])
        self._loss = {stream: LossMeter() for stream in LOSS_STREAMS}
        self._last_seen = -math.inf
        self._up_since = -math.inf
        self._transit: float | None = None
        self._last_transit = 0.0
        self._jitter = 0.0
        self._worst_gap = 0.0

    def note(self, stream: Stream, sequence: int, now: float) -> bool:
        """An authenticated datagram came over this path; False where this path had brought it already."""
        if not self._windows[stream].mark(sequence):
            self.duplicates += 1
            return False
        gap = now - self._last_seen
        if gap > DOWN_AFTER_S:
            self._up_since = now
        if math.isfinite(gap):
            self._worst_gap = max(self._worst_gap, gap)
        self._last_seen = now
        self.received += 1
        if stream in self._loss:
            self._loss[stream].note(sequence, now)
        return True

    def time(self, sent: float, now: float) -> None:
        """Transit of a heartbeat: arrival minus sending stamp, clocks unsynchronised; only differences of it are used."""
        transit = now - sent
        if self._transit is None:
            self._transit = self._last_transit = transit
            return
        self._jitter += JITTER_GAIN * (abs(transit - self._last_transit) - self._jitter)
        self._last_transit = transit
        self._transit += TRANSIT_GAIN * (transit - self._transit)

    @property
    def transit(self) -> float:
        """Smoothed transit [s]; inf before the first heartbeat."""
        return math.inf if self._transit is None else self._transit

    def loss(self) -> float:
        """Worst loss of the streams that go over every path."""
        return max(meter.share() for meter in self._loss.values())

    def down(self, now: float) -> bool:
        """Nothing heard for too long."""
        return now - self._last_seen > DOWN_AFTER_S

    def state(self, now: float) -> PathState:
        """By the table above."""
        if self.down(now):
            return PathState.DOWN
        recovering = now - self._up_since < RECOVERY_S
        if recovering or self.loss() > DEGRADED_LOSS or self._jitter > DEGRADED_JITTER_S:
            return PathState.DEGRADED
        return PathState.GOOD

    def estimate(self, now: float) -> ClockEstimate:
        """Clock offset as this path knows it."""
        return self.clock.estimate(now)

    def health(self, now: float, fastest: float) -> PathHealth:
        """Snapshot; ``fastest`` is the smallest transit of all paths."""
        lost = sum(meter.lost for meter in self._loss.values())
        skew = self.transit - fastest if math.isfinite(self.transit) else math.inf
        silence = now - self._last_seen
        return PathHealth(
            self.name, self.state(now), self.loss(), self._jitter, self.clock.round_trip, skew, silence,
            self.received, self.duplicates, lost, self._worst_gap,
        )  # fmt: skip
