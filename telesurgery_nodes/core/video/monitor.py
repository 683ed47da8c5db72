"""Is what the surgeon sees the present? A table of limits turned into one state and one age.

The age is the capture-to-now age of the newest NEW picture, and it keeps growing by our own clock while nothing comes. A picture
whose frame id is the one before is not new: a source that repeats itself ages like a source that is silent.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

CLOCK_SLACK = 0.05  # [s] how far into the future a stamp may lie (clock estimate error, reference/wan.md) and still count as age 0


class PictureState(enum.IntEnum):
    """What to tell the surgeon, from best to worst."""

    LIVE = 0
    LATE = 1
    STALE = 2
    FROZEN = 3
    NO_SIGNAL = 4


@dataclass(frozen=True)
class PictureLimits:
    """Ages [s] at which the state changes, and how many identical frame ids in a row mean a frozen source."""

    warn: float = 0.300
    stale: float = 0.500
    no_signal: float = 2.0
    frozen_repeats: int = 3


# (state, the limit at which it begins), worst first; DESIGN.md section 5: 300 ms warns, 500 ms holds the arm.
AGE_TABLE: tuple[tuple[PictureState, str], ...] = (
    (PictureState.NO_SIGNAL, "no_signal"),
    (PictureState.STALE, "stale"),
    (PictureState.LATE, "warn"),
)


@dataclass(frozen=True)
class PictureSeen:
    """A decoded picture: its identity at the source, and its capture-to-arrival age [s] by a common clock."""

    frame_id: int
    age: float


@dataclass(frozen=True)
class PictureReport:
    """``age`` [s] of the picture on the screen; inf where it must not be trusted at all (none, frozen, impossible stamp)."""

    state: PictureState
    age: float


class PictureMonitor:
    """update(seen, now) at every picture, update(None, now) in between."""

    def __init__(self, limits: PictureLimits | None = None) -> None:
        self._limits = limits or PictureLimits()
        self._frame_id: int | None = None
        self._repeats = 0
        self._captured = -math.inf
        self.impossible_stamps = 0

    def update(self, seen: PictureSeen | None, now: float) -> PictureReport:
        """State and age at steady time ``now`` [s]."""
        if seen is not None:
            self._take(seen, now)
        if self._repeats >= self._limits.frozen_repeats:
            return PictureReport(PictureState.FROZEN, math.inf)
        age = now - self._captured
        return PictureReport(self._state(age), age)

    def _take(self, seen: PictureSeen, now: float) -> None:
        if seen.frame_id == self._frame_id:
            self._repeats += 1
            return
        self._frame_id = seen.frame_id
        self._repeats = 1
        if math.isfinite(seen.age) and seen.age >= -CLOCK_SLACK:
            self._captured = now - max(seen.age, 0.0)
        else:
            self.impossible_stamps += 1
            self._captured = -math.inf

    def _state(self, age: float) -> PictureState:
        for state, limit in AGE_TABLE:
            if age >= getattr(self._limits, limit):
                return state
        return PictureState.LIVE
