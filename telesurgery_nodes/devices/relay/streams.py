"""TCP over the same paths: one connection in from the surgeon's side, one out to the patient's bridge, and the path between them.

The kernel answers a surgeon's connect() at once; the round trip a real one takes is paid by the first byte instead. The patient's bridge
sees the connection after the delay up. Half-close and reset travel like bytes, in order.
"""

from __future__ import annotations

import contextlib
import errno
import math
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ...errors import ConfigError
from .pipe import PathStreams, Pipe
from .releases import Mark, Releases

MOST_CONNECTIONS = 16  # per path; one more is reset at once
BACKLOG = 8
OPEN_TIMEOUT_S = 10.0  # a connection asked for in an outage, or of a bridge that does not answer, is reset after this long
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s


class Connection:
    """Both directions, from the first knock to the last byte. ``near`` is the surgeon's socket, ``far`` the patient's."""

    def __init__(self, near: socket.socket, shared: PathStreams, releases: Releases, now: float, timeout: float) -> None:
        shared.opened += 1
        self.near, self.far = near, socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        for sock in (self.near, self.far):
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.closed = False
        self.shared, self._models = shared, shared.models
        self.up, self.down = (Pipe(shared, way, releases, self) for way in (0, 1))
        self.up.source, self.up.sink = self.near, self.far
        self.down.source, self.down.sink = self.far, self.near
        self._give_up_at = now + timeout
        self._begun = math.nan  # when the first packet of the connection left, outside any outage
        self.connecting = self.answered = False

    def step(self, now: float) -> float:
        """Open the patient's side when it is time. When [s] to come again; inf once it has answered."""
        if self.answered:
            return math.inf
        if now >= self._give_up_at:
            self.shared.timed_out += 1
            self.abort()
            return math.inf
        return self._give_up_at if self.connecting else min(self._knock(now), self._give_up_at)

    def _knock(self, now: float) -> float:
        ends = max(model.cut_until(now) for model in self._models)
        if ends > now:
            self._begun = math.nan
            return ends
        if math.isnan(self._begun):
            self._begun = now
        due = self._begun + self._models[0].base(now)
        if now >= due:
            self.connecting = True
            if self.far.connect_ex(self.shared.target) not in (0, errno.EINPROGRESS):
                self._refused(now)
        return due

    def connected(self) -> None:
        """The patient's side has answered, or refused."""
        if self.closed or self.answered:
            return
        now = time.monotonic()
        if self.far.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._refused(now)
            return
        self.answered = True
        self.down.opens_at = now
        self.up.opens_at = max(now, self._begun + sum(model.base(now) for model in self._models))

    def _refused(self, now: float) -> None:
        self.answered = True
        self.shared.failed += 1
        self.down.push(Mark.RESET, now)

    def broken(self, pipe: Pipe) -> None:
        """The far side of ``pipe`` takes no more: its near side learns it as from a reset, a delay later."""
        pipe.ended = True
        (self.down if pipe is self.up else self.up).push(Mark.RESET, time.monotonic())

    def close_if_done(self) -> None:
        """Both directions have ended."""
        if self.up.done and self.down.done:
            self.close()

    def abort(self) -> None:
        """Reset both sides."""
        for sock in (self.near, self.far):
            reset_on_close(sock)
        self.close()

    def close(self) -> None:
        """Close both sockets."""
        self.closed = True
        self.near.close()
        self.far.close()


def reset_on_close(sock: socket.socket) -> None:
    """Make close() a reset."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)


def listen(where: tuple[str, int]) -> socket.socket:
    """A listening TCP socket. ConfigError where the port is taken."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(where)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise ConfigError(f"cannot listen on {where[0]}:{where[1]} (TCP): {error}") from error
    return sock


@dataclass
class Wanted:
    """What select shall look at for the streams, who acts on it, and when they have to act by themselves [s]."""

    readers: dict[int, Callable[[], None]] = field(default_factory=dict)
    writers: dict[int, Callable[[], None]] = field(default_factory=dict)
    wake_at: float = math.inf


IDLE = Wanted()


class Streams:
    """All connections of all paths."""

    def __init__(self, releases: Releases, timeout: float = OPEN_TIMEOUT_S) -> None:
        self.paths: list[PathStreams] = []
        self.listeners: dict[int, socket.socket] = {}
        self.open: list[Connection] = []
        self._of: dict[int, PathStreams] = {}
        self._releases, self._timeout = releases, timeout

    def add(self, listener: socket.socket, shared: PathStreams) -> None:
        """A path: connections to ``listener`` go to ``shared.target``."""
        self.paths.append(shared)
        self.listeners[listener.fileno()] = listener
        self._of[listener.fileno()] = shared

    def accept(self, number: int) -> None:
        """Take every connection that waits at listener ``number`` (its file number)."""
        shared = self._of[number]
        while True:
            try:
                near, _ = self.listeners[number].accept()
            except OSError:  # none left, or it went away while it waited
                return
            if sum(one.shared is shared for one in self.open) >= MOST_CONNECTIONS:
                shared.too_many += 1
                reset_on_close(near)
                near.close()
                continue
            self.open.append(Connection(near, shared, self._releases, time.monotonic(), self._timeout))

    def watch(self, now: float) -> Wanted:
        """Step every connection and say what it waits for."""
        wanted = Wanted()
        for one in self.open:
            wanted.wake_at = min(wanted.wake_at, one.step(now))
        self.open = [one for one in self.open if not one.closed]
        for one in self.open:
            if one.connecting and not one.answered:
                wanted.writers[one.far.fileno()] = one.connected
            for pipe, source, sink in ((one.up, one.near, one.far), (one.down, one.far, one.near)):
                _want(wanted, pipe, source.fileno(), sink.fileno(), now)
        return wanted

    def close(self) -> None:
        """Reset everything."""
        for one in self.open:
            one.abort()
        for listener in self.listeners.values():
            listener.close()


def _want(wanted: Wanted, pipe: Pipe, source: int, sink: int, now: float) -> None:
    at = pipe.reads_at(now)
    if at <= now:
        wanted.readers[source] = pipe.read
    else:
        wanted.wake_at = min(wanted.wake_at, at)
    if pipe.writes:
        wanted.writers[sink] = pipe.flush
