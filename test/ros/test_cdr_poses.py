"""The bytes of some poses are those of their message."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="rclpy comes from the wheels (make test) or from a ROS 2 installation")

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Pose, PoseArray
from rclpy.serialization import deserialize_message, serialize_message

from telesurgery_nodes.ros.cdr_poses import poses_cdr

STAMP = Time(sec=1_700_000_000, nanosec=5)


def message(poses, frame):
    msg = PoseArray()
    msg.header.stamp, msg.header.frame_id = STAMP, frame
    for x, y, z, qw, qx, qy, qz in poses:
        pose = Pose()
        pose.position.x, pose.position.y, pose.position.z = x, y, z
        pose.orientation.x, pose.orientation.y, pose.orientation.z, pose.orientation.w = qx, qy, qz, qw
        msg.poses.append(pose)
    return msg


@pytest.mark.parametrize("count", [0, 1, 6])
@pytest.mark.parametrize("frame", ["", "a", "map", "cart", "patient_cart", "ü"])
def test_the_bytes_of_poses_are_their_messages(count, frame):
    poses = [[float(10 * one + number) for number in range(7)] for one in range(count)]
    raw, msg = poses_cdr(poses, STAMP, frame), message(poses, frame)
    assert deserialize_message(raw, PoseArray) == msg and len(raw) == len(serialize_message(msg))
