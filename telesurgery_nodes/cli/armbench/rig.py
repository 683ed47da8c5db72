"""The whole road from two hands to two tools in virtual time, without link and ROS: masters' device, clutch machine, anchored motion, gate,
arm control and the kinematic robot, all the suite's own, at 250 Hz."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...core.arm.assembly import Assembly, assemble
from ...core.arm.values import ArmInputs, Measured
from ...core.kinematics.frames import Frame, angle_between, compose, distance, frame_of, inverse, pose_of
from ...core.kinematics.limits import Joints
from ...core.kinematics.model import RobotModel
from ...core.kinematics.reasons import Limit
from ...core.link.anchor import AnchoredMotion, AnchorInputs
from ...core.safety.causes import Cause
from ...core.safety.gate import Gate, GateRequest
from ...core.teleop.clutch import Teleop, TeleopInputs, TeleopOutput
from ...core.teleop.table import State
from ...core.values import CAMERA_ARM, FOLLOWING_ARMS, ConsoleState, HandSample, MotionCommand, Permit, Phase, ToolState
from ...description import Home, homes
from ...devices.masters.base import SimulatedMaster
from ...devices.robots.kinematic import KinematicRobot
from ...nodes.arm_setup import read_config, read_urdf

PERIOD = 0.004  # [s]
FRESH = 0.1  # [s]
PICTURE_AGE = 0.05  # [s]
ROOT, VIEW = "patient_cart", "endoscope_view"
CARTS = {"psm": "urdf/patient_cart.urdf.xacro", "serial7": "urdf/serial_cart.urdf.xacro"}
SESSION = 1


@dataclass
class Track:
    """One arm's samples; ``refused`` counts ticks whose target was not followed, by why, and ``unexplained`` those without a why."""

    wanted: list[Frame] = field(default_factory=list)
    measured: list[Frame] = field(default_factory=list)
    following: list[bool] = field(default_factory=list)
    joints: list[Joints] = field(default_factory=list)
    flags: list[int] = field(default_factory=list)
    trocar: float = 0.0
    outside: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    unexplained: int = 0


class Arm:
    """Gate, controller and samples of one arm."""

    def __init__(self, made: Assembly, gate: Gate, rcm_view: Frame) -> None:
        self.made, self.gate, self.rcm_view, self.track = made, gate, rcm_view, Track()
        self.target: Frame | None = None
        self.stamp: tuple[int, int] | None = None
        self.command_at = -math.inf

    def seen(self, joints: Joints) -> Frame:
        """Tip at ``joints`` in the view frame."""
        return compose(inverse(self.rcm_view), self.made.controller.kinematics.forward(joints))

    @property
    def setpoint(self) -> Frame:
        """Tip of the set point in the view frame."""
        return self.seen(self.made.controller.setpoint)

    def tick(self, new: Frame | None, permit: Permit, jaw: float | None, measured: Measured, now: float) -> Joints | None:
        """As ArmLoop does it: gate, then controller."""
        start = self.target if self.target is not None else self.setpoint
        if new is not None:
            self.command_at = now
        request = GateRequest(
            permit=permit, permit_age=0.0, command_age=now - self.command_at, command_new=new is not None, finite=new is not None,
            jump_m=distance(start.p, new.p) if new is not None else math.nan,
            jump_rad=angle_between(start.r, new.r) if new is not None else math.nan,
            enabled=True, homed=True, motion_started_age=0.0,
        )  # fmt: skip
        decision = self.gate.admit(request, now)
        if decision.motion and new is not None:
            self.target, self.stamp = new, (int(now), int(1e9 * (now % 1.0)))
        elif not decision.motion and decision.cause not in (Cause.JUMP, Cause.BAD_COMMAND):
            self.target = self.stamp = None
        inputs = ArmInputs(self.target, self.stamp, jaw, decision.motion, False, measured, self.rcm_view)
        output = self.made.controller.update(inputs, now)
        self._note(new is not None, decision.cause, decision.motion, output.served is not None, output.reasons)
        return output.joints

    def _note(self, offered: bool, cause: Cause, motion: bool, served: bool, reasons: Limit) -> None:
        track = self.track
        if offered and not served:
            why = cause.name.lower() if not motion else "unreachable" if Limit.UNREACHABLE in reasons else ""
            track.refused[why or "unexplained"] += 1
            track.unexplained += not why or (cause is Cause.NONE and not motion)
        track.following.append(motion and served)
        track.flags.append(int(reasons))


