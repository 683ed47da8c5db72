"""`telesurgery emulate`: a wide-area network between two programs, without root. The relay is the one of a session (devices/relay)."""

from __future__ import annotations

import argparse
import contextlib
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..core.link.impair import Impairment
from ..core.link.timeline import WAYS
from ..devices.relay import options
from ..devices.relay.presets import Preset, preset_names, read_preset
from ..devices.relay.relay import Relay
from ..devices.relay.timing import best_timing
from ..errors import ConfigError
from ..nodes.link_emulator import obey_signals, open_stats, write_row
from .status import LiveLine, number

PERCENT = 100.0
DATAGRAMS = (
    "path", "direction", "offered", "delivered", "lost", "burst", "reordered", "duplicated", "corrupted", "overflowed", "cut", "unheard",
    "failed", "under_way",
)  # fmt: skip
STREAMS = ("path", "opened", "too_many", "timed_out", "failed", "reset")
BYTES = ("path", "direction", "bytes", "segments", "repeated")
TIMES = (("asked_ms", "asked ms"), ("given_ms", "given ms"))
ERRORS = (("error_us", "error us"), ("returned_us", "returned us"))
GONE = ("lost", "overflowed", "cut")
SPREAD = ("p50", "p99", "max")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the sub-command."""
    options.add_arguments(parser)
    parser.add_argument("--duration", type=float, default=0.0, metavar="SECONDS", help="end by itself (default: at Ctrl-C or SIGTERM)")
    parser.add_argument("--list", action="store_true", help="show the presets with their sources, and do nothing else")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end, or the presets with --list")


def run(args: argparse.Namespace) -> int:
    """Relay until told to stop, then say what became of everything."""
    if args.list:
        presets = [read_preset(name) for name in preset_names()]
        print(json.dumps([_preset_json(preset) for preset in presets], indent=2) if args.json else presets_text(presets))
        return 0
    if not 0.0 <= args.duration < float("inf"):
        raise ConfigError(f"--duration {args.duration}; wanted seconds above 0, or 0 to run until stopped")
    stats = open_stats(args.stats)
    with stats, contextlib.closing(options.build(args)) as relay:
        _relay(relay, args, stats)
        found = relay.summary()
    print(json.dumps({"preset": args.preset, "seed": args.seed, **found}, indent=2) if args.json else summary_text(found))
    return 0


def _relay(relay: Relay, args: argparse.Namespace, stats: Any) -> None:
    obey_signals(relay)
    line, before = LiveLine(), _Rates()

    def report(row: dict[str, Any]) -> None:
        write_row(stats, row)
        text = before.line(row)
        if not args.json:
            line.show(text, time.monotonic())

    relay.scheduler = best_timing(not args.no_fifo)
    end = threading.Timer(args.duration, relay.stop) if args.duration > 0.0 else None
    if end is not None:
        end.start()
    try:
        relay.run(report)
    finally:
        line.end()
        if end is not None:
            end.cancel()


class _Rates:
    """The line of a second: what each path was offered in it, what it lost since the start, and the own error."""

    def __init__(self) -> None:
        self._offered: dict[tuple[str, str], int] = {}

    def line(self, row: Mapping[str, Any]) -> str:
        paths: dict[str, list[str]] = {}
        gone: dict[str, int] = {}
        for count in row["counts"]:
            name, key = count["path"], (count["path"], count["direction"])
            paths.setdefault(name, []).append(f"{count['direction']} {count['offered'] - self._offered.get(key, 0)}/s")
            gone[name] = gone.get(name, 0) + sum(count[reason] for reason in GONE)
            self._offered[key] = count["offered"]
        words = [f"{name} {' '.join(rates)} gone {gone[name]}" for name, rates in paths.items()]
        p99, worst = (number(row[key], 1.0, 0, " us") for key in ("error_us_p99", "error_us_max"))
        return "  ".join([f"{row['t']:6.0f} s", *words, f"own error p99 {p99} max {worst}"])


def columns(head: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> str:
    """Aligned text; the first ``left`` columns to the left, numbers to the right."""
    widths = [max(len(line[column]) for line in (head, *rows)) for column in range(len(head))]
    lines = []
    for cells in (head, *rows):
        places = enumerate(zip(cells, widths, strict=True))
        lines.append("  ".join(cell.ljust(width) if at < left else cell.rjust(width) for at, (cell, width) in places).rstrip())
    return "\n".join(lines)


def _cell(value: Any) -> str:
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _timing_cells(row: Mapping[str, Any]) -> list[str]:
    spreads = ["/".join(number(row[key][share]) for share in SPREAD) for key, _ in ERRORS]
    return [number(row[key], 1.0, 2) for key, _ in TIMES] + spreads


def summary_text(found: Mapping[str, Any]) -> str:
    """The summary as tables."""
    timing = [title for _, title in TIMES] + [f"{title} {'/'.join(SPREAD)}" for _, title in ERRORS]
    busy = PERCENT * found["cpu_s"] / found["seconds"]
    parts = [
        f"{found['seconds']:.1f} s, scheduling: {found['scheduler']}, {busy:.1f} % of a core",
        "datagrams\n" + columns(DATAGRAMS, [[_cell(row[key]) for key in DATAGRAMS] for row in found["datagrams"]], 2),
        "delay asked of the relay and given by it (means); own error: start of each send, and its return, after the planned time\n"
        + columns(["path", "direction", *timing], [[row["path"], row["direction"], *_timing_cells(row)] for row in found["datagrams"]], 2),
    ]
    if any(row["opened"] or row["too_many"] for row in found["tcp"]):
        ways = [(row["path"], way, row[way]) for row in found["tcp"] for way in WAYS]
        parts.append("TCP connections\n" + columns(STREAMS, [[_cell(row[key]) for key in STREAMS] for row in found["tcp"]], 1))
        cells = [[path, way, *(_cell(row[key]) for key in BYTES[2:]), *_timing_cells(row)] for path, way, row in ways]
        parts.append("TCP bytes\n" + columns([*BYTES, *timing], cells, 2))
    elif found["tcp"]:
        parts.append("no TCP connection was asked for")
    return "\n\n".join(parts)


def presets_text(presets: Sequence[Preset]) -> str:
    """Every preset with its paths, then its sources."""
    head = ["preset", "path", "way", "delay ms", "jitter ms", "loss %", "burst", "Mbit/s", "tail"]
    rows = [
        [preset.name, path.name, *cells]
        for preset in presets
        for path in preset.paths
        for cells in ([["both", *_values(path.up)]] if path.up == path.down else [[way, *_values(path.way(way))] for way in WAYS])
    ]
    sources = "\n".join(f"{preset.name}: {'; '.join(preset.sources) or 'none named'}" for preset in presets)
    return f"{columns(head, rows, 3)}\n\nsources, and what is our assumption (the comment in config/links/NAME.yaml says which)\n{sources}"


def _values(spec: Impairment) -> list[str]:
    more = f"{PERCENT * spec.tail:g} % +{spec.tail_ms:g} ms" if spec.tail else "-"
    rate = f"{spec.rate_mbit:g}" if spec.rate_mbit else "-"
    return [f"{spec.delay_ms:g}", f"{spec.jitter_ms:g}", f"{PERCENT * spec.loss:g}", f"{spec.burst:g}", rate, more]


def _preset_json(preset: Preset) -> dict[str, Any]:
    paths = [{"name": path.name, **{way: asdict(path.way(way)) for way in WAYS}} for path in preset.paths]
    return {"name": preset.name, "sources": list(preset.sources), "paths": paths}
