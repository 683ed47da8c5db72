"""Whether the link would survive the loss of a path. A path that flaps does not count: once gone it has to prove itself again.

| a path          | when                                                                                      |
| --------------- | ----------------------------------------------------------------------------------------- |
| is missing      | DOWN, NARROW or just back up; also at the start                                           |
| is ready again  | GOOD for 2 s without a break, or for 10 s neither missing nor GOOD (lossy, but always there) |
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..values import REDUNDANT_PATHS
from .paths import PathHealth, PathState, Reason

GOOD_S = 2.0  # as long as motion waits for calm (safety/machine.py)
STEADY_S = 10.0  # twice the time over which loss is counted; a satellite is never GOOD, and still a second path
MISSING = frozenset({Reason.SILENT, Reason.NARROW, Reason.BACK})


@dataclass(frozen=True)
class RedundancyState:
    """``ready`` of ``of`` configured paths can be relied on; ``missing`` names the others."""

    ready: int
    of: int
    missing: tuple[str, ...]

    @property
    def lost(self) -> bool:
        """The alarm: fewer than configured, or there never was a second one."""
        return self.of < REDUNDANT_PATHS or self.ready < self.of

    @property
    def sentence(self) -> str:
        """For people."""
        if self.of < REDUNDANT_PATHS:
            return "one network path only: no redundancy"
        if self.lost:
            return f"redundancy lost: {self.ready} of {self.of} paths can be relied on, not {', '.join(self.missing)}"
        return f"{self.ready} of {self.of} paths can be relied on"


class Redundancy:
    """One per end of the link, over all its paths in its receiving direction."""

    def __init__(self) -> None:
        self._ready: set[str] = set()
        self._there_since: dict[str, float] = {}
        self._good_since: dict[str, float] = {}

    def update(self, paths: Sequence[PathHealth], now: float) -> RedundancyState:
        """One look; often enough that none misses the RECOVERY_S a path is BACK after each silence."""
        for path in paths:
            self._look(path, now)
        missing = tuple(path.name for path in paths if path.name not in self._ready)
        return RedundancyState(len(paths) - len(missing), len(paths), missing)

    def _look(self, path: PathHealth, now: float) -> None:
        if path.reason in MISSING:
            self._ready.discard(path.name)
            self._there_since.pop(path.name, None)
        else:
            self._there_since.setdefault(path.name, now)
        if path.state is PathState.GOOD:
            self._good_since.setdefault(path.name, now)
        else:
            self._good_since.pop(path.name, None)
        good, there = (now - since.get(path.name, math.inf) for since in (self._good_since, self._there_since))
        if good >= GOOD_S or there >= STEADY_S:
            self._ready.add(path.name)
