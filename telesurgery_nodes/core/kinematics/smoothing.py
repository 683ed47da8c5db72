"""Limits jerk by averaging a path over a sliding window of time: the moving-average trajectory filter of Biagiotti and Melchiorri.

The path is made of ramps: in each the speed changes linearly, so that the acceleration is constant. With window T the output is

    q(t) = 1/T  integral of path(s) over s in [t - T, t].

Laws, exact for ticks of any length, by the mean value theorem also for differences between ticks:
- position: an average of path positions, so it is inside every convex set the path is inside of (the joint range), and on a straight
  line while the path is;
- speed, acceleration: averages of the path's speed and acceleration, so they obey the path's limits;
- jerk: (path acceleration(t) - path acceleration(t - T)) / T, so at most 2 a / T where the path's acceleration is at most a.
The price is a constant delay of T/2, and the output comes to rest T after the path.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from .limits import Joints

TIME_ROUNDING = 1e-12  # [s]


class Ramp(NamedTuple):
    """``time`` [s] during which the speed goes from ``begin`` to ``end``; ``start``: position at its beginning."""

    time: float
    start: Joints
    begin: Joints
    end: Joints


class WindowAverage:
    """The newest ``window`` [s] of a path, averaged."""

    def __init__(self, window: float) -> None:
        self.window = window
        self._ramps: deque[Ramp] = deque()
        self._covered = 0.0

    @property
    def resting(self) -> bool:
        """True where nothing in the window moves: the average is the path."""
        return not self._ramps

    def reset(self) -> None:
        """Forget the past: the path has always stood where it begins now."""
        self._ramps.clear()
        self._covered = 0.0

    def push(self, ramp: Ramp) -> None:
        """The path goes on; what leaves the window is forgotten, and rest as soon as nothing in it moves."""
        self._ramps.append(ramp)
        self._covered += ramp.time
        while self._ramps and self._covered - self._ramps[0].time >= self.window - TIME_ROUNDING:
            self._covered -= self._ramps.popleft().time
        if not any(map(_moves, self._ramps)):
            self.reset()

    def average(self, now: Joints) -> tuple[Joints, Joints]:
        """Position and speed of the output where the path is at ``now``. What lies before the first ramp stood at its start."""
        if not self._ramps:
            return now, (0.0,) * len(now)
        first = self._ramps[0]
        outside = self._covered - self.window  # [s] of the first ramp that have left the window
        old = _at(first, outside) if outside > 0.0 else first.start
        before = max(-outside, 0.0)
        total = [(x - end) * before for x, end in zip(first.start, now, strict=True)]
        for ramp in self._ramps:
            skip = max(outside, 0.0) if ramp is first else 0.0
            total = [sum_ + area for sum_, area in zip(total, _areas(ramp, skip, now), strict=True)]
        share = 1.0 / self.window
        position = tuple([x + area * share for x, area in zip(now, total, strict=True)])
        return position, tuple([(x - y) * share for x, y in zip(now, old, strict=True)])


def _moves(ramp: Ramp) -> bool:
    return any(ramp.begin) or any(ramp.end)


def _at(ramp: Ramp, time: float) -> Joints:
    half = 0.5 * time * time / ramp.time
    return tuple([x + v * time + (w - v) * half for x, v, w in zip(ramp.start, ramp.begin, ramp.end, strict=True)])


def _areas(ramp: Ramp, skip: float, origin: Joints) -> list[float]:
    """Integral of (position - origin) over the ramp without its first ``skip`` [s]."""
    end, length = ramp.time, ramp.time - skip
    square = 0.5 * (end * end - skip * skip)
    cube = (end**3 - skip**3) / (6.0 * end)
    return [
        (x - o) * length + v * square + (w - v) * cube for x, o, v, w in zip(ramp.start, origin, ramp.begin, ramp.end, strict=True)
    ]
