"""The patient side's half of the clutch: commanded displacement since the epoch -> tip target, anchored where the arm's set point stood.

Anchored once per (surgeon session, clutch epoch), only on a fresh set point and only while the displacement is still small: an
epoch first seen late would begin with a jump, so it never begins. An epoch serves one motion epoch of the watchdog; after the
watchdog begins a new one the surgeon has to have begun a new one too. Deny by default: no target is no motion.

Instruments are anchored only while the camera stands still, and an epoch of theirs ends when the camera moves: its directions belong to
the old picture. The camera arm itself is anchored in the frame of its remote centre, which no camera moves.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..kinematics.ecm_follow import VIEW_IN_TIP
from ..kinematics.frames import matrix_of
from ..rotations import angle, exp, length
from ..values import CAMERA_ARM, ArmMotion, CameraMotion, FloatArray, MotionCommand, Permit, Phase, Pose
from .view_watch import MOVED_M, MOVED_RAD, View, further

LATE_ANCHOR_M = 0.005  # a first displacement beyond this is a jump, not a beginning
LATE_ANCHOR_RAD = math.radians(10.0)


@dataclass(frozen=True)
class ArmTarget:
    """Where one arm shall go: tip ``pose`` in the view frame, ``jaw`` [rad]. The camera arm: in its RCM frame, without a jaw."""

    pose: Pose
    jaw: float | None


@dataclass(frozen=True)
class AnchorInputs:
    """``setpoints``: arm -> (pose, age [s]); ``permit_age`` [s] since it arrived; ``session`` of the surgeon side.

    ``view`` None: this site has no camera arm that says where it is, so it has none that could move.
    """

    session: int
    command: MotionCommand
    setpoints: Mapping[str, tuple[Pose, float]]
    permit: Permit | None
    permit_age: float
    view: View | None = None


@dataclass
class _Epoch:
    session: int
    number: int
    motion_epoch: int | None = None
    anchors: dict[str, Pose] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    view: Pose | None = None


class AnchoredMotion:
    """Turns each NEW command into targets, or into none. ``refused`` counts why not."""

    def __init__(self, setpoint_age_max: float, permit_age_max: float) -> None:
        self._setpoint_age_max = setpoint_age_max
        self._permit_age_max = permit_age_max
        self._epoch = _Epoch(0, -1)
        self._newest: tuple[int, int] = (0, -1)
        self.refused: Counter[str] = Counter()

    @property
    def given_up(self) -> frozenset[str]:
        """Arms that this epoch will not move any more."""
        return frozenset(self._epoch.refused)

    def update(self, inputs: AnchorInputs) -> dict[str, ArmTarget]:
        """Targets of this command; empty where nothing may move."""
        command, moves = inputs.command, moves_of(inputs.command)
        if inputs.session == self._newest[0] and command.seq <= self._newest[1]:
            self.refused["not_new"] += 1
            return {}
        self._newest = (inputs.session, command.seq)
        if not command.follow or not moves:
            return {}
        self._enter(inputs)
        self._end_with_the_view(inputs.view)
        for arm, motion in moves.items():
            self._anchor(arm, motion, inputs)
        if not self._permitted(inputs):
            return {}
        return {arm: _target(self._epoch.anchors[arm], motion) for arm, motion in moves.items() if arm in self._epoch.anchors}

    def _enter(self, inputs: AnchorInputs) -> None:
        here = (inputs.session, inputs.command.epoch)
        if here != (self._epoch.session, self._epoch.number):
            self._epoch = _Epoch(*here)

    def _end_with_the_view(self, view: View | None) -> None:
        """Once the camera has moved, the instruments of this epoch are given up; the next epoch begins in the new view."""
        epoch = self._epoch
        if epoch.view is None or (view is not None and not further(view.pose, epoch.view, MOVED_M, MOVED_RAD)):
            return
        self.refused["camera_moved"] += 1
        epoch.refused |= set(epoch.anchors)
        epoch.anchors, epoch.view = {}, None

    def _anchor(self, arm: str, motion: ArmMotion | CameraMotion, inputs: AnchorInputs) -> None:
        epoch = self._epoch
        if arm in epoch.anchors or arm in epoch.refused:
            return
        if not _small(motion):
            epoch.refused.add(arm)
            self.refused["late_anchor"] += 1
            return
        pose, age = inputs.setpoints.get(arm, (None, math.inf))
        if pose is None or not age <= self._setpoint_age_max:
            self.refused["setpoint_old"] += 1
            return
        if isinstance(motion, ArmMotion) and inputs.view is not None:
            if not inputs.view.still:
                self.refused["view_moves"] += 1
                return
            epoch.view = inputs.view.pose if epoch.view is None else epoch.view
        epoch.anchors[arm] = pose

    def _permitted(self, inputs: AnchorInputs) -> bool:
        permit = inputs.permit
        if permit is None or not inputs.permit_age <= self._permit_age_max:
            self.refused["permit_old"] += 1
            return False
        if permit.phase is not Phase.FOLLOWING or not permit.motion:
            return False  # ordinary: the watchdog has not decided yet, or holds
        if self._epoch.motion_epoch is None:
            self._epoch.motion_epoch = permit.motion_epoch
        if self._epoch.motion_epoch != permit.motion_epoch:
            self.refused["foreign_motion_epoch"] += 1
            return False
        return True


def moves_of(command: MotionCommand) -> dict[str, ArmMotion | CameraMotion]:
    """What a command may move: with the camera pedal down the camera arm alone, without it never."""
    if command.pedals.camera:
        return {CAMERA_ARM: command.camera} if command.camera is not None else {}
    return dict(command.arms) if command.camera is None else {}


def _small(motion: ArmMotion | CameraMotion) -> bool:
    """Still near its beginning (written so that NaN is not)."""
    if isinstance(motion, CameraMotion):
        return abs(motion.insertion) <= LATE_ANCHOR_M and length(motion.turn) <= LATE_ANCHOR_RAD
    return length(motion.displacement) <= LATE_ANCHOR_M and angle(motion.rotation) <= LATE_ANCHOR_RAD


def _target(anchor: Pose, motion: ArmMotion | CameraMotion) -> ArmTarget:
    if isinstance(motion, CameraMotion):
        return ArmTarget(_camera_pose(anchor, motion), None)
    position: FloatArray = anchor.position + motion.displacement
    return ArmTarget(Pose(position, motion.rotation @ anchor.rotation), motion.jaw)


def _camera_pose(anchor: Pose, motion: CameraMotion) -> Pose:
    """Turned about the remote centre, then deeper along the shaft (z of the tip frame)."""
    rotation: FloatArray = anchor.rotation @ exp(matrix_of(VIEW_IN_TIP) @ motion.turn)
    depth = float(anchor.position @ anchor.rotation[:, 2]) + motion.insertion
    return Pose(depth * rotation[:, 2], rotation)
