"""One arm: from a target and a leave to move to the next joint set point. Pure; `update` once per control tick.

The set point always continues from the last set point, never from the measured joints (no feedback of motor noise), except on
enable and home, where it starts at rest from what is measured. No leave, no target, old target: brake along the path, then hold.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from ...errors import KinematicsError
from ..kinematics.frames import Frame, compose, inverse, norm
from ..kinematics.limits import Joints
from ..kinematics.psm import Solution
from ..kinematics.reasons import Limit, bits, name_of
from ..kinematics.slowing import SingularityLaw
from ..kinematics.stepper import Carry, SpeedLaw, StepLimiter
from .config import ArmConfig
from .jaw import rest_jaw
from .kinematics import Follower, Kinematics
from .states import TRANSITIONS, ArmMode, Request, parse_request
from .tips import Tips
from .trace import Stamp
from .tracking import TrackingWatch
from .values import FREE, ArmInputs, ArmOutput, Ceiling, Measured

MAX_TICK = 0.02  # [s] 5 periods of the 250 Hz loop
MAX_AGE = 0.1  # [s] of a measurement: the watchdog's own limit is nearer, this is the last resort
ARRIVED = 1e-6  # [rad or m] a joint target is reached by a set point that rests
TIP_SHARE = 0.99  # of the tip's limits is given to the path: the set point, its average, was up to 0.2 % faster where the path bends
FAULT_RAMP = 0.1  # [s] a fault brakes no longer than this, then set points end and the robot's brakes hold (safety.md section 6)


class ArmController:
    """CRTK operating state and set points of one arm."""

    def __init__(
        self,
        arm: str,
        kinematics: Kinematics,
        config: ArmConfig,
        follower: Follower | None = None,
        max_age: float = MAX_AGE,
        max_tick: float = MAX_TICK,
        laws: Sequence[SpeedLaw] = (),
        carry: Carry | None = None,
    ) -> None:
        """``follower`` None: tip targets are refused and counted. ``max_age`` [s]: older measurements count as none.

        ``max_tick`` [s]: a later tick is not stretched beyond this. ``laws``: further speed laws (collision) beside tip speed and
        singularity. ``carry``: keeps a software trocar while a tip is followed (stepper.py); joint moves and homing do not keep it.
        """
        self.arm, self.config, self.kinematics = arm, config, kinematics
        self.tips = Tips(kinematics.forward)
        self.mode, self.homed, self.busy = ArmMode.DISABLED, False, False
        self.counts: Counter[str] = Counter()
        self.tracking = TrackingWatch(config.tracking_m, config.tracking_rad, config.tracking_time, config.tracking_lag)
        self._follower, self._max_age, self._max_tick = follower, max_age, max_tick
        singular = SingularityLaw(kinematics.dexterity, config.limits, config.singularity)
        self._joints = StepLimiter(config.limits, (self._tip_law, singular, *laws), carry)
        self._jaw = StepLimiter(config.jaw) if config.jaw is not None else None
        self.follower, self.jaw_goal = follower, None  # type: Follower | None, Joints | None
        self._joint_goal: Joints | None = None
        self._goal_speed, self._homing = 1.0, False
        self._solved: tuple[Frame, Frame, Solution] | None = None
        self._dropped: Stamp | None = None
        self._followed: Stamp | None = None
        self._before: float | None = None
        self._fault_since: float | None = None
        self._measured: Measured | None = None

    @property
    def setpoint(self) -> Joints:
        """Joint set point; empty before the first enable."""
        return self._joints.position

    @property
    def path(self) -> StepLimiter:
        """The joints' path: what a collision guard looks at, and where it is put in."""
        return self._joints

    @property
    def speed(self) -> Joints:
        """Speed of the joint set point."""
        return self._joints.velocity

    @property
    def jaw_setpoint(self) -> float:
        """Jaw set point [rad], NaN where there is none."""
        return self._jaw.position[0] if self._jaw is not None and self._jaw.position else math.nan

    def command(self, text: str) -> bool:
        """A CRTK state_command. False (and counted) where it is unknown, invalid here, or lacks fresh joints to start from."""
        request = parse_request(text)
        new = TRANSITIONS.get((self.mode, request)) if request is not None else None
        starts = request in (Request.ENABLE, Request.HOME) and new is ArmMode.ENABLED
        retry = self.mode is ArmMode.FAULT and request is Request.ENABLE
        if request is None or new is None or retry or (starts and not self._start(request)):
            self.counts[f"refused_{text.strip().lower()[:10]}"] += 1
            return False
        if new is not ArmMode.ENABLED:
            self._forget_goal()
        if request is Request.UNHOME:
            self.homed = False
        self.mode = new
        return True

    def go_to(self, joints: Joints, slow: bool) -> bool:
        """move_jp (``slow``: home speed, busy) or servo_jp. False where not possible; all counted, also a clamped range."""
        valid = len(joints) == len(self.config.home) and all(map(math.isfinite, joints))
        if not valid or self.mode is not ArmMode.ENABLED or self._homing or (not slow and not self.homed):
            self.counts["refused_joint_goal"] += 1
            return False
        self._joint_goal, reasons = self.config.limits.clamp(joints)
        self._count(reasons)
        self._goal_speed, self.busy = (self.config.home_speed if slow else 1.0), slow
        return True

    def hold(self) -> None:
        """CRTK hold: drop every goal, also the tip target being followed; the next update brakes until a newer command comes."""
        self._forget_goal()
        self._dropped = self._followed
        self._solved = None

    def withdraw(self, joints: Joints, jaw: float | None) -> None:
        """The gate refused the last set point and sent these again: go on from them, at rest."""
        self._joints.reset(joints)
        if self._jaw is not None and jaw is not None:
            self._jaw.reset((jaw,))

    def fault(self) -> None:
        """Internal only: brake briefly, then stop sending set points. Left by `disable`."""
        self.mode, self.homed = ArmMode.FAULT, False
        self._forget_goal()

    def update(self, inputs: ArmInputs, now: float) -> ArmOutput:
        """The next set point at steady time ``now`` [s]."""
        dt, reasons = self._tick(now)
        self._measured = inputs.measured if inputs.measured is not None and inputs.measured.age <= self._max_age else None
        if self.mode is ArmMode.DISABLED or not self._joints.position:
            self._fault_since = None
            return ArmOutput(None, None, reasons, None, False)
        if self.mode is ArmMode.FAULT:
            return self._faulted(dt, now)
        served = None
        if dt > 0.0:
            more, served = self._advance(inputs, dt)
            reasons |= more
        self._watch(now)
        self._count(reasons)
        return ArmOutput(self._joints.position, self._jaw_or_none(), reasons, served, not self._joints.resting)

    def tip_speed(self) -> tuple[float, float]:
        """Linear [m/s] and angular [rad/s] speed of the set point's tip."""
        if self._joints.resting:
            return 0.0, 0.0
        linear, angular = self.kinematics.twist(self._joints.position, self._joints.velocity)
        return norm(linear), norm(angular)

    def setpoint_view(self, rcm_view: Frame) -> Frame | None:
        """Tip of the set point in the view frame; None before the first enable."""
        joints = self._joints.position
        return compose(inverse(rcm_view), self.tips.of(joints)) if joints else None

    def _tick(self, now: float) -> tuple[float, Limit]:
        dt = now - self._before if self._before is not None else 0.0
        self._before = now
        if dt > self._max_tick:
            return self._max_tick, Limit.LATE
        return max(dt, 0.0), Limit.NONE

    def _advance(self, inputs: ArmInputs, dt: float) -> tuple[Limit, Stamp | None]:
        may_follow = inputs.motion and self.mode is ArmMode.ENABLED and self.homed and self._measured is not None
        if may_follow and inputs.target is not None and inputs.stamp != self._dropped:
            self._forget_goal()
            self._followed = inputs.stamp
            self._joints.on_surface = True
            return self._follow(inputs.target, inputs, dt)
        self._dropped = inputs.stamp if not may_follow else self._dropped
        self._solved = None
        self._rest_jaw(dt, inputs.local_motion and self.mode is ArmMode.ENABLED)
        if self._joint_goal is not None and inputs.local_motion and self._measured is not None:
            return self._go(self._joint_goal, dt, inputs.ceiling), None
        return self._joints.brake(dt), None

    def _follow(self, target: Frame, inputs: ArmInputs, dt: float) -> tuple[Limit, Stamp | None]:
        try:
            solution = self._solve(target, inputs.rcm_view)
        except KinematicsError:
            self._rest_jaw(dt)
            return self._joints.brake(dt) | Limit.UNREACHABLE, None
        reasons = solution.reasons | self._joints.step(solution.joints, dt, ceiling=inputs.ceiling)
        if self._jaw is not None and inputs.jaw is not None and math.isfinite(inputs.jaw):
            goal, bit = self._jaw.limits.clamp((inputs.jaw,))
            for slower in bits(self._jaw.step(goal, dt)):
                self.counts[f"jaw_{name_of(slower)}"] += 1
            if Limit.POSITION in bit:
                reasons |= Limit.JAW
        else:
            self._rest_jaw(dt)
        return reasons, inputs.stamp

    def _solve(self, target: Frame, rcm_view: Frame) -> Solution:
        if self._follower is None:
            raise KinematicsError(f"{self.arm}: joint targets wanted, got a tip target; this arm has too few joints to follow one")
        stale = self._solved is None or self._solved[0] is not target or self._solved[1] is not rcm_view
        if self._solved is None or stale or self._follower.local:
            self._solved = (target, rcm_view, self._follower.follow(compose(rcm_view, target), self._joints.lead))
        return self._solved[2]

    def _go(self, goal: Joints, dt: float, ceiling: Ceiling) -> Limit:
        self._joints.on_surface = False
        reasons = self._joints.step(goal, dt, self._goal_speed, ceiling)
        if self._joints.resting and all(abs(a - b) <= ARRIVED for a, b in zip(goal, self._joints.position, strict=True)):
            self.homed = self.homed or self._homing
            self._joint_goal, self.busy, self._homing = None, False, False
        return reasons

    def _start(self, request: Request | None) -> bool:
        """Begin at rest from the measured joints (also after the robot's own brake moved it away from the set point)."""
        measured = self._measured
        if measured is None or not all(map(math.isfinite, measured.position)):
            return False
        if self.mode is not ArmMode.ENABLED or (request is Request.HOME and self._joints.resting):
            self._joints.reset(measured.position)
            if self._jaw is not None:
                self._jaw.reset((measured.jaw if math.isfinite(measured.jaw) else self._jaw.limits.lower[0],))
            self.tracking.reset()
        if request is Request.HOME:
            self._joint_goal, self._goal_speed = self.config.home, self.config.home_speed
            self.busy, self._homing, self.homed = True, True, False
        return True

    def _faulted(self, dt: float, now: float) -> ArmOutput:
        self._fault_since = now if self._fault_since is None else self._fault_since
        if now - self._fault_since > FAULT_RAMP or self._joints.resting:
            return ArmOutput(None, None, Limit.NONE, None, False)
        self._rest_jaw(dt)
        self._joints.brake(dt)
        return ArmOutput(self._joints.position, self._jaw_or_none(), Limit.NONE, None, True)

    def _watch(self, now: float) -> None:
        measured = self._measured
        if measured is None:
            return  # reported by age; without a measurement nothing moves
        wanted, there = self.tips.of(self._joints.position), self.tips.of(measured.position)
        if self.tracking.update(wanted, there, measured.age, self.tip_speed, now):
            self.counts["tracking_fault"] += 1
            self.fault()

    def _tip_law(self, q: Joints, v: Joints) -> Ceiling:
        linear, angular = self.kinematics.twist(q, v)
        speed, turn = norm(linear), norm(angular)
        fastest, quickest = TIP_SHARE * self.config.tip_speed, TIP_SHARE * self.config.tip_turn
        share = 1.0
        if speed > fastest:
            share = fastest / speed
        if turn * share > quickest:
            share = quickest / turn
        return (share, Limit.TIP_SPEED) if share < 1.0 else FREE

    def _rest_jaw(self, dt: float, leave: bool = False) -> None:
        if self._jaw is not None:
            self.jaw_goal = rest_jaw(self._jaw, self.jaw_goal if leave else None, self.config.home_speed, dt)

    def _jaw_or_none(self) -> float | None:
        return None if self._jaw is None else self._jaw.position[0]

    def _forget_goal(self) -> None:
        self._joint_goal, self.busy, self._homing = None, False, False

    def _count(self, reasons: Limit) -> None:
        for reason in bits(reasons):
            self.counts[name_of(reason)] += 1
