"""The relay: all paths, one heap of releases, one loop around select. Datagrams first; a stream makes them wait for a read at most."""

from __future__ import annotations

import contextlib
import math
import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from ...core.link.impair import Impair
from ...core.link.timeline import WAYS, Timeline
from ...errors import ConfigError
from .datagrams import Leg, Side, resolved
from .pipe import PathStreams
from .presets import PathSpec
from .releases import Releases
from .report import second_row, summary
from .streams import IDLE, OPEN_TIMEOUT_S, Streams, Wanted, listen

REPORT_PERIOD_S = 1.0
LONGEST_SLEEP_S = 0.2
WAKE_READ = 64

Report = Callable[[dict[str, Any]], None]


class Relay:
    """``surgeon`` and ``patient``: host:port where each path listens for that side; ``to_patient``: the patient's own host:port of each
    path, where TCP connections go and datagrams too until the patient is heard; without it there is no TCP.
    """

    def __init__(
        self, specs: Sequence[PathSpec], surgeon: Sequence[str], patient: Sequence[str], seed: int, to_patient: Sequence[str] = (),
        timeline: Timeline | None = None, open_timeout: float = OPEN_TIMEOUT_S, releases: Releases | None = None,
    ) -> None:  # fmt: skip
        check_counts(len(specs), len(surgeon), len(patient), len(to_patient))
        self.names = [spec.name for spec in specs[: len(surgeon)]]
        self.start, self._cpu = time.monotonic(), time.process_time()
        self.scheduler = "normal"
        self.stopping = False
        self.releases = releases or Releases()
        self.legs: list[tuple[Leg, Leg]] = []
        self.streams = Streams(self.releases, open_timeout)
        self._timeline = timeline or Timeline()
        self._wake, self._waker = socket.socketpair()
        self._wake.setblocking(False)
        self._waker.setblocking(False)
        try:
            for number, spec in enumerate(specs[: len(surgeon)]):
                self._add(spec, surgeon[number], patient[number], seed + 2 * number, to_patient[number] if to_patient else "")
        except ConfigError:
            self.close()
            raise

    def _add(self, spec: PathSpec, surgeon: str, patient: str, seed: int, target: str) -> None:
        near, far = Side(surgeon), Side(patient, resolved(target) if target else None)
        up, down = (Impair(spec.way(way), seed + side, spec.trace(way), self.start) for side, way in enumerate(WAYS))
        self.legs.append((Leg(near, far, up, self.releases), Leg(far, near, down, self.releases)))
        if target:
            self.streams.add(listen(near.sock.getsockname()), PathStreams(resolved(target), (up, down), str(seed)))

    @property
    def models(self) -> list[tuple[Impair, Impair]]:
        """Up and down of each path."""
        return [(up.model, down.model) for up, down in self.legs]

    def cut(self) -> None:
        """Cut every path until ``restore``."""
        for model in self._every_model():
            model.outage(time.monotonic(), math.inf)

    def restore(self) -> None:
        """End all running outages."""
        for model in self._every_model():
            model.restore(time.monotonic())
        self._awake()

    def stop(self) -> None:
        """Leave ``run`` soon."""
        self.stopping = True
        self._awake()

    def summary(self) -> dict[str, Any]:
        """Everything since the start."""
        return summary(self.names, self.legs, self.streams.paths, self.releases, self.scheduler, self._spent())

    def run(self, report: Report | None = None) -> None:
        """Relay until ``stop``; ``report`` gets a row each second."""
        # select, not epoll or poll: their timeouts are whole milliseconds, which alone made a median error of 0.5 ms.
        takers = {leg.inlet.sock.fileno(): leg.take for pair in self.legs for leg in pair}
        fixed = [*takers, *self.streams.listeners, self._wake.fileno()]
        releases, streams = self.releases, self.streams
        report_at, script_at = time.monotonic() + REPORT_PERIOD_S, -math.inf
        while not self.stopping:
            now = time.monotonic()
            if now >= script_at:
                script_at = self._play(now)
            if now >= report_at:
                report_at += REPORT_PERIOD_S
                self._report(report)
            wanted = streams.watch(now) if streams.open else IDLE
            inlets = [*fixed, *wanted.readers] if streams.open else fixed
            wait = min(releases.next_at, report_at, script_at, wanted.wake_at, now + LONGEST_SLEEP_S) - now
            readable, writable, _ = select.select(inlets, [*wanted.writers], (), max(0.0, wait))
            others = [number for number in readable if number not in takers]
            for number in readable:
                if number in takers:
                    takers[number]()
            releases.run_due()
            if others or writable:
                self._serve(others, writable, wanted)

    def close(self) -> None:
        """Close all sockets."""
        self.streams.close()
        for up, down in self.legs:
            up.inlet.sock.close()
            down.inlet.sock.close()
        self._wake.close()
        self._waker.close()

    def _serve(self, readable: Sequence[int], writable: Sequence[int], wanted: Wanted) -> None:
        """Streams, new connections, and a call to look again."""
        for number in readable:
            if number in self.streams.listeners:
                self.streams.accept(number)
            elif number in wanted.readers:
                wanted.readers[number]()
                self.releases.run_due()
            elif number == self._wake.fileno():
                self._drain()
        for number in writable:
            wanted.writers[number]()

    def _play(self, now: float) -> float:
        """Do what the script says up to now, and say when to come again. An outage begins at its own time, not when it was noticed."""
        for step in self._timeline.update(now - self.start):
            for path, way in step.legs:
                model = self.legs[path][WAYS.index(way)].model
                if step.cut > 0.0:
                    model.outage(self.start + step.at, step.cut)
                if step.change:
                    model.change(step.change)
        return self.start + self._timeline.next_at

    def _spent(self) -> tuple[float, float]:
        """Seconds since the start, and of a processor in them."""
        return time.monotonic() - self.start, time.process_time() - self._cpu

    def _every_model(self) -> list[Impair]:
        return [model for pair in self.models for model in pair]

    def _report(self, report: Report | None) -> None:
        row = second_row(self.names, self.legs, self.streams.paths, time.monotonic() - self.start)
        if report is not None:
            report(row)

    def _awake(self) -> None:
        with contextlib.suppress(OSError):
            self._waker.send(b"x")

    def _drain(self) -> None:
        with contextlib.suppress(OSError):
            self._wake.recv(WAKE_READ)


def check_counts(paths: int, surgeon: int, patient: int, to_patient: int = 0) -> None:
    """Refuse lists that do not fit together."""
    if surgeon != patient or not 1 <= surgeon <= paths:
        raise ConfigError(f"{surgeon} surgeon and {patient} patient addresses; wanted the same number, 1 to {paths}")
    if to_patient not in (0, surgeon):
        raise ConfigError(f"{to_patient} addresses of the patient's bridge; wanted none or {surgeon}, one per path")
