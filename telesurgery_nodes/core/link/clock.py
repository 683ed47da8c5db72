"""Offset between the two sites' steady clocks from the two-way exchange: lowest tenth by round trip, line fit over a minute.

Until a line can be fitted, the mean of the best: with 3 ms of slow jitter a single best exchange is wrong by 2 ms, their mean by 0.5.
Measured p99 error 33 us with 20 ppm drift (wan.md 8.3). An asymmetric path shifts the offset by half the asymmetry and nothing
in the exchange can see it. What is sure is the exchange with the smallest round trip: the truth was within half of that around its
offset. So the bound is that half, and how far the estimate is from that offset, and, while there is no slope yet, the drift since then.
Safety never gates on a one-way number.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass
from operator import mul

from ...errors import RemoteLinkError

WINDOW_S = 60.0
BIN_S = 0.1  # the best exchange of each bin is kept: 10 Hz, as wan.md 8.3 measured it
BEST_SHARE = 0.1
FEWEST_FOR_MEAN = 5
FEWEST_FOR_LINE = 8
SHORTEST_FOR_LINE_S = 10.0  # below this a slope is noise
USUAL_DRIFT = 2e-5  # of a crystal; with much jitter a slope beyond it is more likely noise (1 ms of error after 15 s otherwise)
MOST_DRIFT = 1e-4  # between two computers' clocks; crystals promise 20 to 50 ppm each
NEGATIVE_SLACK_S = 1e-4  # rounding may make a loopback round trip slightly negative, never this much


@dataclass(frozen=True)
class ClockEstimate:
    """``offset`` [s]: peer clock minus own clock now; the truth lies within +-``bound`` [s]. ``round_trip`` [s]: the smallest kept."""

    offset: float
    bound: float
    round_trip: float
    samples: int


UNKNOWN = ClockEstimate(0.0, math.inf, math.inf, 0)


class ClockEstimator:
    """One per path: offsets of paths with different asymmetry must not be mixed."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float, float]] = deque()  # (round trip, own time, offset), oldest first
        self._ranked: list[tuple[float, float, float]] = []  # the same, best first: sorting a minute anew takes longer than the fit
        self._reference = 0.0
        self._line: tuple[float, float] = (0.0, 0.0)  # offset at the reference, slope
        self._surest = (math.inf, 0.0, 0.0)  # the sample with the smallest round trip
        self._doubt = 0.0  # how far the estimate was from it at its time
        self.round_trip = math.inf  # of the newest exchange

    def update(self, sent: float, peer_heard: float, peer_sent: float, heard: float) -> None:
        """One exchange: own send, peer arrival, peer send, own arrival [s, each by its own clock]."""
        stamps = (sent, peer_heard, peer_sent, heard)
        round_trip = (heard - sent) - (peer_sent - peer_heard)
        if not all(map(math.isfinite, stamps)) or peer_sent < peer_heard or round_trip < -NEGATIVE_SLACK_S:
            raise RemoteLinkError(f"clock exchange {stamps} runs backwards")
        self.round_trip = max(round_trip, 0.0)
        offset = ((peer_heard - sent) + (peer_sent - heard)) / 2.0
        self._keep((self.round_trip, heard, offset))

    def _keep(self, sample: tuple[float, float, float]) -> None:
        last = self._samples[-1] if self._samples else None
        if last is not None and math.floor(last[1] / BIN_S) == math.floor(sample[1] / BIN_S):
            if sample[0] >= last[0]:
                return
            self._unrank(self._samples.pop())
        self._samples.append(sample)
        insort(self._ranked, sample)
        while self._samples[0][1] < sample[1] - WINDOW_S:
            self._unrank(self._samples.popleft())
        self._fit(sample[1])
        self._doubt = abs(self._at(self._surest[1]) - self._surest[2])

    def _unrank(self, sample: tuple[float, float, float]) -> None:
        del self._ranked[bisect_left(self._ranked, sample)]

    def _fit(self, now: float) -> None:
        ranked = self._ranked
        self._surest = ranked[0]
        share = math.ceil(BEST_SHARE * len(ranked))
        few, best = ranked[: max(FEWEST_FOR_MEAN, share)], ranked[: max(FEWEST_FOR_LINE, share)]
        times = [sample[1] - now for sample in best]
        offsets = [sample[2] for sample in best]
        if max(times) - min(times) < SHORTEST_FOR_LINE_S or len(best) < FEWEST_FOR_LINE:
            self._reference, self._line = now, (sum(sample[2] for sample in few) / len(few), 0.0)
            return
        mean_t, mean_o = sum(times) / len(times), sum(offsets) / len(offsets)
        before, above = [t - mean_t for t in times], [o - mean_o for o in offsets]
        spread = sum([t**2 for t in before])
        common = sum(map(mul, before, above))
        steep = common / spread
        noise = sum([(o - steep * t) ** 2 for t, o in zip(before, above, strict=True)]) / len(best)
        slope = common / (spread + noise / USUAL_DRIFT**2)  # ridge: a steep line is believed only where the noise leaves no doubt
        self._reference, self._line = now, (mean_o - slope * mean_t, slope)

    @property
    def samples(self) -> int:
        """Exchanges kept."""
        return len(self._ranked)

    @property
    def smallest(self) -> float:
        """Smallest kept round trip [s]; inf before the first exchange."""
        return self._surest[0]

    def estimate(self, now: float) -> ClockEstimate:
        """Best knowledge at own time ``now``; UNKNOWN before the first exchange."""
        if not self._samples:
            return UNKNOWN
        smallest, at, _ = self._surest
        drift = 0.0 if self._line[1] else MOST_DRIFT * abs(now - at)
        return ClockEstimate(self._at(now), smallest / 2.0 + self._doubt + drift, smallest, len(self._samples))

    def _at(self, now: float) -> float:
        return self._line[0] + self._line[1] * (now - self._reference)
