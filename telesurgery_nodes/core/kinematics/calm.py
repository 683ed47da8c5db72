"""While nothing is near: arms are watched by how far their joints can have carried them since every pair was measured.

Measuring every tick what is far away costs more than the arm's whole kinematics. So once every pair was found beyond its slow zone, each
part of an arm is given a budget: of each of its pairs' way to the slow zone half, or all where the other side cannot move. A part has
moved by at most lever * joint travel (arm_body.py), braking included; as long as that stays within the budgets no pair can have come to
its slow zone, and neither rule of collision.py could bite. The first step that would exceed a budget ends the calm before it is made:
the guard then goes through the last ticks again (`seen`), as if it had watched them, and judges that step by its rules.

An arm that ticked before that within the same tick was judged by its budget alone, while the other side now is told what is left (S of
approach.py) as it was before both. Let L be the way to the slow zone when measured, d and N what each side has moved and needs to brake,
at most L/2 together. Then S >= slow - margin at least, and each side's share of it is (slow - margin) / 2 or more: a step within that
(`step`, braking included) is one the rules would have granted too.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..values import FloatArray
from .approach import TIME_ROUNDING, ArmPath
from .arm_body import ArmBody
from .collision_values import Path
from .limits import Joints
from .pairs import Pairs

ROUGHLY = 1.0 - 1e-9  # of the budget: the rough sum must not grant by rounding what the exact one would not


class Seen:
    """The last paths of one arm that still count in its smoothed set point, and where it is now."""

    def __init__(self, window: float) -> None:
        """``window`` [s] of the smoothing."""
        self._window = window
        self.paths: deque[Path] = deque()

    @property
    def now(self) -> Path:
        """The newest."""
        return self.paths[-1]

    def take(self, path: Path | None) -> None:
        """Remember; None forgets everything."""
        if path is None:
            self.paths.clear()
            return
        if self.paths and self.paths[-1].time == path.time:
            self.paths.pop()  # it did not tick since; moved by hand it may have been
        self.paths.append(path)
        while len(self.paths) > 1 and self.paths[1].time <= path.time - self._window + TIME_ROUNDING:
            self.paths.popleft()


class Rough(NamedTuple):
    """A budget of all parts in one, in plain floats: 5 us instead of 60 where it is enough, as it is in nearly every tick.

    ``shares``: of a part's budget that a joint uses per way [1/rad or 1/m], of the part for which it is most; ``bend``: likewise of every
    two joints' travels. What the sum over the joints says of these no single part exceeds.
    """

    shares: tuple[float, ...]
    bend: float

    def spares(self, way: Sequence[float], travel: Sequence[float]) -> bool:
        """Is the budget kept for certain? ``way`` of the joints, bend of their ``travel``. False: not known; also for what is no number."""
        used, far = 0.0, sum(travel)
        for share, one in zip(self.shares, way, strict=True):
            used += share * one
        return used + self.bend * far * far <= ROUGHLY


def rough(body: ArmBody, budget: FloatArray) -> Rough:
    """Of the ``budget`` of each part (s,) [m]."""
    if not (budget > 0.0).all():
        return Rough((math.nan,) * body.levers.shape[1], math.nan)  # never known
    shares = (body.levers / budget[:, None]).max(axis=0)
    return Rough(tuple(shares.tolist()), float((body.curvature / budget[:, None, None]).max()))


@dataclass(frozen=True)
class Budget:
    """One arm's. ``lead``: its joints when measured; ``most`` (s,) [m]: how far each part may get, ``step`` (s,) within one step."""

    path: ArmPath
    lead: Joints
    most: FloatArray
    step: FloatArray

    def holds(self, lead: Joints) -> bool:
        """The arm is at joints ``lead`` and has kept its budget. False for what is no number."""
        moved = [abs(x - was) for x, was in zip(lead, self.lead, strict=True)]
        return self._rough_most.spares(moved, ()) or bool((self._moved(lead) <= self.most).all())

    def clear(self, here: Path, new: Joints, dt: float) -> bool:
        """May it go to joint speeds ``new`` within ``dt`` [s], and brake from there, within its budget?"""
        return self._clear_roughly(here, new, dt) or self._clear_exactly(here, new, dt)

    def _clear_roughly(self, here: Path, new: Joints, dt: float) -> bool:
        far = 0.5 * (dt + self.path.braking_time_of(new))
        travel = [0.5 * dt * abs(v) + far * abs(w) for v, w in zip(here.velocity, new, strict=True)]
        if not self._rough_step.spares(travel, travel):
            return False
        moved = [abs(x - was) + way for x, was, way in zip(here.lead, self.lead, travel, strict=True)]
        return self._rough_most.spares(moved, travel)

    def _clear_exactly(self, here: Path, new: Joints, dt: float) -> bool:
        to = np.abs(np.array(new))
        travel = 0.5 * dt * np.abs(np.array(here.velocity)) + 0.5 * (dt + self.path.braking_time(to)) * to
        far = self.path.body.reach(travel)
        return bool((far <= self.step).all() and (self._moved(here.lead) + far <= self.most).all())

    def _moved(self, lead: Joints) -> FloatArray:
        return self.path.body.way(np.abs(np.array(lead) - np.array(self.lead)))

    @cached_property
    def _rough_most(self) -> Rough:
        return rough(self.path.body, self.most)

    @cached_property
    def _rough_step(self) -> Rough:
        return rough(self.path.body, self.step)


def budgets(paths: Mapping[str, ArmPath], pairs: Pairs, distances: FloatArray, margins: FloatArray) -> dict[str, Budget] | None:
    """One for every arm from the ``distances`` and ``margins`` of all pairs [m]; None where one is near its slow zone, or is no number."""
    if not np.isfinite(distances).all():
        return None
    way = np.where(pairs.second >= pairs.moving, 1.0, 0.5) * (distances - pairs.slow)
    most, step = np.full(len(pairs.radius), np.inf), np.full(len(pairs.radius), np.inf)
    for column in (pairs.first, pairs.second):
        np.minimum.at(most, column, way)
        np.minimum.at(step, column, 0.5 * (pairs.slow - margins))
    if not ((most > step) | np.isinf(step))[: pairs.moving].all():  # a part that no pair is watched of has no bound
        return None
    return {arm: Budget(path, path.lead, most[pairs.spans[arm]], step[pairs.spans[arm]]) for arm, path in paths.items()}
