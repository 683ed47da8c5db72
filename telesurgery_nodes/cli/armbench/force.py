"""Bar 5: a hand feels a stiff wall over a link whose delay wanders between 0 and 632 ms, with jitter, bursts of loss, reordering.

Virtual time, the same for the same seed. Observed energy is counted at the two ports by the bench itself, not by what is tested:
what the hand put in (force held over a tick, times the hand's own way) minus what the tool gave the wall (the wall's force summed
along the tool's way in SUBSTEPS parts). Below zero, the two-port made energy.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...core.haptics.ports import HandPort, HandSays, NaiveHand, NaiveTool, ToolPort, ToolSays
from ...core.haptics.tdpa import TdpaHand, TdpaTool
from ...core.haptics.wave import WaveHand, WaveTool
from ...core.link.impair import Impair, Impairment
from ...devices.masters.curves import minimum_jerk
from ..bench import Bar, BenchArguments, at_least, at_most
from .force_plot import draw

STEPS, QUICK_STEPS = 100_000, 5_000
TICK_S = 0.004  # commands and forces at 250 Hz, as the bridge
SUBSTEPS = 10
# An operator: mass of hand and master, and the arm's stiffness and damping towards where it wants to be (0.5 kg, 200 N/m, 5 N s/m).
MASS_KG, ARM_N_M, ARM_NS_M = 0.5, 200.0, 5.0
WALL_M, WALL_N_M, WALL_NS_M = 0.01, 2000.0, 2.0  # ten times stiffer than the arm: a naive loop cannot be stable
REACHES_M, REACH_S = (-0.02, 0.04), (0.4, 2.0)
LONGEST_MS = 632.0  # the longest round trip of the presets, taken here as the longest way in each direction
WEATHER_S = (1.0, 4.0)  # a link keeps its weather for so long
JITTER_MS, LOSS, BURST, REORDER = 40.0, 0.1, 10.0, 0.02  # at most; as many are doubled as reordered
ENOUGH_M = 1.0  # a hand that is this far away has diverged
ALLOWED_MJ = -1.0
FELT_N, FELT_SHARE = 0.5, 0.3  # passive by keeping still would be no force feedback
NEAR_MS = 10.0
MILLI, MJ = 1e3, 1e3
MODES: dict[str, tuple[Callable[[int], HandPort], Callable[[int], ToolPort]]] = {
    "tdpa": (TdpaHand, TdpaTool),
    "wave": (WaveHand, WaveTool),
    "naive": (lambda _axes: NaiveHand(), lambda _axes: NaiveTool()),
}


@dataclass
class Session:
    """Samples per tick: time [s], hand, tool [m], force on the hand [N], observed energy [J]; ``diverged`` at [s], inf for never."""

    rows: list[tuple[float, float, float, float, float]] = field(default_factory=list)
    diverged: float = math.inf
    lost: int = 0
    offered: int = 0
    longest: float = 0.0

    @property
    def table(self) -> Any:
        """Shape (ticks, 5)."""
        return np.array(self.rows)


class Line:
    """One direction: newest wins; a new Impair with every change of weather, so neighbours may also overtake each other."""

    def __init__(self, seed: int, longest_ms: float) -> None:
        self._random, self._longest_ms = random.Random(seed), longest_ms
        self._until = -1.0
        self._impair: Impair | None = None
        self._flying: list[tuple[float, int, Any, float]] = []
        self._sent = self._newest = 0
        self.offered = self.lost = 0
        self.longest = 0.0

    def send(self, says: Any, now: float) -> None:
        """Offer one."""
        if now >= self._until:
            self._weather(now)
        self._sent += 1
        self.offered += 1
        releases = self._impair.offer(b"", now) if self._impair is not None else []
        self.lost += not releases
        for number, (at, _) in enumerate(releases):
            heapq.heappush(self._flying, (at, 2 * self._sent + number, says, now))

    def _weather(self, now: float) -> None:
        rng = self._random
        self._until = now + rng.uniform(*WEATHER_S)
        delay, jitter = rng.uniform(0.0, self._longest_ms), rng.uniform(0.0, min(JITTER_MS, self._longest_ms))
        loss, burst = rng.uniform(0.0, LOSS), rng.uniform(1.0, BURST)
        spec = Impairment(delay_ms=delay, jitter_ms=jitter, loss=loss, burst=burst, reorder=REORDER, duplicate=REORDER)
        self._impair = Impair(spec, rng.getrandbits(32))

    def receive(self, now: float) -> Any:
        """The newest that arrived and is newer than all before; None where there is none."""
        newest = None
        while self._flying and self._flying[0][0] <= now:
            _, number, says, sent = heapq.heappop(self._flying)
            if number // 2 > self._newest:
                self._newest, newest = number // 2, says
                self.longest = max(self.longest, now - sent)
        return newest


class Hand:
    """Mass on the operator's arm, which wants to be somewhere: minimum-jerk reaches with rests, through the wall and back."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.x = self.v = 0.0
        self._from = self._to = 0.0
        self._begun, self._lasts = 0.0, 1.0

    def step(self, force: float, now: float) -> None:
        """One tick against a resisting ``force`` [N], held."""
        dt = TICK_S / SUBSTEPS
        for part in range(SUBSTEPS):
            wish = self._wish(now + part * dt)
            self.v += dt / MASS_KG * (ARM_N_M * (wish - self.x) - ARM_NS_M * self.v - force)
            self.x += dt * self.v

    def _wish(self, now: float) -> float:
        share = (now - self._begun) / self._lasts
        if share >= 1.5:  # rested for half as long as the reach took
            self._from, self._to, self._begun = self._to, self._random.uniform(*REACHES_M), now
            self._lasts, share = self._random.uniform(*REACH_S), 0.0
        return self._from + minimum_jerk(min(share, 1.0)) * (self._to - self._from)


