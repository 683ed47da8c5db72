"""What a bad network does to datagrams, as a seeded model: bytes and times in, bytes and release times out.

Jitter is a slowly varying queueing delay (Ornstein-Uhlenbeck), because real queues delay neighbours alike and keep their order;
an independent jitter per packet would reorder almost everything, which networks do not. ``reorder`` adds real reordering.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, fields

from ...errors import ConfigError

JITTER_TAU_S = 0.05  # how long a queue stays long
SIGMA_PER_JITTER = 0.5  # +-jitter holds 95 % of the delays
FLOOR_SHARE = 0.5  # jitter never takes more than half of the delay away: light in fibre cannot be overtaken
REORDER_S = 0.005  # how much later a reordered datagram comes than it would have
DUPLICATE_S = 0.001
MS = 1e-3
MBIT = 1e6


@dataclass(frozen=True)
class Impairment:
    """One direction of one path. ``loss`` 0..1 overall; ``burst`` mean length of a loss burst [packets], 1 = independent losses.

    ``tail``: share of datagrams that are ``tail_ms`` later than the rest. ``rate_mbit`` 0 = unlimited; ``queue_ms`` of it are held.
    """

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0
    burst: float = 1.0
    reorder: float = 0.0
    duplicate: float = 0.0
    tail: float = 0.0
    tail_ms: float = 0.0
    rate_mbit: float = 0.0
    queue_ms: float = 200.0

    def __post_init__(self) -> None:
        for spec in fields(self):
            value = getattr(self, spec.name)
            share = spec.name in ("loss", "reorder", "duplicate", "tail")
            if not 0.0 <= value < (1.0 if share else math.inf):
                raise ConfigError(f"{spec.name} {value}; valid: 0 <= {spec.name} < {'1' if share else 'inf'}")
        if self.burst < 1.0:
            raise ConfigError(f"burst {self.burst}; a loss burst has at least 1 packet")


def impairment_from(row: Mapping[str, object]) -> Impairment:
    """Impairment of a preset's row. ConfigError for a key or value that means nothing."""
    known = [spec.name for spec in fields(Impairment)]
    wrong = [key for key in row if key not in known]
    if wrong:
        raise ConfigError(f"unknown {', '.join(wrong)}; valid: {', '.join(known)}")
    values = {}
    for key, value in row.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ConfigError(f"{key} {value!r}; wanted a number")
        values[key] = float(value)
    return Impairment(**values)


class Impair:
    """One direction of one path, stepped by ``offer``."""

    def __init__(self, spec: Impairment, seed: int) -> None:
        self.spec = spec
        self._random = random.Random(seed)
        self._outages: list[tuple[float, float]] = []
        self._bad = False
        self._jitter = 0.0
        self._last_at: float | None = None
        self._last_release = -math.inf
        self._line_free = -math.inf
        self.offered = self.lost = self.overflowed = self.duplicated = self.cut = 0

    def outage(self, start: float, duration: float) -> None:
        """Lose everything offered in [start, start + duration) [s]; ``duration`` may be inf."""
        self._outages.append((start, start + duration))

    def restore(self, now: float) -> None:
        """End every outage that is running at ``now``."""
        self._outages = [(start, min(end, now)) if start <= now else (start, end) for start, end in self._outages]

    def offer(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        """Release times [s] and datagrams: none where it is lost, two where it is duplicated."""
        self.offered += 1
        if any(start <= now < end for start, end in self._outages):
            self.cut += 1
            return []
        if self._loses():
            self.lost += 1
            return []
        leaves = self._through_line(len(data), now)
        if leaves is None:
            self.overflowed += 1
            return []
        return self._releases(data, leaves, now)

    def _releases(self, data: bytes, leaves: float, now: float) -> list[tuple[float, bytes]]:
        spec = self.spec
        delay = max(FLOOR_SHARE * spec.delay_ms * MS, spec.delay_ms * MS + self._wander(now))
        release = max(leaves + delay, self._last_release)  # first in, first out
        if self._chance(spec.tail):
            return [(release + spec.tail_ms * MS, data)]
        if self._chance(spec.reorder):
            return [(release + REORDER_S, data)]
        self._last_release = release
        if self._chance(spec.duplicate):
            self.duplicated += 1
            return [(release, data), (release + DUPLICATE_S, data)]
        return [(release, data)]

    def _chance(self, share: float) -> bool:
        return share > 0.0 and self._random.random() < share

    def _loses(self) -> bool:
        """Gilbert-Elliott with a good state that loses nothing and a bad one that loses all, from mean loss and mean burst."""
        loss, burst = self.spec.loss, self.spec.burst
        if loss == 0.0:
            return False
        if burst == 1.0:
            return self._random.random() < loss
        leave = 1.0 / burst
        enter = loss * leave / (1.0 - loss)
        self._bad = self._random.random() >= leave if self._bad else self._random.random() < enter
        return self._bad

    def _through_line(self, size: int, now: float) -> float | None:
        if self.spec.rate_mbit == 0.0:
            return now
        begins = max(now, self._line_free)
        if begins - now > self.spec.queue_ms * MS:
            return None
        self._line_free = begins + size * 8.0 / (self.spec.rate_mbit * MBIT)
        return self._line_free

    def _wander(self, now: float) -> float:
        if self.spec.jitter_ms == 0.0:
            return 0.0
        keep = 0.0 if self._last_at is None else math.exp(-max(now - self._last_at, 0.0) / JITTER_TAU_S)
        self._last_at = now
        sigma = SIGMA_PER_JITTER * self.spec.jitter_ms * MS
        self._jitter = keep * self._jitter + sigma * math.sqrt(1.0 - keep * keep) * self._random.gauss(0.0, 1.0)
        return self._jitter
