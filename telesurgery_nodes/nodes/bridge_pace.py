"""Hands that are faster than their tools may be, as the surgeon's site tells of them: state tape, console/status, /diagnostics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any

from ..core.teleop.tool_pace import PaceCounts
from ..core.values import MASTERS

MILLI = 1e3
COUNTS = tuple(field.name for field in fields(PaceCounts))
PACE_COLUMNS = tuple(f"{master}_{name}" for master in MASTERS for name in COUNTS)  # totals since the start
_counts = attrgetter(*COUNTS)  # every tick: astuple copies deeply


class PaceWords:
    """The same counts three times; only "now" is of its own: since the console was last told."""

    def __init__(self) -> None:
        self._told: Mapping[str, PaceCounts] = {}

    def row(self, paces: Mapping[str, PaceCounts]) -> list[float]:
        """For the state tape, in the order of PACE_COLUMNS."""
        return [float(value) for master in MASTERS for value in _counts(paces[master])]

    def status(self, paces: Mapping[str, PaceCounts]) -> dict[str, Any]:
        """For console/status. ``now``: slowed since the last status, so the operator sees it while it lasts."""
        before, self._told = self._told, dict(paces)
        return {"hand_faster": {master: _said(had, before.get(master, PaceCounts())) for master, had in paces.items()}}

    def diagnose(self, paces: Mapping[str, PaceCounts]) -> dict[str, object]:
        """For /diagnostics: updates in which a hand was faster than its tool may move or turn, and what it did not get of its way [mm]."""
        words: dict[str, object] = {}
        for master, had in paces.items():
            words |= {f"{master}_slips": had.slips, f"{master}_lags": had.lags, f"{master}_slipped_mm": round(had.slipped * MILLI, 3)}
        return words


def _said(had: PaceCounts, before: PaceCounts) -> dict[str, Any]:
    return {"now": had != before, "slips": had.slips, "lags": had.lags, "slipped_mm": had.slipped * MILLI}
