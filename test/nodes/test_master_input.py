"""The master_input node in process: what goes out, what comes in, what is refused."""

import math

import pytest

pytest.importorskip("rclpy", reason="rclpy comes from the wheels (make test) or from a ROS 2 installation")

from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import JointState, Joy
from std_msgs.msg import Bool, UInt8
from typed_messages import wrench_msg

from telesurgery_nodes.core.values import Phase
from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.nodes.master_input import COLUMNS, MasterInput
from telesurgery_nodes.ros.endpoints import message_class, offered, row
from telesurgery_nodes.ros.messages import pose_from_msg
from telesurgery_nodes.tapes import read_tape


class Console:
    """The bridge's side of the topics."""

    def __init__(self, graph):
        self.node = graph.plain()
        self.got = {}
        for name, kind in {
            "MTML/measured_cp": PoseStamped,
            "MTMR/measured_cp": PoseStamped,
            "MTMR/gripper/measured_js": JointState,
            "footpedals/coag": Joy,
            "footpedals/clutch": Joy,
            "console/operator_present": Joy,
            "console/stop_button": Joy,
        }.items():
            self.got[name] = []
            self.node.create_subscription(kind, name, self.got[name].append, 10)
        self.goal, self.following, self.phase, self.joy = (
            self.node.create_publisher(message_class(row(key)), row(key).name.format(arm="MTMR"), offered(row(key)))
            for key in ("align_cp", "console_following", "console_phase", "joy")
        )

    def last(self, name):
        return self.got[name][-1]


def test_hands_and_pedals_come_out(graph):
    console = Console(graph)
    node = graph.make(MasterInput, rate=100.0)
    assert graph.spin_until(lambda: all(len(heard) > 5 for heard in console.got.values()))
    pose = console.last("MTML/measured_cp")
    assert pose.header.frame_id == "endoscope_view"
    assert pose_from_msg(pose).position[0] == pytest.approx(0.1, abs=0.1)
    assert len(console.last("MTMR/gripper/measured_js").position) == 1
    assert list(console.last("console/operator_present").buttons) == [1]
    assert list(console.last("footpedals/coag").buttons) == [0], "no console, no press"
    assert node.diagnose()["phase"] == "SELFTEST"


def test_the_operator_presses_when_the_patient_side_holds_and_wrists_follow_goals(graph):
    console = Console(graph)
    graph.make(MasterInput, rate=100.0)
    half = math.sqrt(0.5)
    goal = PoseStamped()
    goal.pose.orientation.x, goal.pose.orientation.w = half, half

    def pressed():
        console.phase.publish(UInt8(data=int(Phase.HOLDING)))
        console.following.publish(Bool(data=False))
        console.goal.publish(goal)
        return bool(console.got["footpedals/coag"]) and console.last("footpedals/coag").buttons[0] == 1

    assert graph.spin_until(pressed, 8.0)
    at = console.last("MTMR/measured_cp").pose.orientation
    assert abs(at.x * half + at.w * half) == pytest.approx(1.0, abs=1e-3)


def test_bad_words_are_counted_and_change_nothing(graph):
    console = Console(graph)
    node = graph.make(MasterInput, rate=100.0)
    bad = PoseStamped()
    bad.pose.orientation.w = math.nan

    def counted():
        console.goal.publish(bad)
        console.phase.publish(UInt8(data=99))
        return node.counters["bad_goals"] > 0 and node.counters["bad_phases"] > 0

    assert graph.spin_until(counted)
    assert node.diagnose()["phase"] == "SELFTEST"


def test_a_gamepad_feeds_the_joy_device(graph):
    console = Console(graph)
    node = graph.make(MasterInput, device="joy", rate=100.0)
    up, down = Joy(axes=[0.0, 0.0, 1.0, 0.0, 0.0, 1.0], buttons=[0] * 6), Joy(axes=[0.0] * 6, buttons=[1] + [0] * 5)

    def heard():
        console.joy.publish(up)
        return len(console.got["footpedals/coag"]) > 3

    def pressed():
        console.joy.publish(down)
        return console.last("footpedals/coag").buttons[0] == 1

    def refused():
        console.joy.publish(Joy(axes=[0.0]))
        return node.counters["bad_joy"] > 0

    def stopped():
        console.joy.publish(Joy(axes=[0.0, 0.0, 1.0, 0.0, 0.0, 1.0], buttons=[0, 0, 0, 1, 0, 0]))
        return console.last("console/stop_button").buttons[0] == 1

    assert graph.spin_until(heard) and graph.spin_until(stopped)
    assert graph.spin_until(pressed) and graph.spin_until(refused)
    assert graph.spin_until(lambda: console.last("footpedals/coag").buttons[0] == 0), "a silent pad lets go"


def test_the_tape_holds_the_hands(graph, tmp_path):
    node = graph.make(MasterInput, rate=200.0, tape_dir=str(tmp_path))
    assert graph.spin_until(lambda: node.counters["samples"] > 20)
    node.close()
    tape = read_tape(next(tmp_path.glob("*.hands.tape")))
    assert tuple(tape.columns) == COLUMNS
    assert len(tape.rows) > 20 and tape["head"].all()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"device": "jigsaws"}, "file"),
        ({"device": "jigsaws", "file": "/nowhere"}, "nowhere"),
        ({"device": "mouse"}, "mouse"),
        ({"rate": 5000.0}, "rate"),
    ],
)
def test_wrong_parameters_are_refused(graph, given, words):
    with pytest.raises(ConfigError, match=words):
        graph.make(MasterInput, **given)


def test_a_force_reaches_the_device_while_it_follows_and_an_old_one_does_not(graph):
    console, node = Console(graph), graph.make(MasterInput, rate=100.0)
    forces = console.node.create_publisher(message_class(row("master_cf")), "MTMR/servo_cf", offered(row("master_cf")))
    given = []
    node._device.feedback = lambda state: given.append(dict(state.forces))

    def say(vector, following, frame="endoscope_view"):
        console.following.publish(Bool(data=following))
        forces.publish(wrench_msg(vector, console.node.get_clock().now().to_msg(), frame))
        return bool(given[-1:] and given[-1].get("MTMR") is not None)

    assert graph.spin_until(lambda: say((0.0, 1.5, 0.0), True))
    assert given[-1]["MTMR"].tolist() == [0.0, 1.5, 0.0]
    assert graph.spin_until(lambda: given[-1] == {}), "old"
    for _ in range(20):
        say((0.0, 1.5, 0.0), False)
        graph.spin_for(0.02)
    assert given[-1] == {}, "not following"
    say((float("nan"), 0.0, 0.0), True)
    assert graph.spin_until(lambda: node.counters["bad_forces"] == 1)
