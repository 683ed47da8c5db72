"""The patient side's half of the clutch: commanded displacement since the epoch -> tip target, anchored where the arm's set point stood.

Anchored once per (surgeon session, clutch epoch), only on a fresh set point and only while the displacement is still small: an
epoch first seen late would begin with a jump, so it never begins. An epoch serves one motion epoch of the watchdog; after the
watchdog begins a new one the surgeon has to have begun a new one too. Deny by default: no target is no motion.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..rotations import angle
from ..values import FloatArray, MotionCommand, Permit, Phase, Pose

LATE_ANCHOR_M = 0.005  # a first displacement beyond this is a jump, not a beginning
LATE_ANCHOR_RAD = math.radians(10.0)


@dataclass(frozen=True)
class ArmTarget:
    """Where one arm shall go: tip ``pose`` in the view frame, ``jaw`` [rad]."""

    pose: Pose
    jaw: float


@dataclass(frozen=True)
class AnchorInputs:
    """``setpoints``: arm -> (pose, age [s]); ``permit_age`` [s] since it arrived; ``session`` of the surgeon side."""

    session: int
    command: MotionCommand
    setpoints: Mapping[str, tuple[Pose, float]]
    permit: Permit | None
    permit_age: float


@dataclass
class _Epoch:
    session: int
    number: int
    motion_epoch: int | None = None
    anchors: dict[str, Pose] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)


class AnchoredMotion:
    """Turns each NEW command into targets, or into none. ``refused`` counts why not."""

    def __init__(self, setpoint_age_max: float, permit_age_max: float) -> None:
        self._setpoint_age_max = setpoint_age_max
        self._permit_age_max = permit_age_max
        self._epoch = _Epoch(0, -1)
        self._newest: tuple[int, int] = (0, -1)
        self.refused: Counter[str] = Counter()

    def update(self, inputs: AnchorInputs) -> dict[str, ArmTarget]:
        """Targets of this command; empty where nothing may move."""
        command = inputs.command
        if inputs.session == self._newest[0] and command.seq <= self._newest[1]:
            self.refused["not_new"] += 1
            return {}
        self._newest = (inputs.session, command.seq)
        if not command.follow or not command.arms:
            return {}
        self._enter(inputs)
        for arm in command.arms:
            self._anchor(arm, inputs)
        if not self._permitted(inputs):
            return {}
        return {arm: self._target(arm, inputs) for arm in command.arms if arm in self._epoch.anchors}

    def _enter(self, inputs: AnchorInputs) -> None:
        here = (inputs.session, inputs.command.epoch)
        if here != (self._epoch.session, self._epoch.number):
            self._epoch = _Epoch(*here)

    def _anchor(self, arm: str, inputs: AnchorInputs) -> None:
        epoch, motion = self._epoch, inputs.command.arms[arm]
        if arm in epoch.anchors or arm in epoch.refused:
            return
        if not (float(np.linalg.norm(motion.displacement)) <= LATE_ANCHOR_M and angle(motion.rotation) <= LATE_ANCHOR_RAD):
            epoch.refused.add(arm)
            self.refused["late_anchor"] += 1
            return
        pose, age = inputs.setpoints.get(arm, (None, math.inf))
        if pose is None or not age <= self._setpoint_age_max:
            self.refused["setpoint_old"] += 1
            return
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

    def _target(self, arm: str, inputs: AnchorInputs) -> ArmTarget:
        anchor, motion = self._epoch.anchors[arm], inputs.command.arms[arm]
        position: FloatArray = anchor.position + motion.displacement
        return ArmTarget(Pose(position, motion.rotation @ anchor.rotation), motion.jaw)
