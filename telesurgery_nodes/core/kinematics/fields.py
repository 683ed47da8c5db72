"""The collision rules for volumes that are known only by a clearance: those to stay in, and meshes.

Along a straight way the clearance of a volume to stay in is concave, so its ends decide and the margin holds exactly as in
approach.py (the part of the path that is not straight is subtracted). A mesh need not be convex: it is looked at every MESH_STEP
along the way, and half of that is subtracted, unless every look is at least as far as now.
"""

from __future__ import annotations

import numpy as np

from ..values import FloatArray
from .approach import ArmPath
from .collision_config import CollisionConfig
from .obstacles import MESH_STEP, Field

PROBE = 1e-3  # [s] how far ahead the approach speed is measured
QUIET = 1e-6  # [m/s] slower is arithmetic, not approach
SKIN = 5e-5  # [m] the slow zone ends this far before the margin (for a mesh also half a MESH_STEP)
ROUNDING = 1e-12  # [m]
FAR = 0.2  # [m] beyond this a volume does not matter in this tick


class FieldWatch:
    """One volume and one arm."""

    def __init__(self, one: Field, path: ArmPath, config: CollisionConfig) -> None:
        self._field, self._path, self._approach = one, path, config.approach
        parts = path.body.parts
        self._part = np.array([i for i, part in enumerate(parts) if part.role in one.zones], dtype=np.intp)
        self._names = [f"{parts[i].link}/{one.name}" for i in self._part]
        self._radius = path.body.radius[self._part]
        self._stop = np.array([one.zones[parts[i].role].stop for i in self._part])
        self._slow = np.array([one.zones[parts[i].role].slow for i in self._part])
        self._pad = path.pad[self._part]
        self.group = f"{path.body.arm}/{one.name}"
        self.margin = float(self._stop[0]) if len(self._part) else 0.0
        self.watched = len(self._part) > 0
        self.clearance, self.worst = np.inf, self.group
        self._now: FloatArray = np.zeros(0)

    def update(self) -> None:
        """Measure at the arm's present path position. (Those before it were allowed by the same rule.)"""
        if not len(self._part):
            return
        self._now = self._clearance(self._path.placed.ends[self._part])
        worst = int(np.argmin(self._now))
        self.clearance, self.worst = float(self._now[worst]), self._names[worst]

    def share(self, wanted: FloatArray) -> tuple[float, str]:
        """Share of joint speeds ``wanted`` the slow zone allows, and the pair that says so."""
        near = self._now <= self._slow if len(self._part) else np.zeros(0, dtype=bool)
        if not near.any():
            return 1.0, ""
        ends = self._path.placed.ends + self._path.placed.speeds(wanted * PROBE)
        approach = (self._now - self._clearance(ends[self._part])) / PROBE
        stop = self._stop + self._pad + SKIN
        left = np.clip((self._now - stop) / (self._slow - stop), 0.0, 1.0)
        shares = np.where(near & (approach > QUIET), self._approach * np.sqrt(left) / np.maximum(approach, QUIET), 1.0)
        worst = int(np.argmin(shares))
        return float(shares[worst]), self._names[worst]

    def clear(self, new: FloatArray, dt: float) -> bool:
        """Does the way to joint speeds ``new`` within ``dt``, then braking, keep the margin, or lead away?"""
        if not len(self._part) or self.clearance > FAR:
            return True
        path, brake = self._path, self._path.braking_time(new)
        unsure = (0.5 * path.body.bend(path.travel(new, dt)))[self._part] + np.max(np.abs(path.placed.speeds(new - path.v))) * dt / 8.0
        lowest = np.min([self._clearance(path.ahead(new, dt, time)[self._part]) for time in self._looks(new, dt, brake)], axis=0)
        away = lowest >= self._now - ROUNDING
        gap = np.where(away, 0.0, unsure + (0.5 * MESH_STEP if self._field.looks > 1 else 0.0))
        over = lowest - gap < self._stop + self._pad
        if not (over & ~away).any():
            return True
        self.worst = self._names[int(np.argmax(over & ~away))]
        return False

    def _looks(self, new: FloatArray, dt: float, brake: float) -> FloatArray:
        """Times [s] after now at which the way is looked at."""
        if self._field.looks == 1:
            return np.array([dt, dt + brake])
        way = float(np.max(np.linalg.norm(self._path.ahead(new, dt, dt + brake) - self._path.ahead(new, dt, 0.0), axis=-1)))
        count = int(np.clip(np.ceil(way / MESH_STEP), 2, self._field.looks))
        return np.linspace(0.0, dt + brake, count + 1)[1:]

    def _clearance(self, ends: FloatArray) -> FloatArray:
        return self._field.clearance(ends[:, 0], ends[:, 1], self._radius)
