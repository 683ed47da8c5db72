"""Joint limits that keep the shape of a step: a step is scaled as a whole, never joint by joint.

Per-joint clipping bends the path (2.55 mrad mean orientation error after a 20 mm jump, against 0.011 for uniform scaling; sim.md
section 5.2). Everything that bites is returned as a `Limit` flag: nothing is clamped silently.

Invariant, by induction over steps: from the state after any step, braking with every joint scaled alike ends inside the
position limits. So a hold can always be granted, whatever came before.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from dataclasses import dataclass

from ...errors import ConfigError

Joints = tuple[float, ...]

VIABILITY_TRIALS = (1.0, 0.5, 0.25, 0.125)  # shares of the wanted change tried before braking fully
ROUNDING = 1e-12  # [rad or m] a position this far outside is arithmetic, not motion


class Limit(enum.IntFlag):
    """What bit while a set point was made."""

    NONE = 0
    VELOCITY = 1  # a joint's speed limit scaled the step
    ACCELERATION = 2  # a joint's acceleration limit scaled the change of speed
    POSITION = 4  # a joint target outside its range was moved to the edge
    SOFT_MARGIN = 8  # a joint target lies in the soft margin before its range ends
    WRIST = 16  # orientation given up to keep the tip position ("position first")
    INSERTION = 32  # too close to the remote centre, or too deep
    TIP_SPEED = 64  # Cartesian speed limit of the tip scaled the step
    STOPPING = 128  # slowed so that it can still stop inside its range
    UNREACHABLE = 256  # no solution at all: the arm holds
    BRANCH = 512  # the only solution is a wrist flip away: orientation held back
    LATE = 1024  # the control tick was late; the step was not stretched


@dataclass(frozen=True)
class JointLimits:
    """Per joint: range [rad or m], speed [per s], acceleration [per s^2], soft margin inside the range [rad or m]."""

    lower: Joints
    upper: Joints
    velocity: Joints
    acceleration: Joints
    margin: Joints

    def __post_init__(self) -> None:
        n = len(self.lower)
        if any(len(values) != n for values in (self.upper, self.velocity, self.acceleration, self.margin)):
            raise ConfigError(f"joint limits: {n} numbers wanted in every row, got {self}")
        for low, high, speed, rate, soft in zip(self.lower, self.upper, self.velocity, self.acceleration, self.margin, strict=True):
            valid = low < high and speed > 0.0 and rate > 0.0 and 0.0 <= 2.0 * soft < high - low
            if not (valid and all(map(math.isfinite, (low, high, speed, rate, soft)))):
                raise ConfigError(f"joint limits: wanted lower < upper, finite positive speed and acceleration, 0 <= margin; got {self}")

    def inside(self, q: Joints) -> bool:
        """True where every joint is in its range."""
        return all(low - ROUNDING <= x <= high + ROUNDING for low, x, high in zip(self.lower, q, self.upper, strict=True))

    def clamp(self, q: Joints) -> tuple[Joints, Limit]:
        """Nearest joints in range (per joint: for joint targets, where no tip position is to be kept), and what bit."""
        clamped = tuple(min(max(x, low), high) for low, x, high in zip(self.lower, q, self.upper, strict=True))
        return clamped, (Limit.POSITION if not self.inside(q) else Limit.NONE) | self.soft(clamped)

    def soft(self, q: Joints) -> Limit:
        """SOFT_MARGIN where a joint is in the margin before the end of its range (a warning; the range itself still counts)."""
        rows = zip(self.lower, q, self.upper, self.margin, strict=True)
        return Limit.SOFT_MARGIN if any(x < low + soft or x > high - soft for low, x, high, soft in rows) else Limit.NONE


class StepLimiter:
    """Set point and its speed; `step` moves towards a goal, `brake` comes to rest along the path."""

    def __init__(self, limits: JointLimits, speed_share: Callable[[Joints, Joints], float] | None = None) -> None:
        """``speed_share(q, v)``: share (0, 1] of ``v`` that the tip's Cartesian limits allow at ``q``."""
        self.limits = limits
        self._share = speed_share
        self.position: Joints = ()
        self.velocity: Joints = ()

    @property
    def resting(self) -> bool:
        """True where the set point stands still."""
        return not any(self.velocity)

    def reset(self, q: Joints) -> None:
        """Start at rest at ``q`` (measured joints, possibly a little outside the range: the range then never gets wider)."""
        if len(q) != len(self.limits.lower) or not all(map(math.isfinite, q)):
            raise ConfigError(f"{len(self.limits.lower)} finite joint positions wanted, got {q}")
        self.position = q
        self.velocity = (0.0,) * len(q)

    def brake(self, dt: float) -> Limit:
        """Slow down along the path within the accelerations; after that stand still."""
        return self._apply(self._braked(dt), dt)

    def step(self, goal: Joints, dt: float, speed: float = 1.0) -> Limit:
        """Move towards ``goal`` (in range) by at most velocity * ``speed`` * dt; returns what bit."""
        wanted, reasons = self._wanted(goal, dt, speed)
        share = 1.0
        for new, old, rate in zip(wanted, self.velocity, self.limits.acceleration, strict=True):
            change = abs(new - old)
            if change > rate * dt:
                share = min(share, rate * dt / change)
        if share < 1.0:
            reasons |= Limit.ACCELERATION
        braked = self._braked(dt)
        aimed = _between(self.velocity, wanted, share)
        for trial in VIABILITY_TRIALS:
            velocity = aimed if trial == 1.0 else _between(braked, aimed, trial)
            if self._can_stop(velocity, dt):
                return self._apply(velocity, dt) | reasons | (Limit.NONE if trial == 1.0 else Limit.STOPPING)
        return self._apply(braked, dt) | reasons | Limit.STOPPING

    def _wanted(self, goal: Joints, dt: float, speed: float) -> tuple[Joints, Limit]:
        """Speed along the straight joint line to the goal from which the arm still comes to rest on the goal."""
        ways = tuple(g - x for g, x in zip(goal, self.position, strict=True))
        slowest = max(abs(way) / rate for way, rate in zip(ways, self.limits.acceleration, strict=True))
        rate = 2.0 / (dt + math.sqrt(dt * dt + 2.0 * slowest))
        fastest = min((limit * speed / abs(way) for way, limit in zip(ways, self.limits.velocity, strict=True) if way), default=math.inf)
        reasons = Limit.VELOCITY if fastest < rate else Limit.NONE
        rate = min(rate, fastest)
        wanted = tuple(way * rate for way in ways)
        share = self._share(self.position, wanted) if self._share is not None else 1.0
        if share < 1.0:
            return tuple(v * share for v in wanted), reasons | Limit.TIP_SPEED
        return wanted, reasons

    def _braked(self, dt: float) -> Joints:
        longest = max(abs(v) / rate for v, rate in zip(self.velocity, self.limits.acceleration, strict=True))
        left = 1.0 - dt / longest if longest > dt else 0.0
        return tuple(v * left for v in self.velocity)

    def _can_stop(self, velocity: Joints, dt: float) -> bool:
        """After a step at ``velocity``, does uniform braking end in range? (A joint outside may only come back.)"""
        limits = self.limits
        half = max(abs(v) / rate for v, rate in zip(velocity, limits.acceleration, strict=True)) / 2.0
        for x, v, low, high in zip(self.position, velocity, limits.lower, limits.upper, strict=True):
            end = x + v * (dt + half)
            if (v > 0.0 and end > high + ROUNDING) or (v < 0.0 and end < low - ROUNDING):
                return False
        return True

    def _apply(self, velocity: Joints, dt: float) -> Limit:
        self.velocity = velocity
        if not any(velocity):
            return Limit.NONE  # the same tuple again: what is computed from it need not be computed again
        self.position = tuple(x + v * dt for x, v in zip(self.position, velocity, strict=True))
        return Limit.NONE


def _between(a: Joints, b: Joints, share: float) -> Joints:
    return tuple(x + (y - x) * share for x, y in zip(a, b, strict=True))
