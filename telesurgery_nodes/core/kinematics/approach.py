"""How far an arm may come nearer to a plane before it stands, and one arm's own part in it. The proof of the collision margin.

The plane. For a unit direction n, what of A lies lowest along n less what of B lies highest is never more than the distance of A and
B, and equal to it where n is across their nearest points (both convex). So a pair is safe while

    sum of both sides' low points along their own side of n - radii >= margin.                                             (1)

Each side's low point depends on its own arm only: arms can be judged one by one. It is taken over all path positions that still
count in the smoothed set point (stepper.py), which is their average: what holds for each of them holds for it, but for the arm's
curvature over that time, which is added to the margin (`ArmPath.pad`).

The way. From joint speeds v an arm goes, in this tick, linearly to speeds w, and may brake from then on: straight, every joint alike,
in brake(w) = max |w_j| / a_j. Let b_j bound the travel of joint j on this way. The speed of an end towards the plane while the speed
is x is at most -n J x + |x|^T M b (arm_body.py), which is linear in between; `fall` integrates it. The need of a way is the largest
fall below the present low point.

The rule. S = (1) - margin - N - N' with the needs N, N' of braking at once on both sides. A step is allowed where its need is at most
N + S/2 (N + S where the other side cannot move), and never where S < 0 unless its need is 0. Braking is always allowed.

Induction. Let S >= 0. After allowed steps (or brakes) of both arms, each side's low point fell by f <= need, and braking from there
needs at most need - f: the bounds b shrink by the travel made, by which J may have changed (|x|^T M (b - travel) + |x|^T M travel).
So S >= 0 again along the same n. A new n is taken only where its S is not negative either, or is larger. With S >= 0, (1) holds at
every moment, whatever the arms want, in whatever order they move, and at whatever length of tick: the distance never falls below the
margin. A step with need 0 is one along which no end comes nearer to the plane, so motion away is always granted in full, also inside
the margin.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np

from ..values import FloatArray
from .arm_body import ArmBody, Placed
from .limits import JointLimits, Joints
from .segments import Indices

TIME_ROUNDING = 1e-9  # [s] sums of ticks


def fall(r0: FloatArray, r1: FloatArray, dt: float, brake: float) -> FloatArray:
    """Largest approach [m] on a way whose approach speed goes from ``r0`` to ``r1`` [m/s] within ``dt`` and to 0 within ``brake`` [s]."""
    end = 0.5 * (r0 + r1) * dt + 0.5 * r1 * brake
    turning = np.divide(0.5 * r0 * r0 * dt, r0 - r1, out=np.zeros_like(end), where=(r0 > 0.0) & (r1 <= 0.0) & (r0 > r1))
    return np.maximum(np.maximum(end, turning), 0.0)


class _Seen(NamedTuple):
    """Ends (s, 2, 3) [m] of the capsules at path ``time`` [s]; their speeds before and after the tick that began there, if any turned."""

    time: float
    ends: FloatArray
    speeds: tuple[FloatArray, FloatArray] | None


class ArmPath:
    """One arm's path as the guard sees it: where its capsules are and were, how fast their ends move, how it brakes."""

    def __init__(self, body: ArmBody, limits: JointLimits) -> None:
        self.body, self._rates, self._window = body, limits.acceleration, limits.rise_time
        self._rate = np.array(self._rates)
        # Set point = average over the window: by Taylor at most 1/2 of the mean |d|^T M |d| of d = v (t - middle), which is v^2 T^2 / 12.
        self.pad = body.bend(np.array(limits.velocity) * self._window) / 24.0
        self._history: deque[_Seen] = deque()
        self.placed: Placed
        self.speeds: FloatArray
        self.restart()

    def restart(self) -> None:
        """Forget where it was: it stands where it is seen next."""
        self._history.clear()
        self.lead: Joints = ()
        self.v = np.zeros(len(self._rate))
        self.brake, self.moving, self._prepared = 0.0, False, False

    def follow(self, lead: Joints, velocity: Joints, time: float) -> bool:
        """Take in position and speed of the path at its ``time`` [s]. True where anything changed since the last call."""
        moved = lead is not self.lead and lead != self.lead
        if not moved and len(self._history) == 1 and not self.v.any() and not any(velocity):
            return False
        if moved and not self.v.any() and not any(velocity):
            self._history.clear()  # put somewhere else at rest: it did not travel there
        before, self.v = self.v, np.array(velocity)
        if self._history and (before * self.v < 0.0).any():
            self._history[-1] = self._history[-1]._replace(speeds=(self.placed.speeds(before), self.placed.speeds(self.v)))
        if moved or not self._history:
            self.lead, self.placed = lead, self.body.place(lead)
        self._remember(self.placed.ends, time)
        self.brake = self.braking_time(self.v)
        self.moving = self.brake > 0.0
        self._prepared = False
        return True

    def prepare(self) -> None:
        """What the rules need of the present speed; only asked for where something is near."""
        if self._prepared:
            return
        self.speeds = self.placed.speeds(self.v)
        size = np.abs(self.v)
        self._pull = self.body.pull(size, size * (0.5 * self.brake))
        self._swept = np.array([seen.ends for seen in self._history])
        self._prepared = True

    def braking_time(self, v: FloatArray) -> float:
        """Until speeds ``v`` are braked to rest, every joint scaled alike [s]."""
        return float((np.abs(v) / self._rate).max())

    def braking_time_of(self, v: Joints) -> float:
        """The same of plain floats."""
        return max(abs(x) / rate for x, rate in zip(v, self._rates, strict=True))

    def travel(self, new: FloatArray, dt: float) -> FloatArray:
        """Bound of each joint's travel on the way to speeds ``new`` within ``dt``, then braking."""
        size = np.abs(new)
        return np.asarray((0.5 * dt) * np.abs(self.v) + (0.5 * (dt + self.braking_time(new))) * size)

    def low(self, normal: FloatArray, part: Indices) -> tuple[FloatArray, FloatArray]:
        """Along ``normal`` (p, 3) for parts ``part`` (p,): their low points (p,), and how far above these each end is now (p, 2)."""
        along = np.matmul(self._swept[:, part], normal[:, :, None])[..., 0]
        for k, seen in enumerate(self._history):
            if seen.speeds is not None and k + 1 < len(along):  # a joint turned round after it: the furthest point lies within the tick
                r0, r1 = (_towards(normal, speeds[part]) for speeds in seen.speeds)
                along[k] -= fall(r0, r1, self._history[k + 1].time - seen.time, 0.0)
        lowest = along.min(axis=(0, 2))
        return lowest, along[-1] - lowest[:, None]

    def brake_need(self, normal: FloatArray, part: Indices, above: FloatArray) -> FloatArray:
        """Need of braking at once (p,)."""
        if self.brake == 0.0:
            return np.zeros(len(part))
        rate = _towards(normal, self.speeds[part]) + self._pull[part][:, None]
        return np.asarray(np.maximum(np.max(np.maximum(rate, 0.0) * (0.5 * self.brake) - above, axis=-1), 0.0))

    def step_need(
        self, part: Indices, normal: FloatArray, above: FloatArray, new: FloatArray, travel: FloatArray, dt: float
    ) -> FloatArray:
        """Need (p,) of going to joint speeds ``new`` within ``dt``, then braking: below 0 none. ``travel``: of the joints on this way."""
        bend = self.body.curvature @ travel
        pull = np.stack([bend @ np.abs(self.v), bend @ np.abs(new)])[:, part, None]
        speeds = np.stack([self.speeds, self.placed.speeds(new)])[:, part]
        rates = pull - np.matmul(speeds, normal[:, :, None])[..., 0]
        return np.asarray((fall(rates[0], rates[1], dt, self.braking_time(new)) - above).max(axis=-1))

    def ahead(self, new: FloatArray, dt: float, time: float) -> FloatArray:
        """Straight prediction of the ends (s, 2, 3), ``time`` [s] after now on the way to joint speeds ``new``, then braking."""
        ramp, brake = min(time, dt), self.braking_time(new)
        joint = self.v * ramp + (0.5 * ramp * ramp / dt) * (new - self.v) if dt > 0.0 else np.zeros(len(new))
        slowed = min(max(time - dt, 0.0), brake)
        if slowed > 0.0:
            joint = joint + new * (slowed - 0.5 * slowed * slowed / brake)
        return self.placed.ends + self.placed.speeds(joint)

    def _remember(self, ends: FloatArray, time: float) -> None:
        if self._history and self._history[-1].time == time:
            return  # the arm did not tick since
        self._history.append(_Seen(time, ends, None))
        while len(self._history) > 1 and self._history[1].time <= time - self._window + TIME_ROUNDING:
            self._history.popleft()
        if not self.v.any() and all(seen.ends is ends and seen.speeds is None for seen in self._history):
            self._history = deque([self._history[-1]])


def _towards(normal: FloatArray, speeds: FloatArray) -> FloatArray:
    """Speeds of the ends (p, 2, 3) against ``normal`` (p, 3)."""
    return np.asarray(-np.matmul(speeds, normal[:, :, None])[..., 0])
