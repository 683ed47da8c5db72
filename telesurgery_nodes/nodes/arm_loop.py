"""One arm's control tick: newest messages -> gate -> controller -> set points, tape and trace."""

from __future__ import annotations

import math
from typing import Any

from ..core.arm.assembly import Assembly
from ..core.arm.held_view import HeldView
from ..core.arm.pacing import Pacer
from ..core.arm.states import ArmMode
from ..core.arm.trace import Stamp, TraceSampler
from ..core.arm.values import ArmInputs, ArmOutput, Measured
from ..core.kinematics.frames import IDENTITY, Frame, angle_between, compose, distance, inverse, quaternion
from ..core.kinematics.reasons import Limit
from ..core.safety.causes import Cause
from ..core.safety.gate import Gate, GateDecision, GateRequest
from ..core.safety.gate_motor import LOCAL_PHASES
from ..core.values import Permit
from ..ros.light import Time
from .arm_motors import REFUSED, ArmMotors
from .arm_ports import ArmPort

OFFERED_BAD = (Cause.JUMP, Cause.BAD_COMMAND)
POSE = ("x", "y", "z", "qx", "qy", "qz", "qw")


def columns(joints: int) -> tuple[str, ...]:
    """Columns of the tape of an arm of so many joints. ``limit_flags``: every reason (core/kinematics/reasons.py) since the last row."""
    poses = (f"{what}_{part}" for what in ("cmd", "set", "meas") for part in POSE)
    numbers = (f"q{number}" for number in range(1, joints + 1))
    jaw = ("jaw_cmd", "jaw_meas", "trocar_error_m", "limit_flags", "motion")
    return ("t", *poses, *jaw, *numbers, "limit_violation", "force_x", "force_y", "force_z", *REFUSED)


NOTHING = (math.nan,) * len(POSE)
ROBOT_MOVES = "ENABLED"
ACTIVE = 0.5  # [s] after its last command an arm is served as one that follows


class PermitBox:
    """Newest permit and when it came (steady [s])."""

    def __init__(self) -> None:
        self.permit: Permit | None = None
        self.at = -math.inf
        self.rose = -math.inf

    def take(self, permit: Permit, now: float) -> None:
        """Keep a permit; remember when its leave to move rose."""
        if permit.motion and not (self.permit is not None and self.permit.motion and self.permit.motion_epoch == permit.motion_epoch):
            self.rose = now
        self.permit, self.at = permit, now


