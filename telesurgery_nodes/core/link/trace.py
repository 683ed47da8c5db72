"""A recorded delay, replayed: the delay of a moment is that of the newest row at or before it. Rows come from outside, as tuples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...errors import ConfigError

ENDS = ("loop", "hold")


class TraceRow(NamedTuple):
    """Time since the beginning of the recording [s], one-way delay [s], and whether what was sent then was lost."""

    at: float
    delay: float
    lost: bool = False


def fault(before: TraceRow | None, row: TraceRow) -> str:
    """What is wrong with ``row`` after ``before``; empty where nothing is."""
    if not math.isfinite(row.at) or (before is not None and not row.at > before.at):
        return f"time {row.at} s; wanted a finite time" + (f" after {before.at} s" if before else "")
    if not 0.0 <= row.delay < math.inf:
        return f"delay {row.delay} s; wanted 0 or more, finite"
    return ""


class Trace:
    """Rows with rising times; the first row is the beginning. ``end``: "loop" begins anew, "hold" stays at the last row.

    In a loop the last row holds for the mean distance of the rows.
    """

    def __init__(self, rows: Sequence[TraceRow], end: str = "loop") -> None:
        if not rows:
            raise ConfigError("a trace of no rows; wanted at least one")
        for number, (before, row) in enumerate(zip([None, *rows], rows, strict=False), 1):
            if wrong := fault(before, row):
                raise ConfigError(f"trace row {number}: {wrong}")
        if end not in ENDS:
            raise ConfigError(f"trace_end {end!r}; valid: {', '.join(ENDS)}")
        self._rows = tuple(rows)
        self._times = np.array([row.at - rows[0].at for row in rows])
        spacing = self._times[-1] / max(len(rows) - 1, 1)
        self._period = float(self._times[-1] + spacing) if end == "loop" and len(rows) > 1 else math.inf

    def at(self, elapsed: float) -> TraceRow:
        """The row in force ``elapsed`` seconds after the beginning; the first one before it."""
        when = elapsed % self._period if self._period < math.inf and elapsed > 0.0 else elapsed
        return self._rows[max(int(np.searchsorted(self._times, when, side="right")) - 1, 0)]
