"""What the paths did over some seconds of watching: the round trips one by one, and the worst of everything else."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .paths import PathHealth, PathState, Reason
from .session import LinkHealth


@dataclass(frozen=True)
class PathSurvey:
    """One path. ``round_trips`` (own time, round trip) [s]; ``loss``, ``jitter``, ``longest_burst``, ``duplicates``: the worst seen.

    ``counted``: datagrams came by which loss can be told; ``mtu`` [B] and ``reason`` at the end; ``down``: share of looks that saw it DOWN.
    """

    name: str
    round_trips: tuple[tuple[float, float], ...]
    loss: float
    jitter: float
    longest_burst: int
    duplicates: float
    counted: bool
    mtu: int
    reason: Reason
    down: float


class Survey:
    """Step it with the link's health about as often as heartbeats come."""

    def __init__(self) -> None:
        self._seen: dict[str, list[PathHealth]] = {}
        self._trips: dict[str, list[tuple[float, float]]] = {}

    def note(self, health: LinkHealth, now: float) -> None:
        """One look. A round trip of a path that is DOWN is an old one and does not count."""
        for path in health.paths:
            self._seen.setdefault(path.name, []).append(path)
            trips = self._trips.setdefault(path.name, [])
            if path.state is not PathState.DOWN and math.isfinite(path.round_trip):
                trips.append((now, path.round_trip))

    def result(self) -> tuple[PathSurvey, ...]:
        """All looks so far."""
        return tuple(self._path(name, seen) for name, seen in self._seen.items())

    def _path(self, name: str, seen: list[PathHealth]) -> PathSurvey:
        last = seen[-1]
        return PathSurvey(
            name, tuple(self._trips[name]), max(path.loss for path in seen), max(path.jitter for path in seen),
            max(path.longest_burst for path in seen), max(path.duplicate_share for path in seen), any(path.counted for path in seen),
            last.mtu, last.reason, sum(path.state is PathState.DOWN for path in seen) / len(seen),
        )  # fmt: skip
