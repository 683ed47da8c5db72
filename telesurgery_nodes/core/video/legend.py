"""What is written on the picture: the sentence and its colour for each state, as a table."""

from __future__ import annotations

import math

from .monitor import PictureReport, PictureState

Color = tuple[int, int, int]
# state -> (word, RGB of the bar)
LEGEND: dict[PictureState, tuple[str, Color]] = {
    PictureState.LIVE: ("LIVE", (20, 90, 40)),
    PictureState.LATE: ("LATE", (170, 120, 0)),
    PictureState.STALE: ("OLD PICTURE - ARMS HOLD", (170, 20, 20)),
    PictureState.FROZEN: ("FROZEN SOURCE - ARMS HOLD", (170, 20, 20)),
    PictureState.NO_SIGNAL: ("NO SIGNAL - ARMS HOLD", (170, 20, 20)),
}
TRUSTED = (PictureState.LIVE, PictureState.LATE)


def legend(report: PictureReport) -> tuple[str, Color]:
    """Text and bar colour of a report; the age in milliseconds, or dashes where there is none to trust."""
    word, color = LEGEND[report.state]
    age = f"{report.age * 1000.0:.0f} ms" if math.isfinite(report.age) else "-- ms"
    return f"{word}  {age}", color
