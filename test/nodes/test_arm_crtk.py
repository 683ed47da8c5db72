"""CRTK's names of an arm on a graph: local motion, states, refusals that are counted and said, telemetry only while heard."""

from __future__ import annotations

import time
from typing import Any

import pytest

rclpy = pytest.importorskip("rclpy")
pytest.importorskip("xacro")

from geometry_msgs.msg import PoseStamped, WrenchStamped  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402
from std_msgs.msg import Empty, Float64MultiArray, String  # noqa: E402
from test_arm_control import Site  # noqa: E402
from typed_messages import joint_msg  # noqa: E402

from telesurgery_nodes.core.arm.face import FACE, Way, Who  # noqa: E402
from telesurgery_nodes.core.arm.moves import Refusal  # noqa: E402
from telesurgery_nodes.core.kinematics.frames import IDENTITY, Frame, compose, distance, inverse  # noqa: E402
from telesurgery_nodes.core.values import Phase  # noqa: E402
from telesurgery_nodes.ros.crtk import Stamps, text_of, word_msg  # noqa: E402
from telesurgery_nodes.ros.messages import pose_msg, stamp_from  # noqa: E402


class Client:
    """Asks PSM1 as CRTK's client does: reliable, volatile, depth 10."""

    def __init__(self, site: Site) -> None:
        self.site, self.node, self.said = site, site.tester, []  # type: Site, Any, list[str]
        self.node.create_subscription(String, "PSM1/warning", lambda msg: self.said.append(msg.data), 10)

    def send(self, name: str, msg: Any, arm: str = "PSM1") -> None:
        publisher = self.node.create_publisher(type(msg), f"{arm}/{name}", 10)
        assert self.site.graph.spin_until(lambda: publisher.get_subscription_count() > 0), name
        if hasattr(msg, "header"):
            msg.header.stamp = self.node.get_clock().now().to_msg()
        publisher.publish(msg)

    def count(self, name: str, arm: str = "PSM1") -> int:
        return int(self.site.arm(arm).controller.counts[name])

    def refused(self, name: str, why: Refusal, arm: str = "PSM1") -> bool:
        return self.site.graph.spin_until(lambda: self.count(f"refused_{name}_{why.name.lower()}", arm) > 0)


@pytest.fixture
def client(graph: Any) -> Client:
    return Client(Site(graph))


def moved(site: Site, x: float) -> PoseStamped:
    start = site.arm().controller.setpoint_view(site.node._rcm_views["PSM1"])
    return pose_msg(Frame((start.p[0] + x, start.p[1], start.p[2]), start.r), stamp_from(1.0), "")


def test_move_cp_goes_there_and_says_busy_until_it_is_there(client: Client) -> None:
    site = client.site
    site.homed()
    arm, goal = site.arm(), moved(site, 0.005)
    client.send("move_cp", goal)
    assert site.graph.spin_until(lambda: arm.port.crtk.busy)
    assert site.graph.spin_until(lambda: not arm.port.crtk.busy)
    tip = compose(inverse(site.node._rcm_views["PSM1"]), arm.controller.kinematics.forward(site.q["PSM1"]))
    at = goal.pose.position
    assert distance(tip.p, (at.x, at.y, at.z)) < 1e-5
    assert not client.said


def test_local_motion_is_refused_while_somebody_may_follow_and_it_is_said(client: Client) -> None:
    site = client.site
    site.homed()
    site.allow(Phase.FOLLOWING, True, 1)
    assert site.graph.spin_until(lambda: not site.arm().port.crtk.moves._inputs.local)
    before = site.q["PSM1"]
    client.send("move_cp", moved(site, 0.005))
    assert client.refused("move_cp", Refusal.NOT_LOCAL)
    for name in ("move_jp", "servo_jp", "interpolate_jp"):
        client.send(name, joint_msg((), [x + 0.05 for x in before]))
        assert client.refused(name, Refusal.NOT_LOCAL), name
    assert site.q["PSM1"] == before
    assert site.graph.spin_until(lambda: any(Refusal.NOT_LOCAL.value in text for text in client.said))


