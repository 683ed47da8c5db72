"""The patient side of the teleoperation loop, from the code that runs: machine, anchors, releases, gate, held views.

Only the arms are models: set points that go to their targets at no more than the arm's speed. Positions are in one frame fixed in the
patient, which is also the camera arm's RCM frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ...core.arm.held_view import HeldView
from ...core.kinematics.ecm_follow import VIEW_IN_TIP
from ...core.kinematics.frames import Frame, compose, distance, frame_of, inverse, matrix_of, pose_of
from ...core.kinematics.frames import angle_between as turn_between
from ...core.link.anchor import AnchoredMotion, AnchorInputs, ArmTarget, moves_of
from ...core.link.release import Releases
from ...core.link.view_watch import ViewWatch
from ...core.rotations import towards
from ...core.safety.causes import TIMINGS, Cause, Tier, tier
from ...core.safety.gate import Gate, GateDecision, GateRequest
from ...core.safety.machine import Machine, Observation, Wish
from ...core.values import CAMERA_ARM, INSTRUMENTS, MotionCommand, Permit, Phase, Pose, ToolState

ARMS = (*INSTRUMENTS, CAMERA_ARM)
TIP_SPEED, TIP_TURN = 0.1, 4.0  # [m/s], [rad/s] as config/arms/psm.yaml
JAW_SPEED = math.radians(720.0)
MACHINE_PACE = 100.0  # the machine's 2 s of calm pass in 20 ms: a test has no patience, and nothing else there looks at the clock
CAMERA_PERIOD = 0.04  # [s] an idle camera arm says where it is 25 times a second
AGE = 0.05  # [s] as the bridge's parameters setpoint_fresh
IDENTITY = Frame((0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
VIEW = Frame((0.0, 0.0, 0.0), VIEW_IN_TIP)


@dataclass
class ModelArm:
    """One arm: gate, held view, set point ``at`` [patient frame] and jaw [rad]; what was last admitted, and how."""

    name: str
    at: Frame
    jaw: float = 0.5
    gate: Gate = field(default_factory=Gate)
    view: HeldView = field(default_factory=HeldView)
    target: Frame | None = None
    target_at: float = -math.inf
    goal: Frame | None = None
    decision: GateDecision | None = None
    heard: float = -math.inf
    released: bool = False

    def hold(self) -> None:
        """CRTK hold."""
        self.target, self.released = None, True

    def tick(self, live: Frame, new: ArmTarget | None, permit: Permit, rose: float, now: float, dt: float) -> None:
        """As nodes/arm_loop.py: judge what is offered, then move towards what is admitted."""
        if self.released:
            self.target = None
        view = self.view.update(live if self.name != CAMERA_ARM else IDENTITY, self.target is not None, now) or live
        offered = frame_of(new.pose) if new is not None and self.view.settled else None
        if new is not None:
            self.heard, self.released = now, False
        self._admit(view, offered, permit, rose, now)
        self.goal = compose(view, self.target) if self.target is not None else None
        if self.goal is not None:
            self._move(self.goal, dt)
            if new is not None and new.jaw is not None:
                self.jaw += min(max(new.jaw - self.jaw, -JAW_SPEED * dt), JAW_SPEED * dt)

    def _admit(self, view: Frame, offered: Frame | None, permit: Permit, rose: float, now: float) -> None:
        start = self.target if self.target is not None else compose(inverse(view), self.at)
        known = offered is not None
        self.decision = self.gate.admit(
            GateRequest(
                permit, 0.0, now - self.heard, known, known, distance(start.p, offered.p) if offered else math.nan,
                turn_between(start.r, offered.r) if offered else math.nan, True, True, now - rose, self.released,
            ),
            now,
        )  # fmt: skip
        if self.decision.motion and offered is not None:
            self.target, self.target_at = offered, now
        elif not self.decision.motion and self.decision.cause not in (Cause.JUMP, Cause.BAD_COMMAND):
            self.target = None

    def _move(self, goal: Frame, dt: float) -> None:
        way = np.subtract(goal.p, self.at.p)
        far = float(np.linalg.norm(way))
        share = min(1.0, TIP_SPEED * dt / far) if far > 0.0 else 1.0
        position = np.add(self.at.p, share * way) if share < 1.0 else np.array(goal.p)
        rotation = towards(matrix_of(self.at.r), matrix_of(goal.r), TIP_TURN * dt)
        self.at = frame_of(Pose(position, rotation))


class Patient:
    """Newest command in, set points out, once a tick."""

    def __init__(self) -> None:
        self.arms = {arm: ModelArm(arm, Frame((0.02 * n - 0.02, 0.03, 0.12), IDENTITY.r)) for n, arm in enumerate(INSTRUMENTS)}
        self.arms[CAMERA_ARM] = ModelArm(CAMERA_ARM, Frame((0.0, 0.0, 0.1), IDENTITY.r))
        self.motion = AnchoredMotion(AGE, AGE)
        self.permit = Permit(1, 0, 0, Phase.SELFTEST, False, 0)
        self.command: MotionCommand | None = None
        self._machine, self._releases, self._watch = Machine(), Releases(ARMS), ViewWatch()
        self._command_at = self._rose = self._looked = -math.inf
        self._nudge = IDENTITY
        self._machine.update(Observation({}, Wish(), True, True), 0.0)
        self._machine.order("enable")

    @property
    def view(self) -> Frame:
        """View -> patient frame, as the camera stands now."""
        return compose(self.arms[CAMERA_ARM].at, VIEW)

    def nudge(self, turn: Frame) -> None:
        """Somebody at the table turns the camera arm by hand."""
        camera = self.arms[CAMERA_ARM]
        camera.at, camera.target = compose(turn, camera.at), None

    def tick(self, command: MotionCommand | None, now: float, dt: float) -> dict[str, ArmTarget]:
        """One tick. ``command`` None: nothing came. Returns the bridge's targets."""
        targets: dict[str, ArmTarget] = {}
        if now - self._looked >= CAMERA_PERIOD:
            self._looked = now
            self._watch.update(pose_of(self.arms[CAMERA_ARM].at), now)
        if command is not None:
            self.command, self._command_at = command, now
            targets = self._serve(command, now)
        self._permit(now)
        live = self.view
        for name, arm in self.arms.items():
            arm.tick(live, targets.get(name), self.permit, self._rose, now, dt)
        return targets

    def _serve(self, command: MotionCommand, now: float) -> dict[str, ArmTarget]:
        setpoints = {name: (pose_of(self._in_its_frame(arm)), 0.0) for name, arm in self.arms.items()}
        targets = self.motion.update(AnchorInputs(1, command, setpoints, self.permit, 0.0, self._watch.view(now)))
        if command.follow:
            for name in self._releases.update(moves_of(command).keys() - self.motion.given_up, now):
                self.arms[name].hold()
        return targets

    def _in_its_frame(self, arm: ModelArm) -> Frame:
        """setpoint_cp: in the view its targets stand in."""
        if arm.name == CAMERA_ARM:
            return arm.at
        view = arm.view.held if arm.view.held is not None else self.view
        return compose(inverse(view), arm.at)

    def _permit(self, now: float) -> None:
        wish, tiers = Wish(), {}
        if self.command is not None:
            c = self.command
            wish = Wish(c.pedals.head, c.pedals.engage, c.pedals.clutch, c.follow, c.aligning, c.press_count)
            hard = tier(Cause.COMMAND_SILENT, now - self._command_at, TIMINGS["realtime"])
            tiers = {Cause.COMMAND_SILENT: hard} if hard is not Tier.CLEAR else {}
        state = self._machine.update(Observation(tiers, wish, True, True), now * MACHINE_PACE)
        if state.motion and not (self.permit.motion and self.permit.motion_epoch == state.motion_epoch):
            self._rose = now
        self.permit = Permit(1, self.permit.seq + 1, state.motion_epoch, state.phase, state.motion, int(state.cause))

    def tools(self) -> dict[str, ToolState]:
        """What the surgeon side is told."""
        back = inverse(self.view)
        return {name: ToolState(pose_of(compose(back, self.arms[name].at)), self.arms[name].jaw, 0.0) for name in INSTRUMENTS}
