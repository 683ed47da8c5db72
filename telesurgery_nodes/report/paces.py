"""What hands asked for and did not get because no tool may be so fast: per master, from the surgeon bridge's state tape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..core.teleop.table import State
from ..core.values import MASTERS
from . import tables
from .tables import Tapes

MM = 1000.0
PERCENT = 100.0


def build(tapes: Tapes) -> dict[str, dict[str, float] | None]:
    """Per master: how far its tool fell behind [mm], and the shares [%] of the time following in which it slipped and turned late.

    None: that tape is not there, or from a version without these columns.
    """
    return {master: _of(tapes, master) for master in MASTERS}


def _of(tapes: Tapes, master: str) -> dict[str, float] | None:
    found = tables.paces(tapes, master)
    if found is None:
        return None
    state, slips, lags, slipped = found
    following = max(1, int(np.count_nonzero(state == float(State.FOLLOWING))))
    return {
        "slipped_mm": MM * float(slipped[-1]), "slipped_percent": PERCENT * float(slips[-1]) / following,
        "turned_late_percent": PERCENT * float(lags[-1]) / following,
    }  # fmt: skip


def text_rows(summary: Mapping[str, Any], not_measured: str) -> list[tuple[str, str]]:
    """Rows for people."""
    return [(f"{master} faster than its tool", _words(found, not_measured)) for master, found in summary.get("hand_faster", {}).items()]


def _words(found: Mapping[str, float] | None, not_measured: str) -> str:
    if found is None:
        return not_measured
    if not any(found.values()):
        return "never"
    slipped = f"the tool slipped {found['slipped_mm']:.1f} mm in {found['slipped_percent']:.2f} % of the time following"
    return f"{slipped}, turned late in {found['turned_late_percent']:.2f} %"
