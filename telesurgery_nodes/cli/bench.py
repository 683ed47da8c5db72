"""`telesurgery bench NAME`: the form of every benchmark. A value is measured in that run, or the bar says why it was not.

A bench is a module with ``run(arguments) -> Result``. This package ships those of REGISTRY; each file of benchmarks/ in a source tree
is one more, by its file name.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import ConfigError
from ..report.conditions import conditions
from ..resources import find_resource

REGISTRY: dict[str, str] = {
    "road": "telesurgery_nodes.cli.road",
    "link": "telesurgery_nodes.cli.linkbench.link",
    "separation": "telesurgery_nodes.cli.separation_bench",
    "arm": "telesurgery_nodes.cli.armbench.arm",
}


@dataclass(frozen=True)
class Bar:
    """One promise. ``holds`` None: not measured, ``why`` says why."""

    id: str
    what: str
    value: float | None
    limit: float
    unit: str
    holds: bool | None
    why: str = ""


@dataclass(frozen=True)
class BenchArguments:
    """What a bench is told. ``rate`` [Hz] of the control loops, for road and part crtk of arm; None: the bench's own choice."""

    quick: bool = False
    seed: int = 1
    file: str = ""
    out: str = ""
    parts: str = ""
    rate: float | None = None


@dataclass(frozen=True)
class Result:
    """What a bench found; ``details`` goes to --json as it is, ``text`` is printed before the bars otherwise."""

    bars: list[Bar]
    details: dict[str, Any] = field(default_factory=dict)
    text: str = ""


def at_most(id: str, what: str, value: float | None, limit: float, unit: str, why: str = "") -> Bar:
    """A bar that holds up to ``limit``. None or NaN: not measured."""
    if value is None or not math.isfinite(value):
        return Bar(id, what, None, limit, unit, None, why)
    return Bar(id, what, value, limit, unit, value <= limit)


def at_least(id: str, what: str, value: float | None, limit: float, unit: str, why: str = "") -> Bar:
    """A bar that holds from ``limit`` on. None or NaN: not measured."""
    if value is None or not math.isfinite(value):
        return Bar(id, what, None, limit, unit, None, why)
    return Bar(id, what, value, limit, unit, value >= limit)


def _folder() -> Path | None:
    """benchmarks/ of a source tree; an installed package has none."""
    try:
        return find_resource("benchmarks")
    except ConfigError:
        return None


def names() -> list[str]:
    """Every bench."""
    folder = _folder()
    return sorted({*REGISTRY, *(path.stem for path in (folder.glob("*.py") if folder else ()) if not path.stem.startswith("_"))})


def load(name: str) -> ModuleType:
    """The module of bench ``name``. ConfigError lists the known ones."""
    if name in REGISTRY:
        return import_module(REGISTRY[name])
    folder = _folder()
    if folder is None or name not in names():
        raise ConfigError(f"no bench called {name!r}; valid: {', '.join(names())}")
    spec = spec_from_file_location(f"telesurgery_bench_{name}", folder / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ConfigError(f"bench {name!r}: {folder / name}.py cannot be loaded")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def chosen(parts: Sequence[ModuleType], wanted: str) -> list[ModuleType]:
    """Those of ``parts`` that --parts names, in their own order; all where it names none. ConfigError for an unknown one."""
    known = {part.__name__.rpartition(".")[2]: part for part in parts}
    asked = [name.strip() for name in wanted.split(",") if name.strip()]
    unknown = sorted(set(asked) - set(known))
    if unknown:
        raise ConfigError(f"--parts: got {', '.join(unknown)}; valid: {', '.join(known) or 'none, this bench has no parts'}")
    return [part for name, part in known.items() if not asked or name in asked]


def exit_status(bars: Sequence[Bar]) -> int:
    """1 where a bar does not hold. A bar that was not measured does not fail the run, and never counts as held."""
    return 1 if any(bar.holds is False for bar in bars) else 0


def bar_line(bar: Bar) -> str:
    """One line for people."""
    word = {True: "holds", False: "FAILS", None: "not measured"}[bar.holds]
    value = "-" if bar.value is None else f"{bar.value:.4g}"
    return f"{bar.id:12} {word:13} {value:>10} of {bar.limit:g} {bar.unit:6} {bar.what}" + (f" ({bar.why})" if bar.why else "")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the sub-command."""
    parser.add_argument("name", metavar="NAME", help=f"which bench: {', '.join(names())}")
    parser.add_argument("--quick", action="store_true", help="under 60 s")
    parser.add_argument("--json", action="store_true", help="print one JSON object with `bars` and the conditions")
    parser.add_argument("--seed", type=int, default=1, help="seed (default 1)")
    parser.add_argument("--file", default="", help="recorded input, where the bench takes one")
    parser.add_argument("--parts", default="", metavar="NAMES", help="only these parts of the bench, with commas between them")
    parser.add_argument("--out", default="", metavar="DIR", help="keep the samples here")
    parser.add_argument("--rate", type=float, default=None, metavar="HZ", help="control loops per second, for road and part crtk of arm")


def run(args: argparse.Namespace) -> int:
    """The sub-command."""
    module = load(args.name)
    chosen(getattr(module, "PARTS", ()), args.parts)  # an unknown name is refused before anything runs
    before = conditions(args.seed)  # the load of the machine, not the one the bench makes
    result = module.run(BenchArguments(args.quick, args.seed, args.file, args.out, args.parts, args.rate))
    if args.json:
        report = {"bench": args.name, "quick": args.quick, "bars": [asdict(bar) for bar in result.bars], "conditions": before}
        print(json.dumps({**report, "details": result.details}, indent=2))
    else:
        print(result.text + "\n" * bool(result.text), end="")
        print("\n".join(bar_line(bar) for bar in result.bars))
        print(f"conditions: {json.dumps(before)}")
    return exit_status(result.bars)
