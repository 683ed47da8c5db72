"""Which arms the surgeon side has let go of on purpose: they are told to hold, so that their silence is no loss.

dVRK sends PSM.hold() when the clutch goes down; here every arm that a following command does not name is told, again and again, because
one message may be lost.
"""

from __future__ import annotations

import math
from collections.abc import Collection

AGAIN = 0.1  # [s] well below the 250 ms of silence that end following on a shared host


class Releases:
    """Arms to hold now."""

    def __init__(self, arms: Collection[str]) -> None:
        self._arms = tuple(arms)
        self._told: dict[str, float] = {}

    def update(self, wanted: Collection[str], now: float) -> list[str]:
        """``wanted``: arms that the present following command moves. ``now`` [s] steady."""
        due = [arm for arm in self._arms if arm not in wanted and now - self._told.get(arm, -math.inf) >= AGAIN]
        self._told = {arm: at for arm, at in self._told.items() if arm not in wanted} | dict.fromkeys(due, now)
        return due
