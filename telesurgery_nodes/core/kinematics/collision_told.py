"""What the collision guard tells: the nearest pair, and the smallest distance of every two bodies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..values import FloatArray
from .collision_values import FAR, CollisionReport
from .fields import FieldWatch
from .pairs import Pairs


class Told:
    """Words and numbers about the ``distances`` [m] of all pairs, and the volumes watched."""

    def __init__(self, pairs: Pairs, watches: Sequence[FieldWatch]) -> None:
        self._pairs, self._watches = pairs, watches
        self._groups = sorted(set(pairs.groups))
        self._group_of = np.array([self._groups.index(name) for name in pairs.groups], dtype=np.intp)

    def groups(self, distances: FloatArray, unknown: tuple[str, ...]) -> dict[str, float]:
        """Smallest distance [m] of every two bodies that are watched; NaN while an arm is unknown."""
        least = np.full(len(self._groups), np.inf)
        np.minimum.at(least, self._group_of, distances)
        found = dict(zip(self._groups, least.tolist(), strict=True)) | {watch.group: watch.clearance for watch in self._watches}
        return dict.fromkeys(found, np.nan) if unknown else found

    def report(self, distances: FloatArray, unknown: tuple[str, ...]) -> CollisionReport:
        """The pair or volume nearest to its margin."""
        if unknown:
            return CollisionReport(FAR, np.nan, np.nan, unknown)
        rows = [(watch.clearance - watch.margin, watch.worst, watch.clearance, watch.margin) for watch in self._watches if watch.watched]
        if self._pairs.count:
            over = distances - self._pairs.stop
            worst = int(over.argmin())
            rows.append((float(over[worst]), self._pairs.names[worst], float(distances[worst]), float(self._pairs.stop[worst])))
        _, name, distance, margin = min(rows, default=(np.inf, FAR, np.inf, 0.0))
        return CollisionReport(name, distance, margin, ())
