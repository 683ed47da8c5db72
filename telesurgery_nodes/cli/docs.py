"""Writes the generated tables of docs/*.md: ``python -m telesurgery_nodes.cli.docs`` (``--check`` only says what is out of date).

A table sits between ``<!-- generated: NAME -->`` and ``<!-- end -->``. A new table is one function with ``@block("NAME")``.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ..channels import CHANNELS
from ..core.safety.causes import CAUSES, NEVER, TIMINGS, Cause, Tier, limits
from ..core.safety.config import safety_config
from ..core.safety.machine import CALM_TIME, ORDERS, RULES
from ..core.values import Phase
from ..errors import ConfigError

DOCS = Path(__file__).resolve().parents[2] / "docs"
MARKED = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)
BLOCKS: dict[str, Callable[[], str]] = {}
FORCES = {Tier.CLEAR: "-", Tier.NOTE: "told only", Tier.HOLD: "hold", Tier.LATCH: "PAUSED", Tier.FAULT: "FAULT"}


def block(name: str) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """Register the maker of a generated block."""

    def register(make: Callable[[], str]) -> Callable[[], str]:
        BLOCKS[name] = make
        return make

    return register


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _ms(seconds: float) -> str:
    if seconds == NEVER:
        return "-"
    return "at once" if seconds < 0.0 else f"{seconds * 1000.0:.0f}"


@block("causes")
def causes() -> str:
    """Every cause with its times under both timing profiles."""
    head = ["code", "cause", "what is said", "hold after [ms] realtime / shared", "latch after [ms]", "leads to", "acts", "ends", "alarm"]
    rows = []
    for cause in Cause:
        row = CAUSES[cause]
        pairs = [limits(cause, TIMINGS[name]) for name in ("realtime", "shared")]
        hold, latch = (" / ".join(dict.fromkeys(_ms(pair[index]) for pair in pairs)) for index in (0, 1))
        told = (FORCES[row.forces], row.scope.value, row.clear.value, row.alarm.value)
        rows.append([int(cause), cause.name, row.sentence, hold, latch, *told])
    return table(head, rows)


@block("rules")
def rules() -> str:
    """Transitions in the order they are tried."""
    every = frozenset(Phase)
    rows = []
    for number, rule in enumerate(RULES, 1):
        missing = every - rule.sources
        sources = f"all but {_names(missing)}" if len(missing) == 1 else _names(rule.sources)
        rows.append([number, sources, rule.when, rule.target.name])
    return table(["#", "from", "when", "to"], rows)


@block("orders")
def orders() -> str:
    """Local orders."""
    rows = []
    for name, order in ORDERS.items():
        target = "-" if order.target is None else order.target.name
        rows.append([f"`safety/{name}`", _names(order.sources), order.effect, target])
    return table(["service (std_srvs/Trigger)", "valid in", "effect", "goes at once to"], rows)


@block("gate")
def gate() -> str:
    """The gate's limits under both profiles."""
    made = {name: safety_config({"timing": name, "jump_mm": 10.0, "jump_deg": 10.0}).gate for name in TIMINGS}
    fields = {
        "permit older than: hold [ms]": lambda g: f"{g.permit_valid * 1000:.0f}",
        "permit older than, while it allowed motion: latch [ms]": lambda g: f"{g.permit_latch * 1000:.0f}",
        "no command for: hold [ms]": lambda g: f"{g.command_hold * 1000:.0f}",
        "no command for, while motion is allowed: latch [ms]": lambda g: f"{g.command_latch * 1000:.0f}",
        "target further from the set point than: refuse [mm]": lambda g: f"{g.jump_m * 1000:.0f}",
        "target turned further than: refuse [deg]": lambda g: f"{math.degrees(g.jump_rad):.0f}",
        "refused commands that latch": lambda g: f"{g.bad_count} in {g.bad_window:.0f} s",
        "calm before following may begin again [s]": lambda _: f"{CALM_TIME:.0f}",
    }
    return table(["limit", *made], [[text, *(show(limit) for limit in made.values())] for text, show in fields.items()])


@block("topics")
def topics() -> str:
    """Every topic."""
    rows = []
    for channel in CHANNELS.values():
        qos = ("reliable" if channel.reliable else "best effort") + (", latched" if channel.latched else "")
        rate = f"{channel.rate:g}" if channel.rate else "on change"
        rows.append([f"`{channel.name}`", channel.type, channel.site, rate, qos, channel.what])
    return table(["topic", "type", "site", "rate [Hz]", "QoS", "what"], rows)


def _names(phases: Iterable[Phase]) -> str:
    return ", ".join(phase.name for phase in sorted(phases))


def render(text: str) -> str:
    """``text`` with every generated block made anew."""

    def fill(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in BLOCKS:
            raise ConfigError(f"docs: wanted a generated block of {', '.join(sorted(BLOCKS))}; got {name!r}")
        return f"{found[1]}\n{BLOCKS[name]()}\n{found[4]}"

    return MARKED.sub(fill, text)


def stale(folder: Path = DOCS) -> dict[Path, str]:
    """Pages that differ from what they would be, with the text they should have."""
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))}
    fresh = {path: render(text) for path, text in pages.items()}
    return {path: text for path, text in fresh.items() if text != pages[path]}


def main(argv: Sequence[str] | None = None) -> int:
    """Rewrite, or with --check only name, the pages that are out of date."""
    parser = argparse.ArgumentParser(prog="python -m telesurgery_nodes.cli.docs", description="generate the tables of docs/*.md")
    parser.add_argument("--check", action="store_true", help="change nothing; exit status 1 when a page is out of date")
    check = parser.parse_args(argv).check
    found = stale()
    for path, text in found.items():
        print(f"{path.name}: {'out of date' if check else 'rewritten'}")
        if not check:
            path.write_text(text, encoding="utf-8")
    return int(check and bool(found))


if __name__ == "__main__":
    sys.exit(main())
