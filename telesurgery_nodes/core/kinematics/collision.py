"""The collision guard: every control tick it sees all arms' paths and says of every step whether, and how fast, it may be made.

Two rules. Slow down: within the slow zone two surfaces come nearer at most at approach * sqrt(left / zone), as v^2 / 2a; the other
arm's own approach counts first, but half is always free, so that a moving arm does not freeze one that wants to give way and two that
approach each other share alike. Stop: approach.py, which keeps the margin whatever comes. Both scale a step as a whole.

An arm that is not known where it is touches everything: the others hold. While nothing is near, calm.py watches instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from ..values import FloatArray
from .approach import ArmPath
from .arm_body import ArmBody
from .calm import Budget, Seen, budgets
from .collision_config import CollisionConfig
from .collision_told import Told
from .collision_values import FAR, CollisionReport, Path
from .fields import FieldWatch
from .limits import JointLimits, Joints
from .obstacles import Field, Still
from .pairs import Pairs
from .reasons import Limit
from .segments import Gap, Indices
from .sides import side_of

REFRESH = 0.1  # [s] every pair is measured this often; in between only those that can matter
ROAM = 0.003  # [m] or as soon as an end moved this far; nothing at rest roams
FAST = 1.5  # of its reach: ends far from the trocar move many times faster than tips, and may roam further
REACH = 0.003  # [m] at least: how far an arm may get within a step and the braking after it before every pair is measured anew
GROWTH = 1.5  # of the reach that is seen: an arm that gets faster is watched further ahead before it may use it
REACH_TICK = 0.008  # [s] two periods of the control loop
SQRT3 = 1.7321  # a distance is at most this often the largest of its three coordinates
PAD = 0.002  # [m] more than any arm's curvature within its smoothing (ArmPath.pad)
SKIN = 5e-5  # [m] the slow zone ends this far before the margin, so that the stop rule seldom has to act
QUIET = 1e-6  # [m/s] slower is arithmetic, not approach
ROUNDING = 1e-12  # [m]


class CollisionGuard:
    """See the head of this file. `update` once a tick; then the steppers ask `law` and `clear` through `ArmGuard`."""

    def __init__(
        self,
        bodies: Sequence[ArmBody],
        limits: Mapping[str, JointLimits],
        stills: Sequence[Still],
        fields: Sequence[Field],
        config: CollisionConfig,
    ) -> None:
        self.config, self.counts = config, Counter[str]()
        self.pairs = Pairs(bodies, config.zones, stills)
        self.paths = {body.arm: ArmPath(body, limits[body.arm]) for body in bodies}
        self._sides = {arm: side_of(path, self.pairs.spans[arm], self.pairs) for arm, path in self.paths.items()}
        self._fields = {arm: [FieldWatch(one, path, config) for one in fields] for arm, path in self.paths.items()}
        self._watches = [watch for watches in self._fields.values() for watch in watches]
        pads = np.concatenate([*(path.pad for path in self.paths.values()), np.zeros(len(self.pairs.resting) + 1)])
        self._margin = self.pairs.stop + pads[self.pairs.first] + pads[self.pairs.second]
        self._normals = np.full((self.pairs.count, 3), np.nan)
        self._ends = np.zeros((len(pads), 2, 3))
        for number, capsule in enumerate(self.pairs.resting, start=self.pairs.moving):
            self._ends[number] = capsule.a, capsule.b
        self._roamed = self._ends.copy()
        self._reach, self._roam = np.zeros(len(pads)), np.zeros(len(pads))
        self._active: Indices = np.zeros(0, dtype=np.intp)
        self._every: Indices = np.arange(self.pairs.count)
        self._distances = np.full(self.pairs.count, np.inf)
        self._refreshed = self._now = -np.inf
        self._seen = {arm: Seen(limits[arm].rise_time) for arm in self.paths}
        self._calm: dict[str, Budget] | None = None
        self._told = Told(self.pairs, self._watches)
        self.unknown: tuple[str, ...] = tuple(self.paths)
        self.report = CollisionReport(FAR, np.inf, 0.0, self.unknown)

    def update(self, paths: Mapping[str, Path | None], now: float) -> CollisionReport:
        """Take in every arm's path at steady time ``now`` [s]; None: not known where it is."""
        before, self.unknown = self.unknown, tuple(arm for arm in self.paths if paths.get(arm) is None)
        was_calm = self._calm is not None
        if self._still_calm(paths, now):
            return self.report
        changed = was_calm or before != self.unknown  # out of the calm everything is measured, also where nothing moves just now
        for arm, path in self.paths.items():
            seen = paths.get(arm)
            if seen is None:
                path.restart()
            elif path.follow(*seen):
                changed = True
                self._ends[self.pairs.spans[arm]] = path.placed.ends
        if changed and not self.unknown:
            self._measure(now)
            if self._refreshed == now and not self._watches:  # every pair was measured, and there are no volumes
                self._calm = budgets(self.paths, self.pairs, self._distances - SKIN, self._margin)
        if changed:
            self.report = self._told.report(self._distances, self.unknown)
        return self.report

    def _still_calm(self, paths: Mapping[str, Path | None], now: float) -> bool:
        """Nothing is near, and no arm can have changed that since; otherwise the guard knows again what it has seen."""
        self._now, calm = now, self._calm
        if calm is not None:
            known = [(calm[arm], path) for arm, path in paths.items() if arm in calm and path is not None]
            moved = [(budget, path) for budget, path in known if path.lead != budget.lead or any(path.velocity)]
            kept = len(known) == len(calm) and all(budget.holds(path.lead) for budget, path in moved)
            if not kept or (moved and now - self._refreshed >= REFRESH and not self._renewed(known, now)):
                self._wake()
        for arm, seen in self._seen.items():
            seen.take(paths.get(arm))
        return self._calm is not None

    def _renewed(self, known: Sequence[tuple[Budget, Path]], now: float) -> bool:
        """Measure every pair where the arms are; where still nothing is near, what was seen meanwhile need not be gone through."""
        for budget, path in known:
            own = budget.path
            if path.lead != own.lead:
                own.restart()
                own.follow(*path)
                self._ends[self.pairs.spans[own.body.arm]] = own.placed.ends
        distances = self.pairs.gaps(self._ends[:, 0], self._ends[:, 1], self._every)[0].distance
        calm = budgets(self.paths, self.pairs, distances - SKIN, self._margin)
        if calm is None:
            return False
        self._calm, self._distances, self._refreshed = calm, distances, now
        self.report = self._told.report(distances, ())
        return True

    def _wake(self) -> None:
        """Go through what was seen in the calm, as if it had been watched."""
        self._calm, self._refreshed = None, -np.inf
        for arm, path in self.paths.items():
            path.restart()
            for one in self._seen[arm].paths:
                path.follow(*one)
            self._ends[self.pairs.spans[arm]] = path.placed.ends

    def groups(self) -> dict[str, float]:
        """Smallest distance [m] of every two bodies that are watched; NaN while an arm is unknown. What is far is up to REFRESH old."""
        return self._told.groups(self._distances, self.unknown)

    @property
    def active(self) -> int:
        """How many pairs are near enough to matter; none in the calm."""
        return len(self._active) if self._calm is None else 0

    def law(self, arm: str, q: Joints, wanted: Joints) -> tuple[float, Limit]:
        """Share [0, 1] of the wanted joint speeds: the slow zone. A speed law of stepper.py."""
        if not self._knows(arm, q):
            return 0.0, Limit.COLLISION
        if self._calm is not None:
            return 1.0, Limit.NONE
        side, v = self._sides[arm], np.array(wanted)
        share, name = 1.0, ""
        if side.slowing:
            approach = side.approach(side.path.placed.speeds(v))
            shares = np.where(approach > QUIET, side.speed / np.maximum(approach, QUIET), 1.0)
            worst = int(np.argmin(shares))
            share, name = float(shares[worst]), self.pairs.names[self._active[side.row[worst]]]
        for watch in self._fields[arm]:
            least, what = watch.share(v)
            share, name = (least, what) if least < share else (share, name)
        if share >= 1.0:
            return 1.0, Limit.NONE
        self.counts[f"{'slow' if share > 0.0 else 'stop'} {name}"] += 1
        return share, Limit.COLLISION

    def clear(self, arm: str, q: Joints, new: Joints, dt: float) -> bool:
        """May the path at ``q`` go to joint speeds ``new`` within ``dt`` [s]? Asked for every step but the straight brake."""
        if not self._knows(arm, q):
            return False
        if self._calm is not None:
            if self._calm[arm].clear(self._seen[arm].now, new, dt):
                return True
            self._wake()
            self._measure(self._now)
        side, v = self._sides[arm], np.array(new)
        if not any(new) and not side.path.moving:
            return True
        travel = side.path.travel(v, dt)
        reach = side.path.body.reach(travel)
        if (reach > self._reach[self.pairs.spans[arm]]).any():
            self.counts["stop faster than can be watched"] += 1
            return False
        rows = np.flatnonzero(side.allowed < reach[side.part])  # no need is larger than the reach
        if len(rows):
            over = side.path.step_need(side.part[rows], side.normal[rows], side.above[rows], v, travel, dt) - side.allowed[rows]
            worst = int(over.argmax())
            if not over[worst] <= ROUNDING:
                self.counts[f"stop {self.pairs.names[self._active[side.row[rows[worst]]]]}"] += 1
                return False
        refused = next((watch for watch in self._fields[arm] if not watch.clear(v, dt)), None)
        if refused is not None:
            self.counts[f"stop {refused.worst}"] += 1
        return refused is None

    def _knows(self, arm: str, q: Joints) -> bool:
        """Every arm's place is known, and this is where the guard saw this one."""
        if self.unknown:
            self.counts[f"stop unknown {' '.join(self.unknown)}"] += 1
        elif self._seen[arm].now.lead != q:
            self.counts[f"stop unseen {arm}"] += 1
        return not self.unknown and self._seen[arm].now.lead == q

    def _measure(self, now: float) -> None:
        reach = np.zeros(len(self._reach))
        for arm, path in self.paths.items():
            if path.moving:
                reach[self.pairs.spans[arm]] = GROWTH * path.body.reach(path.travel(path.v, REACH_TICK))
        roamed = np.abs(self._ends - self._roamed).max(axis=(1, 2)) > self._roam
        due = now - self._refreshed >= REFRESH
        if due or roamed.any() or (reach > self._reach).any():
            self._refresh(reach * GROWTH, due)
            self._refreshed = now if due else self._refreshed
        gap, touch = self.pairs.gaps(self._ends[:, 0], self._ends[:, 1], self._active)
        self._distances[self._active] = gap.distance
        for side in self._sides.values():
            if len(side.row):
                side.path.prepare()
        if len(self._active):
            self._certify(gap.normal)
            self._pace(gap, touch)
        for watch in self._watches:
            watch.update()

    def _refresh(self, reach: FloatArray, everything: bool) -> None:
        """Find the pairs that can matter until the next time, the active ones; measure ``everything``, or only what may be one.

        An end is less than sqrt(3) times what it may roam from here then, and gets no further than ``reach`` (all capsules) from there.
        """
        self._roamed = self._ends.copy()
        self._reach[: self.pairs.moving] = np.maximum(reach[: self.pairs.moving], REACH)
        self._roam[: self.pairs.moving] = np.maximum(ROAM, FAST * self._reach[: self.pairs.moving])
        stray = SQRT3 * self._roam + self._reach
        watched = self.pairs.slow + PAD + stray[self.pairs.first] + stray[self.pairs.second]
        near = self.pairs.bound(self._ends[:, 0], self._ends[:, 1]) < watched  # those that may be near, then those that are
        rows = np.flatnonzero(near) if not everything else self._every
        self._distances[rows] = self.pairs.gaps(self._ends[:, 0], self._ends[:, 1], rows)[0].distance
        near &= self._distances < watched
        self._active = np.flatnonzero(near)
        self._normals[~near] = np.nan
        place = np.full(self.pairs.count, -1, dtype=np.intp)
        place[self._active] = np.arange(len(self._active))
        for side in self._sides.values():
            kept = place[side.rows] >= 0
            side.row, side.part, side.sign = place[side.rows[kept]], side.parts[kept], side.signs[kept, None]
            side.slowing, side.allowed = False, np.zeros(len(side.row))  # nothing, until it is certified
            side.resting = self.pairs.second[side.rows[kept]] >= self.pairs.moving

    def _certify(self, fresh: FloatArray) -> None:
        """Per pair a direction along which the margin holds, and what each arm may use of what is left."""
        slack, found = self._slack(fresh)
        kept = self._normals[self._active]
        if (slack < 0.0).any():
            again = np.where(((slack < 0.0) & ~np.isnan(kept[:, 0]))[:, None], kept, fresh)
            second, _ = self._slack(again)
            if (second > slack).any():
                fresh = np.where((second > slack)[:, None], again, fresh)
                slack, found = self._slack(fresh)
        self._normals[self._active] = fresh
        for arm, (own, above, need) in found.items():
            side = self._sides[arm]
            left = slack[side.row]
            side.normal, side.above = own, above
            side.allowed = np.maximum(need + np.where(side.resting, left, 0.5 * left), 0.0)

    def _slack(self, normals: FloatArray) -> tuple[FloatArray, dict[str, tuple[FloatArray, FloatArray, FloatArray]]]:
        """S of approach.py per active pair along ``normals``; per arm its own normals, its ends above its low points, its braking needs."""
        pairs, second = self.pairs, self.pairs.second[self._active]
        slack = -self._margin[self._active] - pairs.radius[pairs.first[self._active]] - pairs.radius[second]
        # What a capsule at rest reaches along the normal (0 for what is none), and what a box or cylinder does.
        high = np.max(np.matmul(self._ends[second], normals[:, :, None])[..., 0], axis=1)
        slack -= np.where(second >= pairs.moving, high + pairs.reach(normals, self._active), 0.0)
        found = {}
        for arm, side in self._sides.items():
            if len(side.row):
                own = normals[side.row] * side.sign
                low, above = side.path.low(own, side.part)
                need = side.path.brake_need(own, side.part, above)
                found[arm] = own, above, need
                slack[side.row] += low - need  # an arm has one part in a pair
        return slack, found

    def _pace(self, gap: Gap, touch: FloatArray) -> None:
        """Approach speed each arm may have in the slow zones."""
        slow, stop = self.pairs.slow[self._active], self._margin[self._active] + SKIN
        left = np.clip((gap.distance - stop) / (slow - stop), 0.0, 1.0)
        most = np.where(gap.distance <= slow, self.config.approach * np.sqrt(left), np.inf)
        total, own = np.zeros(len(most)), {}
        for arm, side in self._sides.items():
            if len(side.row):
                side.face(gap, touch)
                own[arm] = np.maximum(side.approach(side.path.speeds), 0.0) if side.path.moving else np.zeros(len(side.row))
                total[side.row] += own[arm]
        for arm, mine in own.items():
            side = self._sides[arm]
            side.speed = np.maximum(most[side.row] - (total[side.row] - mine), 0.5 * most[side.row])
            side.slowing = bool((side.speed < np.inf).any())
