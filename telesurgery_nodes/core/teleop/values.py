"""What goes into and comes out of the surgeon side's clutch machine, and which inputs are numbers at all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..rotations import is_rotation
from ..values import TELEOP_PAIRS, ArmMotion, CameraMotion, FloatArray, Hand, Pedals, Phase, ToolState
from .console import HandSettings
from .mapping import valid_scale
from .pairs import valid_pairs
from .table import State

USUAL = HandSettings()


@dataclass(frozen=True)
class TeleopInputs:
    """What the surgeon side knows at one instant.

    ``hands`` master -> hand and ``tools`` arm -> tool, both in the view frame; ``phase`` and ``motion_epoch`` as the patient side
    last said; ``picture_age`` [s] (inf: no picture); ``scale`` tool motion per hand motion, (0, 1]. The rest is what the operator has
    set at the console (console.py); a master that ``settings`` does not name has dVRK's defaults.
    """

    hands: Mapping[str, Hand]
    hands_fresh: bool
    tools: Mapping[str, ToolState]
    tools_fresh: bool
    pedals: Pedals
    phase: Phase
    motion_epoch: int
    picture_age: float
    scale: float
    enabled: bool = True
    pairs: Mapping[str, str] = field(default_factory=lambda: dict(TELEOP_PAIRS))
    settings: Mapping[str, HandSettings] = field(default_factory=dict)
    tremor_filter: bool = False

    def setting(self, master: str) -> HandSettings:
        """Of one master."""
        return self.settings.get(master, USUAL)


@dataclass(frozen=True)
class TeleopOutput:
    """The wish of this instant.

    ``follow``: the operator is engaged (FOLLOWING, CLUTCHED or CAMERA, told apart by the pedals); ``arms`` is empty unless FOLLOWING,
    ``camera`` None and ``camera_forces`` (master -> force [N], (3,)) empty unless CAMERA. ``align_goals``: master -> wanted rotation
    (3, 3), view frame, while ALIGNING, READY, CLUTCHED or CAMERA. ``reason`` is for humans.
    """

    state: State
    follow: bool
    aligning: bool
    epoch: int
    press_count: int
    arms: Mapping[str, ArmMotion] = field(default_factory=dict)
    align_goals: Mapping[str, FloatArray] = field(default_factory=dict)
    align_error_deg: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    camera: CameraMotion | None = None
    camera_forces: Mapping[str, FloatArray] = field(default_factory=dict)


def usable(inputs: TeleopInputs) -> bool:
    """Are the numbers numbers, and the pairs pairs? Absent or stale hands and tools have events of their own."""
    hands = all(_finite_hand(hand) for hand in inputs.hands.values())
    tools = all(_finite_tool(tool) for tool in inputs.tools.values())
    return hands and tools and valid_scale(inputs.scale) and valid_pairs(inputs.pairs)


def _finite(position: FloatArray) -> bool:
    return all(map(math.isfinite, position.tolist()))


def _finite_hand(hand: Hand) -> bool:
    return _finite(hand.pose.position) and is_rotation(hand.pose.rotation) and math.isfinite(hand.gripper)


def _finite_tool(tool: ToolState) -> bool:
    return _finite(tool.pose.position) and is_rotation(tool.pose.rotation) and math.isfinite(tool.jaw)
