"""Where the set point is led by a local command: one small class per kind, each asked once a tick for the next joints.

A lead never runs far ahead of the set point: it waits while the limiter needs longer than LEAD to catch up, so that what the limits
take from a motion is its speed and not its shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from ...errors import KinematicsError
from ..kinematics.frames import (
    Frame,
    Quaternion,
    Vector,
    angle_between,
    axis_rotation,
    distance,
    from_quaternion,
    norm,
    product,
    quaternion,
)
from ..kinematics.limits import Joints
from ..kinematics.psm import Solution

LEAD = 0.1  # [s] a lead waits when the set point is further behind at full joint speed
SPEED_AGE = 0.1  # [s] a speed older than this is dropped: ten periods of dVRK's 100 Hz (ros2.md section 2.5)
PERIODS = (0.005, 0.2)  # [s] distance of two targets that is believed: 200 Hz to 5 Hz
FIRST_PERIOD = 0.05  # [s] before two targets have come: between dVRK's 20 and 100 Hz
SAME = 2e-6  # [rad or m] joints arrived; twice the controller's own
POSE_M, POSE_RAD = 1e-5, 1e-4  # [m, rad] a tip reached
TRIES = 60  # steps of a kinematics that answers only near its reference

T = TypeVar("T")
Solve = Callable[[Frame, Joints], Solution]
Forward = Callable[[Joints], Frame]


def between(a: Frame, b: Frame, share: float) -> Frame:
    """Straight line in position, shortest turn at even speed in orientation (slerp); 0 is ``a``, 1 is ``b``."""
    p: Vector = (a.p[0] + (b.p[0] - a.p[0]) * share, a.p[1] + (b.p[1] - a.p[1]) * share, a.p[2] + (b.p[2] - a.p[2]) * share)
    return Frame(p, b.r if share >= 1.0 else from_quaternion(_slerp(quaternion(a.r), quaternion(b.r), share)))


def _slerp(a: Quaternion, b: Quaternion, share: float) -> Quaternion:
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    side = 1.0 if dot >= 0.0 else -1.0
    half = math.acos(min(1.0, abs(dot)))
    sine = math.sin(half)
    one, other = (1.0 - share, share) if sine < SAME else (math.sin((1.0 - share) * half) / sine, math.sin(share * half) / sine)
    w, x, y, z = (one * p + side * other * q for p, q in zip(a, b, strict=True))
    length = math.sqrt(w * w + x * x + y * y + z * z)
    return (w / length, x / length, y / length, z / length)


def between_joints(a: Joints, b: Joints, share: float) -> Joints:
    """Straight line in joints."""
    return tuple(x + (y - x) * share for x, y in zip(a, b, strict=True))


def near(a: Frame, b: Frame) -> bool:
    """The same tip within what counts as reached."""
    return distance(a.p, b.p) <= POSE_M and angle_between(a.r, b.r) <= POSE_RAD


def reach(solve: Solve, forward: Forward, goal: Frame, reference: Joints) -> Joints | None:
    """In-range joints whose tip is ``goal``, found from ``reference``; None where there are none."""
    joints = reference
    for _ in range(TRIES):
        try:
            found = solve(goal, joints).joints
        except KinematicsError:
            return None
        if near(forward(found), goal):
            return found
        if same(found, joints):
            return None  # it goes no further
        joints = found
    return None


def same(a: Joints, b: Joints) -> bool:
    """Joints alike."""
    return len(a) == len(b) and all(abs(x - y) <= SAME for x, y in zip(a, b, strict=True))


class Course(Protocol):
    """``slow``: home speed. ``busy``: CRTK's is_busy. ``end``: joints it ends at, None where it has no end."""

    @property
    def slow(self) -> bool:
        """See above."""

    @property
    def busy(self) -> bool:
        """See above."""

    @property
    def end(self) -> Joints | None:
        """See above."""

    def lead(self, setpoint: Joints, dt: float, now: float) -> Joints | None:
        """Where the set point should go next; None: over."""


class JointGoal:
    """Joints, once: the limiter knows the way. Over when the set point is there."""

    def __init__(self, goal: Joints, slow: bool) -> None:
        self.slow, self.busy, self.end = slow, slow, goal

    def lead(self, setpoint: Joints, dt: float, now: float) -> Joints | None:
        """The goal until it is reached."""
        return None if same(setpoint, self.end) else self.end


class TipLine:
    """A straight line of the tip."""

    slow = busy = True

    def __init__(self, start: Frame, goal: Frame, end: Joints, speeds: tuple[float, float], solve: Solve, speed: Joints) -> None:
        """``speeds``: of the tip [m/s, rad/s]; ``end``: joints at the goal; ``speed``: of the joints, per s."""
        self.end: Joints | None = end
        self._start, self._goal, self._solve, self._speed = start, goal, solve, speed
        times = (distance(start.p, goal.p) / speeds[0], angle_between(start.r, goal.r) / speeds[1])
        self._time = max(*times, SAME)
        self._share, self._last = 0.0, ()  # type: float, Joints

    def lead(self, setpoint: Joints, dt: float, now: float) -> Joints | None:
        """A little further along the line."""
        if self._share >= 1.0 and same(setpoint, self._last):
            return None
        if not self._last or behind(self._last, setpoint, self._speed) <= LEAD:
            self._share = min(1.0, self._share + dt / self._time)
        self._last = self._solve(between(self._start, self._goal, self._share), setpoint).joints
        return self._last


