"""One handshake on one TCP socket: TLS, then HELLO and WELCOME (core/link/handshake.py), within a deadline."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol

from ...core.link.handshake import Agreed, Door, Frames, Hello, Peer, encode
from ...errors import DeviceError, LinkError, RemoteLinkError, TrustError
from ...trust.identity import Identity
from .tls import TlsEnd

DEADLINE_S = 10.0  # for a whole handshake: four round trips of a satellite path and a lost segment or two
READ = 16384
CLOSED = "the other site closed the connection before the handshake was over"


class Keys(Protocol):
    """What a handshake needs of the session, locked by its owner."""

    def newest_epoch(self) -> int:
        """Newest epoch accepted, -1 for none."""

    def key_age(self) -> float:
        """Age of the key in use [s]; inf for none."""

    def silence(self) -> float:
        """Since the peer was last heard [s]; inf for never."""

    def take(self, agreed: Agreed, key: bytes) -> None:
        """Accept the key; the calling side also uses it."""


class HungUp(DeviceError):
    """The other side closed, in order or (with something of ours unread) by a reset: another of its paths was faster, or it is gone."""


class Conversation:
    """Blocking, on a thread of its own. ``now`` steady [s]."""

    def __init__(self, sock: socket.socket, identity: Identity, server: bool, now: Callable[[], float]) -> None:
        self._sock, self._now = sock, now
        self._until = now() + DEADLINE_S
        self._tls = TlsEnd(identity, server)
        self._frames = Frames()
        self._heard: list[Hello] = []

    def shake(self) -> None:
        """Until TLS stands. TrustError where one of the two is not to be trusted."""
        self._tls.begin()
        self._flush()
        while not self._tls.established:
            self._listen()

    def call(self, door: Door, keys: Keys, today: datetime) -> Agreed:
        """The connecting side. ``keys`` has the new one before this returns."""
        peer = self._peer(door, keys, today)
        self._say(door.hello(keys.newest_epoch()))
        welcome = self._hear()
        with self._told():
            agreed = door.welcomed(welcome, peer, keys.newest_epoch(), keys.silence())
            keys.take(agreed, self._tls.key(door.context(agreed)))
        return agreed

    def answer(self, door: Door, keys: Keys, today: datetime, turn: threading.Lock) -> Agreed:
        """The listening side; it accepts the new key before it says so. ``turn``: one caller is judged at a time."""
        peer = self._peer(door, keys, today)
        hello = self._hear()
        with self._told(), turn:
            welcome, agreed = door.answer(hello, peer, keys.newest_epoch(), keys.silence())
            keys.take(agreed, self._tls.key(door.context(agreed)))
        self._say(welcome)
        return agreed

    def _peer(self, door: Door, keys: Keys, today: datetime) -> Peer:
        with self._told():
            return self._tls.peer(today, beginning=door.present is None or keys.silence() >= DEADLINE_S)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What this side refuses, the other side hears the reason of."""
        try:
            yield
        except TrustError as error:
            with contextlib.suppress(DeviceError, RemoteLinkError):  # it may be gone; the reason is raised here all the same
                self._say(error)
            raise

    def _say(self, message: Hello | TrustError) -> None:
        self._tls.send(encode(message))
        self._flush()

    def _hear(self) -> Hello:
        while not self._heard:
            self._listen()
        return self._heard.pop(0)

    def _listen(self) -> None:
        self._timeout()
        try:
            data = self._sock.recv(READ)
        except ConnectionError as error:
            raise HungUp(CLOSED) from error
        except OSError as error:
            raise DeviceError(f"no answer to the handshake: {error}") from error
        if not data:
            raise HungUp(CLOSED)
        try:
            self._heard += self._frames.push(self._tls.receive(data))
        except LinkError:
            with contextlib.suppress(DeviceError):  # an alert tells the other site why, where it still listens
                self._flush()
            raise
        self._flush()

    def _flush(self) -> None:
        data = self._tls.outgoing()
        if not data:
            return  # not even an empty piece: the other side may have closed after its last word
        self._timeout()
        try:
            self._sock.sendall(data)
        except ConnectionError as error:
            raise HungUp(CLOSED) from error
        except OSError as error:
            raise DeviceError(f"the handshake cannot be sent: {error}") from error

    def _timeout(self) -> None:
        left = self._until - self._now()
        if left <= 0.0:
            raise DeviceError(f"the handshake took longer than {DEADLINE_S:g} s")
        self._sock.settimeout(left)
