"""Spreads the fragments of a picture over the frame time, and says of each how long its picture was held when it is sealed.

Here and not in the pacer, because a datagram is sealed once for all paths: what it says about its own leaving has to be known by then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence


class Spread:
    """First in, first out; a picture's fragments keep their order and never overtake an older picture's."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, float, bytes]] = deque()  # (not before, taken, fragment)

    def push(self, fragments: Sequence[bytes], taken: float, span: float) -> None:
        """A picture taken at ``taken``: its first fragment at once, the others evenly over ``span`` [s]."""
        step = span / len(fragments) if fragments else 0.0
        self._waiting.extend((taken + index * step, taken, fragment) for index, fragment in enumerate(fragments))

    def due(self, now: float) -> list[tuple[float, bytes]]:
        """(how long its picture was held [s], fragment) of every one whose time has come."""
        out = []
        while self._waiting and self._waiting[0][0] <= now:
            _, taken, fragment = self._waiting.popleft()
            out.append((now - taken, fragment))
        return out

    def clear(self) -> None:
        """Send none of those that wait: nobody is there."""
        self._waiting.clear()
