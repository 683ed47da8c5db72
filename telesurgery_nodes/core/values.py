"""The frozen values that cross seams between rings, nodes and sites.

Units are SI. Frames: ``view`` is the endoscope view (x left, y up, z away from the viewer, as the da Vinci stereo display and
dVRK use it); ``rcm`` is an arm's base at its remote centre of motion. Times are seconds of the steady clock of the process
that made the value unless the field says otherwise.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

MASTERS: tuple[str, ...] = ("MTML", "MTMR")
INSTRUMENTS: tuple[str, ...] = ("PSM1", "PSM2", "PSM3")
CAMERA_ARM = "ECM"
REDUNDANT_PATHS = 2  # fewer network paths have nothing to fall back on
# dVRK's pairing: the right hand drives PSM1, the left hand PSM2. PSM3 waits for arm swap (core/teleop/pairs.py).
TELEOP_PAIRS: Mapping[str, str] = {"MTMR": "PSM1", "MTML": "PSM2"}
# The arms of that pairing: taped, and served fast also while idle. Which arms follow now is for the commands to say.
FOLLOWING_ARMS: tuple[str, ...] = ("PSM1", "PSM2")


@dataclass(frozen=True, eq=False)
class Pose:
    """A rigid pose. ``position`` shape (3,) [m]; ``rotation`` shape (3, 3), proper orthogonal."""

    position: FloatArray
    rotation: FloatArray


@dataclass(frozen=True, eq=False)
class Wrench:
    """What the surroundings exert on a tip, about the tip: ``force`` [N] and ``torque`` [Nm], shape (3,) each, axes of link ``frame``."""

    force: FloatArray
    torque: FloatArray
    frame: str


@dataclass(frozen=True)
class Pedals:
    """What the operator's feet and head say. ``engage`` is the dead-man pedal (dVRK: coag / operator present); ``stop`` the stop button."""

    head: bool = False
    engage: bool = False
    clutch: bool = False
    camera: bool = False
    stop: bool = False


@dataclass(frozen=True)
class Hand:
    """One hand on a master: tip pose in the display frame, gripper angle [rad]."""

    pose: Pose
    gripper: float


@dataclass(frozen=True)
class HandSample:
    """Everything a master device knows at one instant. ``stamp`` steady clock [s] of the sample."""

    seq: int
    stamp: float
    hands: Mapping[str, Hand]
    pedals: Pedals


@dataclass(frozen=True)
class ConsoleState:
    """What the operator at the master can see and feel, given back to the device (a motorised or simulated master obeys it).

    ``align_goals``: master name -> wanted tip rotation (3, 3), present only while aligning. ``forces``: master name -> force (3,)
    on the hand [N], display frame, to be given until the next call; a device that cannot push ignores it.
    """

    phase: Phase
    following: bool
    align_goals: Mapping[str, FloatArray] = field(default_factory=dict)
    forces: Mapping[str, FloatArray] = field(default_factory=dict)


class Phase(enum.IntEnum):
    """State of the patient side (safety.md section 6); the integer travels on the wire and in the permit."""

    SELFTEST = 0
    STANDBY = 1
    HOLDING = 2
    ALIGNING = 3
    FOLLOWING = 4
    CLUTCHED = 5
    COAST_HOLD = 6
    PAUSED = 7
    FAULT = 8


class FeedbackMode(enum.IntEnum):
    """How the force on the tools comes back to the hands (docs/force.md); the integer travels on the wire."""

    OFF = 0
    TDPA = 1
    WAVE = 2


@dataclass(frozen=True)
class PortSays:
    """What the hand's end of a force feedback tells the tool's: ``wave`` running integral shape (3,), ``credit`` running total [J]."""

    wave: FloatArray
    credit: float


@dataclass(frozen=True)
class Touch:
    """What a tool feels: ``force`` on it shape (3,) [N], view frame; and its end's answer to the hand's of clutch epoch ``epoch``."""

    force: FloatArray
    wave: FloatArray
    credit: float
    epoch: int


@dataclass(frozen=True)
class ArmMotion:
    """Where one tool should be, relative to where it stood when the clutch epoch began (a state, never an increment).

    ``displacement`` shape (3,) [m], scaled, view frame; ``rotation`` shape (3, 3): R(now) R(epoch start)^T in the view frame;
    ``jaw`` [rad]; ``port`` where the command asks for force feedback.
    """

    displacement: FloatArray
    rotation: FloatArray
    jaw: float
    port: PortSays | None = None


