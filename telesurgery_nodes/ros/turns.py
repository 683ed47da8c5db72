"""Every n-th time. Messages are what two cores are spent on, so what moves slowly is said less often than what moves fast."""

from __future__ import annotations

SLOW = 4  # jaws, grippers and echoes: every 4th of 250 a second


class Turns:
    """True once every ``every`` calls; ``first`` calls pass before the first one, so that several of these do not bunch."""

    def __init__(self, every: int = SLOW, first: int = 0) -> None:
        self._every = every
        self._left = first % every

    def mine(self) -> bool:
        """Count one call."""
        due = self._left == 0
        self._left = self._every - 1 if due else self._left - 1
        return due
