"""What a bad network does to datagrams, as a seeded model: bytes and times in, bytes and release times out.

Jitter is a slowly varying queueing delay (Ornstein-Uhlenbeck), because real queues delay neighbours alike and keep their order;
an independent jitter per packet would reorder almost everything, which networks do not. ``reorder`` adds real reordering.
A recorded trace adds its delay to ``delay_ms`` and its losses to ``loss``. What a byte stream meets on the same path: stream.py.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ...errors import ConfigError
from .line import MBIT as MBIT
from .line import MS as MS
from .line import Line, Losses, Wander
from .trace import Trace

FLOOR_SHARE = 0.5  # jitter never takes more than half of the delay away: light in fibre cannot be overtaken
REORDER_S = 0.005  # how much later a reordered datagram comes than it would have
DUPLICATE_S = 0.001
MOST_FLIPS = 3  # bits of one corrupted datagram
BITS_PER_BYTE = 8


def _value(default: float, what: str) -> Any:
    return field(default=default, metadata={"what": what})


@dataclass(frozen=True)
class Impairment:
    """One direction of one path; what each value means stands beside it, and in docs/emulator.md, which is made from it."""

    delay_ms: float = _value(0.0, "constant part of the delay")
    jitter_ms: float = _value(0.0, "a slowly wandering part: 95 % of the delays lie within +- this; the order is kept")
    loss: float = _value(0.0, "share of datagrams lost at random, 0 to below 1")
    burst: float = _value(1.0, "mean length of a run of losses [datagrams]; 1: each is lost on its own")
    reorder: float = _value(0.0, "share that comes 5 ms later than it would have, overtaken by those behind it")
    duplicate: float = _value(0.0, "share that comes twice, the second 1 ms later")
    corrupt: float = _value(0.0, "share that comes with one to three bits flipped, its length unchanged")
    tail: float = _value(0.0, "share that is `tail_ms` later than the rest")
    tail_ms: float = _value(0.0, "see `tail`")
    rate_mbit: float = _value(0.0, "rate of the line [Mbit/s of UDP payload]; 0: unlimited")
    queue_ms: float = _value(200.0, "how much the queue in front of the line holds; a datagram that finds it full is lost")

    def __post_init__(self) -> None:
        for spec in fields(self):
            value = getattr(self, spec.name)
            share = spec.name in SHARES
            if not 0.0 <= value < (1.0 if share else math.inf):
                raise ConfigError(f"{spec.name} {value}; valid: 0 <= {spec.name} < {'1' if share else 'inf'}")
        if self.burst < 1.0:
            raise ConfigError(f"burst {self.burst}; a loss burst has at least 1 packet")


SHARES = ("loss", "reorder", "duplicate", "corrupt", "tail")


def values_from(row: Mapping[str, object]) -> dict[str, float]:
    """Values of an Impairment by name. ConfigError for a key that means nothing or a value that is no number."""
    known = [spec.name for spec in fields(Impairment)]
    wrong = [str(key) for key in row if key not in known]
    if wrong:
        raise ConfigError(f"unknown {', '.join(wrong)}; valid: {', '.join(known)}")
    values = {}
    for key, value in row.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ConfigError(f"{key} {value!r}; wanted a number")
        values[key] = float(value)
    return values


def impairment_from(row: Mapping[str, object]) -> Impairment:
    """Impairment of a preset's row. ConfigError for a key or value that means nothing."""
    return Impairment(**values_from(row))


class Impair:
    """One direction of one path, stepped by ``offer``. ``trace`` begins at ``start`` [s]."""

    def __init__(self, spec: Impairment, seed: int, trace: Trace | None = None, start: float = 0.0) -> None:
        self.spec = spec
        self.line = Line()
        self.trace = trace
        self._start = start
        self._random = random.Random(seed)
        self._losses = Losses(self._random)
        self._wander = Wander(self._random)
        self._outages: list[tuple[float, float]] = []
        self._last_release = -math.inf
        self._losing = False
        self.offered = self.lost = self.bursts = self.overflowed = self.duplicated = self.cut = 0
        self.reordered = self.corrupted = self.tailed = 0

    def change(self, values: Mapping[str, float]) -> None:
        """Take other values from now on; the others stay."""
        self.spec = replace(self.spec, **values)

    def outage(self, start: float, duration: float) -> None:
        """Lose everything offered in [start, start + duration) [s]; ``duration`` may be inf."""
        self._outages.append((start, start + duration))

    def restore(self, now: float) -> None:
        """End every outage that is running at ``now``."""
        self._outages = [(start, min(end, now)) if start <= now else (start, end) for start, end in self._outages]

    def cut_until(self, now: float) -> float:
        """End [s] of the outage running at ``now``, as far as known; ``now`` itself where there is none. Forgets those that are over."""
        if not self._outages:
            return now
        self._outages = [(start, end) for start, end in self._outages if end > now]
        return max((end for start, end in self._outages if start <= now), default=now)

    def base(self, now: float) -> float:
        """Delay [s] of one who finds no queue, jitter or loss."""
        return self.spec.delay_ms * MS + (self.trace.at(now - self._start).delay if self.trace else 0.0)

    def trace_loses(self, now: float) -> bool:
        """Whether the trace lost what was sent at ``now``."""
        return self.trace is not None and self.trace.at(now - self._start).lost

    def offer(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        """Release times [s] and datagrams: none where it is lost, two where it is duplicated."""
        self.offered += 1
        if self.cut_until(now) > now:
            self.cut += 1
            return []
        if self._loses(now):
            self.lost += 1
            return []
        if self.line.backlog(now, self.spec.rate_mbit) > self.spec.queue_ms * MS:
            self.overflowed += 1
            return []
        return self._releases(self._marred(data), self.line.take(len(data), now, self.spec.rate_mbit), now)

    def _loses(self, now: float) -> bool:
        lost = self._losses.next(self.spec.loss, self.spec.burst) or self.trace_loses(now)
        self.bursts += lost and not self._losing
        self._losing = lost
        return lost

    def _marred(self, data: bytes) -> bytes:
        """``data`` or, seldom, the same with some bits flipped: different bits, so that it really differs."""
        if not data or not self._chance(self.spec.corrupt):
            return data
        self.corrupted += 1
        marred = bytearray(data)
        for bit in self._random.sample(range(len(data) * BITS_PER_BYTE), self._random.randint(1, MOST_FLIPS)):
            marred[bit // BITS_PER_BYTE] ^= 1 << bit % BITS_PER_BYTE
        return bytes(marred)

    def _releases(self, data: bytes, leaves: float, now: float) -> list[tuple[float, bytes]]:
        spec = self.spec
        release = max(leaves + wandering(self.base(now), self._wander.at(now, spec.jitter_ms)), self._last_release)  # first in, first out
        if self._chance(spec.tail):
            self.tailed += 1
            return [(release + spec.tail_ms * MS, data)]
        if self._chance(spec.reorder):
            self.reordered += 1
            return [(release + REORDER_S, data)]
        self._last_release = release
        if self._chance(spec.duplicate):
            self.duplicated += 1
            return [(release, data), (release + DUPLICATE_S, data)]
        return [(release, data)]

    def _chance(self, share: float) -> bool:
        return share > 0.0 and self._random.random() < share


def wandering(base: float, offset: float) -> float:
    """``base`` [s] with jitter, never below its floor."""
    return max(FLOOR_SHARE * base, base + offset)
