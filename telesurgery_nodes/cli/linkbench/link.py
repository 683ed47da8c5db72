"""Bench `link`: the bars of issue 3. Everything but the bridge runs in virtual time and is the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ...errors import ConfigError
from ...nodes.link_emulator import load_preset
from ...resources import find_resource
from ..bench import Bar, BenchArguments, Result, at_least, at_most
from . import bridge, clocks, covered, cuts, emulator, forge, mutate, video
from .compare import METHODS, Cell, run_method, table
from .hands import tool_path

MOTION_S, QUICK_MOTION_S = 60.0, 10.0
CUT_S = 0.12  # below the 150 ms after which ours would stay stopped until a new press of the pedal
DRIFT_MM = 0.0005  # prints as 0.000
BRIDGE_S, QUICK_BRIDGE_S = 20.0, 5.0
EMULATOR_S, QUICK_EMULATOR_S = 10.0, 3.0
CUTS, QUICK_CUTS = 1000, 50
COMMANDS, QUICK_COMMANDS = 20_000, 5_000
REKEYS = 20
FORGED, QUICK_FORGED = 1_000_000, 50_000
VIDEO_S, QUICK_VIDEO_S = 15.0, 5.0
VIDEO_DELAYS_MS = (10.0, 105.0)
CLOCK_S, QUICK_CLOCK_S = 300.0, 40.0
P50_MS, P99_MS, P99_SHARED_MS, CPU = 0.3, 1.0, 5.0, 15.0
GAP_SLACK_S = 0.003
FLAT_BYTES = 4 * 2**20
VIDEO_MS, FALLEN_MS = 2.0, 10.0
CLOCK_MS = 0.25
KILLED = 95.0
MS = 1e3

Cells = dict[tuple[str, str], Cell]


def presets() -> list[str]:
    """Every preset shipped."""
    return sorted(file.stem for file in find_resource("config/links").glob("*.yaml"))


def compare(arguments: BenchArguments) -> tuple[list[Bar], dict[str, Any], str]:
    """Bar 1 and its two tables."""
    path = tool_path(QUICK_MOTION_S if arguments.quick else MOTION_S, arguments.seed, arguments.file)
    moving = (QUICK_MOTION_S if arguments.quick else MOTION_S) / 2.0
    plans = {"the presets as they are": (), f"the same with the first path cut for {MS * CUT_S:.0f} ms in the middle": ((moving, CUT_S),)}
    found: dict[str, Cells] = {
        title: {(name, way): run_method(way, load_preset(name), path, arguments.seed, plan) for name in presets() for way in METHODS}
        for title, plan in plans.items()
    }
    ours = [cell for cells in found.values() for (_, method), cell in cells.items() if method == METHODS[-1]]
    bars = [
        at_most("link.1.drift", "ours on two paths: worst drift after the motion", max(c.drift for c in ours), DRIFT_MM, "mm"),
        at_most("link.1.stale", "ours on two paths: stale commands executed", sum(c.stale for c in ours), 0.0, ""),
        at_most("link.1.hold", "ours on two paths: hold beyond what the paths force", max(c.hold - c.forced for c in ours), 0.0, "%"),
    ]
    details = {title: {f"{name} / {method}": asdict(cell) for (name, method), cell in cells.items()} for title, cells in found.items()}
    return bars, details, "\n\n".join(table(cells, title) for title, cells in found.items())


def added(arguments: BenchArguments) -> tuple[list[Bar], dict[str, Any]]:
    """Bar 2."""
    got, why = bridge.measure(QUICK_BRIDGE_S if arguments.quick else BRIDGE_S), "one of the two processes did not report"
    how = "SCHED_FIFO" if got and got.fifo else "SCHED_OTHER"
    limit = P99_MS if got and got.fifo else P99_SHARED_MS
    worst = max(got.cpu_send, got.cpu_receive) if got else None
    bars = [
        at_most("link.2.p50", f"added at 1 kHz on two paths, {how}, encode to decode", got and MS * got.p50, P50_MS, "ms", why),
        at_most("link.2.p99", f"added at 1 kHz on two paths, {how}, encode to decode", got and MS * got.p99, limit, "ms", why),
        at_most("link.2.cpu", "of a core, the dearer direction", worst, CPU, "%", why),
        at_most("link.2.lost", "commands lost on loopback", float(got.sent - got.received) if got else None, 0.0, "", why),
    ]
    return bars, asdict(got) if got else {}


def redundancy(arguments: BenchArguments) -> tuple[list[Bar], dict[str, Any]]:
    """Bar 3."""
    count = QUICK_CUTS if arguments.quick else CUTS
    cut = cuts.cut_and_restore(count, arguments.seed)
    loss = cuts.random_loss(QUICK_COMMANDS if arguments.quick else COMMANDS, arguments.seed)
    keys = cuts.rekeys(REKEYS, arguments.seed)
    limit = 3.0 * cuts.RANDOM_LOSS**2 + 3.0 / loss.sent
    bars = [
        at_most("link.3.lost", f"commands lost in {count} cuts and restores of either path", float(cut.lost), 0.0, ""),
        at_most("link.3.held", f"ticks of 1 ms held in {count} cuts", float(cut.held), 0.0, ""),
        at_most("link.3.gap", "worst gap, at most skew + 3 ms", MS * cut.worst_gap, MS * (cuts.SKEW_S + GAP_SLACK_S), "ms"),
        at_most("link.3.merge", f"loss after the merge of {loss.sent} commands, 1 % on each path", loss.lost / loss.sent, limit, ""),
        at_most("link.3.rekey", f"commands lost by {REKEYS} new keys, 1 % loss on each path", float(keys.lost), 0.0, ""),
    ]
    return bars, {"cuts": asdict(cut), "loss": asdict(loss), "rekeys": asdict(keys)}


def forgery(arguments: BenchArguments) -> tuple[list[Bar], dict[str, Any]]:
    """Bar 4."""
    got = forge.flood(QUICK_FORGED if arguments.quick else FORGED, arguments.seed)
    what = f"of {got.tried} mutated datagrams at {forge.FLOOD_HZ}/s"
    bars = [
        at_most("link.4.accepted", f"accepted {what}", float(got.accepted), 0.0, ""),
        at_most("link.4.exceptions", f"exceptions {what}", float(got.exceptions), 0.0, ""),
        at_most("link.4.state", "milliseconds after which any state differed", float(got.changed), 0.0, ""),
        at_most("link.4.memory", "resident memory grown after the first tenth", max(0.0, got.grown / 2**20), FLAT_BYTES / 2**20, "MiB"),
        at_most("link.4.traffic", f"of {got.sent} legitimate commands lost meanwhile", float(got.lost), 0.0, ""),
    ]
    return bars, {**asdict(got), "kinds": dict(got.kinds)}


def priority(arguments: BenchArguments) -> tuple[list[Bar], dict[str, Any]]:
    """Bar 5: the worse of a near and a far path."""
    seconds = QUICK_VIDEO_S if arguments.quick else VIDEO_S
    runs = {delay: [video.run(delay, seconds, arguments.seed, on) for on in (False, True)] for delay in VIDEO_DELAYS_MS}
    steady = max(on.steady - off.steady for off, on in runs.values())
    fallen = max(on.fallen for _, on in runs.values())
    bars = [
        at_most("link.5.video", "rise of command p99 by 20 Mbit/s of video on 25 Mbit/s", MS * steady, VIDEO_MS, "ms"),
        at_most("link.5.fallen", "command p99 beyond the path, from 1 s after its fall to 10 Mbit/s on", MS * fallen, FALLEN_MS, "ms"),
    ]
    return bars, {f"{delay:g} ms": {"alone": asdict(off), "with video": asdict(on)} for delay, (off, on) in runs.items()}


def clock(arguments: BenchArguments) -> tuple[list[Bar], dict[str, Any]]:
    """Bar 6."""
    seconds = QUICK_CLOCK_S if arguments.quick else CLOCK_S
    found = {(w, a): clocks.measure(w, a, seconds, arguments.seed) for w in clocks.ONE_WAY_S for a in clocks.ASYMMETRY_S}
    symmetric = max(result.error for (_, asymmetry), result in found.items() if asymmetry == 0.0)
    bars = [
        at_most("link.6.error", "clock error p99 on symmetric paths, 20 ppm drift", MS * symmetric, CLOCK_MS, "ms"),
        at_most("link.6.bound", "truth outside the bound, 0-20 ms asymmetry", 100.0 * max(r.outside for r in found.values()), 0.0, "%"),
    ]
    return bars, {f"one way {w:g} s, asymmetry {a:g} s": asdict(result) for (w, a), result in found.items()}


def proof(arguments: BenchArguments) -> tuple[list[Bar], dict[str, Any]]:
    """Bar 7."""
    if arguments.quick:
        found: dict[str, Any] = dict.fromkeys(("coverage", "mutation"), "takes minutes: not with --quick")
    else:
        found = {"coverage": _or_why(covered.measure), "mutation": _or_why(mutate.measure)}
    share, mutation = found["coverage"], found["mutation"]
    killed = 100.0 * mutation.killed / mutation.made if isinstance(mutation, mutate.Mutation) else None
    reached = share if isinstance(share, float) else None
    bars = [
        at_least("link.7.coverage", "branch coverage of core/link by its own tests", reached, 100.0, "%", str(share)),
        at_least("link.7.mutation", "mutants of seal, window and epochs killed by their tests", killed, KILLED, "%", str(mutation)),
    ]
    return bars, asdict(mutation) if isinstance(mutation, mutate.Mutation) else {}


def _or_why(measure: Callable[[], Any]) -> Any:
    try:
        return measure()
    except ConfigError as error:
        return f"needs a source tree with its tests: {error}"


def run(arguments: BenchArguments) -> Result:
    """All bars."""
    bars, details, text = compare(arguments)
    relay = emulator.measure(QUICK_EMULATOR_S if arguments.quick else EMULATOR_S, arguments.seed)  # measured, not gated
    found: dict[str, Any] = {"comparison": details, "emulator_error_ms": emulator.details(relay)}
    for part in (added, redundancy, forgery, priority, clock, proof):
        more, found[part.__name__] = part(arguments)
        bars += more
    survivors = found["proof"].get("survivors", [])
    return Result(bars, found, "\n".join([text, *(f"survived: {line}" for line in survivors), "", emulator.text(relay)]))