class Rig:
    """``kind``: what the arm of the right hand is; the left one is a PSM. ``scale``: the console's motion scale."""

    def __init__(self, master: SimulatedMaster, scale: float, kind: str = "psm") -> None:
        self.master, self.scale, self.kind = master, scale, kind
        text = read_urdf(CARTS[kind])
        model = RobotModel(text)
        self.kinds = dict(zip(FOLLOWING_ARMS, (kind, "psm"), strict=True))
        made = {arm: assemble(arm, model, read_config(self.kinds[arm]), 5.0 * PERIOD) for arm in FOLLOWING_ARMS}
        start = {**homes(), **{arm: Home(np.array(arm_made.controller.config.home), 0.5) for arm, arm_made in made.items()}}
        self.robot = KinematicRobot(text, start)
        view = model.chain(ROOT, VIEW).forward(tuple(homes()[CAMERA_ARM].joints.tolist()))
        mounts = {arm: compose(inverse(model.fixed(ROOT, arm_made.base)), view) for arm, arm_made in made.items()}
        self.arms = {arm: Arm(arm_made, Gate(), mounts[arm]) for arm, arm_made in made.items()}
        self.teleop, self._motion = Teleop(), AnchoredMotion(FRESH, FRESH)
        self._phase, self._presses, self._seq, self._was_clutched = Phase.HOLDING, 0, 0, False
        self.now, self.ticks, self.clutches, self.clutched = 0.0, 0, 0, 0
        for arm, one in self.arms.items():
            one.made.controller.update(self._inputs(arm), self.now)
            one.made.controller.command("enable")
            one.made.controller.homed = True  # it stands at home

    def _inputs(self, arm: str) -> ArmInputs:
        return ArmInputs(None, None, None, False, False, self._measured(arm), self.arms[arm].rcm_view)

    def _measured(self, arm: str) -> Measured:
        state = self.robot.state(arm)
        return Measured(tuple(state.position.tolist()), tuple(state.velocity.tolist()), state.jaw, 0.0)

    def tick(self) -> bool:
        """One period; False when the master has no more samples."""
        self.now += PERIOD
        self.ticks += 1
        sample = self.master.poll(self.now)
        if sample is None:
            return False
        measured = {arm: self._measured(arm) for arm in self.arms}
        tips = {arm: one.seen(measured[arm].position) for arm, one in self.arms.items()}
        out = self._operate(sample, tips, measured)
        permit = Permit(1, self.ticks, self._presses, self._phase, self._phase is Phase.FOLLOWING, 0)
        targets = self._targets(sample, out, permit)
        for arm, one in self.arms.items():
            jaw = out.arms[arm].jaw if arm in out.arms else None
            joints = one.tick(targets.get(arm), permit, jaw, measured[arm], self.now)
            self._sample(one, joints, tips[arm], measured[arm].position)
            if joints is not None:
                self.robot.servo_jp(arm, np.array(joints))
        self.robot.step(PERIOD)
        return True

    def _operate(self, sample: HandSample, tips: Mapping[str, Frame], measured: Mapping[str, Measured]) -> TeleopOutput:
        """Surgeon's end and the patient's verdict, as the watchdog gives it on a healthy link."""
        tools = {arm: ToolState(pose_of(tips[arm]), measured[arm].jaw, 0.0) for arm in self.arms}
        given = TeleopInputs(sample.hands, True, tools, True, sample.pedals, self._phase, self._presses, PICTURE_AGE, self.scale)
        out = self.teleop.update(given, self.now)
        clutched = out.state is State.CLUTCHED
        self._phase = Phase.CLUTCHED if clutched else Phase.FOLLOWING if out.follow else Phase.HOLDING
        if out.follow:
            self._presses = out.press_count
        self.clutches += clutched and not self._was_clutched
        self.clutched += clutched
        self._was_clutched = clutched
        self.master.feedback(ConsoleState(self._phase, out.follow, out.align_goals))
        return out

    def _targets(self, sample: HandSample, out: TeleopOutput, permit: Permit) -> dict[str, Frame]:
        self._seq += 1
        command = MotionCommand(
            self._seq, self.now, self.now, out.epoch, out.press_count, sample.pedals, out.follow, out.aligning, True, PICTURE_AGE, out.arms
        )
        setpoints = {arm: (pose_of(one.setpoint), 0.0) for arm, one in self.arms.items()}
        found = self._motion.update(AnchorInputs(SESSION, command, setpoints, permit, 0.0))
        return {arm: frame_of(target.pose) for arm, target in found.items()}

    def _sample(self, one: Arm, joints: Joints | None, tip: Frame, position: Joints) -> None:
        track = one.track
        track.wanted.append(one.target if one.target is not None else tip)
        track.measured.append(tip)
        track.joints.append(joints if joints is not None else position)
        track.trocar = max(track.trocar, one.made.trocar_error(position))
        track.outside += not one.made.chain.inside(position) or not one.made.controller.config.limits.inside(track.joints[-1])
