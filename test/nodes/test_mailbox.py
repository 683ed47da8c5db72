"""Our bytes to an ordinary subscription, an ordinary publisher to a mailbox, and what is no message counted and not handed over."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("rclpy")

from geometry_msgs.msg import PoseStamped, TwistStamped, WrenchStamped
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState, Joy
from typed_messages import joint_msg, wrench_msg

from telesurgery_nodes.core.kinematics.frames import Frame, from_rpy
from telesurgery_nodes.ros import light
from telesurgery_nodes.ros.cdr import joint_cdr, twist_cdr, wrench_cdr
from telesurgery_nodes.ros.endpoints import message_class, offered, requested, row
from telesurgery_nodes.ros.mailbox import MALFORMED
from telesurgery_nodes.ros.messages import frame_bytes, joy_msg, pose_msg, stamp_from
from telesurgery_nodes.ros.node import SuiteNode

STAMP = stamp_from(12.25)
TIP = Frame((0.1, -0.2, 0.3), from_rpy(0.3, -0.2, 0.9))
NAMES = ("PSM1_yaw", "PSM1_pitch")


def twist() -> TwistStamped:
    msg = TwistStamped()
    msg.header.stamp, msg.header.frame_id = STAMP, "view"
    msg.twist.linear.x, msg.twist.angular.z = 1.0, 6.0
    return msg


# key, the message as rclpy's class, the same as our bytes
SAID = [
    ("arm_servo_cp", pose_msg(TIP, STAMP, "endoscope_view"), frame_bytes(TIP, STAMP, "endoscope_view")),
    ("arm_measured_js", joint_msg(NAMES, (0.1, 0.2), (0.3, 0.4), (), STAMP), joint_cdr(NAMES, (0.1, 0.2), (0.3, 0.4), stamp=STAMP)),
    ("arm_measured_cf", wrench_msg((1, 2, 3), STAMP, "view", (4, 5, 6)), wrench_cdr((1, 2, 3), (4, 5, 6), STAMP, "view")),
    ("arm_measured_cv", twist(), twist_cdr((1.0, 0.0, 0.0), (0.0, 0.0, 6.0), STAMP, "view")),
]


class Reader(SuiteNode):
    NAME = "reader"


class Post:
    """A suite node with a mailbox and a publisher for one row, and a plain node that speaks and hears it."""

    def __init__(self, graph: Any, key: str) -> None:
        self.reader, self.tester, self.heard, self.read = graph.make(Reader), graph.plain(), [], []
        name, kind = row(key).name.format(arm="PSM1"), message_class(row(key))
        self.box = self.reader.mailbox()
        self.box.subscribe(key, self.read.append, arm="PSM1")
        self.ours = self.reader.publisher(key, arm="PSM1")
        self.tester.create_subscription(kind, name, self.heard.append, requested(row(key)))
        self.theirs = self.tester.create_publisher(kind, name, offered(row(key)))
        self.graph = graph
        assert graph.spin_until(lambda: self.ours.get_subscription_count() == 2 and self.theirs.get_subscription_count() == 2)

    def say(self, publisher: Any, msg: Any, done: Any) -> bool:
        """Said until it is heard: the rows are best effort for who reads them."""

        def again() -> bool:
            publisher.publish(msg)
            self.graph.spin_for(0.01)
            self.box.read()
            return bool(done())

        return self.graph.spin_until(again)


@pytest.mark.parametrize(("key", "msg", "raw"), SAID, ids=[key for key, _, _ in SAID])
def test_an_ordinary_subscription_reads_our_bytes_and_a_mailbox_an_ordinary_publisher(graph: Any, key: str, msg: Any, raw: bytes) -> None:
    post = Post(graph, key)
    assert post.say(post.ours, raw, lambda: post.heard and post.read)
    assert post.heard[-1] == msg
    own = post.read[-1]
    post.read.clear()
    assert post.say(post.theirs, msg, lambda: post.read)
    assert type(own).__module__ == type(post.read[-1]).__module__ == light.__name__
    assert post.read[-1] == own and own.header == light.Header(light.Time(12, 250_000_000), msg.header.frame_id)


@pytest.mark.parametrize("kind", [PoseStamped, JointState, WrenchStamped])
def test_what_is_no_message_is_counted_and_the_next_one_read(graph: Any, kind: type) -> None:
    key = next(key for key, msg, _ in SAID if isinstance(msg, kind))
    post = Post(graph, key)
    raw = serialize_message(next(msg for _, msg, _ in SAID if isinstance(msg, kind)))
    for bad in (raw[:40], raw[:12] + b"\xff\xff\xff\x7f" + raw[16:]):
        post.reader.counters.clear()
        assert post.say(post.theirs, bad, lambda: post.reader.counters[MALFORMED])
    assert not post.read
    assert post.say(post.theirs, raw, lambda: post.read)


def test_a_type_that_goes_seldom_is_rclpys_own(graph: Any) -> None:
    post = Post(graph, "pedal_clutch")
    assert post.say(post.theirs, joy_msg(True, STAMP), lambda: post.read)
    assert isinstance(post.read[-1], Joy) and post.read[-1] == joy_msg(True, STAMP)
