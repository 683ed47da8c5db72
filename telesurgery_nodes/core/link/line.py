"""The parts every model of a direction is made of: a line of limited rate, losses in bursts, a delay that wanders."""

from __future__ import annotations

import math
import random

JITTER_TAU_S = 0.05  # how long a queue stays long
SIGMA_PER_JITTER = 0.5  # +-jitter holds 95 % of the delays
MS = 1e-3
MBIT = 1e6
BITS_PER_BYTE = 8.0


class Line:
    """One line, one queue in front of it; everything that crosses the direction shares it, datagrams and streams alike."""

    def __init__(self) -> None:
        self._free = -math.inf

    def backlog(self, now: float, rate_mbit: float) -> float:
        """How long [s] what is offered at ``now`` waits before its first bit leaves. ``rate_mbit`` 0: unlimited."""
        return max(0.0, self._free - now) if rate_mbit > 0.0 else 0.0

    def take(self, size: int, now: float, rate_mbit: float) -> float:
        """Queue ``size`` bytes at ``now``; when the last bit has left [s]."""
        if rate_mbit == 0.0:
            return now
        self._free = max(now, self._free) + size * BITS_PER_BYTE / (rate_mbit * MBIT)
        return self._free


class Losses:
    """Gilbert-Elliott with a good state that loses nothing and a bad one that loses all, from mean loss and mean burst."""

    def __init__(self, draw: random.Random) -> None:
        self._random = draw
        self._bad = False

    def next(self, loss: float, burst: float) -> bool:
        """Whether the next packet is lost. ``loss`` 0..1 overall, ``burst`` mean length of a run of losses [packets]."""
        if loss == 0.0:
            return False
        if burst == 1.0:
            return self._random.random() < loss
        leave = 1.0 / burst
        enter = loss * leave / (1.0 - loss)
        self._bad = self._random.random() >= leave if self._bad else self._random.random() < enter
        return self._bad


class Wander:
    """Jitter: what a queue of changing length adds to the delay, the same for neighbours in time (Ornstein-Uhlenbeck)."""

    def __init__(self, draw: random.Random) -> None:
        self._random = draw
        self._offset = 0.0
        self._last: float | None = None

    def at(self, now: float, jitter_ms: float) -> float:
        """Offset [s] at ``now``; 95 % lie within +-``jitter_ms``."""
        if jitter_ms == 0.0:
            return 0.0
        keep = 0.0 if self._last is None else math.exp(-max(now - self._last, 0.0) / JITTER_TAU_S)
        self._last = now
        sigma = SIGMA_PER_JITTER * jitter_ms * MS
        self._offset = keep * self._offset + sigma * math.sqrt(1.0 - keep * keep) * self._random.gauss(0.0, 1.0)
        return self._offset