def test_a_stream_that_is_refused_is_counted_each_time_and_said_once_a_second(client: Client) -> None:
    site = client.site
    out = site.tester.create_publisher(JointState, "PSM1/servo_jp", 10)
    site.tester.create_timer(0.02, lambda: out.publish(joint_msg((), [0.1] * 6)))
    assert client.refused("servo_jp", Refusal.NOT_ENABLED)
    before = client.count("refused_servo_jp_not_enabled")
    assert site.graph.spin_until(lambda: client.count("refused_servo_jp_not_enabled") >= before + 25)
    assert 1 <= len(client.said) <= 2 + (client.count("refused_servo_jp_not_enabled") // 25)


def test_a_move_that_loses_the_leave_does_not_go_on(client: Client) -> None:
    site = client.site
    site.homed()
    client.send("move_jr", joint_msg((), [0.5, 0.0, 0.0, 0.0, 0.0, 0.0]))
    assert site.graph.spin_until(lambda: site.arm().port.crtk.busy)
    site.allow(Phase.FAULT, False, 0)
    assert client.refused("motion", Refusal.LOST_LEAVE)
    assert site.graph.spin_until(lambda: not any(site.arm().controller.speed))
    at = site.arm().controller.setpoint
    site.allow(Phase.STANDBY, False, 0)
    assert site.graph.spin_until(lambda: site.arm().port.crtk.moves._inputs.local)
    site.graph.spin_for(0.2)
    assert site.arm().controller.setpoint == at


def test_hold_ends_a_move(client: Client) -> None:
    site = client.site
    site.homed()
    client.send("move_jr", joint_msg((), [0.5, 0.0, 0.0, 0.0, 0.0, 0.0]))
    assert site.graph.spin_until(lambda: any(site.arm().controller.speed))
    client.send("hold", Empty())
    assert site.graph.spin_until(lambda: not any(site.arm().controller.speed) and not site.arm().port.crtk.busy)


@pytest.mark.parametrize("read", [False, True])
def test_a_hold_wins_over_a_move_that_was_asked_before(client: Client, read: bool) -> None:
    """Whether it still lies in the middleware's queue, or was read and waits for the next tick."""
    site = client.site
    site.homed("PSM3")
    crtk, before = site.arm("PSM3").port.crtk, site.q["PSM3"]
    client.send("move_jr", joint_msg((), [0.5, 0.0, 0.0, 0.0, 0.0, 0.0]), "PSM3")
    time.sleep(0.2)  # it arrives; nobody spins
    if read:
        crtk._commands.read()
        assert crtk._asked
    crtk.hold()
    site.graph.spin_for(0.2)
    assert not crtk.active and site.q["PSM3"] == pytest.approx(before, abs=1e-6)
    assert client.count("refused_move_jr_not_local", "PSM3") == 0, "it is gone, not refused for want of a leave that grew old meanwhile"


def test_the_jaw_moves_locally_and_the_arm_is_busy_meanwhile(client: Client) -> None:
    site = client.site
    site.homed()
    client.send("jaw/move_jp", joint_msg((), [0.4]))
    assert site.graph.spin_until(lambda: site.arm().port.crtk.busy)
    assert site.graph.spin_until(lambda: not site.arm().port.crtk.busy)
    assert site.arm().controller.jaw_setpoint == pytest.approx(0.4, abs=1e-5)


def test_an_arm_that_is_not_enabled_or_not_homed_says_so(client: Client) -> None:
    site, six = client.site, joint_msg((), [0.1] * 6)
    client.send("move_jp", six)
    assert client.refused("move_jp", Refusal.NOT_ENABLED)
    site.allow(Phase.STANDBY, False, 0)
    assert site.graph.spin_until(lambda: site.arm().controller._measured is not None and site.arm().robot_enabled)
    client.send("state_command", String(data="enable"))
    assert site.graph.spin_until(lambda: site.arm().port.crtk.moves._inputs.ready)
    client.send("servo_jp", six)
    assert client.refused("servo_jp", Refusal.NOT_HOMED)
    client.send("state_command", String(data="dance"))
    assert site.graph.spin_until(lambda: client.count("refused_dance") > 0)


STATIC = [entry for entry in FACE if entry.refused is not None and entry.who is not Who.JAW]


def test_what_an_arm_never_does_is_counted_with_its_reason(client: Client) -> None:
    site, kinds = client.site, {"sensor_msgs/JointState": JointState, "geometry_msgs/WrenchStamped": WrenchStamped, "std_msgs/Empty": Empty}
    chosen = [entry for entry in STATIC if entry.type in kinds]
    assert len(chosen) >= 8
    for entry in chosen:
        client.send(entry.name, kinds[entry.type]())
        site.node.arms["PSM1"].port.crtk._refusing.read()
    for entry in chosen:
        assert client.refused(entry.name, entry.refused), entry.name


def test_a_hold_wins_over_a_servo_cp_that_was_sent_before_and_not_yet_read(client: Client) -> None:
    site = client.site
    site.homed()
    port, tip = site.arm().port, site.arm().controller.setpoint_view(IDENTITY)
    site.cp.publish(pose_msg(tip, site.tester.get_clock().now().to_msg(), "endoscope_view"))
    time.sleep(0.2)  # it lies in the middleware's queue; nobody spins
    port.crtk.hold()
    site.graph.spin_for(0.2)
    assert port.command is not None and port.released and not port.command_new


def test_the_endoscope_arm_moves_in_the_frame_it_is_measured_in(client: Client) -> None:
    site, heard = client.site, []  # type: Site, list[Any]
    site.homed("ECM")
    site.tester.create_subscription(PoseStamped, "ECM/measured_cp", heard.append, 10)
    assert site.graph.spin_until(lambda: len(heard) > 0)
    assert heard[-1].header.frame_id == "ECM_rcm", "in the view, which hangs on it, it would never seem to move"
    deeper = site.arm("ECM").controller.kinematics.forward((0.1, 0.05, 0.12, 0.0))
    arrived = False
    for _ in range(3):  # a move that a stalling machine takes the leave from is over, as it must be, and is asked for again
        client.send("move_cp", pose_msg(deeper, stamp_from(1.0), ""), "ECM")
        arrived = arrived or site.graph.spin_until(lambda: site.q["ECM"] == pytest.approx((0.1, 0.05, 0.12, 0.0), abs=1e-5))
    assert arrived


def test_the_endoscope_arm_refuses_a_pose_it_has_too_few_joints_for(client: Client) -> None:
    site = client.site
    site.homed("ECM")
    tip = site.arm("ECM").controller.setpoint_view(IDENTITY)
    client.send("move_cp", pose_msg(Frame((tip.p[0] + 0.02, tip.p[1], tip.p[2]), tip.r), stamp_from(1.0), ""), "ECM")
    assert client.refused("move_cp", Refusal.UNREACHABLE, "ECM")
    assert not any(site.arm("ECM").controller.speed)


def test_a_pose_in_another_frame_is_refused(client: Client) -> None:
    client.site.homed()
    msg = moved(client.site, 0.005)
    msg.header.frame_id = "world"
    client.send("move_cp", msg)
    assert client.refused("move_cp", Refusal.WRONG_FRAME)


def test_goals_and_jacobians_come_while_somebody_listens(client: Client) -> None:
    site, heard = client.site, {}  # type: Site, dict[str, Any]
    site.homed()
    poses, kinds = ("goal_cp", "local/setpoint_cp"), {"goal_js": JointState, "body/jacobian": Float64MultiArray}
    for name, kind in {**kinds, **dict.fromkeys(poses, PoseStamped)}.items():
        site.tester.create_subscription(kind, f"PSM1/{name}", lambda msg, name=name: heard.update({name: msg}), 10)
    assert site.graph.spin_until(lambda: len(heard) == 4), heard.keys()
    assert heard["local/setpoint_cp"].header.frame_id == "PSM1_rcm" and heard["goal_cp"].header.frame_id == "endoscope_view"
    layout = heard["body/jacobian"].layout.dim
    assert (layout[0].size, layout[1].size, len(heard["body/jacobian"].data)) == (6, 6, 36)
    way = 0.3
    client.send("move_jr", joint_msg((), [way, 0.0, 0.0, 0.0, 0.0, 0.0]))
    home = site.arm().controller.config.home[0]
    assert site.graph.spin_until(lambda: abs(heard["goal_js"].position[0] - home - way) < 1e-6)
    assert site.arm().port.crtk.busy, "the goal is known before the arm is there"


def test_a_state_is_answered_even_where_nothing_changes(client: Client) -> None:
    site, states = client.site, []  # type: Site, list[str]
    site.tester.create_subscription(String, "PSM1/operating_state", lambda msg: states.append(text_of(msg)), 10)
    assert site.graph.spin_until(lambda: states == ["DISABLED"]), "a new listener that does not ask for the latched state is told"
    client.send("state_command", String(data="disable"))
    assert site.graph.spin_until(lambda: states == ["DISABLED", "DISABLED"])


def test_every_name_of_the_table_is_on_the_graph(client: Client) -> None:
    names = {name for name, _ in client.site.node.get_topic_names_and_types()}
    missing = [entry.name for entry in FACE if entry.way is not Way.SERVICE and f"/PSM1/{entry.name}" not in names]
    assert client.site.graph.spin_until(lambda: not missing, 0.1), missing


class OperatingState:
    """Shaped like crtk_msgs' own."""

    def __init__(self) -> None:
        self.header, self.state, self.is_homed, self.is_busy = type("Header", (), {"stamp": None})(), "", False, False


def test_words_fit_crtks_types_and_plain_ones() -> None:
    msg = word_msg(OperatingState, "PAUSED", stamp_from(2.0), homed=True, busy=True)
    assert (text_of(msg), msg.is_homed, msg.is_busy, msg.header.stamp) == ("PAUSED", True, True, stamp_from(2.0))
    assert text_of(word_msg(String, "ENABLED", stamp_from(2.0))) == "ENABLED"
    with pytest.raises(TypeError, match="wanted std_msgs/String"):
        text_of(3)


def test_stamps_increase_also_when_the_clock_stands_or_steps_back() -> None:
    stamps = Stamps()
    made = [stamps.next(stamp_from(value)) for value in (5.0, 5.0, 4.0, 6.0)]
    seen = [(stamp.sec, stamp.nanosec) for stamp in made]
    assert seen == [(5, 0), (5, 1), (5, 2), (6, 0)]
