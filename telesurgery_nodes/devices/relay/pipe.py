"""One direction of a TCP connection on its way over a path."""

from __future__ import annotations

import contextlib
import math
import socket
import time
from dataclasses import dataclass, field
from typing import Protocol

from ...core.link.impair import Impair
from ...core.link.stream import SEGMENT, StreamModel
from .account import Account
from .releases import Mark, Releases

MOST_HELD = 1 << 20  # bytes of one direction read and not yet handed on; then the sender's own window fills. 80 Mbit/s at 105 ms
READ_SIZE = 16 * SEGMENT


@dataclass
class PathStreams:
    """What all connections of a path share: models and accounts (up, down), and counters (pairs: up, down)."""

    target: tuple[str, int]
    models: tuple[Impair, Impair]
    seed: str
    accounts: tuple[Account, Account] = field(default_factory=lambda: (Account(), Account()))
    bytes: list[int] = field(default_factory=lambda: [0, 0])
    segments: list[int] = field(default_factory=lambda: [0, 0])
    repeated: list[int] = field(default_factory=lambda: [0, 0])
    opened: int = 0
    too_many: int = 0
    timed_out: int = 0
    failed: int = 0
    reset: int = 0


class Owner(Protocol):
    """The connection a pipe belongs to."""

    closed: bool

    def abort(self) -> None:
        """Reset both sides."""
        ...

    def broken(self, pipe: Pipe) -> None:
        """The far side of ``pipe`` takes no more."""
        ...

    def close_if_done(self) -> None:
        """Close where both directions have ended."""
        ...


class Pipe:
    """One direction of a connection: reads where the path has room, writes when the bytes have travelled."""

    def __init__(self, shared: PathStreams, way: int, releases: Releases, connection: Owner) -> None:
        self.account = shared.accounts[way]
        self.source: socket.socket | None = None
        self.sink: socket.socket | None = None
        self.opens_at = math.inf
        self.ended = self.done = False
        self._shared, self._way, self._releases, self._connection = shared, way, releases, connection
        self._model = StreamModel(shared.models[way], shared.models[1 - way], f"{shared.seed}/{shared.opened}/{way}")
        self._held = 0
        self._waiting = bytearray()
        self._closing = False

    def reads_at(self, now: float) -> float:
        """When [s] to read next; inf while too much is held, or after the end."""
        if self.ended or self._held >= MOST_HELD:
            return math.inf
        return max(self.opens_at, self._model.room_at(now))

    @property
    def writes(self) -> bool:
        """Bytes that have travelled wait for the far side to take them."""
        return bool(self._waiting)

    def read(self) -> None:
        """Take what the source has and send it on its way, a segment at a time."""
        now = time.monotonic()
        if self._connection.closed or self.source is None or self.reads_at(now) > now:  # an outage may have begun while select waited
            return
        try:
            data = self.source.recv(min(READ_SIZE, MOST_HELD - self._held))
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.push(Mark.RESET, now)
            return
        if not data:
            self.push(Mark.END, now)
        for start in range(0, len(data), SEGMENT):
            self.push(data[start : start + SEGMENT], now)

    def push(self, data: bytes | Mark, now: float) -> None:
        """Send a segment, the end or a reset on its way."""
        size = 0 if isinstance(data, Mark) else len(data)
        self.ended = self.ended or isinstance(data, Mark)
        self._held += size
        before = self._model.repeated
        self._releases.push(self._model.offer(size, now), data, self, now)
        self._shared.segments[self._way] += 1
        self._shared.repeated[self._way] += self._model.repeated - before

    def deliver(self, data: bytes | Mark) -> None:
        """It has travelled."""
        if self._connection.closed:
            return
        if data is Mark.RESET:
            self._shared.reset += 1
            self._connection.abort()
            return
        if isinstance(data, bytes):
            self._waiting += data
        self._closing = self._closing or data is Mark.END
        self.flush()

    def flush(self) -> None:
        """Write as much as the far side takes."""
        if self._connection.closed or self.sink is None:
            return
        try:
            while self._waiting:
                sent = self.sink.send(self._waiting)
                del self._waiting[:sent]
                self._held -= sent
                self._shared.bytes[self._way] += sent
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._connection.broken(self)
            return
        if self._closing and not self.done:
            self.done = True
            with contextlib.suppress(OSError):  # the far side may have gone: its reset is read by the other direction
                self.sink.shutdown(socket.SHUT_WR)
            self._connection.close_if_done()
