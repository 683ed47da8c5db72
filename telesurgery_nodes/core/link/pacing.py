"""What leaves a path when: strict priority by stream; video, and what comes after it, only while the token bucket has credit.

Control (streams 0 to 2) is never held back; it may overdraw the bucket, and then the others wait. The rate is 85 % of what the
path was contracted for, because no order at the sender survives a full queue in the network (wan.md section 5).
"""

from __future__ import annotations

import heapq
import math
from collections import deque

from ...errors import LocalLinkError
from .wire import Stream

USABLE_SHARE = 0.85
BURST_S = 0.002  # how much credit may be saved up
SMALLEST_BURST = 2400  # bytes: two whole datagrams, so that a slow path can send at all
# Longest wait at the sender [s], in order of priority: an older picture is not worth sending, messages come again.
PACED = {Stream.VIDEO: 0.25, Stream.RELIABLE: 1.0, Stream.TOPIC: 0.25}


class Pacer:
    """One per path. ``rate`` [bit/s] is the contracted rate; inf for an unlimited one."""

    def __init__(self, rate: float = math.inf) -> None:
        if not rate > 0.0:
            raise LocalLinkError(f"path rate {rate} bit/s; wanted more than 0")
        self._contracted = self._rate = USABLE_SHARE * rate / 8.0
        self._paused = False
        self._burst = max(SMALLEST_BURST, self._rate * BURST_S)
        self._credit = self._burst
        self._filled_at: float | None = None
        self._control: list[tuple[int, int, bytes]] = []
        self._paced: dict[Stream, deque[tuple[float, float, bytes]]] = {stream: deque() for stream in PACED}  # (not before, not after, .)
        self._order = 0
        self.dropped = dict.fromkeys(PACED, 0)

    def offer(self, stream: Stream, datagram: bytes, now: float, delay: float = 0.0) -> None:
        """Queue a datagram; ``delay`` [s] spreads video over its frame time."""
        if stream in PACED:
            self._paced[stream].append((now + delay, now + delay + PACED[stream], datagram))
            return
        heapq.heappush(self._control, (int(stream), self._order, datagram))
        self._order += 1

    def allow(self, share: float, now: float) -> None:
        """From now on use ``share`` 0..1 of the contracted rate (congestion.py); at 0 video waits, control never does."""
        self._fill(now)
        self._paused = share <= 0.0
        if not self._paused:
            self._rate = share * self._contracted

    def due(self, now: float) -> list[bytes]:
        """Everything that may leave at ``now``, in sending order."""
        self._fill(now)
        out = []
        while self._control:
            out.append(heapq.heappop(self._control)[2])
            self._credit -= len(out[-1])
        for stream, queue in self._paced.items():
            while queue and queue[0][0] <= now:
                if queue[0][1] < now:
                    queue.popleft()
                    self.dropped[stream] += 1
                    continue
                if self._paused or self._credit <= 0.0:
                    return out
                out.append(queue.popleft()[2])
                self._credit -= len(out[-1])
        return out

    def waiting(self, stream: Stream) -> int:
        """Datagrams of a paced stream that have not left yet."""
        return len(self._paced[stream])

    def next_time(self, now: float) -> float:
        """When ``due`` will next have something; inf where nothing waits."""
        if self._control:
            return now
        first = min((queue[0][0] for queue in self._paced.values() if queue), default=math.inf)
        if math.isinf(first):
            return math.inf
        if self._paused:
            return max(now, min(queue[0][1] for queue in self._paced.values() if queue))  # when the oldest is too old to wait on
        refill = now if self._credit > 0.0 else now + (1.0 - self._credit) / self._rate
        return max(first, refill)

    def _fill(self, now: float) -> None:
        if self._filled_at is not None and now > self._filled_at and self._credit < self._burst:
            self._credit = min(self._burst, self._credit + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if math.isinf(self._rate):
            self._credit = self._burst
