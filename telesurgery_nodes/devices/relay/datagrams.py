"""UDP between the two sides of a path."""

from __future__ import annotations

import socket
import time
from typing import Any

from ...core.link.impair import Impair
from ...errors import ConfigError
from ..paths.udp import address
from .account import Account
from .releases import Mark, Releases

READ_SIZE = 1 << 16  # the largest datagram there is; as fast to read into as 2048 B
SOCKET_BUFFER = 1 << 21
MOST_PER_READ = 64


def resolved(where: str) -> tuple[str, int]:
    """("address", port) of "host:port": looked up once, never while datagrams wait."""
    host, port = address(where)
    try:
        return socket.gethostbyname(host), port
    except OSError as error:
        raise ConfigError(f"cannot look up {where}: {error}") from error


class Side:
    """One side of a path: where it is listened to, and where its newest datagram came from."""

    def __init__(self, where: str, peer: Any = None) -> None:
        self.peer = peer
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
        try:
            self.sock.bind(resolved(where))
        except OSError as error:
            self.sock.close()
            raise ConfigError(f"cannot listen on {where}: {error}") from error
        except ConfigError:
            self.sock.close()
            raise


class Leg:
    """One direction of one path."""

    def __init__(self, inlet: Side, outlet: Side, model: Impair, releases: Releases) -> None:
        self.inlet, self.outlet, self.model = inlet, outlet, model
        self.account = Account()
        self._releases = releases

    def take(self) -> None:
        """Read what has come and plan its release."""
        for _ in range(MOST_PER_READ):
            try:
                data, self.inlet.peer = self.inlet.sock.recvfrom(READ_SIZE)
            except OSError:  # empty, or an ICMP answer to something sent to a side that is not up yet
                return
            now = time.monotonic()
            for release, copy in self.model.offer(data, now):
                self._releases.push(release, copy, self, now)

    def deliver(self, data: bytes | Mark) -> None:
        """Send it on; a side that is down loses its datagrams, as on a real line."""
        if self.outlet.peer is None or not isinstance(data, bytes):
            self.account.unheard += 1
            return
        try:
            self.outlet.sock.sendto(data, self.outlet.peer)
            self.account.delivered += 1
        except OSError:
            self.account.failed += 1
