"""Hands to wishes while engaged: anchors and pace of a clutch epoch, jaw ghosts, the grip on the camera, tremor filters.

Every beginning is an epoch of its own: of following, of camera control, and of every change of scale, lock or filter while following. The
patient side anchors anew at each, so nothing the operator sets moves a tool.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..values import MASTERS, ArmMotion, CameraMotion, FloatArray, Hand, Pose
from .camera import CameraGrip
from .console import HandSettings
from .filters import TremorFilter
from .jaw import JawFollower
from .mapping import Anchor
from .tool_pace import PaceLimits, ToolPace
from .values import TeleopInputs

# A delay-adaptive scale wanders all the time; smaller changes than this do not cost a new epoch.
SCALE_STEP = 0.01


class HandMotion:
    """What follows from the hands, epoch by epoch."""

    def __init__(self, rate: float, pace: PaceLimits) -> None:
        """``rate`` [Hz] of the updates, for the tremor filters; ``pace``: the most that a tool is asked for."""
        self.epoch = 0
        self.jaws = {master: JawFollower() for master in MASTERS}
        self.paces = {master: ToolPace(pace) for master in MASTERS}
        self._samples: Mapping[str, Pose] = {}
        self._filters = {master: TremorFilter(rate) for master in MASTERS}
        self._anchors: dict[str, Anchor] = {}
        self._set: tuple[Mapping[str, HandSettings], bool] = ({}, False)
        self._scale = 0.0
        self._grip: CameraGrip | None = None

    def smooth(self, inputs: TeleopInputs, now: float) -> dict[str, Hand]:
        """The hands, without their tremor where the operator wants that. The filters always run, so switching is no beginning."""
        self._samples = poses(inputs.hands)
        smooth = {name: self._filters[name].update(hand.pose, now) for name, hand in inputs.hands.items() if name in self._filters}
        if not inputs.tremor_filter:
            return dict(inputs.hands)
        return {name: Hand(smooth[name], hand.gripper) if name in smooth else hand for name, hand in inputs.hands.items()}

    def smooth_anew(self, inputs: TeleopInputs, now: float) -> dict[str, Hand]:
        """Engaged from here: what the hands did before, turned by their motors to align, is forgotten. No step: anchors come after."""
        for one in self._filters.values():
            one.reset()
        return self.smooth(inputs, now)

    def needs_realigning(self, inputs: TeleopInputs) -> bool:
        """A released rotation, or an alignment asked for anew: the hand is turned away by now (dVRK's lock_rotation, set_align_MTM)."""
        held = self._set[0]
        return any(
            (held[master].lock_rotation and not inputs.setting(master).lock_rotation)
            or (inputs.setting(master).align and not held[master].align)
            for master in self._anchors
        )

    def changed(self, inputs: TeleopInputs) -> bool:
        """Something the anchors depend on is set differently from when they were dropped."""
        return self._settings(inputs) != self._set or abs(inputs.scale - self._scale) > SCALE_STEP

    def start(self, inputs: TeleopInputs, hands: Mapping[str, Hand], pairs: Mapping[str, str], now: float) -> None:
        """A new epoch of following from here."""
        self.epoch += 1
        self._set, self._scale = self._settings(inputs), inputs.scale
        self._anchors = {}
        for master in pairs:
            held = inputs.setting(master)
            self._anchors[master] = Anchor(hands[master].pose, inputs.scale, held.lock_rotation, held.lock_translation)
            self.paces[master].start(now)

    def _settings(self, inputs: TeleopInputs) -> tuple[Mapping[str, HandSettings], bool]:
        return {master: inputs.setting(master) for master in inputs.pairs}, inputs.tremor_filter

    def start_jaw(self, master: str, jaw: float, now: float) -> None:
        """The ghost begins at ``jaw`` [rad]."""
        self.jaws[master].start(jaw, now)

    def arms(self, hands: Mapping[str, Hand], pairs: Mapping[str, str], now: float) -> dict[str, ArmMotion]:
        """Wishes of this instant."""
        motions = {}
        for master, arm in pairs.items():
            hand, anchor = hands[master], self._anchors[master]
            jaw = self.jaws[master].update(hand.gripper, now)
            wish = anchor.displacement(hand.pose), anchor.rotation(hand.pose)
            motions[arm] = ArmMotion(*self.paces[master].update(*wish, self._samples[master], now), jaw)
        return motions

    def start_camera(self, hands: Mapping[str, Hand]) -> None:
        """A new epoch of camera control from here."""
        self.epoch += 1
        self._grip = CameraGrip(poses(hands))

    def camera(self, hands: Mapping[str, Hand]) -> tuple[CameraMotion | None, dict[str, FloatArray]]:
        """Wished camera motion, and the forces that keep the hands apart."""
        if self._grip is None:
            return None, {}
        return self._grip.motion(poses(hands)), self._grip.forces(poses(hands))


def poses(hands: Mapping[str, Hand]) -> dict[str, Pose]:
    """Only where the hands are."""
    return {name: hand.pose for name, hand in hands.items()}
