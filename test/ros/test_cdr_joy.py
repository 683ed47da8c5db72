"""A pedal's bytes are those of its message."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="rclpy comes from the wheels (make test) or from a ROS 2 installation")

from builtin_interfaces.msg import Time
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Joy

from telesurgery_nodes.ros.cdr_joy import pedal_cdr
from telesurgery_nodes.ros.messages import joy_msg

WRITTEN = slice(0, 2), slice(4, 17), slice(20, 32)  # all but the options and the padding, which may hold anything


@pytest.mark.parametrize("pressed", [False, True])
@pytest.mark.parametrize("stamp", [Time(), Time(sec=1_700_000_000, nanosec=999_999_999), Time(sec=-1, nanosec=1)])
def test_a_pedals_bytes_are_its_messages(pressed, stamp):
    raw, msg = pedal_cdr(pressed, stamp), joy_msg(pressed, stamp)
    theirs = bytes(serialize_message(msg))
    assert deserialize_message(raw, Joy) == msg
    assert [raw[part] for part in WRITTEN] == [theirs[part] for part in WRITTEN] and len(raw) == len(theirs)
