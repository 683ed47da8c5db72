"""The only place where ROS messages and core values are converted.

ROS quaternions are x-y-z-w, the core's are w-x-y-z. Poses that are not poses raise KinematicsError: whoever receives one
counts it and does not move.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped
from numpy.typing import NDArray
from sensor_msgs.msg import Image, Joy
from std_msgs.msg import Float64MultiArray, MultiArrayDimension, UInt64MultiArray

from ..core.kinematics.frames import Frame, pose_of, quaternion
from ..core.rotations import quaternion_from_rotation as quaternion_from_rotation
from ..core.rotations import rotation_of_quaternion
from ..core.values import ArmReport, Pedals, Permit, Phase, Pose, RemoteReport
from ..errors import KinematicsError, SafetyError
from .cdr import pose_cdr

NANO = 1_000_000_000
MICRO = 1e6
REMOTE_WORDS = 14
NEVER_US = 2**63 - 1  # an age in microseconds that stands for "never heard"


def seconds(stamp: Any) -> float:
    """Seconds of a builtin_interfaces/Time."""
    return float(stamp.sec) + float(stamp.nanosec) / NANO


def stamp_from(value: float) -> Time:
    """builtin_interfaces/Time of seconds."""
    whole = math.floor(value)
    return Time(sec=int(whole), nanosec=min(NANO - 1, round((value - whole) * NANO)))


def pose_msg(frame: Frame, stamp: Time, frame_id: str) -> PoseStamped:
    """PoseStamped of a frame, for what is said seldom."""
    msg = PoseStamped()
    msg.header.stamp, msg.header.frame_id = stamp, frame_id
    at, turn = msg.pose.position, msg.pose.orientation
    at.x, at.y, at.z = frame.p
    turn.w, turn.x, turn.y, turn.z = quaternion(frame.r)
    return msg


def frame_bytes(frame: Frame, stamp: Any, frame_id: str) -> bytes:
    """PoseStamped of a frame, as bytes for a publisher (cdr.py)."""
    return pose_cdr(frame.p, quaternion(frame.r), stamp, frame_id)


def pose_bytes(pose: Pose, stamp: Any, frame_id: str) -> bytes:
    """PoseStamped of a Pose, as bytes for a publisher."""
    return pose_cdr(pose.position.tolist(), quaternion_from_rotation(pose.rotation), stamp, frame_id)


def frame_of_msg(pose: Any) -> Frame:
    """Frame of a geometry_msgs/Pose. KinematicsError on a non-finite position or a quaternion that is not a unit one."""
    at, turn = pose.position, pose.orientation
    x, y, z = at.x, at.y, at.z
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(z)):
        raise KinematicsError(f"wanted a finite position, got {[x, y, z]}")
    return Frame((x, y, z), rotation_of_quaternion(turn.w, turn.x, turn.y, turn.z))


def pose_of_msg(pose: Any) -> Pose:
    """Pose of a geometry_msgs/Pose, with the same errors."""
    return pose_of(frame_of_msg(pose))


def pose_from_msg(msg: Any) -> Pose:
    """Pose of a PoseStamped, with the same errors."""
    return pose_of_msg(msg.pose)


def joy_msg(pressed: bool, stamp: Time) -> Joy:
    """A pedal: buttons[0] 0 released, 1 pressed."""
    msg = Joy(buttons=[int(pressed)])
    msg.header.stamp = stamp
    return msg


def joy_pressed(msg: Joy) -> bool:
    """Whether a pedal message says pressed. An empty or unknown value is not pressed."""
    return len(msg.buttons) > 0 and msg.buttons[0] == 1


def image_msg(rgb: NDArray[np.uint8], stamp: Time, frame: str) -> Image:
    """sensor_msgs/Image of an RGB picture. array('B') from a memoryview is 1000 times faster than assigning numpy (video.md 2.1)."""
    data = array("B")
    data.frombytes(memoryview(np.ascontiguousarray(rgb)).cast("B"))
    height, width = rgb.shape[:2]
    msg = Image(height=height, width=width, encoding="rgb8", step=3 * width)
    msg.header.stamp, msg.header.frame_id = stamp, frame
    msg.data = data
    return msg


def _micro(age: float) -> int:
    """Age [s] as microseconds; anything that is not a finite non-negative age is NEVER."""
    return round(age * MICRO) if 0.0 <= age < NEVER_US / MICRO / 2 else NEVER_US


def _age(micro: int) -> float:
    return math.inf if micro >= NEVER_US else micro / MICRO


def _bits(*flags: bool) -> int:
    return sum(1 << index for index, flag in enumerate(flags) if flag)


def _words(msg: UInt64MultiArray, wanted: int, what: str) -> list[int]:
    words = [int(word) for word in msg.data]
    if len(words) != wanted:
        raise SafetyError(f"{what}: wanted {wanted} words, got {len(words)}")
    return words


def floats_msg(values: Iterable[float]) -> Float64MultiArray:
    """Float64MultiArray of plain values."""
    msg = Float64MultiArray()
    msg.data = array("d", values)
    return msg


def matrix_msg(rows: Sequence[Sequence[float]]) -> Float64MultiArray:
    """Float64MultiArray of a matrix, dimensions `rows` and `cols`."""
    msg = floats_msg(value for row in rows for value in row)
    high, wide = len(rows), len(rows[0])
    msg.layout.dim = [
        MultiArrayDimension(label="rows", size=high, stride=high * wide),
        MultiArrayDimension(label="cols", size=wide, stride=wide),
    ]
    return msg


def permit_to_msg(permit: Permit) -> UInt64MultiArray:
    """Words: boot id, seq, motion epoch, phase, motion, cause."""
    words = (permit.boot_id, permit.seq, permit.motion_epoch, int(permit.phase), int(permit.motion), permit.cause)
    return UInt64MultiArray(data=array("Q", words))


def permit_from_msg(msg: UInt64MultiArray) -> Permit:
    """Permit, or SafetyError where the words are not one."""
    boot, seq, epoch, phase, motion, cause = _words(msg, 6, "permit")
    if motion not in (0, 1) or phase not in Phase._value2member_map_:
        raise SafetyError(f"permit: wanted motion 0 or 1 and a known phase, got {motion} and {phase}")
    return Permit(boot, seq, epoch, Phase(phase), bool(motion), cause)


def remote_to_msg(report: RemoteReport) -> UInt64MultiArray:
    """Words: boot id, seq, session, epoch, press count, flag bits, ages [us] of command, picture, video, round trip; paths up,
    configured, ready; stops."""
    pedals = report.pedals
    wishes = (report.follow, report.aligning, report.hands_fresh, report.stop)
    flags = _bits(pedals.head, pedals.engage, pedals.clutch, pedals.camera, *wishes)
    ages = [_micro(age) for age in (report.command_age, report.picture_age, report.video_age, report.round_trip)]
    head = (report.boot_id, report.seq, report.surgeon_session, report.epoch, report.press_count, flags)
    return UInt64MultiArray(data=array("Q", (*head, *ages, report.paths_up, report.paths, report.paths_ready, report.stop_count)))


def remote_from_msg(msg: UInt64MultiArray) -> RemoteReport:
    """RemoteReport, or SafetyError where the words are not one."""
    boot, seq, session, epoch, presses, flags, command, picture, video, trip, *paths, stops = _words(msg, REMOTE_WORDS, "remote report")
    bit = [bool(flags >> index & 1) for index in range(8)]
    pedals = Pedals(*bit[:4])
    ages = (_age(command), _age(picture), _age(video), _age(trip))
    return RemoteReport(boot, seq, session, epoch, presses, pedals, bit[4], bit[5], bit[6], *ages, *paths, bit[7], stops)


def remote_stops(msg: UInt64MultiArray) -> int:
    """Only the stop presses of a remote report; 0 where it is none. Cheap: a stop must not wait for the rest to be read."""
    return int(msg.data[-1]) if len(msg.data) == REMOTE_WORDS else 0


def arm_to_msg(report: ArmReport) -> UInt64MultiArray:
    """Words: boot id, seq, flag bits, robot age [us], bad commands."""
    flags = _bits(report.homed, report.robot_enabled, report.tracking_fault)
    words = (report.boot_id, report.seq, flags, _micro(report.robot_age), report.bad_commands)
    return UInt64MultiArray(data=array("Q", words))


def arm_from_msg(msg: UInt64MultiArray) -> ArmReport:
    """ArmReport, or SafetyError where the words are not one."""
    boot, seq, flags, age, bad = _words(msg, 5, "arm report")
    return ArmReport(boot, seq, bool(flags & 1), _age(age), bool(flags & 2), bool(flags & 4), bad)
