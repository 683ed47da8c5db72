"""The last function before the motors: every set point of an arm is judged here, whatever made it. Denies by default.

It keeps its own account of what was sent, its own clock and its own limits, so no fault above it moves an arm further or faster
than these allow. It never clamps: what breaks a limit is refused and counted, and the last admitted set point is sent again. The
limits lie a little outside those the controller keeps, so in a healthy system nothing is ever refused but pushing too hard.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

from telesurgery_nodes.core.kinematics.frames import Frame, angle_between, distance
from telesurgery_nodes.core.kinematics.limits import Joints
from telesurgery_nodes.core.safety.causes import Cause
from telesurgery_nodes.core.safety.force import Force, Push, push, pushes
from telesurgery_nodes.core.safety.motor import CAUSE_OF, MotorDecision, MotorLimits, MotorRequest, Refusal
from telesurgery_nodes.core.values import Permit, Phase

LOCAL_PHASES = (Phase.STANDBY, Phase.HOLDING)  # nobody follows: the local team may home and move joints
ROUNDING = 1e-9  # [rad or m] a place this far beyond a limit is arithmetic
# A controller with limited jerk turns its acceleration round once leave is gone. Its set point is a path averaged over a rise time, and
# what is known of it is the middle of its last step. So the speeds it still goes through on the way to rest differ from that one by at
# most the acceleration times half the step and half the rise time; a joint that was about to turn round does so.
EASE = 0.03  # [s] without leave; a step that begins within this time may still show it
EASE_GAIN = 0.01  # [s] of acceleration, on top of half the last step: a rise time of 10 ms needs half of this
BAD_ROW = 3  # set points refused one after the other that are no accident any more: 12 ms at 250 Hz (hazard 23)
# Nobody's fault (nothing was sent yet, nothing is measured, something is touched) or counted already: these hold and never latch.
HOLD_ONLY = (Refusal.START, Refusal.FORCE, Refusal.FORCE_UNKNOWN, Refusal.LATCHED)
MOVED_TO_START = (Refusal.RATE, Refusal.TIP, Refusal.ACCELERATION)


class MotorGate:
    """Judges every set point of one arm.

    ``counts``: refusals by reason; ``bad``: those a healthy system never has; ``latched``: holds until a larger motion epoch or a
    local enable.
    """

    def __init__(self, limits: MotorLimits, forward: Callable[[Joints], Frame]) -> None:
        """``forward``: joints without the jaw -> tip in the RCM frame."""
        self.limits = limits
        self.counts: Counter[str] = Counter()
        self.bad = 0
        self.latched = False
        self._forward = forward
        self._held: tuple[Joints, Frame] | None = None
        self._speed: Joints = ()
        self._started = self._last_dt = 0.0
        self._at: float | None = None
        self._left_leave = -math.inf
        self._left_speed: Joints = ()
        self._left_dt = self._without = 0.0
        self._bad_row = self._epoch = 0
        self._may_start = False

    def restart(self) -> None:
        """A local enable or home: the next set point may start from where the arm is measured, and a latch ends."""
        self._may_start, self.latched, self._bad_row = True, False, 0

    def update(self, request: MotorRequest, now: float) -> MotorDecision:
        """Judge this tick's set point at steady time ``now`` [s]."""
        dt = min(now - self._at, self.limits.max_tick) if self._at is not None else 0.0
        self._at = now
        self._learn(request.permit)
        if request.joints is None:
            self._held = None
            return MotorDecision(None, None, None, Cause.NONE, self.latched)
        row = self._as_row(request.joints, request.jaw)
        if row is None:
            return self._refuse(Refusal.NOT_FINITE)
        missing = self._missing_leave(request)
        tip = self._reach(row)
        refusal = self._judge(row, tip, request, missing, dt, now)
        # Late ticks are not stretched, as in the controller: what one takes beyond max_tick is no time.
        self._without = 0.0 if missing is None else self._without + dt
        starts = refusal in MOVED_TO_START and self._may_start and not self._far_from_arm(tip, request)
        if refusal is not None and not starts:
            return self._refuse(refusal)
        self._admit(row, tip, dt, starts)
        if missing is None:
            self._left_leave, self._left_speed, self._left_dt = now, self._speed, dt
        return MotorDecision(request.joints, request.jaw, None, Cause.NONE, self.latched)

    def _learn(self, permit: Permit | None) -> None:
        """A larger motion epoch, which only a fresh press makes, ends a latch."""
        if permit is None or permit.motion_epoch <= self._epoch:
            return
        self._epoch, self.latched, self._bad_row = permit.motion_epoch, False, 0

    def _as_row(self, joints: Joints, jaw: float | None) -> Joints | None:
        """Joints and jaw as one row; None where it is not a set point of this arm."""
        if (jaw is not None) != self.limits.has_jaw:
            return None
        row = (*joints, jaw) if jaw is not None else joints
        return row if len(row) == len(self.limits.joints.lower) and all(map(math.isfinite, row)) else None

    def _reach(self, row: Joints) -> Frame:
        if self._held is not None and row == self._held[0]:
            return self._held[1]  # an arm that holds need not be computed again
        return self._forward(row[:-1] if self.limits.has_jaw else row)

    def _judge(self, row: Joints, tip: Frame, request: MotorRequest, missing: Refusal | None, dt: float, now: float) -> Refusal | None:
        """The first reason against it. Standing still is always admitted once anything was, also to a latched arm."""
        if self._held is None:
            return Refusal.START if self._far_from_arm(tip, request) else None
        old, old_tip = self._held
        if row == old:
            return None
        if self.latched:
            return Refusal.LATCHED
        return (
            self._place(row, old, tip, old_tip)
            or self._motion(row, old, tip, old_tip, dt)
            or self._leave(row, old, missing, dt, now)
            or self._force(tip, old_tip, request.force)
        )

    def _far_from_arm(self, tip: Frame, request: MotorRequest) -> bool:
        """A first set point stands where the arm is measured, or it is a jump."""
        limits, measured = self.limits, request.measured
        wanted = len(limits.joints.lower) - limits.has_jaw
        if measured is None or len(measured) != wanted or not all(map(math.isfinite, measured)):
            return True
        arm = self._forward(measured)
        near = distance(tip.p, arm.p) <= limits.start_m and angle_between(tip.r, arm.r) <= limits.start_rad
        return not (near and 0.0 <= request.measured_age <= limits.measured_age)

    def _place(self, row: Joints, old: Joints, tip: Frame, old_tip: Frame) -> Refusal | None:
        """In range and in the workspace; what stood outside may only come back."""
        limits, space = self.limits.joints, self.limits.workspace
        rows = zip(row, old, limits.lower, limits.upper, strict=True)
        if not all(min(low, was) - ROUNDING <= x <= max(high, was) + ROUNDING for x, was, low, high in rows):
            return Refusal.VALUE
        both = zip(space.outside(tip), space.outside(old_tip), strict=True)
        return None if all(out <= max(was, 0.0) + ROUNDING for out, was in both) else Refusal.WORKSPACE

    def _motion(self, row: Joints, old: Joints, tip: Frame, old_tip: Frame, dt: float) -> Refusal | None:
        """Speed of the joints, of the tip, and the change of speed."""
        limits, joints = self.limits, self.limits.joints
        steps = tuple(x - was for x, was in zip(row, old, strict=True))
        if dt <= 0.0 or not all(abs(step) <= v * dt + ROUNDING for step, v in zip(steps, joints.velocity, strict=True)):
            return Refusal.RATE
        way, turn = distance(tip.p, old_tip.p), angle_between(old_tip.r, tip.r)
        if not (way <= limits.tip_speed * dt + ROUNDING and turn <= limits.tip_turn * dt + ROUNDING):
            return Refusal.TIP
        # Between the middles of the two steps, if that is longer; a start has no speed yet: its first two steps count together.
        since = max(dt, 0.5 * (dt + self._last_dt)) + self._started
        rows = zip(steps, self._speed, joints.acceleration, strict=True)
        return None if all(abs(step - u * dt) <= a * since * dt + ROUNDING for step, u, a in rows) else Refusal.ACCELERATION

    def _missing_leave(self, request: MotorRequest) -> Refusal | None:
        """What is missing for motion."""
        permit = request.permit
        if permit is None or not 0.0 <= request.permit_age <= self.limits.permit_valid:
            return Refusal.PERMIT
        if not request.remote:
            return None if permit.phase in LOCAL_PHASES and not permit.motion else Refusal.AUTHORITY
        if not permit.motion or permit.motion_epoch != request.motion_epoch:
            return Refusal.AUTHORITY
        return None if 0.0 <= request.command_age <= self.limits.command_hold else Refusal.AGE

    def _leave(self, row: Joints, old: Joints, missing: Refusal | None, dt: float, now: float) -> Refusal | None:
        """Without leave the arm may only come to rest, and soon: no joint begins, and after a time to ease none turns or gets faster."""
        if missing is None:
            return None
        eases = self._without <= EASE
        speeds = self._left_speed if eases else self._speed
        gain = EASE_GAIN + 0.5 * self._left_dt if eases else 0.0
        rows = zip(row, old, speeds, self.limits.joints.acceleration, strict=True)
        rests = all(_on_the_way_to_rest(x - was, u, gain * a, dt) for x, was, u, a in rows)
        return None if rests and now - self._left_leave <= self.limits.brake else missing

    def _force(self, tip: Frame, old_tip: Frame, force: Force | None) -> Refusal | None:
        state = push(force, self.limits.force)
        if state is Push.UNKNOWN:
            return Refusal.FORCE_UNKNOWN
        if force is None or state is not Push.STOP:
            return None
        step = (tip.p[0] - old_tip.p[0], tip.p[1] - old_tip.p[1], tip.p[2] - old_tip.p[2])
        return Refusal.FORCE if pushes(step, force) else None

    def _admit(self, row: Joints, tip: Frame, dt: float, starts: bool) -> None:
        old = self._held[0] if self._held is not None and not starts else None
        if old is None or row == old:
            self._speed = self._left_speed = (0.0,) * len(row)
            self._started = dt if old is None else 0.0
        else:
            self._speed = tuple((x - was) / dt for x, was in zip(row, old, strict=True))
            self._started = 0.0
        self._held, self._last_dt, self._may_start, self._bad_row = (row, tip), dt, False, 0

    def _refuse(self, refusal: Refusal) -> MotorDecision:
        """Count it, and send again what was admitted last; nothing where there is none."""
        self.counts[refusal.value] += 1
        if refusal not in HOLD_ONLY:
            self.bad += 1
            self._bad_row += 1
            self.latched = self.latched or self._bad_row >= BAD_ROW
        cause = CAUSE_OF.get(refusal, Cause.BAD_COMMAND)
        if self._held is None:
            return MotorDecision(None, None, refusal, cause, self.latched)
        row = self._held[0]
        self._speed = self._left_speed = (0.0,) * len(row)
        self._started = self._last_dt = 0.0
        joints, jaw = (row[:-1], row[-1]) if self.limits.has_jaw else (row, None)
        return MotorDecision(joints, jaw, refusal, cause, self.latched)


def _on_the_way_to_rest(step: float, speed: float, gain: float, dt: float) -> bool:
    """Whether a step lies between standing still and the ``speed`` before, or within ``gain`` of that; what stood stands."""
    spare = gain if speed != 0.0 else 0.0
    return min(0.0, speed - spare) * dt - ROUNDING <= step <= max(0.0, speed + spare) * dt + ROUNDING
