"""Which arms are worth telling about often: those whose set points changed a moment ago, whoever moves them."""

from __future__ import annotations

from collections.abc import Sequence

# [s] after its last new set point an arm still runs after it: the controller's tracking watch gives it less (config/arms).
SETTLING = 0.3


class Attention:
    """Arms in motion. A set point that is only repeated, as a resting arm's is, does not count."""

    def __init__(self, settling: float = SETTLING) -> None:
        self._settling = settling
        self._last: dict[str, tuple[float, ...]] = {}
        self._changed: dict[str, float] = {}

    def heard(self, part: str, setpoint: Sequence[float], now: float) -> None:
        """``part`` (an arm, or its jaw) was given this set point at steady time ``now`` [s]."""
        row = tuple(setpoint)
        if self._last.get(part) != row:
            self._last[part], self._changed[part] = row, now

    def moves(self, now: float, *parts: str) -> bool:
        """One of the parts may be moving at ``now``."""
        return any(part in self._changed and now - self._changed[part] <= self._settling for part in parts)
