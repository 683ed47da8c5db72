"""What goes into and comes out of the last gate before the motors (gate_motor.py), and the hard limits it judges by."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from telesurgery_nodes.core.kinematics.frames import Frame, norm
from telesurgery_nodes.core.kinematics.limits import JointLimits, Joints
from telesurgery_nodes.core.safety.causes import Cause
from telesurgery_nodes.core.safety.force import Force, ForceLimits
from telesurgery_nodes.core.values import Permit


class Refusal(enum.Enum):
    """Why a set point was not sent, in the order of judgement."""

    NOT_FINITE = "not_finite"
    LATCHED = "latched"
    START = "start"
    VALUE = "value"
    WORKSPACE = "workspace"
    RATE = "rate"
    TIP = "tip"
    ACCELERATION = "acceleration"
    PERMIT = "permit"
    AUTHORITY = "authority"
    AGE = "age"
    FORCE_UNKNOWN = "force_unknown"
    FORCE = "force"


# What each one is, for the docs.
WHAT: Mapping[Refusal, str] = MappingProxyType({
    Refusal.NOT_FINITE: "a joint or the jaw is missing, or not a number",
    Refusal.LATCHED: "refused again and again before; only standing still is admitted",
    Refusal.START: "the first set point does not stand where the arm is measured",
    Refusal.VALUE: "a joint outside its range (from outside it may come back)",
    Refusal.WORKSPACE: "the tip outside the allowed region around the remote centre (from outside it may come back)",
    Refusal.RATE: "a joint faster than its limit, or motion in no time",
    Refusal.TIP: "the tip faster, or turning faster, than its limit",
    Refusal.ACCELERATION: "a joint's speed changes faster than its limit (standing still is always admitted)",
    Refusal.PERMIT: "motion without a live permit, other than coming to rest",
    Refusal.AUTHORITY: "the permit is for another kind of motion, or of another motion epoch",
    Refusal.AGE: "the surgeon's command is too old",
    Refusal.FORCE_UNKNOWN: "the force on the tip is required and missing, old, or not a number",
    Refusal.FORCE: "the force is above the stop limit and the tip would go further against it",
})  # fmt: skip
# How a refusal is told; one that is not here means that arm control itself is at fault.
CAUSE_OF: Mapping[Refusal, Cause] = MappingProxyType({
    Refusal.PERMIT: Cause.PERMIT_LOST, Refusal.AUTHORITY: Cause.NO_PERMISSION, Refusal.AGE: Cause.COMMAND_SILENT,
    Refusal.FORCE: Cause.OVER_FORCE, Refusal.FORCE_UNKNOWN: Cause.FORCE_UNKNOWN,
})  # fmt: skip


@dataclass(frozen=True)
class Workspace:
    """Where a tip may be, RCM frame (-z into the patient): ``near`` and ``far`` [m] from the remote centre, ``cone`` half angle [rad]."""

    near: float
    far: float
    cone: float

    def outside(self, tip: Frame) -> tuple[float, float]:
        """How far outside: [m] and [rad], both zero or negative inside."""
        reach = norm(tip.p)
        return max(self.near - reach, reach - self.far), math.atan2(math.hypot(tip.p[0], tip.p[1]), -tip.p[2]) - self.cone


@dataclass(frozen=True)
class MotorLimits:
    """Hard limits of one arm. ``joints``: ranges, speeds, accelerations, with the jaw as the last one where ``has_jaw``.

    ``tip_speed`` [m/s], ``tip_turn`` [rad/s]; ``start_m``, ``start_rad``: how far from the measured arm a first set point may lie;
    ``permit_valid``, ``command_hold``: ages [s]; ``brake``: how long [s] an arm may take to come to rest once its leave is gone;
    ``max_tick`` [s]: time between two set points that counts at most.
    """

    joints: JointLimits
    has_jaw: bool
    tip_speed: float
    tip_turn: float
    workspace: Workspace
    force: ForceLimits
    start_m: float
    start_rad: float
    permit_valid: float
    command_hold: float
    brake: float
    max_tick: float
    measured_age: float


@dataclass(frozen=True)
class MotorRequest:
    """One tick's set point and facts. ``joints`` None: nothing is to be sent.

    ``remote``: it follows the surgeon, under the leave of ``motion_epoch`` (the seam for a hand-over of authority), the command
    ``command_age`` [s] old; otherwise it is the local team's or comes to rest. ``measured`` joints are ``measured_age`` [s] old.
    """

    joints: Joints | None
    jaw: float | None
    remote: bool
    motion_epoch: int
    command_age: float
    permit: Permit | None
    permit_age: float
    measured: Joints | None
    measured_age: float
    force: Force | None


@dataclass(frozen=True)
class MotorDecision:
    """What goes to the motors (``joints`` None: nothing). ``refusal`` None: the set point offered; else the last admitted one."""

    joints: Joints | None
    jaw: float | None
    refusal: Refusal | None
    cause: Cause
    latched: bool
