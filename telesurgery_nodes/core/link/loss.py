"""What a path lost of the numbered datagrams it should have brought: the share, the runs of lost ones, and what came twice."""

from __future__ import annotations

import math
from collections import deque

BUCKET_S = 1.0
BUCKETS = 5
KEPT_S = BUCKET_S * BUCKETS


class Share:
    """A share over the last KEPT_S: of ``whole`` how much was ``part``."""

    def __init__(self) -> None:
        self._buckets: deque[list[float]] = deque(maxlen=BUCKETS)  # [begin, whole, part]
        self._newest = [-math.inf, 0.0, 0.0]

    def add(self, whole: float, part: float, now: float) -> None:
        """Count."""
        if now - self._newest[0] >= BUCKET_S:
            self._newest = [now, 0.0, 0.0]
            self._buckets.append(self._newest)
        newest = self._newest
        newest[1] += whole
        newest[2] += part

    def whole(self) -> float:
        """How much the share is of."""
        return sum(bucket[1] for bucket in self._buckets)

    def value(self) -> float:
        """0 before anything was counted; may be negative where late ones repair more than the kept time lost."""
        whole = self.whole()
        return sum(bucket[2] for bucket in self._buckets) / whole if whole else 0.0


class LossMeter:
    """Sequences that did not come. A late one repairs what its gap had counted, and splits or shortens the run it belonged to."""

    def __init__(self) -> None:
        self.lost = 0
        self._newest: int | None = None
        self._share = Share()
        self._runs: list[tuple[int, int, float]] = []  # (first, beyond the last, when noticed), rising

    def note(self, sequence: int, now: float) -> None:
        """A never-seen sequence came."""
        ahead = 1 if self._newest is None else sequence - self._newest
        expected = max(ahead, 0)
        self.lost += expected - 1
        self._share.add(expected, expected - 1.0, now)
        if ahead > 1:
            self._runs.append((sequence - ahead + 1, sequence, now))
            self._forget(now)
        elif ahead < 1:
            self._repair(sequence)
        self._newest = sequence if self._newest is None else max(self._newest, sequence)

    def share(self) -> float:
        """Loss 0..1 of the kept seconds."""
        return max(0.0, self._share.value())

    def counted(self) -> int:
        """Datagrams the share is of, lost ones included."""
        return round(self._share.whole())

    def bursts(self, now: float) -> tuple[float, int]:
        """(mean, longest) run of lost sequences that was noticed in the last KEPT_S [datagrams]; 0 where nothing is missing."""
        self._forget(now)
        lengths = [beyond - first for first, beyond, _ in self._runs]
        return (sum(lengths) / len(lengths), max(lengths)) if lengths else (0.0, 0)

    def _forget(self, now: float) -> None:
        kept = next((index for index, run in enumerate(self._runs) if now - run[2] <= KEPT_S), len(self._runs))
        del self._runs[:kept]

    def _repair(self, sequence: int) -> None:
        holds = (index for index in reversed(range(len(self._runs))) if self._runs[index][0] <= sequence < self._runs[index][1])
        index = next(holds, None)  # late ones are mostly of the newest run
        if index is None:
            return  # of a run that is forgotten
        first, beyond, at = self._runs[index]
        parts = ((first, sequence, at), (sequence + 1, beyond, at))
        self._runs[index : index + 1] = [part for part in parts if part[1] > part[0]]
