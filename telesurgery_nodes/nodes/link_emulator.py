"""The link emulator: a UDP relay that does to datagrams what a preset in config/links says. Needs no root and no ROS.

    link_emulator --preset casablanca_shanghai --surgeon 127.0.0.1:47011,127.0.0.1:47021 --patient 127.0.0.1:47012,127.0.0.1:47022

``--surgeon`` and ``--patient`` list where each path listens for that side, in the order of the preset's paths. A side is answered
at the address its last datagram came from. ``--outage PATH:START:DURATION`` (seconds after the start; PATH by number
from 1 or by name) cuts a path; SIGUSR1 cuts all paths, SIGUSR2 restores them. ``--stats FILE`` gets a JSON line per second.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import heapq
import json
import math
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ..core.link.impair import Impair, Impairment, impairment_from
from ..devices.paths.udp import address
from ..errors import ConfigError, TelesurgeryError
from ..resources import find_resource

PR_SET_TIMERSLACK = 29  # <linux/prctl.h>; the default slack of 50 us would be half of the timing error
READ_SIZE = 2048
SOCKET_BUFFER = 1 << 21
STATS_PERIOD = 1.0
LONGEST_SLEEP = 0.2
MOST_PER_READ = 64
EXIT_REFUSED = 2


@dataclass(frozen=True)
class PathSpec:
    """One path of a preset: name, surgeon to patient, patient to surgeon."""

    name: str
    up: Impairment
    down: Impairment


def load_preset(name: str) -> list[PathSpec]:
    """Paths of config/links/``name``.yaml, or of a file given by its path."""
    file = Path(name) if name.endswith((".yaml", ".yml")) else find_resource(f"config/links/{name}.yaml")
    try:
        rows = yaml.safe_load(file.read_text(encoding="utf-8"))["paths"]
        return [PathSpec(str(row["name"]), impairment_from(row["up"]), impairment_from(row["down"])) for row in rows]
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"link preset {file}: wanted paths with name, up and down: {error!r}") from error


@dataclass
class _Leg:
    """One direction of one path."""

    inlet: socket.socket
    outlet: socket.socket
    model: Impair
    inlet_peer: Any = None
    opposite: _Leg | None = field(default=None, repr=False)


def _listen(where: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
    try:
        sock.bind(address(where))
    except OSError as error:
        sock.close()
        raise ConfigError(f"cannot listen on {where}: {error}") from error
    return sock


class Relay:
    """All paths, one heap of releases, one select loop."""

    def __init__(self, specs: Sequence[PathSpec], surgeon: Sequence[str], patient: Sequence[str], seed: int) -> None:
        if len(surgeon) != len(patient) or not 1 <= len(surgeon) <= len(specs):
            raise ConfigError(f"{len(surgeon)} surgeon and {len(patient)} patient addresses; wanted the same number, 1 to {len(specs)}")
        self.names = [spec.name for spec in specs[: len(surgeon)]]
        self.legs: dict[int, _Leg] = {}
        self.models: list[tuple[Impair, Impair]] = []
        for number, (spec, near, far) in enumerate(zip(specs, surgeon, patient, strict=False)):
            self._add(spec, near, far, seed + 2 * number)
        self._heap: list[tuple[float, int, bytes, _Leg]] = []
        self._order = 0
        self._errors: list[float] = []
        self.start = time.monotonic()
        self.stopping = False
        self._wake, self._waker = socket.socketpair()
        self._wake.setblocking(False)

    def _add(self, spec: PathSpec, surgeon: str, patient: str, seed: int) -> None:
        near, far = _listen(surgeon), _listen(patient)
        up = _Leg(near, far, Impair(spec.up, seed))
        down = _Leg(far, near, Impair(spec.down, seed + 1), opposite=up)
        up.opposite = down
        self.legs[near.fileno()], self.legs[far.fileno()] = up, down
        self.models.append((up.model, down.model))

    def outage(self, text: str) -> None:
        """Plan PATH:START:DURATION."""
        parts = text.split(":")
        try:
            path, start, duration = parts[0], float(parts[1]), float(parts[2])
        except (IndexError, ValueError) as error:
            raise ConfigError(f"--outage {text!r}; wanted PATH:START:DURATION in seconds") from error
        number = self.names.index(path) if path in self.names else int(path) - 1 if path.isdecimal() else -1
        if not 0 <= number < len(self.models):
            raise ConfigError(f"--outage {text!r}: no path {path!r}; valid: 1 to {len(self.models)} or {', '.join(self.names)}")
        for model in self.models[number]:
            model.outage(self.start + start, duration)

    def cut(self) -> None:
        """Cut every path until ``restore``."""
        for pair in self.models:
            for model in pair:
                model.outage(time.monotonic(), math.inf)

    def restore(self) -> None:
        """End all running outages."""
        for pair in self.models:
            for model in pair:
                model.restore(time.monotonic())

    def stop(self) -> None:
        """Leave ``run`` soon."""
        self.stopping = True
        with contextlib.suppress(OSError):
            self._waker.send(b"x")

    def run(self, stats: Any = None) -> None:
        """Relay until ``stop``."""
        # select, not epoll or poll: their timeouts are whole milliseconds, which alone made a median error of 0.5 ms.
        inlets = [*self.legs, self._wake.fileno()]
        next_stats = time.monotonic() + STATS_PERIOD
        while not self.stopping:
            now = time.monotonic()
            wake_at = min(self._heap[0][0] if self._heap else math.inf, next_stats)
            for number in select.select(inlets, (), (), max(0.0, min(wake_at - now, LONGEST_SLEEP)))[0]:
                if number in self.legs:
                    self._take(self.legs[number])
            self._release()
            if time.monotonic() >= next_stats:
                next_stats += STATS_PERIOD
                self._write_stats(stats)

    def close(self) -> None:
        """Close all sockets."""
        for leg in self.legs.values():
            leg.inlet.close()
        self._wake.close()
        self._waker.close()

    def _take(self, leg: _Leg) -> None:
        for _ in range(MOST_PER_READ):
            try:
                data, leg.inlet_peer = leg.inlet.recvfrom(READ_SIZE)
            except OSError:  # empty, or an ICMP answer to something sent to a side that is not up yet
                return
            for release, copy in leg.model.offer(data, time.monotonic()):
                self._order += 1
                heapq.heappush(self._heap, (release, self._order, copy, leg))

    def _release(self) -> None:
        while self._heap:
            now = time.monotonic()
            if self._heap[0][0] > now:
                return
            release, _, data, leg = heapq.heappop(self._heap)
            self._errors.append(now - release)
            peer = leg.opposite.inlet_peer if leg.opposite else None
            if peer is not None:
                with contextlib.suppress(OSError):  # a side that is down loses its datagrams, as on a real line
                    leg.outlet.sendto(data, peer)

    def _write_stats(self, stats: Any) -> None:
        errors, self._errors = sorted(self._errors), []
        if stats is None:
            return
        at = [round(1e6 * errors[min(len(errors) - 1, int(share * len(errors)))]) if errors else None for share in (0.5, 0.99, 1.0)]
        counts = [
            {"path": name, "direction": way, "offered": m.offered, "lost": m.lost, "overflowed": m.overflowed, "cut": m.cut}
            for name, pair in zip(self.names, self.models, strict=True)
            for way, m in zip(("up", "down"), pair, strict=True)
        ]
        row = {
            "t": round(time.monotonic() - self.start, 3), "released": len(errors), "error_us_p50": at[0], "error_us_p99": at[1],
            "error_us_max": at[2], "cpu_s": round(time.process_time(), 3), "counts": counts,
        }  # fmt: skip
        stats.write(json.dumps(row) + "\n")
        stats.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="link_emulator", description="A wide-area network in one process.")
    parser.add_argument("--preset", default="casablanca_shanghai", help="name in config/links, or a YAML file")
    parser.add_argument("--surgeon", required=True, help="host:port,... where the surgeon side finds each path")
    parser.add_argument("--patient", required=True, help="host:port,... where the patient side finds each path")
    parser.add_argument("--outage", action="append", default=[], help="PATH:START:DURATION in seconds; may be repeated")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same fate for the same datagrams")
    parser.add_argument("--stats", default="", help="file for a JSON line per second")
    return parser


def _best_timing() -> None:
    with contextlib.suppress(OSError, AttributeError):  # best effort: where it is refused the statistics show the larger error
        ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)


def main(argv: Sequence[str] | None = None) -> int:
    """Relay until SIGTERM or SIGINT."""
    args = _parser().parse_args(argv)
    try:
        relay = Relay(load_preset(args.preset), args.surgeon.split(","), args.patient.split(","), args.seed)
        for text in args.outage:
            relay.outage(text)
    except TelesurgeryError as error:
        sys.stderr.write(f"link_emulator: {error}\n")
        return EXIT_REFUSED
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: relay.stop())
    signal.signal(signal.SIGUSR1, lambda *_: relay.cut())
    signal.signal(signal.SIGUSR2, lambda *_: relay.restore())
    _best_timing()
    try:
        with open(args.stats or os.devnull, "w", encoding="utf-8") as stats:
            relay.run(stats)
    except OSError as error:
        sys.stderr.write(f"link_emulator: cannot write {args.stats}: {error}\n")
        return EXIT_REFUSED
    finally:
        relay.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
