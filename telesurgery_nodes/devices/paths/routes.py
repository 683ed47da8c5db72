"""Where a path leaves this computer and which routers it meets first: evidence for separation.py. Linux; needs no root.

Routers are found as traceroute finds them, with datagrams that may make only 1, 2, ... hops; but from a socket bound as the path's own
is, to the peer's own port, so that the firewall and the routers treat them as the path. The far bridge never sees them: its socket is
connected to the path's port, so its kernel answers "port unreachable", and that tells how far the peer is.
"""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from ...errors import DeviceError
from .udp import address

IP_RECVERR = getattr(socket, "IP_RECVERR", 11)  # Linux; Python has the name only from 3.14 on
MSG_ERRQUEUE = 0x2000  # <linux/socket.h>
EXTENDED_ERROR = struct.Struct("=IBBBBII")  # struct sock_extended_err, then the sockaddr of who answered
SOCKADDR_IN = struct.Struct("=HH4s")
ORIGIN_ICMP = 2
PROBE = b"telesurgery preflight hop probe"
MOST_HOPS = 8  # the first hops are what this end can prove; further ones are not asked
TRIES = 3
ANSWER_S = 1.0  # per try
CARDS = Path("/sys/class/net")


@dataclass(frozen=True)
class OwnEnd:
    """``local`` source address, ``card`` that bears it, ``hardware`` physical card below it; an empty text is "not known"."""

    local: str
    card: str
    hardware: str


@dataclass(frozen=True)
class Hops:
    """Routers for TTL 1, 2, ... ("": no answer; silence at the end is left out); ``reached``: behind the last one is the peer's host."""

    addresses: tuple[str, ...]
    reached: bool


def _bound(local: str, remote: str, interface: str) -> socket.socket:
    """A socket that leaves as the path's own does, from another port. DeviceError where that cannot be."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if interface:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        sock.bind((address(local)[0], 0))
        sock.connect(address(remote))
    except OSError as error:
        sock.close()
        raise DeviceError(f"no way from {local} to {remote} on {interface or 'any interface'}: {error}") from error
    return sock


def own_end(local: str, remote: str, interface: str = "") -> OwnEnd:
    """Address and card by which datagrams to ``remote`` leave. DeviceError where there is no way."""
    with contextlib.closing(_bound(local, remote, interface)) as sock:
        host = sock.getsockname()[0]
    bearers = [card for card, rows in psutil.net_if_addrs().items() if any(row.address == host for row in rows)]
    card = interface if interface in bearers else bearers[0] if len(bearers) == 1 and not interface else ""
    return OwnEnd(host, card, hardware(card))


def hardware(card: str, cards: Path = CARDS) -> str:
    """The one physical card below ``card`` (itself, or under VLANs); "" for tunnels, bonds, bridges, emulation and unknown ones."""
    folder = cards / card
    if not card or not folder.exists():
        return ""
    if (folder / "device").exists():
        return card
    below = [entry.name[len("lower_") :] for entry in folder.glob("lower_*")]
    return hardware(below[0], cards) if len(below) == 1 else ""


def first_hops(local: str, remote: str, interface: str = "", most: int = MOST_HOPS, wait: float = ANSWER_S) -> Hops:
    """Who answers for 1, 2, ... ``most`` hops. At most TRIES times ``wait`` [s] and as many small datagrams per hop."""
    peer = socket.gethostbyname(address(remote)[0])
    sockets: dict[int, socket.socket] = {}
    answers: dict[int, str] = {}
    with contextlib.ExitStack() as stack:
        for ttl in range(1, most + 1):
            sockets[ttl] = stack.enter_context(contextlib.closing(_bound(local, remote, interface)))
            sockets[ttl].setblocking(False)
            sockets[ttl].setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
            sockets[ttl].setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        for _ in range(TRIES):
            if _complete(answers, peer, most):
                break
            for ttl in sockets.keys() - answers.keys():
                _send(sockets[ttl])
            _collect(sockets, answers, peer, wait)
    return _hops(answers, peer)


def _send(sock: socket.socket) -> None:
    for _ in range(2):  # an answer to an earlier try is reported once, by the next call
        try:
            sock.send(PROBE)
        except OSError:
            continue
        return


def _collect(sockets: Mapping[int, socket.socket], answers: dict[int, str], peer: str, wait: float) -> None:
    poller, by_fd = select.poll(), {sock.fileno(): ttl for ttl, sock in sockets.items()}
    for ttl in sockets.keys() - answers.keys():
        poller.register(sockets[ttl], 0)  # errors are always reported
    end = time.monotonic() + wait
    while (left := end - time.monotonic()) > 0.0 and not _complete(answers, peer, len(sockets)):
        for number, _ in poller.poll(1e3 * left):
            found = _answer(sockets[by_fd[number]])
            if found:
                answers[by_fd[number]] = found
                poller.unregister(number)


def _answer(sock: socket.socket) -> str:
    """Who sent the ICMP answer that waits; "" where there is none."""
    try:
        _, ancillary, _, _ = sock.recvmsg(len(PROBE), 512, MSG_ERRQUEUE)
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EHOSTUNREACH, errno.ECONNREFUSED, errno.ENETUNREACH):
            raise DeviceError(f"cannot read the answers of the routers: {error}") from error
        return ""
    for level, kind, data in ancillary:
        whole = (level, kind) == (socket.IPPROTO_IP, IP_RECVERR) and len(data) >= EXTENDED_ERROR.size + SOCKADDR_IN.size
        if whole and EXTENDED_ERROR.unpack_from(data)[1] == ORIGIN_ICMP:
            return socket.inet_ntoa(SOCKADDR_IN.unpack_from(data, EXTENDED_ERROR.size)[2])
    return ""


def _complete(answers: Mapping[int, str], peer: str, most: int) -> bool:
    """Everybody up to the peer, or up to the last hop, has answered."""
    last = min((ttl for ttl, who in answers.items() if who == peer), default=most)
    return all(ttl in answers for ttl in range(1, last + 1))


def _hops(answers: Mapping[int, str], peer: str) -> Hops:
    arrived = min((ttl for ttl, who in answers.items() if who == peer), default=0)
    last = arrived - 1 if arrived else max(answers, default=0)
    return Hops(tuple(answers.get(ttl, "") for ttl in range(1, last + 1)), bool(arrived))
