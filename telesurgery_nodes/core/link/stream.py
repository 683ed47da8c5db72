"""What a bad path does to a byte stream (TCP), as a seeded model: sizes and times in, release times out. Bytes are never lost.

In order, always. A segment the path loses comes one round trip later than it would have, because its copy leaves when its
acknowledgement is missed, and holds back everything behind it; each further loss of the copy costs another round trip. ``tail_ms``
delays in the same way; ``reorder``, ``duplicate`` and ``corrupt`` are what TCP hides. Rate and queue are the datagrams' own, but a
stream waits where the queue is half full instead of losing: it has backed off. Not modelled: slow start and the congestion window,
the retransmission time-out after an outage (a real one may sleep on for as long again), copies on the line, lost acknowledgements.
So the delay of a real TCP is never better than this one's.
"""

from __future__ import annotations

import math
import random

from .impair import MS, Impair, wandering
from .line import Losses, Wander

SEGMENT = 1448  # bytes: 1500 of Ethernet less IPv4, TCP and its time stamps
QUEUE_SHARE = 0.5  # of the queue a stream fills before it waits: between a droptail queue's full and TCP's half after it
STREAM_FLOOR = 1e-300  # the smallest draw whose logarithm is taken


class StreamModel:
    """One direction of one connection over ``forward``; ``backward`` is the direction its acknowledgements take."""

    def __init__(self, forward: Impair, backward: Impair, seed: str) -> None:
        self._forward, self._backward = forward, backward
        self._random = random.Random(seed)  # of its own: the datagrams' fate does not depend on what streams do
        self._losses = Losses(self._random)
        self._wander = Wander(self._random)
        self._last_release = -math.inf
        self.segments = self.repeated = 0

    def room_at(self, now: float) -> float:
        """From when on [s] the path takes the next segment: now, or the end of an outage, or when the queue has drained."""
        spec = self._forward.spec
        queued = self._forward.line.backlog(now, spec.rate_mbit) - QUEUE_SHARE * spec.queue_ms * MS
        return max(self._forward.cut_until(now), now + queued)

    def round_trip(self, now: float) -> float:
        """Delay there and back [s] without queue and jitter."""
        return self._forward.base(now) + self._backward.base(now)

    def offer(self, size: int, now: float) -> float:
        """When [s] a segment of ``size`` bytes, 0 for the end of the stream, is there. Ask ``room_at`` first."""
        spec = self._forward.spec
        self.segments += 1
        leaves = self._forward.line.take(size, now, spec.rate_mbit)
        delay = wandering(self._forward.base(now), self._wander.at(now, spec.jitter_ms))
        delay += self._repeats(now) * self.round_trip(now)
        if spec.tail > 0.0 and self._random.random() < spec.tail:
            delay += spec.tail_ms * MS
        self._last_release = max(leaves + delay, self._last_release)
        return self._last_release

    def _repeats(self, now: float) -> int:
        """How often the segment is sent again. Its copies leave a round trip apart, so each is lost on its own: geometric."""
        loss = self._forward.spec.loss
        if not (self._losses.next(loss, self._forward.spec.burst) or self._forward.trace_loses(now)):
            return 0
        more = int(math.log(max(self._random.random(), STREAM_FLOOR)) / math.log(loss)) if loss > 0.0 else 0
        self.repeated += 1 + more
        return 1 + more
