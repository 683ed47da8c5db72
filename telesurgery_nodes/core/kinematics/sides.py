"""One arm's part in the watched pairs: which, along which direction, and how much of what is left it may use."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..values import FloatArray
from .approach import ArmPath
from .pairs import Pairs
from .segments import Gap, Indices


def _none(*shape: int) -> FloatArray:
    return np.zeros((0, *shape))


@dataclass(eq=False)
class Side:
    """``rows`` of all pairs, ``parts`` of the arm, ``signs``: 1 where it stands first in the pair.

    The rest is of the active pairs (p,) now: ``row`` among them; ``normal`` (p, 3) along which the margin is kept, ``above`` (p, 2) [m]
    each end over the low point, ``allowed`` [m] to come nearer; ``facing`` (p, 2, 3) across the nearest points, shared out to the ends,
    ``speed`` [m/s] of approach allowed, ``slowing`` where any is limited; ``resting``: the other side cannot move.
    """

    path: ArmPath
    rows: Indices
    parts: Indices
    signs: FloatArray
    row: Indices = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    part: Indices = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    sign: FloatArray = field(default_factory=_none)
    normal: FloatArray = field(default_factory=lambda: _none(3))
    above: FloatArray = field(default_factory=lambda: _none(2))
    allowed: FloatArray = field(default_factory=_none)
    facing: FloatArray = field(default_factory=lambda: _none(2, 3))
    speed: FloatArray = field(default_factory=_none)
    slowing: bool = False
    resting: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def face(self, gap: Gap, touch: FloatArray) -> None:
        """Take in the nearest points of the active pairs (``touch``: where they are on the second of each)."""
        along = np.where(self.sign[:, 0] > 0.0, gap.at[self.row], touch[self.row])
        facing = gap.normal[self.row] * self.sign
        self.facing = np.stack([(1.0 - along)[:, None] * facing, along[:, None] * facing], axis=1)

    def approach(self, speeds: FloatArray) -> FloatArray:
        """How fast the nearest points come nearer (p,) [m/s] while the ends of the arm's capsules move with ``speeds`` (s, 2, 3)."""
        return np.asarray(-(speeds[self.part] * self.facing).sum(axis=(1, 2)))


def side_of(path: ArmPath, span: slice, pairs: Pairs) -> Side:
    """The part that the arm whose capsules are numbers ``span`` has in ``pairs``."""
    inside = [(column >= span.start) & (column < span.stop) for column in (pairs.first, pairs.second)]
    rows = [np.flatnonzero(mask) for mask in inside]
    parts = np.concatenate([pairs.first[rows[0]], pairs.second[rows[1]]]) - span.start
    signs = np.concatenate([np.ones(len(rows[0])), -np.ones(len(rows[1]))])
    return Side(path, np.concatenate(rows), parts, signs)
