"""The summary as a table for people."""

from __future__ import annotations

from typing import Any

from ..core.values import REDUNDANT_PATHS
from . import ledgers, paces

NOT_MEASURED = "not measured"
WIDTH = 34


def value(number: Any, digits: int = 2, unit: str = "") -> str:
    """A number with its unit, or 'not measured'."""
    if number is None:
        return NOT_MEASURED
    return f"{number:.{digits}f}{unit}" if isinstance(number, float) else f"{number}{unit}"


def spread_words(spread: dict[str, float] | None, digits: int = 1, unit: str = " ms") -> str:
    """Median, 95th percentile and worst."""
    if spread is None:
        return NOT_MEASURED
    return f"p50 {spread['p50']:.{digits}f}  p95 {spread['p95']:.{digits}f}  max {spread['max']:.{digits}f}{unit}"


def _tracking_rows(summary: dict[str, Any]) -> list[tuple[str, str]]:
    rows = []
    for arm, found in summary["tracking"].items():
        rms = f"{value(found['rms_mm'], 3, ' mm')}  {value(found['rms_deg'], 3, ' deg')}"
        rows.append((f"{arm} tool against command, RMS", f"{rms}  (delay {value(found['delay_ms'], 1, ' ms')} removed)"))
        rows.append((f"{arm} trocar error, worst", value(found["trocar_max_mm"], 4, " mm")))
        rows.append((f"{arm} joint-limit violations", value(found["limit_violations"])))
        rows.append((f"{arm} force on the tip, worst", value(found.get("force_max_n"), 2, " N")))
        rows.append((f"{arm} refused before the motors", refused_words(found.get("refused"))))
    return rows or [("tool against command", NOT_MEASURED)]


def refused_words(found: dict[str, int] | None) -> str:
    """How many set points did not reach the motors, and why."""
    if found is None:
        return NOT_MEASURED
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found.items()) or "none"


def _limit_rows(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """One row for every reason that bit; an arm that nothing held back says so."""
    rows = []
    for arm, found in summary.get("limits", {}).items():
        for row in found.values():
            rows.append((f"{arm} {row['kind']}", f"{row['sentence']} ({row['percent']:.1f} % of the time, {row['began']} times)"))
        if not found:
            rows.append((f"{arm} clamps, slow-downs, refusals", "none"))
    return rows


def _collision_rows(summary: dict[str, Any]) -> list[tuple[str, str]]:
    found = summary.get("collision")
    if found is None or found["slow"] is None:
        return [("collision", NOT_MEASURED)]
    nearest = min(found["groups_mm"].items(), key=lambda item: item[1], default=("none", None))
    near = f"{value(found['clearance_mm'], 1, ' mm')} more than the margin; nearest two: {nearest[0]} {value(nearest[1], 1, ' mm')}"
    acted = f"{found['slow']} steps slowed, {found['stop']} refused; an arm's place unknown for {value(found['unknown_s'], 1, ' s')}"
    return [("collision, smallest distance", near), ("collision guard", acted)]


def _link_rows(summary: dict[str, Any]) -> list[tuple[str, str]]:
    rows = ledgers.text_rows(summary, spread_words)
    for name, path in summary["paths"].items():
        loss = value(None if path["loss_mean"] is None else 100.0 * path["loss_mean"], 2, " %")
        rows.append((f"path {name}", f"rtt {spread_words(path['rtt_ms'])}  jitter {spread_words(path['jitter_ms'])}  loss {loss}"))
        twice = value(None if path["duplicates_mean"] is None else 100.0 * path["duplicates_mean"], 2, " %")
        longest, mtu = value(path["longest_burst"], 0), value(path["mtu"], 0, " B") if path["mtu"] else "unknown"
        rows.append((f"  {name}, lost in a row", f"longest {longest}  brought twice {twice}  carries whole {mtu}"))
        offset, bound = value(path["estimated_clock_offset_s"], 6, " s"), value(path["clock_bound_ms"], 1, " ms")
        rows.append((f"  {name}, other site's clock, estimated", f"{offset} +- {bound}"))
    rows.append(("clock offsets, path against path", spread_words(summary["clock_difference_ms"], 3)))
    if summary["stops"]["confirmed_ms"]:
        rows.append(("stop, confirmed by the patient after", spread_words(summary["stops"]["confirmed_ms"])))
        rows.append(("stop, at the patient until no leave", spread_words(summary["stops"]["acted_ms"])))
    return rows + [(f"redundancy, as the {site} receives", redundancy_words(found)) for site, found in summary["redundancy"].items()]


def redundancy_words(found: dict[str, Any] | None) -> str:
    """How long the link had nothing to fall back on."""
    if found is None:
        return NOT_MEASURED
    if found["all_at_s"] is None:
        return "none: one path only" if found["paths"] < REDUNDANT_PATHS else f"none: never were all {found['paths']} paths ready"
    since = f"all {found['paths']} paths ready after {found['all_at_s']:.1f} s"
    return f"{since}, then lost {found['losses']} times, {found['lost_s']:.1f} s in all"


def _machine_rows(summary: dict[str, Any]) -> list[tuple[str, str]]:
    robot, picture = summary["robot"], summary["picture"]
    rows = [
        ("real-time factor", f"{value(robot['real_time_factor'], 3)}  (worst {value(robot['real_time_factor_min'], 3)})"),
        ("missed ticks", value(robot["missed_ticks"])),
        ("pictures shown", value(picture["fps"], 1, " per s")),
        ("picture age", spread_words(picture["age_ms"])),
        ("hand samples", value(summary["commands"]["hands_hz"], 1, " per s")),
        ("commands at the arms", value(summary["commands"]["commands_hz"], 1, " per s")),
    ]
    rows += [(f"CPU {name}", f"{percent:.1f} % of a core") for name, percent in summary["cpu"].items()]
    return [*rows, ("CPU together", f"{sum(summary['cpu'].values()):.1f} % of {summary['conditions']['cores']} cores")]


def _state_rows(summary: dict[str, Any]) -> list[tuple[str, str]]:
    seconds = summary["states"]["seconds"]
    if seconds is None:
        return [("states", NOT_MEASURED)]
    rows = [("states", "  ".join(f"{name} {spent:.1f} s" for name, spent in seconds.items()))]
    left = [f"{found['cause']} at {found['at_s']:.1f} s" for found in summary["states"]["interruptions"]]
    return [*rows, ("left following", ", ".join(left) or "never")]


def summary_text(summary: dict[str, Any]) -> str:
    """The whole table."""
    rows = _state_rows(summary) + _tracking_rows(summary) + _limit_rows(summary)
    rows += paces.text_rows(summary, NOT_MEASURED) + _collision_rows(summary)
    rows += _link_rows(summary) + _machine_rows(summary)
    lines = [f"{name.ljust(WIDTH)} {words}" for name, words in rows]
    result = "session: good" if summary["ok"] else f"session: FAILED, {summary['why']}"
    return "\n".join([*lines, *[f"note: {note}" for note in summary["notes"]], result, f"report: {summary['report']}"])