class ArmLoop:
    """Port, gate and controller of one arm."""

    def __init__(
        self,
        port: ArmPort,
        gate: Gate,
        motors: ArmMotors,
        assembly: Assembly,
        trace: TraceSampler,
        tape: Any,
        periods: tuple[float, float],
        later: float = 0.0,
    ) -> None:
        """``periods`` [s] between telemetry, of an arm that is busy and of one at rest, and by which share ``later`` than other arms';
        ``tape`` None where not taped.
        """
        self.motors, self._epoch = motors, 0
        self.port, self.gate, self.assembly, self.trace, self.tape = port, gate, assembly, trace, tape
        self.controller = assembly.controller
        self.reasons, self._untaped = Limit.NONE, Limit.NONE  # of this tick; since the last row of the tape
        self._periods, self._pacer, self.ticked_at = periods, Pacer(later), -math.inf
        self.decision: GateDecision | None = None
        self.output: ArmOutput | None = None
        self._view = HeldView()
        self._target: Frame | None = None
        self._target_stamp: Stamp | None = None

    @property
    def robot_enabled(self) -> bool:
        """The robot's own brake is off, as far as it says."""
        return self.port.robot_state == ROBOT_MOVES

    def active(self, now: float) -> bool:
        """Somebody commands it."""
        return now - self.port.command_at <= ACTIVE

    def busy(self, now: float) -> bool:
        """It follows, or something moves it."""
        moving = self.output is not None and self.output.moving
        return self.port.follows or moving or self.active(now) or self.port.crtk.active

    def tick(self, permits: PermitBox, live_view: Frame | None, jaw_age: float, ros_stamp: Any, now: float) -> None:
        """One control tick. ``live_view``: view -> RCM, None where the endoscope's joints are not known."""
        port, self.ticked_at = self.port, now
        if port.released:
            self._target = self._target_stamp = None
        rcm_view = self._view.update(live_view, self._target is not None, now)
        measured = port.measured(now)
        fresh = port.command_new
        offered = self._admit(permits, rcm_view, now)
        local = self._local(permits, now)
        port.crtk.update(local, rcm_view, now)
        held_back = offered.motion and self.motors.holds_back(self._target, rcm_view, now)
        inputs = ArmInputs(
            target=self._target,
            stamp=self._target_stamp,
            jaw=port.jaw_command(now, jaw_age),
            motion=offered.motion and not held_back and rcm_view is not None and self.robot_enabled,
            local_motion=local,
            measured=measured,
            rcm_view=rcm_view if rcm_view is not None else IDENTITY,
        )
        self.output = self.motors.limited(self.controller.update(inputs, now), held_back)
        self.reasons = self.output.reasons
        self._untaped |= self.reasons
        leave = permits.permit, now - permits.at, self._epoch
        sent = self.motors.send(self.output, leave, measured, self._stamp(ros_stamp), now)
        if sent and fresh and self.output.served is not None:
            self.trace.served(port.arm, self.output.served, port.hop_in(), port.command_at, port.node.now())
        port.show_state()

    def _admit(self, permits: PermitBox, rcm_view: Frame | None, now: float) -> GateDecision:
        port = self.port
        new, port.command_new = port.command_new, False
        if new and not self._view.settled:
            port.node.count(f"{port.arm}_view_moves")
            new = False  # of the view before: not judged, not followed
        target = port.target() if new else None
        # A jump is measured from what was last admitted, so that a hand beyond the joint range does not count as jumping.
        start = self._target if self._target is not None else self._setpoint_view(rcm_view)
        known = target is not None and start is not None
        request = GateRequest(
            permit=permits.permit,
            permit_age=now - permits.at,
            command_age=now - port.command_at,
            command_new=new and self.controller.mode is ArmMode.ENABLED,  # nothing to judge by before
            finite=target is not None,
            jump_m=distance(start.p, target.p) if known else math.nan,
            jump_rad=angle_between(start.r, target.r) if known else math.nan,
            enabled=self.controller.mode is ArmMode.ENABLED,
            homed=self.controller.homed,
            motion_started_age=now - permits.rose,
            released=port.released,
        )
        self.decision = self.gate.admit(request, now)
        if self.decision.motion and target is not None:
            self._target, self._target_stamp = target, port.stamp()
            self._epoch = permits.permit.motion_epoch if permits.permit is not None else 0
        elif not self.decision.motion and self.decision.cause not in OFFERED_BAD:
            self._target = self._target_stamp = None
        return self.decision

    def _local(self, permits: PermitBox, now: float) -> bool:
        permit = permits.permit
        live = permit is not None and 0.0 <= now - permits.at <= self.gate.limits.permit_valid
        return live and permit.phase in LOCAL_PHASES and not permit.motion and self.robot_enabled

    def _setpoint_view(self, rcm_view: Frame | None) -> Frame | None:
        return self.controller.setpoint_view(rcm_view) if rcm_view is not None else None

    def _stamp(self, ros_stamp: Any) -> Any:
        served = self.output.served if self.output is not None else None
        return Time(*served) if served is not None else ros_stamp

    def telemetry(self, rcm_view: Frame | None, ros_stamp: Any, now: float) -> None:
        """Publish and tape when due (the trocar check through the URDF chain is too dear for every control tick)."""
        if self._pacer.due(self._periods[0 if self.busy(now) else 1], now):
            held = self._view.held  # an anchor must stand in the frame of the targets
            setpoint = self._setpoint_view(held)
            self.port.telemetry(now, rcm_view, setpoint, self._stamp(ros_stamp))
            self._record(self.port.measured(now), held, setpoint, now)

    def _record(self, measured: Measured | None, rcm_view: Frame | None, setpoint: Frame | None, now: float) -> None:
        if self.tape is None or measured is None or len(measured.position) != len(self.controller.config.home):
            return
        view = inverse(rcm_view) if rcm_view is not None else None
        tip = compose(view, self.controller.tips.of(measured.position)) if view is not None else None
        flags, self._untaped = self._untaped, Limit.NONE
        jaw = self.port.jaw_command(now, math.inf)
        self.tape.row(
            now,
            *_seven(self._target),
            *_seven(setpoint),
            *_seven(tip),
            jaw if jaw is not None else math.nan,
            measured.jaw,
            self.assembly.trocar_error(measured.position),
            float(flags),
            float(self.decision is not None and self.decision.motion),
            *measured.position,
            float(not self.assembly.chain.inside(measured.position)),
            *(self.port.force if self.port.force is not None else NOTHING[:3]),
            *self.motors.refused(),
        )


def _seven(frame: Frame | None) -> tuple[float, ...]:
    if frame is None:
        return NOTHING
    w, x, y, z = quaternion(frame.r)
    return (*frame.p, x, y, z, w)
