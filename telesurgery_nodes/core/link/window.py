"""Replay window and duplicate discard in one: 8192 sequences behind the newest (WireGuard's size; wan.md section 7)."""

from __future__ import annotations

WINDOW = 8192


class ReplayWindow:
    """Remembers which sequences came. Mark only what was authenticated: a forged high sequence must not move the window."""

    def __init__(self, size: int = WINDOW) -> None:
        self.newest = -1
        self._size = size
        self._mask = (1 << size) - 1
        self._bits = 0  # bit n: sequence newest - n has been seen

    def begin(self, sequence: int) -> None:
        """Forget all; refuse whatever is below ``sequence``."""
        self.newest, self._bits = sequence - 1, self._mask

    def fresh(self, sequence: int) -> bool:
        """True where ``sequence`` is new and inside the window. Changes nothing."""
        behind = self.newest - sequence
        if behind < 0:
            return True
        return behind < self._size and not self._bits >> behind & 1

    def mark(self, sequence: int) -> bool:
        """Take ``sequence``; False (and nothing changes) where it is a duplicate or too old."""
        ahead = sequence - self.newest
        if ahead <= 0:
            if not self.fresh(sequence):
                return False
            self._bits |= 1 << -ahead
            return True
        self._bits = 1 if ahead >= self._size else (self._bits << ahead | 1) & self._mask
        self.newest = sequence
        return True