def wall(x: float, v: float) -> float:
    """Force [N] the tool exerts on the wall; a wall never pulls."""
    return max(0.0, WALL_N_M * (x - WALL_M) + WALL_NS_M * v) if x > WALL_M else 0.0


def push(x: float, step: float) -> tuple[float, float]:
    """(energy [J] the wall takes while the tool moves by ``step``, the force at its end)."""
    part, v = step / SUBSTEPS, step / TICK_S
    forces = [wall(x + number * part, v) for number in range(SUBSTEPS + 1)]
    return part * (sum(forces) - 0.5 * (forces[0] + forces[-1])), forces[-1]


def operate(mode: str, steps: int, seed: int, longest_ms: float = LONGEST_MS) -> Session:
    """One mode through the weather of ``seed`` with ways of 0 to ``longest_ms``."""
    hand, (make_hand, make_tool) = Hand(seed), MODES[mode]
    ends, up, down = (make_hand(1), make_tool(1)), Line(2 * seed + 1, longest_ms), Line(2 * seed + 2, longest_ms)
    to_tool: HandSays | None = None
    to_hand: ToolSays | None = None
    session, tool, pressed, energy = Session(), 0.0, 0.0, 0.0
    for tick in range(steps):
        now = tick * TICK_S
        to_hand, to_tool = down.receive(now) or to_hand, up.receive(now) or to_tool
        felt = ends[0].update(np.array([hand.x]), to_hand, now)
        told = ends[1].update(to_tool, np.array([pressed]), now)
        up.send(felt.says, now)
        down.send(told.says, now)
        before, force = hand.x, float(felt.force[0])
        hand.step(force, now)
        step = float(told.displacement[0]) - tool
        taken, pressed = push(tool, step)
        tool += step
        energy += force * (hand.x - before) - taken
        session.rows.append((now, hand.x, tool, force, energy))
        if abs(hand.x) > ENOUGH_M:
            session.diverged = now
            break
    session.offered, session.lost = up.offered + down.offered, up.lost + down.lost
    session.longest = max(up.longest, down.longest)
    return session


def run(arguments: BenchArguments) -> tuple[list[Bar], dict[str, Any]]:
    """Bars: energy of both modes, and the naive loop diverging in the same weather."""
    steps = QUICK_STEPS if arguments.quick else STEPS
    found = {mode: operate(mode, steps, arguments.seed) for mode in MODES}
    details: dict[str, Any] = {mode: summary(session) for mode, session in found.items()}
    bars = []
    for mode in ("tdpa", "wave"):
        lowest, near = details[mode]["lowest_energy_mj"], summary(operate(mode, QUICK_STEPS, arguments.seed, NEAR_MS))
        details[f"{mode}, near"] = near
        what = f"{mode}: observed energy, lowest of {steps} steps, each way 0-{LONGEST_MS:.0f} ms"
        bars.append(at_least(f"arm.force.{mode}", what, lowest, ALLOWED_MJ, "mJ"))
        what = f"{mode}: of the time the tool presses, the hand feels it ({NEAR_MS:.0f} ms each way)"
        bars.append(at_least(f"arm.force.{mode}.felt", what, near["felt_share"], FELT_SHARE, ""))
    naive = details["naive"]["diverged_s"]
    bars.append(at_most("arm.force.naive", "naive position-force loop diverges after", naive, steps * TICK_S, "s", "it did not"))
    if arguments.out:
        folder = Path(arguments.out)
        folder.mkdir(parents=True, exist_ok=True)
        tables, ends = {mode: session.table for mode, session in found.items()}, {mode: s.diverged for mode, s in found.items()}
        draw(tables, ends, ALLOWED_MJ, folder / "passivity.png")
        details["plot"] = str(folder / "passivity.png")
    return bars, details


def summary(session: Session) -> dict[str, float | int | None]:
    """What a session was like."""
    table = session.table
    hand, tool, force, energy = table[:, 1], table[:, 2], table[:, 3], table[:, 4]
    inside = tool > WALL_M
    return {
        "lowest_energy_mj": float(energy.min()) * MJ,
        "last_energy_mj": float(energy[-1]) * MJ,
        "furthest_hand_mm": float(np.abs(hand).max()) * MILLI,
        "strongest_force_n": float(np.abs(force).max()),
        "felt_share": float((force[inside] > FELT_N).mean()) if inside.any() else 0.0,
        "deepest_tool_mm": float(tool.max() - WALL_M) * MILLI,
        "diverged_s": session.diverged if math.isfinite(session.diverged) else None,
        "lost": session.lost, "offered": session.offered, "longest_way_ms": session.longest * MILLI,
    }  # fmt: skip
