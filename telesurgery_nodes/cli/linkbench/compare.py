"""Bar 1: what each way of carrying motion makes of each preset, in virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...core.link.anchor import AnchoredMotion, AnchorInputs
from ...core.link.impair import MS, Impair
from ...core.link.session import Event, Received
from ...core.link.wire import CommandEncoder, Stream, decode_newest
from ...core.safety.causes import CAUSES, Cause
from ...core.values import ArmMotion, FloatArray, MotionCommand, Pedals, Permit, Phase, Pose
from ...nodes.link_emulator import PathSpec
from .hands import PERIOD_S, REST_S
from .methods import Outcome, StampTimeout, TcpDeltas, UdpIncrements, deltas
from .virtual import VirtualLink

HOLD_S = CAUSES[Cause.COMMAND_SILENT].hold_after
METHODS = ("TCP deltas", "UDP increments", "100 ms stamp", "ours, one path", "ours, two paths")
ARM = "PSM1"
PEDALS = Pedals(head=True, engage=True)
PERMIT = Permit(1, 1, 1, Phase.FOLLOWING, True, 0)
START = Pose(np.array([0.0, 0.0, 0.1]), np.eye(3))
LIMIT_AGE_S = 0.1


@dataclass(frozen=True)
class Cell:
    """Drift [mm] after all is at rest, hold and forced hold [% of the motion], stale commands executed, added latency [ms] or None."""

    drift: float
    hold: float
    forced: float
    stale: int
    added: tuple[float, float] | None


class _Ours:
    """The suite's own core at both ends."""

    def __init__(self, paths: Sequence[PathSpec], seed: int, cuts: Sequence[tuple[float, float]]) -> None:
        self._link = VirtualLink([(spec.name, spec.up, spec.down) for spec in paths], seed)
        self._link.settle(PERIOD_S)
        self._begin = self._link.now
        for way in ("up", "down"):
            for start, duration in cuts:
                self._link.models[way, paths[0].name].outage(self._begin + start, duration)
        self._link.heard, self._link.arrived = self._hear, self._arrive
        self._motion = AnchoredMotion(LIMIT_AGE_S, LIMIT_AGE_S)
        self._numbers: dict[bytes, int] = {}
        self._out = Outcome()

    def carry(self, path: FloatArray) -> Outcome:
        encoder = CommandEncoder()
        for number, displacement in enumerate(path):
            now = self._begin + number * PERIOD_S
            motion = {ARM: ArmMotion(displacement, np.eye(3), 0.0)}
            command = MotionCommand(number + 1, now, now, 1, 1, PEDALS, True, False, True, 0.0, motion)
            self._link.surgeon.send(Stream.COMMAND, encoder.encode(command), now)
            self._link.step(now + PERIOD_S)
        return self._out

    def _arrive(self, way: str, path: str, datagram: bytes, at: float) -> None:
        """What the paths bring before anyone opens it: the physics that a hold may be blamed on."""
        if way == "up" and datagram[1] == Stream.COMMAND:
            number = int.from_bytes(datagram[12:16], "big")  # lower half of the sequence: commands are counted from 0
            self._out.arrived.setdefault(number, at - self._begin)

    def _hear(self, way: str, event: Event) -> None:
        if way != "up" or not isinstance(event, Received) or event.late:
            return
        command = decode_newest(event.payload)
        inputs = AnchorInputs(11, command, {ARM: (START, 0.0)}, PERMIT, 0.0)
        target = self._motion.update(inputs).get(ARM)
        if target is not None:
            self._out.tool = target.pose.position - START.position
            self._out.done.append((event.at - self._begin, command.seq - 1))


def run_method(method: str, paths: Sequence[PathSpec], path: FloatArray, seed: int, cuts: Sequence[tuple[float, float]] = ()) -> Cell:
    """One cell. One-path methods use the preset's first path; ``cuts`` (start, duration) [s] lose what is sent there."""
    used = list(paths) if method == METHODS[4] else list(paths[:1])
    if method in METHODS[3:]:
        out = _Ours(used, seed, cuts).carry(path)
    else:
        model = Impair(used[0].up, 8 * seed)
        for start, duration in cuts:
            model.outage(start, duration)
        back = used[0].down.delay_ms * MS
        carriers = (TcpDeltas(model, back), UdpIncrements(model), StampTimeout(model))
        out = carriers[METHODS.index(method)].carry(deltas(path))
    return _cell(out, path, min(spec.up.delay_ms for spec in used) * MS)


def _cell(out: Outcome, path: FloatArray, base: float) -> Cell:
    """``base`` [s]: delay of the fastest path used, without jitter or queue."""
    moving = len(path) * PERIOD_S - REST_S
    late = [at - number * PERIOD_S - base for at, number in out.done if number * PERIOD_S <= moving]
    added = (1e3 * float(np.percentile(late, 50)), 1e3 * float(np.percentile(late, 99))) if late else None
    drift = 1e3 * float(np.linalg.norm(out.tool - path[-1]))
    arrivals = newest_first(sorted((at, number) for number, at in out.arrived.items()))
    share = 100.0 / moving
    window = (base, base + moving)
    return Cell(drift, share * held(out.done, *window), share * held(arrivals, *window), stale(out), added)


def newest_first(arrivals: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """Arrivals that were newer than everything before them."""
    out: list[tuple[float, int]] = []
    for at, number in arrivals:
        if not out or number > out[-1][1]:
            out.append((at, number))
    return out


def held(done: Sequence[tuple[float, int]], begin: float, end: float) -> float:
    """Seconds of [begin, end] in which the arm had been without a command for more than HOLD_S."""
    times = [begin, *(at for at, _ in done if begin < at < end), end]
    if len(times) == 2:
        return end - begin
    return sum(max(0.0, after - before - HOLD_S) for before, after in pairwise(times))


def stale(out: Outcome) -> int:
    """Commands executed although a newer one had already arrived at the site."""
    soonest, count = np.inf, 0
    newer: dict[int, float] = {}
    for number in sorted(out.arrived, reverse=True):
        newer[number] = soonest
        soonest = min(soonest, out.arrived[number])
    for at, number in out.done:
        count += newer.get(number, np.inf) < at
    return count


def table(cells: dict[tuple[str, str], Cell], title: str) -> str:
    """The cells for people (and for docs/link_bench.md)."""
    head = "| preset | " + " | ".join(METHODS) + " |"
    rows = [f"{title}; cells: drift [mm] / hold [%] / stale commands / added latency p50, p99 [ms]", "", head, "| --- " * 6 + "|"]
    for preset in dict.fromkeys(preset for preset, _ in cells):
        rows.append(f"| {preset} | " + " | ".join(_text(cells[preset, method]) for method in METHODS) + " |")
    return "\n".join(rows)


def _text(cell: Cell) -> str:
    added = "-" if cell.added is None else f"{cell.added[0]:.1f}, {cell.added[1]:.1f}"
    return f"{cell.drift:.3f} / {cell.hold:.2f} / {cell.stale} / {added}"


