"""The surgeon's own stop: latched here until the surgeon releases it, repeated to the patient until the patient says it was acted on.

Releasing starts nothing: the patient's side stays stopped until its own team resets it, and the engage pedal must be seen up first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

ORDERS = ("stop", "release")


@dataclass(frozen=True)
class StopState:
    """``stop``: latched; ``count``: presses so far; ``engage``: the pedal as far as the stop lets it count.

    ``took`` [s] from the newest press to the patient's confirmation, NaN before it came; ``waiting`` [s] since that press, NaN where
    nothing is waited for.
    """

    stop: bool
    count: int
    engage: bool
    took: float
    waiting: float


class SurgeonStop:
    """Orders and confirmations come when they come; one ``update`` per tick looks at button and pedal."""

    def __init__(self) -> None:
        self._latched = self._button = False
        self._armed = True
        self._count = 0
        self._pressed_at = self._took = math.nan

    def order(self, name: str, now: float) -> tuple[bool, str]:
        """``stop`` or ``release``: (accepted, what happens or why not)."""
        if name == "stop":
            self._press(now)
            return True, "stopped and latched here; the team at the patient resets, after the release here"
        if name != "release":
            return False, f"unknown order {name!r}; valid: {', '.join(ORDERS)}"
        if not self._latched:
            return False, "release refused: no stop is latched here"
        if self._button:
            return False, "release refused: the stop button is still down"
        self._latched = False
        return True, "released here; the team at the patient has to reset and enable before anything may move"

    def confirmed(self, count: int, at: float) -> float | None:
        """The patient has acted on the first ``count`` presses, heard at ``at``; seconds since the newest press where it is among them."""
        if count != self._count or not math.isnan(self._took) or math.isnan(self._pressed_at):
            return None
        self._took = at - self._pressed_at
        return self._took

    def update(self, button: bool, engage: bool, now: float) -> StopState:
        """``button``: the stop button is down; ``engage``: the pedal is."""
        if button and not self._button:
            self._press(now)
        self._button = button
        self._armed = not self._latched and (self._armed or not engage)
        waiting = now - self._pressed_at if math.isnan(self._took) else math.nan
        return StopState(self._latched, self._count, engage and self._armed, self._took, waiting)

    def _press(self, now: float) -> None:
        self._latched = True
        self._count += 1
        self._pressed_at, self._took = now, math.nan
