"""Messages from bytes: plain ones of the types that go fast are read here, at a fraction of what rclpy takes.

What is unusual about one of those types, and every other type, goes to rclpy, whose word counts: what it reads is taken as it reads it,
and what it refuses is a MessageError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geometry_msgs.msg
import sensor_msgs.msg
from rclpy.serialization import deserialize_message

from ..errors import MessageError
from .cdr_joints import read_joint_state
from .cdr_read import UNUSUAL, read_pose, read_twist, read_wrench

READERS: dict[type, Callable[[bytes], Any]] = {
    geometry_msgs.msg.PoseStamped: read_pose,
    geometry_msgs.msg.WrenchStamped: read_wrench,
    geometry_msgs.msg.TwistStamped: read_twist,
    sensor_msgs.msg.JointState: read_joint_state,
}


def decode(kind: type, raw: bytes) -> Any:
    """A message of ``kind``: a light value where it is one of the four and plain, else rclpy's. MessageError where it is none."""
    reader = READERS.get(kind)
    if reader is not None:
        try:
            return reader(raw)
        except UNUSUAL:
            pass  # rclpy decides
    try:
        return deserialize_message(raw, kind)
    except (RuntimeError, ValueError) as why:
        raise MessageError(f"wanted {kind.__name__}, got {len(raw)} bytes that are none: {why}") from why
