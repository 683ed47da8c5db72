"""Light read-only values with the fields of messages: what decode.py makes of bytes, so that a callback takes either."""

from __future__ import annotations

from typing import NamedTuple


class Time(NamedTuple):
    """builtin_interfaces/Time."""

    sec: int
    nanosec: int


class Header(NamedTuple):
    """std_msgs/Header."""

    stamp: Time
    frame_id: str


class Vector3(NamedTuple):
    """geometry_msgs/Vector3 and Point."""

    x: float
    y: float
    z: float


class Quaternion(NamedTuple):
    """geometry_msgs/Quaternion."""

    x: float
    y: float
    z: float
    w: float


class Pose(NamedTuple):
    """geometry_msgs/Pose."""

    position: Vector3
    orientation: Quaternion


class PoseStamped(NamedTuple):
    """geometry_msgs/PoseStamped."""

    header: Header
    pose: Pose


class Wrench(NamedTuple):
    """geometry_msgs/Wrench."""

    force: Vector3
    torque: Vector3


class WrenchStamped(NamedTuple):
    """geometry_msgs/WrenchStamped."""

    header: Header
    wrench: Wrench


class Twist(NamedTuple):
    """geometry_msgs/Twist."""

    linear: Vector3
    angular: Vector3


class TwistStamped(NamedTuple):
    """geometry_msgs/TwistStamped."""

    header: Header
    twist: Twist


class JointState(NamedTuple):
    """sensor_msgs/JointState."""

    header: Header
    name: tuple[str, ...]
    position: tuple[float, ...]
    velocity: tuple[float, ...]
    effort: tuple[float, ...]
