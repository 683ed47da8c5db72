"""The set point of an arm: a path within speed and acceleration limits, smoothed into the jerk limits.

A step is scaled as a whole, never joint by joint: per-joint clipping bends the path (2.55 mrad mean orientation error after a 20 mm
jump, against 0.011 for uniform scaling; sim.md section 5.2). Everything that bites is returned as a `Limit` flag.

Two stages. The path has piecewise linear speed; its `WindowAverage` over the rise time is the set point.
Invariant, by induction over steps: after any step, braking the path with every joint scaled alike ends inside the position limits.
Proof: `_can_stop` admits a speed only where this holds after it; where it admits none, the brake of the step before is continued, which
ends where that one did. The set point is an average of path positions, all of them in range, so it is in range too, before, during and
after braking, and its speed, acceleration and jerk are within the limits (the laws in smoothing.py). So a hold can always be granted.

For an arm whose trocar is held by software the path must stay on a surface in joint space. `carry` turns the present speed along it
before it is scaled, so that neither braking nor a change of direction leaves the surface by more than one tick's curvature, which the
next tick corrects. Only where the carried speed could not stop in range is the straight brake taken (STOPPING): range before trocar.

Why not Ruckig in this place: it is faster (8 us against 31 us a tick here) and its delay half, but it replans each joint against time, so
a target that jumps while it moves bends the tip's path (5.6 mrad mean orientation error in the 0.3 s after, against 0.4), it knows no
surface, and its cycle time is fixed. `telesurgery bench arm` measures both where Ruckig is installed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

from ...errors import ConfigError
from .limits import ROUNDING, JointLimits, Joints
from .reasons import Limit
from .smoothing import Ramp, WindowAverage

VIABILITY_TRIALS = (0.5, 0.25, 0.125)  # shares of the wanted change tried where all of it is too much, before braking fully
CARRY_SHARE = 0.5  # of the acceleration, at most, is spent on turning the speed along the surface; the rest stays for the motion

# (joints, wanted speed) -> share [0, 1] of that speed allowed there, and why. NaN counts as 0.
SpeedLaw = Callable[[Joints, Joints], tuple[float, Limit]]
# (joints, speed, dt) -> the same speed turned so that it stays on the surface, with what brings an error back within dt.
Carry = Callable[[Joints, Joints, float], Joints]


class Guard(Protocol):
    """Judges the path by what lies beside it (arm_guard.py). The straight brake is not asked about: it is always allowed."""

    def law(self, q: Joints, wanted: Joints) -> tuple[float, Limit]:
        """A SpeedLaw."""

    def clear(self, q: Joints, new: Joints, dt: float) -> bool:
        """May the path at ``q`` go to speed ``new`` within ``dt`` [s] and brake from there?"""


class StepLimiter:
    """Set point and its speed; `step` moves towards a goal, `brake` comes to rest along the path."""

    def __init__(self, limits: JointLimits, laws: Sequence[SpeedLaw] = (), carry: Carry | None = None) -> None:
        self.limits = limits
        self._laws, self._carry = tuple(laws), carry
        self.guard: Guard | None = None
        self.time = 0.0  # [s] of the path: the sum of its ticks
        self.on_surface = carry is not None  # False: moves freely, as joint moves and homing do
        self._window = WindowAverage(limits.rise_time)
        self._change: Joints = (0.0,) * len(limits.lower)
        self.lead: Joints = ()  # where the path is: ahead of the set point by half the rise time
        self.lead_velocity: Joints = ()
        self.position: Joints = ()
        self.velocity: Joints = ()

    @property
    def resting(self) -> bool:
        """True where the set point stands still."""
        return self._window.resting and not any(self.lead_velocity)

    def _stands(self) -> bool:
        """It has stood, and nobody else has a say (a jaw): a tick that wants nothing changes nothing but the time."""
        return self.resting and not any(self._change) and not self._laws and self.guard is None

    def reset(self, q: Joints) -> None:
        """Start at rest at ``q`` (measured joints, possibly a little outside the range: the range then never gets wider)."""
        if len(q) != len(self.limits.lower) or not all(map(math.isfinite, q)):
            raise ConfigError(f"{len(self.limits.lower)} finite joint positions wanted, got {q}")
        self.position = self.lead = q
        self.velocity = self.lead_velocity = self._change = (0.0,) * len(q)
        self._window.reset()

    def brake(self, dt: float) -> Limit:
        """Slow down along the path within the accelerations; after that stand still."""
        if self.resting:
            self.time += dt
            return Limit.NONE
        if self._carry is not None and self.on_surface and any(self.lead_velocity):
            base = self._carried(dt)
            slower = _scaled(base, 1.0 - self._room(base, dt))
            if not self._objection(slower, dt):
                return self._apply(slower, dt)
        return self._straight_brake(dt)

    def step(self, goal: Joints, dt: float, speed: float = 1.0, ceiling: tuple[float, Limit] = (1.0, Limit.NONE)) -> Limit:
        """Move towards ``goal`` (in range) by at most velocity * ``speed`` * dt; returns what bit.

        ``ceiling``: share of the speed the arm would have otherwise that others allow (collision, force), and why; 0 or NaN brakes.
        """
        wanted, reasons = self._wanted(goal, dt, speed)
        if not any(wanted) and self._stands() and ceiling[0] >= 1.0:
            self.time += dt
            return reasons
        wanted, more = self._slowed(wanted, ceiling)
        base = self._carried(dt)
        share = self._reachable(wanted, base, dt)
        reasons |= more | (Limit.ACCELERATION if share < 1.0 else Limit.NONE)
        aimed = _between(base, wanted, share)
        objection = self._objection(aimed, dt)
        if not objection:
            return self._apply(aimed, dt) | reasons
        rest = _scaled(base, 1.0 - self._room(base, dt))
        for trial in VIABILITY_TRIALS:
            velocity = _between(rest, aimed, trial)
            more = self._objection(velocity, dt)
            if not more:
                return self._apply(velocity, dt) | reasons | objection
            objection |= more
        return self._straight_brake(dt) | reasons | objection

    def _wanted(self, goal: Joints, dt: float, speed: float) -> tuple[Joints, Limit]:
        """Speed along the straight joint line to the goal from which the arm still comes to rest on the goal.

        What the present speed covers while it falls to zero within this tick is taken off the way, so that the goal is met dead-beat.
        """
        ways = tuple([g - x - 0.5 * v * dt for g, x, v in zip(goal, self.lead, self.lead_velocity, strict=True)])
        if max(map(abs, ways)) < ROUNDING:
            return (0.0,) * len(ways), Limit.NONE
        slowest = max([abs(way) / rate for way, rate in zip(ways, self.limits.acceleration, strict=True)])
        rate = 2.0 / (dt + math.sqrt(dt * dt + 2.0 * slowest))
        fastest = min([limit * speed / abs(way) for way, limit in zip(ways, self.limits.velocity, strict=True) if way], default=math.inf)
        reasons = Limit.VELOCITY if fastest < rate else Limit.NONE
        wanted = _scaled(ways, min(rate, fastest))
        return (wanted if self._carry is None or not self.on_surface else self._on_surface(wanted, dt, speed)), reasons

    def _on_surface(self, wanted: Joints, dt: float, speed: float) -> Joints:
        """The wanted speed turned along the surface, with all of what brings an error back, and within the speed limits again."""
        turned = self._turned(wanted, dt)
        used = max(abs(v) / limit for v, limit in zip(turned, self.limits.velocity, strict=True))
        return turned if used <= speed else _scaled(turned, speed / used)

    def _slowed(self, wanted: Joints, ceiling: tuple[float, Limit]) -> tuple[Joints, Limit]:
        """Every speed law on the same wanted speed: the strictest counts, the ceiling comes on top, and all that bite are told."""
        found = [(self.limits.margin_share(self.lead, wanted), Limit.SOFT_MARGIN)]
        for law in self._laws:
            found.append(law(self.lead, wanted))
        if self.guard is not None:
            found.append(self.guard.law(self.lead, wanted))
        reasons, strictest = Limit.NONE, 1.0
        for share, reason in found:
            if not share >= 1.0:
                strictest, reasons = min(strictest, _sound(share)), reasons | reason
        if not ceiling[0] >= 1.0:
            strictest, reasons = strictest * _sound(ceiling[0]), reasons | ceiling[1]
        return (_scaled(wanted, strictest) if strictest < 1.0 else wanted), reasons

    def _carried(self, dt: float) -> Joints:
        """The present speed turned along the surface, by no more than CARRY_SHARE of the acceleration."""
        if self._carry is None or not self.on_surface:
            return self.lead_velocity
        turned = self._turned(self.lead_velocity, dt)
        share = 1.0
        for new, old, rate in zip(turned, self.lead_velocity, self.limits.acceleration, strict=True):
            change = abs(new - old)
            if change > CARRY_SHARE * rate * dt:
                share = min(share, CARRY_SHARE * rate * dt / change)
        return _between(self.lead_velocity, turned, share)

    def _turned(self, velocity: Joints, dt: float) -> Joints:
        """What `carry` makes of a speed; the speed itself where that is no number."""
        turned = self._carry(self.lead, velocity, dt) if self._carry is not None else velocity
        return turned if all(map(math.isfinite, turned)) else velocity

    def _room(self, base: Joints, dt: float) -> float:
        """Share [0, 1] of ``base`` that braking can take off in this tick on top of the turn from the present speed to ``base``."""
        share = 1.0
        for new, old, rate in zip(base, self.lead_velocity, self.limits.acceleration, strict=True):
            left = rate * dt - abs(new - old)
            if abs(new) > left:
                share = min(share, left / abs(new))
        return max(share, 0.0)

    def _reachable(self, wanted: Joints, base: Joints, dt: float) -> float:
        """Largest share s in [0, 1] for which base + s (wanted - base) is within the accelerations of the present speed."""
        share = 1.0
        for new, middle, old, rate in zip(wanted, base, self.lead_velocity, self.limits.acceleration, strict=True):
            way, turn, room = new - middle, middle - old, rate * dt
            if abs(turn + way) > room:
                share = min(share, (room - turn if way > 0.0 else room + turn) / abs(way))
        return max(share, 0.0)

    def _straight_brake(self, dt: float) -> Limit:
        """Every joint scaled alike, at rest within the tick where the accelerations allow that."""
        longest = self._braking_time(self.lead_velocity)
        left = 1.0 - dt / longest if longest > dt else 0.0
        return self._apply(_scaled(self.lead_velocity, left), dt, min(longest, dt))

    def _braking_time(self, velocity: Joints) -> float:
        return max([abs(v) / rate for v, rate in zip(velocity, self.limits.acceleration, strict=True)])

    def _objection(self, velocity: Joints, dt: float) -> Limit:
        """Why the path may not go to ``velocity`` within ``dt``; NONE where it may."""
        if not self._can_stop(velocity, dt):
            return Limit.STOPPING
        return Limit.NONE if self.guard is None or self.guard.clear(self.lead, velocity, dt) else Limit.COLLISION

    def _can_stop(self, velocity: Joints, dt: float) -> bool:
        """After a tick that ends at ``velocity``, does straight braking end in range? (A joint outside may only come back.)

        Within the tick a joint that turns round goes furthest where its speed is zero.
        """
        half = self._braking_time(velocity) / 2.0
        rows = zip(self.lead, self.lead_velocity, velocity, self.limits.lower, self.limits.upper, strict=True)
        for x, old, new, low, high in rows:
            end = x + 0.5 * (old + new) * dt + new * half
            turn = x + 0.5 * old * dt * old / (old - new) if old * new < 0.0 else end
            if max(end, turn) > max(high, x) + ROUNDING or min(end, turn) < min(low, x) - ROUNDING:
                return False
        return True

    def _apply(self, velocity: Joints, dt: float, ramp: float | None = None) -> Limit:
        """The path goes on for ``dt``; its speed changes during the first ``ramp`` of it (all of it where None)."""
        old, changing = self.lead_velocity, dt if ramp is None else ramp
        self.time += dt
        reasons = self._jerked(velocity, dt)
        for time, begin, end in ((changing, old, velocity), (dt - changing, velocity, velocity)):
            if time > 0.0:
                self._window.push(Ramp(time, self.lead, begin, end))
                if any(begin) or any(end):
                    half = 0.5 * time
                    self.lead = tuple([x + half * (v + w) for x, v, w in zip(self.lead, begin, end, strict=True)])
        self.lead_velocity = velocity
        if self._window.resting:
            self.position, self.velocity = self.lead, velocity  # the same tuple again: what is computed from it need not be again
        else:
            self.position, self.velocity = self._window.average(self.lead)
        return reasons

    def _jerked(self, velocity: Joints, dt: float) -> Limit:
        """JERK where the path's acceleration changes faster than the set point's may."""
        before, self._change = self._change, tuple([(new - old) / dt for new, old in zip(velocity, self.lead_velocity, strict=True)])
        for new, old, jerk in zip(self._change, before, self.limits.jerk, strict=True):
            if abs(new - old) > jerk * dt:
                return Limit.JERK
        return Limit.NONE


def _sound(share: float) -> float:
    """A share that is no number, or negative, is nothing."""
    return share if share >= 0.0 else 0.0


def _between(a: Joints, b: Joints, share: float) -> Joints:
    return b if share == 1.0 else tuple([x + (y - x) * share for x, y in zip(a, b, strict=True)])


def _scaled(v: Joints, share: float) -> Joints:
    return tuple([x * share for x in v])
