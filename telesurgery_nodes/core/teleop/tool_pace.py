"""The console never asks a tool for more than it may do: where the hand is faster, the wish goes on at the tool's greatest pace.

Translation slips: w(t) = s (h(t) - h(0)) - slip(t), and what a step of w has beyond speed * dt is added to slip. So the tool goes on in
the hand's direction, stops when the hand stops, and catches up nothing: a tool that moves on after the hand has come to rest is a hazard,
and the offset in place is arbitrary anyway, every clutch changes it. Rotation lags instead: a tool must end up turned like the hand, so
the wish turns after the hand's by the shortest way at no more than turn * dt.

What leaves is still a state since the epoch's beginning, so a lost packet changes nothing; slip and lag begin at nothing with each epoch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...errors import ConfigError
from ..rotations import angle, length, towards
from ..values import FloatArray, Pose

# Just below what an arm's controller keeps, 0.095 m/s and 4 rad/s (`tip:` in config/arms/psm.yaml): so the arm stays with the wish.
SPEED, TURN = 0.09, 3.8  # [m/s], [rad/s]
# [s] No more time than this counts between two samples of a hand. In it a tool goes 3.6 mm and turns 8.7 deg; the patient's gate refuses
# a step of 10 mm or 10 deg (core/safety/gate.py). What a hand did beyond that was done while nobody looked.
LONGEST = 0.04


@dataclass(frozen=True)
class PaceLimits:
    """The most that a tool is asked for: ``speed`` [m/s] and ``turn`` [rad/s]."""

    speed: float = SPEED
    turn: float = TURN

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) and value > 0.0 for value in (self.speed, self.turn)):
            raise ConfigError(f"pace of a tool: wanted numbers above 0, got {self.speed!r} m/s and {self.turn!r} rad/s")


@dataclass(frozen=True)
class PaceCounts:
    """So far: updates in which the displacement ``slips`` and in which the rotation ``lags``; ``slipped`` [m], the length of all slips."""

    slips: int = 0
    lags: int = 0
    slipped: float = 0.0


def within(step: FloatArray, most: float) -> FloatArray:
    """``step`` (3,), or as much of it as is ``most`` long, in the same direction."""
    long = length(step)
    return step if long <= most else np.asarray(step * (most / long), dtype=np.float64)


class _Room:
    """How far a wish may go by now: what the time since the hand's last sample allows, less what was used since.

    Time counts from sample to sample, not from update to update: a master that speaks less often than the console asks, or whose samples
    come unevenly, makes a longer step, not a faster one. What a sample leaves unused is lost, so nothing is saved up for a leap.
    """

    def __init__(self, rate: float) -> None:
        self._rate, self.left = rate, 0.0

    def grow(self, dt: float) -> None:
        self.left = min(self.left + self._rate * dt, self._rate * LONGEST)

    def use(self, length: float, last: bool) -> None:
        self.left = 0.0 if last else max(0.0, self.left - length)


class ToolPace:
    """Of one master. `start` with each clutch epoch, `update` once per update while following."""

    def __init__(self, limits: PaceLimits | None = None) -> None:
        self.counts = PaceCounts()
        self._limits = limits if limits is not None else PaceLimits()
        self.start(-math.inf)

    def start(self, now: float) -> None:
        """From here the tool is asked for nothing: no displacement, no rotation, no slip."""
        self._way, self._angle = _Room(self._limits.speed), _Room(self._limits.turn)
        self._asked, self._slip, self._turned = np.zeros(3), np.zeros(3), np.eye(3)
        self._sample: Pose | None = None
        self._before = now

    def update(self, displacement: FloatArray, rotation: FloatArray, sample: Pose, now: float) -> tuple[FloatArray, FloatArray]:
        """The wish at ``now``: displacement (3,) [m] and rotation (3, 3), from what the hand would have of the tool without limits.

        ``sample``: the hand's pose as it came; the same object again is no new sample. A clock that stands or runs backwards moves nothing.
        """
        dt, self._before = max(0.0, now - self._before), max(self._before, now)
        new, self._sample = sample is not self._sample, sample
        return self._moved(displacement, dt, new), self._turned_after(rotation, dt, new)

    def _moved(self, displacement: FloatArray, dt: float, new: bool) -> FloatArray:
        self._way.grow(dt)
        step, self._asked = displacement - self._asked, displacement
        granted = within(step, self._way.left)
        self._way.use(length(granted), new)
        if granted is not step:
            lost = step - granted
            self._slip = self._slip + lost
            self._count(slips=1, slipped=length(lost))
        wish: FloatArray = displacement - self._slip
        return wish

    def _turned_after(self, rotation: FloatArray, dt: float, new: bool) -> FloatArray:
        self._angle.grow(dt)
        gap = angle(rotation @ self._turned.T)
        if gap <= self._angle.left:
            self._turned = rotation
        else:
            self._turned = towards(self._turned, rotation, self._angle.left)
            self._count(lags=1)
        self._angle.use(gap, new)
        return self._turned

    def _count(self, slips: int = 0, lags: int = 0, slipped: float = 0.0) -> None:
        had = self.counts
        self.counts = PaceCounts(had.slips + slips, had.lags + lags, had.slipped + slipped)
