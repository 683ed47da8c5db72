"""Bar 2: what the link itself adds. Two processes, two paths over UDP loopback, 1 kHz: encode, seal, socket, open, decode."""

from __future__ import annotations

import gc
import multiprocessing
import os
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.link.seal import Role
from ...core.link.session import LinkSession, Received
from ...core.link.wire import CommandEncoder, Stream, decode_newest
from ...core.values import FOLLOWING_ARMS, ArmMotion, MotionCommand, Pedals
from ...devices.paths.udp import UdpPath
from .virtual import KEY

PERIOD_S = 0.001
PATHS = ("a", "b")
SETTLE_S = 1.0
DRAIN_S = 0.3
PRIORITY = 20  # wan.md header
MARGIN_S = 20.0  # beyond the planned length a child is given up


@dataclass(frozen=True)
class Added:
    """Times [s] from the command's values to its decoded values at the other process; CPU [% of a core]; SCHED_FIFO or not."""

    p50: float
    p99: float
    sent: int
    received: int
    cpu_send: float
    cpu_receive: float
    fifo: bool


def _ports(count: int) -> list[str]:
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for sock in sockets:
        sock.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{sock.getsockname()[1]}" for sock in sockets]
    for sock in sockets:
        sock.close()
    return addresses


def _fifo() -> bool:
    """Ask for SCHED_FIFO; False where it is refused."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except (OSError, AttributeError):
        return False
    return True


class _End:
    """One process's session and sockets."""

    def __init__(self, role: Role, local: Sequence[str], remote: Sequence[str]) -> None:
        self.session = LinkSession(role, KEY, PATHS, 11 if role is Role.SURGEON else 22, 1)
        self.paths = [UdpPath(*row) for row in zip(PATHS, local, remote, strict=True)]
        self.taken: list[float] = []
        gc.collect()
        gc.freeze()

    def listen(self, until: float) -> None:
        """Receive until then, and as soon as anything comes."""
        wait = until - time.monotonic()
        if wait > 0.0:
            select.select(self.paths, (), (), wait)
        for path in self.paths:
            for datagram in path.receive():
                self._take(path.name, datagram)

    def flush(self) -> None:
        for path, datagram in self.session.datagrams_to_send(time.monotonic()):
            self.paths[PATHS.index(path)].send(datagram)

    def _take(self, path: str, datagram: bytes) -> None:
        for event in self.session.receive(path, datagram, time.monotonic()):
            if isinstance(event, Received) and event.stream is Stream.COMMAND and not event.late:
                command = decode_newest(event.payload)
                self.taken.append(time.monotonic() - command.stamp)

    def rest(self, seconds: float) -> None:
        """Heartbeats only."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            self.flush()
            self.listen(min(end, self.session.next_timer(now)))


def _send(pipe: Any, local: Sequence[str], remote: Sequence[str], seconds: float) -> None:
    fifo, end, encoder = _fifo(), _End(Role.SURGEON, local, remote), CommandEncoder()
    end.rest(SETTLE_S)
    count = round(seconds / PERIOD_S)
    arms = {arm: ArmMotion(np.array([0.01, 0.0, 0.0]), np.eye(3), 0.1) for arm in FOLLOWING_ARMS}
    begin, cpu = time.monotonic(), time.process_time()
    for number in range(count):
        while (ahead := begin + number * PERIOD_S - time.monotonic()) > 0.0:
            time.sleep(ahead)
        now = time.monotonic()
        command = MotionCommand(number + 1, now, now, 1, 1, Pedals(True, True), True, False, True, 0.0, arms)
        end.session.send(Stream.COMMAND, encoder.encode(command), now)
        end.flush()
        end.listen(0.0)
    used = time.process_time() - cpu
    end.rest(DRAIN_S)
    pipe.send((fifo, count, used / seconds, end.session.established))


def _receive(pipe: Any, local: Sequence[str], remote: Sequence[str], seconds: float) -> None:
    fifo, end = _fifo(), _End(Role.PATIENT, local, remote)
    cpu = time.process_time()
    end.rest(seconds + SETTLE_S + DRAIN_S)
    pipe.send((fifo, end.taken, (time.process_time() - cpu) / seconds))


def measure(seconds: float) -> Added | None:
    """None where the two processes did not both report."""
    near, far = _ports(len(PATHS)), _ports(len(PATHS))
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe(duplex=False) for _ in range(2)]
    jobs = ((_receive, pipes[0][1], far, near), (_send, pipes[1][1], near, far))
    children = [context.Process(target=job, args=(*args, seconds), daemon=True) for job, *args in jobs]
    for child in children:
        child.start()
    try:
        if not all(pipe.poll(seconds + MARGIN_S) for pipe, _ in pipes):
            return None
        (fifo_r, taken, cpu_r), (fifo_s, sent, cpu_s, _) = (pipe.recv() for pipe, _ in pipes)
    except EOFError:
        return None
    finally:
        for child in children:
            child.join(1.0)
            child.kill()
    if not taken:
        return None
    p50, p99 = (float(np.percentile(taken, share)) for share in (50, 99))
    return Added(p50, p99, sent, len(taken), 100.0 * cpu_s, 100.0 * cpu_r, fifo_r and fifo_s)
