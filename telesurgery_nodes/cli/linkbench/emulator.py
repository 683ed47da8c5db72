"""What the link emulator itself adds: the real relay in a process of its own, another that sends at 1 kHz on two paths and receives.

Two errors. ``release``: start of the send after the planned time, and ``returned``: its return, as the relay itself reports them.
``outside``: arrival minus sending minus the delay the model asked for that very datagram, so the relay's waking up to read it and both
ends' own sockets are in it; nothing hides there.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import select
import socket
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...devices.relay.presets import load_preset
from ...devices.relay.relay import Relay
from ...devices.relay.releases import Carrier, Mark, Releases
from ...devices.relay.timing import best_timing
from .bridge import MARGIN_S, PERIOD_S, PRIORITY

PRESET = "casablanca_shanghai"
HEAD = struct.Struct(">Qd")  # number, sending time [s]
SIZE = 200  # wan.md 3: a command
READ_SIZE = 2048
DRAIN_S = 1.0
ANY = "127.0.0.1:0"
MS = 1e3
OWN = ("error_us", "returned_us")  # keys of the relay's summary, of these spreads [us]:
SHARES = ("p50", "p99", "max")


@dataclass(frozen=True)
class Spread:
    """Milliseconds."""

    p50: float
    p99: float
    max: float


@dataclass(frozen=True)
class EmulatorError:
    """Own error of the relay on each path, surgeon to patient [ms], and how the relay was scheduled."""

    scheduler: str
    sent: int
    received: int
    release: dict[str, Spread]
    returned: dict[str, Spread]
    outside: dict[str, Spread]

    def text(self) -> str:
        """One line for people."""
        parts = [f"{name} {_words(self.release[name])}, end to end {_words(self.outside[name])}" for name in self.release]
        what = f"{PRESET} at {1.0 / PERIOD_S:.0f} Hz on each path, {self.scheduler}"
        return f"real relay, {what}: p50/p99/max {'; '.join(parts)} ms"


def _words(spread: Spread) -> str:
    return "/".join(f"{value:.3f}" for value in (spread.p50, spread.p99, spread.max))


class _Recording(Releases):
    """Keeps what was asked for each datagram."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, int, float]] = []  # carrier, number, delay [s]

    def push(self, at: float, data: bytes | Mark, carrier: Carrier, offered: float) -> None:
        if isinstance(data, bytes) and len(data) == SIZE:
            self.asked.append((id(carrier), HEAD.unpack_from(data)[0], at - offered))
        super().push(at, data, carrier, offered)


def _relay(pipe: Any, seed: int) -> None:
    specs, releases = load_preset(PRESET), _Recording()
    relay = Relay(specs, [ANY] * len(specs), [ANY] * len(specs), seed, releases=releases)
    relay.scheduler = best_timing()
    pipe.send([(up.inlet.sock.getsockname(), down.inlet.sock.getsockname()) for up, down in relay.legs])
    threading.Thread(target=_stop_when_told, args=(pipe, relay), daemon=True).start()
    relay.run()
    ups = [id(up) for up, _ in relay.legs]
    asked = {(ups.index(carrier), number): delay for carrier, number, delay in releases.asked}
    pipe.send((relay.summary(), asked))
    relay.close()


def _stop_when_told(pipe: Any, relay: Relay) -> None:
    with contextlib.suppress(EOFError):  # the bench is gone: nobody is left to relay for
        pipe.recv()
    relay.stop()


class _Traffic:
    """Sends on every path and receives from every path in one thread."""

    def __init__(self, addresses: Sequence[tuple[Any, Any]]) -> None:
        self.near, self.far = ([_connected(pair[side]) for pair in addresses] for side in (0, 1))
        self.came: list[tuple[int, int, float]] = []  # path, number, arrival - sending [s]
        for sock in self.far:
            sock.send(b"here")

    def listen(self, until: float) -> None:
        """Receive until then; once at least."""
        while True:
            wait = until - time.monotonic()
            for sock in select.select(self.far, (), (), max(0.0, wait))[0]:
                self._take(self.far.index(sock), sock)
            if wait <= 0.0:
                return

    def send(self, number: int) -> None:
        for sock in self.near:
            sock.send(HEAD.pack(number, time.monotonic()).ljust(SIZE, b"\0"))

    def _take(self, path: int, sock: socket.socket) -> None:
        try:
            number, sent = HEAD.unpack_from(sock.recv(READ_SIZE))
        except BlockingIOError:
            return
        self.came.append((path, number, time.monotonic() - sent))


def _connected(where: Any) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.connect(where)
    return sock


def _traffic(pipe: Any, addresses: Sequence[tuple[Any, Any]], seconds: float) -> None:
    best_timing(priority=PRIORITY)
    traffic, count = _Traffic(addresses), round(seconds / PERIOD_S)
    begin = time.monotonic() + PERIOD_S
    for number in range(count):
        traffic.listen(begin + number * PERIOD_S)
        traffic.send(number)
    traffic.listen(time.monotonic() + DRAIN_S)
    pipe.send((count * len(addresses), traffic.came))


def measure(seconds: float, seed: int) -> EmulatorError | None:
    """None where one of the two processes did not report, or nothing arrived."""
    context = multiprocessing.get_context("spawn")
    (mine, theirs), (heard, said) = context.Pipe(), context.Pipe(duplex=False)
    relay = context.Process(target=_relay, args=(theirs, seed), daemon=True)
    children = [relay]
    relay.start()
    try:
        if not mine.poll(MARGIN_S):
            return None
        traffic = context.Process(target=_traffic, args=(said, mine.recv(), seconds), daemon=True)
        children.append(traffic)
        traffic.start()
        if not heard.poll(seconds + MARGIN_S):
            return None
        sent, came = heard.recv()
        mine.send(None)
        if not mine.poll(MARGIN_S):
            return None
        found, asked = mine.recv()
        return _judge(found, asked, sent, came)
    except EOFError:
        return None
    finally:
        for child in children:
            child.join(1.0)
            child.kill()


Delays = dict[tuple[int, int], float]  # path, number -> delay asked of the relay [s]


def _judge(found: dict[str, Any], asked: Delays, sent: int, came: list[tuple[int, int, float]]) -> EmulatorError | None:
    rows = [row for row in found["datagrams"] if row["direction"] == "up"]
    outside = {row["path"]: [took - asked[at, number] for at, number, took in came if at == path] for path, row in enumerate(rows)}
    if not all(outside.values()):
        return None
    release, returned = ({row["path"]: Spread(*(row[key][share] / MS for share in SHARES)) for row in rows} for key in OWN)
    spreads = {name: Spread(*(MS * float(np.percentile(errors, share)) for share in (50, 99, 100))) for name, errors in outside.items()}
    return EmulatorError(found["scheduler"], sent, len(came), release, returned, spreads)


def details(found: EmulatorError | None) -> dict[str, Any]:
    """For --json: virtual time has no error, the relay has this one [ms]."""
    return {"virtual_time": 0.0, "relay": asdict(found) if found else None}


def text(found: EmulatorError | None) -> str:
    """One line for people."""
    return f"emulator's own error: 0 in virtual time (all but link.2); {found.text() if found else 'the real relay was not measured'}"
