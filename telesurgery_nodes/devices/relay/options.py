"""The relay's arguments: one table for the process of a session and for `telesurgery emulate`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...core.link.timeline import WAYS, Specs, Step, Timeline, steps_from
from ...core.link.trace import ENDS
from ...errors import ConfigError
from .files import read_script
from .presets import CLEAR, PathSpec, clear_paths, load_preset, with_traces, with_values
from .relay import Relay, check_counts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Everything but what only one of the two front ends has."""
    parser.add_argument("--preset", default="casablanca_shanghai", metavar="NAME|FILE.yaml",
                        help=f"paths of config/links or of a file; {CLEAR}: paths without any impairment (default casablanca_shanghai)")
    parser.add_argument("--surgeon", default="", metavar="HOST:PORT,...", help="where the surgeon side finds each path")
    parser.add_argument("--patient", default="", metavar="HOST:PORT,...", help="where the patient side finds each path")
    parser.add_argument("--to-patient", default="", metavar="HOST:PORT,...",
                        help="the patient's own address of each path: TCP goes there, and datagrams until the patient was heard")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same fate for the same datagrams (default 1)")
    parser.add_argument("--set", action="append", default=[], metavar="PATH[.up|.down].VALUE=NUMBER",
                        help="change a value, for example path1.up.delay_ms=80 or all.loss=0.02; may be repeated")
    parser.add_argument("--trace", action="append", default=[], metavar="PATH[.up|.down]=FILE.csv",
                        help="replay a recorded delay in place of the preset's delay and jitter; may be repeated")
    parser.add_argument("--trace-end", choices=ENDS, default=ENDS[0], help="after the last row of --trace: begin anew, or stay there")
    parser.add_argument("--outage", action="append", default=[], metavar="PATH:START:DURATION",
                        help="cut a path, in seconds since the start; may be repeated")
    parser.add_argument("--script", default="", metavar="FILE.yaml", help="a timeline of outages and changes")
    parser.add_argument("--stats", default="", metavar="FILE", help="a JSON line per second")
    parser.add_argument("--no-fifo", action="store_true", help="do not ask for real-time scheduling (SCHED_FIFO)")


def build(args: argparse.Namespace) -> Relay:
    """The relay of parsed arguments, listening. ConfigError for whatever cannot be meant."""
    paths, surgeon, patient, to_patient = meant(args)
    return Relay(paths, surgeon, patient, args.seed, to_patient, timeline(args, paths[: len(surgeon)]))


def meant(args: argparse.Namespace) -> tuple[list[PathSpec], list[str], list[str], list[str]]:
    """Paths, and addresses of surgeon, patient and the patient's bridge. ConfigError where they do not fit; nothing is opened."""
    surgeon, patient, to_patient = listed(args.surgeon), listed(args.patient), listed(args.to_patient)
    if not surgeon or not patient:
        raise ConfigError("wanted --surgeon and --patient, for example --surgeon 127.0.0.1:47011 --patient 127.0.0.1:47012")
    paths = chosen(args, len(surgeon))
    check_counts(len(paths), len(surgeon), len(patient), len(to_patient))
    return paths, surgeon, patient, to_patient


def chosen(args: argparse.Namespace, count: int) -> list[PathSpec]:
    """Paths of the preset with --trace and then --set applied; ``count`` of them for the preset without a file."""
    paths = clear_paths(count) if args.preset == CLEAR else load_preset(args.preset)
    return with_values(with_traces(paths, args.trace, args.trace_end), args.set)


def timeline(args: argparse.Namespace, paths: list[PathSpec]) -> Timeline:
    """--script and --outage as one timeline."""
    names = [path.name for path in paths]
    specs = {(number, way): path.way(way) for number, path in enumerate(paths) for way in WAYS}
    steps: list[Step] = []
    for text in args.outage:
        steps += _named(f"--outage {text!r}", [outage_row(text)], names, specs)
    if args.script:
        steps += _named(f"script {args.script}", read_script(Path(args.script)), names, specs)
    return Timeline(steps)


def _named(where: str, rows: object, names: list[str], specs: Specs) -> list[Step]:
    try:
        return steps_from(rows, names, specs)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def outage_row(text: str) -> dict[str, object]:
    """PATH:START:DURATION as a row of a script."""
    parts = text.split(":")
    try:
        return {"path": parts[0], "at": float(parts[1]), "cut": float(parts[2])}
    except (IndexError, ValueError) as error:
        raise ConfigError(f"--outage {text!r}; wanted PATH:START:DURATION in seconds") from error


def listed(text: str) -> list[str]:
    """Words between commas."""
    return [word.strip() for word in text.split(",") if word.strip()]