@dataclass(frozen=True)
class CameraMotion:
    """How far the camera arm should be from where it stood when the clutch epoch began (a state, never an increment).

    ``turn`` shape (3,): rotation vector of the camera about its remote centre [rad], in the view frame as it was then (x tilts, y
    pans, z rolls); ``insertion`` deeper along the shaft [m].
    """

    turn: FloatArray
    insertion: float


@dataclass(frozen=True)
class MotionCommand:
    """The surgeon side's whole wish at one instant.

    ``epoch`` counts clutch epochs (a new one re-anchors); ``press_count`` counts presses of the engage pedal, so that a lost
    packet cannot lose the edge; ``sample_stamp`` is the master sample's time and ``stamp`` the sending time, both on the
    surgeon bridge's steady clock [s]; ``picture_age`` [s] is what the surgeon sees (inf: nothing). ``arms`` is empty unless
    following; ``camera`` is there only while both hands drive the camera arm, and then ``arms`` is empty.
    """

    seq: int
    stamp: float
    sample_stamp: float
    epoch: int
    press_count: int
    pedals: Pedals
    follow: bool
    aligning: bool
    hands_fresh: bool
    picture_age: float
    arms: Mapping[str, ArmMotion]
    camera: CameraMotion | None = None
    feedback: FeedbackMode = FeedbackMode.OFF


@dataclass(frozen=True)
class ToolState:
    """One instrument as the surgeon side sees it: measured pose (view frame), jaw [rad], tracking error [m]; ``touch`` where known."""

    pose: Pose
    jaw: float
    tracking_error: float
    touch: Touch | None = None


@dataclass(frozen=True)
class RobotState:
    """Returned from the patient side: tools, verdict, and the echo that closes the latency ledger.

    ``echo_seq`` is the newest command whose effect reached the robot; ``held`` maps patient-side stage name -> seconds
    spent on that command there. ``stamp`` is the patient bridge's steady clock [s].
    """

    seq: int
    stamp: float
    echo_seq: int
    held: Mapping[str, float]
    phase: Phase
    cause: int
    motion_epoch: int
    tools: Mapping[str, ToolState]


@dataclass(frozen=True)
class Permit:
    """Short-lived leave to move, from the safety watchdog to arm control. Without a live one the arm holds.

    ``motion_epoch`` grows by one each time following begins with a fresh pedal press; ``cause`` is a row of causes.CAUSES.
    """

    boot_id: int
    seq: int
    motion_epoch: int
    phase: Phase
    motion: bool
    cause: int


@dataclass(frozen=True)
class RemoteReport:
    """Patient bridge to watchdog: what the surgeon side last said, with ages by the patient side's own clock [s].

    Of ``paths`` configured ones ``paths_up`` are heard now and ``paths_ready`` can be relied on (core/link/redundancy.py).
    ``stop``: the surgeon's stop is latched; ``stop_count``: its presses in this session.
    """

    boot_id: int
    seq: int
    surgeon_session: int
    epoch: int
    press_count: int
    pedals: Pedals
    follow: bool
    aligning: bool
    hands_fresh: bool
    command_age: float
    picture_age: float
    video_age: float
    round_trip: float
    paths_up: int
    paths: int
    paths_ready: int
    stop: bool
    stop_count: int


@dataclass(frozen=True)
class ArmReport:
    """Arm control to watchdog. ``robot_age`` [s]: oldest robot state; ``refused``: gate refusals since start."""

    boot_id: int
    seq: int
    homed: bool
    robot_age: float
    robot_enabled: bool
    tracking_fault: bool
    bad_commands: int


@dataclass(frozen=True)
class ArmState:
    """A robot arm's joints. ``position``/``velocity``/``effort`` shape (n,) [rad or m, per s, Nm or N]; jaw [rad]."""

    position: FloatArray
    velocity: FloatArray
    effort: FloatArray
    jaw: float
    jaw_velocity: float


@dataclass(frozen=True)
class StereoFrame:
    """Both eyes of one instant. ``left``/``right`` shape (h, w, 3) uint8 RGB; ``stamp`` capture time, ROS clock [s]."""

    seq: int
    stamp: float
    left: NDArray[np.uint8]
    right: NDArray[np.uint8]