class Smoother(Generic[T]):
    """Targets that come now and then, joined by straight pieces one period of the sender long: smooth, and one period late."""

    def __init__(self, start: T, blend: Callable[[T, T, float], T]) -> None:
        self._from = self.target = start
        self._blend, self._at, self._period = blend, -math.inf, FIRST_PERIOD

    def aim(self, target: T, now: float) -> None:
        """A new target at steady time ``now`` [s]."""
        self._from = self.at(now)
        since = now - self._at
        self._period = min(max(since, PERIODS[0]), PERIODS[1]) if math.isfinite(since) else FIRST_PERIOD
        self.target, self._at = target, now

    def at(self, now: float) -> T:
        """Where the pieces are at ``now``."""
        share = (now - self._at) / self._period
        return self.target if share >= 1.0 else self._blend(self._from, self.target, max(share, 0.0))


class JointStream:
    """interpolate_jp."""

    slow = busy = False

    def __init__(self, start: Joints) -> None:
        self.path = Smoother(start, between_joints)

    @property
    def end(self) -> Joints | None:
        """The newest target."""
        return self.path.target

    def lead(self, setpoint: Joints, dt: float, now: float) -> Joints | None:
        """The smoothed target."""
        return self.path.at(now)


class TipStream:
    """interpolate_cp."""

    slow = busy = False

    def __init__(self, start: Frame, solve: Solve) -> None:
        self.path, self.end, self._solve = Smoother(start, between), None, solve  # type: Smoother[Frame], Joints | None, Solve

    def lead(self, setpoint: Joints, dt: float, now: float) -> Joints | None:
        """Joints for the smoothed target."""
        self.end = self._solve(self.path.at(now), setpoint).joints
        return self.end


class JointSpeed:
    """servo_jv."""

    slow = busy = False
    end: Joints | None = None

    def __init__(self, start: Joints, speed: Joints) -> None:
        """``speed`` the arm's own limits."""
        self._lead, self._limit, self._wanted, self._at = start, speed, (), -math.inf  # type: Joints, Joints, Joints, float

    def aim(self, speed: Joints, now: float) -> None:
        """New speeds."""
        self._wanted, self._at = speed, now

    def lead(self, setpoint: Joints, dt: float, now: float) -> Joints | None:
        """As far as the newest speeds lead; over when they are old."""
        if now - self._at > SPEED_AGE:
            return None
        if behind(self._lead, setpoint, self._limit) <= LEAD:
            self._lead = tuple(x + v * dt for x, v in zip(self._lead, self._wanted, strict=True))
        return self._lead


class TipSpeed:
    """servo_cv."""

    slow = busy = False
    end: Joints | None = None

    def __init__(self, start: Frame, solve: Solve, speed: Joints) -> None:
        """``speed`` the joints' limits."""
        self._frame, self._solve, self._limit, self._at = start, solve, speed, -math.inf
        self._linear: Vector = (0.0, 0.0, 0.0)
        self._angular: Vector = (0.0, 0.0, 0.0)
        self._last: Joints = ()

    def aim(self, linear: Vector, angular: Vector, now: float) -> None:
        """A new twist, linear [m/s] and angular [rad/s], in the frame of ``start``."""
        self._linear, self._angular, self._at = linear, angular, now

    def lead(self, setpoint: Joints, dt: float, now: float) -> Joints | None:
        """As far as the newest twist leads; over when it is old."""
        if now - self._at > SPEED_AGE:
            return None
        if not self._last or behind(self._last, setpoint, self._limit) <= LEAD:
            self._frame = _moved(self._frame, self._linear, self._angular, dt)
        self._last = self._solve(self._frame, setpoint).joints
        return self._last


def _moved(frame: Frame, linear: Vector, angular: Vector, dt: float) -> Frame:
    p = (frame.p[0] + linear[0] * dt, frame.p[1] + linear[1] * dt, frame.p[2] + linear[2] * dt)
    turn = norm(angular)
    if turn <= 0.0:
        return Frame(p, frame.r)
    axis = (angular[0] / turn, angular[1] / turn, angular[2] / turn)
    return Frame(p, product(axis_rotation(axis, turn * dt), frame.r))


def behind(lead: Joints, setpoint: Joints, speed: Joints) -> float:
    """How long the slowest joint needs to the lead at ``speed`` [s]."""
    return max(abs(a - b) / v for a, b, v in zip(lead, setpoint, speed, strict=True))
