"""Everything under way on all paths: one heap, released in the order of its time."""

from __future__ import annotations

import heapq
import math
import time
from enum import Enum
from typing import Protocol

from .account import Account


class Mark(Enum):
    """What a byte stream carries beside bytes."""

    END = "end"
    RESET = "reset"


class Carrier(Protocol):
    """Who delivers what has travelled."""

    account: Account

    def deliver(self, data: bytes | Mark) -> None:
        """Hand it to the far side."""
        ...


class Releases:
    """The heap, and who is told the times of each datagram once it is out: ``watch(data, offered, planned, done)``."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, bytes | Mark, Carrier, float]] = []
        self._order = 0

    @property
    def next_at(self) -> float:
        """Time [s] of the next release; inf where nothing is under way."""
        return self._heap[0][0] if self._heap else math.inf

    def push(self, at: float, data: bytes | Mark, carrier: Carrier, offered: float) -> None:
        """Deliver ``data`` at ``at``; it was offered at ``offered`` [s]."""
        self._order += 1
        heapq.heappush(self._heap, (at, self._order, data, carrier, offered))

    def run_due(self) -> None:
        """Deliver everything whose time has come."""
        heap, now = self._heap, time.monotonic()
        while heap and heap[0][0] <= now:
            planned, _, data, carrier, offered = heapq.heappop(heap)
            carrier.deliver(data)
            done = time.monotonic()
            carrier.account.note(planned, now, done, offered)
            now = done

    def under_way(self, carrier: Carrier) -> int:
        """How many of one carrier have not been released."""
        return sum(entry[3] is carrier for entry in self._heap)
