"""The three ledgers of a session: command loop, picture, and hand to eyes. Numbers for the summary, a table and a bar plot for the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from ..core.link.ledger import is_ours
from ..core.values import FloatArray
from . import tables
from .metrics import ledger_difference, scaled, spread
from .tables import Tapes

MS = 1000.0
SHARES = ("p50", "p95")
NOT_OURS = "///"  # hatch of paths and of the wait


@dataclass(frozen=True)
class Ledger:
    """One tape of stages. ``total``: its column with what was measured at once; ``what`` from where to where."""

    key: str
    title: str
    what: str
    table: str
    total: str


LEDGERS: tuple[Ledger, ...] = (
    Ledger("ledger", "command loop", "hand sampled to the robot's echo at the surgeon", "teleop_bridge_surgeon.ledger", "loop"),
    Ledger("picture_ledger", "picture", "captured to displayed: the picture's age", "stereo_viewer.ledger", "age"),
    Ledger("hand_to_eyes", "hand to eyes", "hand sampled to its effect displayed", "teleop_bridge_surgeon.hand_to_eyes", "loop"),
)


def read(tapes: Tapes, ledger: Ledger) -> tuple[FloatArray, FloatArray, FloatArray, list[str]] | None:
    """Times (n,), total (n,) [s], stages (n, k) [s] and their names."""
    return tables.stages(tapes, ledger.table, ledger.total)


def numbers(tapes: Tapes, ledger: Ledger) -> dict[str, Any] | None:
    """Total, own cost, each stage, and what the stages leave unexplained [ms]."""
    found = read(tapes, ledger)
    if found is None:
        return None
    _, total, stages, names = found
    ours = stages[:, [is_ours(name) for name in names]].sum(axis=1)
    return {
        f"{ledger.total}_ms": scaled(spread(total), MS),
        "own_cost_ms": scaled(spread(ours), MS),
        "stages_ms": {name: scaled(spread(stages[:, i]), MS) for i, name in enumerate(names)},
        "difference_ms": scaled(spread(ledger_difference(total, stages)), MS),
    }


def build(tapes: Tapes) -> dict[str, Any]:
    """Every ledger by its key; None where it left no tape."""
    return {ledger.key: numbers(tapes, ledger) for ledger in LEDGERS}


def text_rows(summary: Mapping[str, Any], words: Any) -> list[tuple[str, str]]:
    """Rows for people; ``words(spread, digits)`` writes one spread."""
    rows = []
    for ledger in LEDGERS:
        found = summary[ledger.key] or {"stages_ms": {}}
        rows.append((f"{ledger.title}, measured", words(found.get(f"{ledger.total}_ms"))))
        rows += [(f"  stage {name}", words(stage)) for name, stage in found["stages_ms"].items()]
        rows.append((f"{ledger.title}, own cost", words(found.get("own_cost_ms"))))
        rows.append((f"{ledger.title}, |stages - measured|", words(found.get("difference_ms"), 3)))
    return rows


def html_table(summary: Mapping[str, Any]) -> str:
    """One table per ledger: stages, their sum, and what was measured at once."""
    return "".join(_table(ledger, summary[ledger.key]) for ledger in LEDGERS if summary[ledger.key])


def _table(ledger: Ledger, found: Mapping[str, Any]) -> str:
    rows = [(name, stage, is_ours(name)) for name, stage in found["stages_ms"].items()]
    body = "".join(_row(name if ours else f"{name} (not ours)", stage) for name, stage, ours in rows)
    ends = (("measured at once", f"{ledger.total}_ms"), ("own cost", "own_cost_ms"), ("|sum of stages - measured|", "difference_ms"))
    body += "".join(_row(label, found[key], "th") for label, key in ends)
    head = "<tr><th>[ms]</th><th>p50</th><th>p95</th><th>p99</th><th>max</th></tr>"
    return f"<h3>{escape(ledger.title)}: {escape(ledger.what)}</h3><table>{head}{body}</table>"


def _row(name: str, values: Mapping[str, float] | None, cell: str = "td") -> str:
    numbers = [f"{values[key]:.2f}" for key in ("p50", "p95", "p99", "max")] if values else ["-"] * 4
    return f"<tr><{cell}>{escape(name)}</{cell}>" + "".join(f"<td>{number}</td>" for number in numbers) + "</tr>"


def bars(axis: Any, summary: Mapping[str, Any], colors: Any) -> bool:
    """Stacked bars, p50 and p95 of each stage; a black mark at p50 and p95 of what was measured at once. False: nothing to draw.

    Stages seldom have their bad moments together: the p95 bar is longer than the p95 of the whole.
    """
    kept = [(ledger, summary[ledger.key]) for ledger in LEDGERS if summary[ledger.key]]
    rows = [(ledger, found, share) for ledger, found in kept for share in SHARES]
    names = list(dict.fromkeys(name for _, found in kept for name in found["stages_ms"]))
    for place, (ledger, found, share) in enumerate(rows):
        left = 0.0
        for name, stage in found["stages_ms"].items():
            width = stage[share] if stage else 0.0
            hatch = "" if is_ours(name) else NOT_OURS
            axis.barh(place, width, left=left, color=colors(names.index(name) % colors.N), hatch=hatch, edgecolor="white", linewidth=0.4)
            left += width
        total = found[f"{ledger.total}_ms"]
        if total:
            axis.plot([total[share]] * 2, [place - 0.42, place + 0.42], "k-", linewidth=2.0)
    axis.set_yticks(np.arange(len(rows)), [f"{ledger.title}, {share}" for ledger, _, share in rows])
    axis.invert_yaxis()
    axis.set_xlabel("[ms]; hatched: paths and the wait for the next picture; black: measured at once")
    handles = [axis.barh(0, 0.0, color=colors(names.index(name) % colors.N)) for name in names]
    axis.legend(handles, names, fontsize=7, ncols=2, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return bool(rows)
