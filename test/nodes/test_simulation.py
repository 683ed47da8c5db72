"""The simulation node in this process: serves, brakes by itself, says so."""

from __future__ import annotations

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy", reason="rclpy comes from the wheels or a ROS 2 installation")
pytest.importorskip("xacro", reason="pip install xacro")

from builtin_interfaces.msg import Time  # noqa: E402
from geometry_msgs.msg import PoseArray  # noqa: E402
from rclpy.qos import DurabilityPolicy, QoSProfile  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from telesurgery_nodes.description import homes  # noqa: E402
from telesurgery_nodes.errors import ConfigError  # noqa: E402
from telesurgery_nodes.nodes.simulation import COLUMNS, Simulation  # noqa: E402
from telesurgery_nodes.tapes import read_tape  # noqa: E402

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
HOME = homes()["PSM1"].joints


class Driver:
    """Stands where arm_control stands."""

    def __init__(self, graph, **parameters):
        self.graph, self.node = graph, graph.plain()
        self.sim = graph.make(Simulation, robot="kinematic", **parameters)
        self.seen, self.heard = {}, {}
        for topic, kind in (("robot/PSM1/measured_js", JointState), ("robot/PSM1/setpoint_js", JointState), ("joint_states", JointState),
                            ("robot/PSM1/jaw/measured_js", JointState), ("robot/objects", PoseArray)):  # fmt: skip
            self.node.create_subscription(kind, topic, lambda msg, key=topic: self._on(key, msg), 10)
        self.node.create_subscription(String, "robot/PSM1/operating_state", lambda msg: self._on("state", msg), LATCHED)
        self.servo = self.node.create_publisher(JointState, "robot/PSM1/servo_jp", 1)
        self.jaw = self.node.create_publisher(JointState, "robot/PSM1/jaw/servo_jp", 1)
        self.command = self.node.create_publisher(String, "robot/PSM1/state_command", 10)
        assert graph.spin_until(lambda: "robot/PSM1/measured_js" in self.seen and self.state == "DISABLED")
        assert graph.spin_until(lambda: self.servo.get_subscription_count() and self.command.get_subscription_count())

    def _on(self, key, msg):
        self.seen[key] = msg
        self.heard[key] = self.heard.get(key, 0) + 1

    @property
    def state(self):
        return self.seen["state"].data if "state" in self.seen else None

    def say(self, word, until):
        self.command.publish(String(data=word))
        assert self.graph.spin_until(lambda: self.state == until)

    def stream(self, position, condition, stamp=7, timer=0.01, names=()):
        """Set points every 10 ms until ``condition``."""
        msg = JointState(name=list(names), position=[float(value) for value in position])
        msg.header.stamp = Time(sec=stamp)
        sender = self.node.create_timer(timer, lambda: self.servo.publish(msg))
        done = self.graph.spin_until(condition, 5.0)
        self.node.destroy_timer(sender)
        return done

    def off(self, goal):
        return np.abs(np.array(self.seen["robot/PSM1/measured_js"].position) - goal).max()


def test_disabled_it_does_not_move(graph):
    driver = Driver(graph)
    goal = HOME + 0.02
    driver.stream(goal, lambda: driver.heard["robot/PSM1/measured_js"] > 60)
    assert driver.off(HOME) < 1e-9


def test_enabled_it_serves_and_names_the_command_it_served(graph):
    driver = Driver(graph, brake_silence=0.2)
    driver.say("enable", "ENABLED")
    goal = HOME + 0.02
    assert driver.stream(goal, lambda: driver.off(goal) < 1e-4, stamp=7)
    setpoint = driver.seen["robot/PSM1/setpoint_js"]
    assert setpoint.header.stamp.sec == 7 and list(setpoint.position) == pytest.approx(goal.tolist())


def test_silence_brakes_latches_and_resume_lets_go(graph):
    driver = Driver(graph, brake_silence=0.2)
    driver.say("enable", "ENABLED")
    goal = HOME + 0.02
    assert driver.stream(goal, lambda: driver.off(goal) < 1e-4)
    assert graph.spin_until(lambda: driver.state == "PAUSED")
    ticks = driver.heard["robot/PSM1/measured_js"] + 60
    assert driver.stream(HOME, lambda: driver.heard["robot/PSM1/measured_js"] > ticks)  # fresh set points do not let it go
    assert driver.state == "PAUSED" and driver.off(goal) < 1e-3
    driver.say("resume", "ENABLED")
    assert driver.stream(HOME, lambda: driver.off(HOME) < 1e-4)


@pytest.mark.parametrize("position, names", [([float("nan")] * 6, ()), ([0.0] * 5, ()), ([0.0] * 6, ["a", "b", "c", "d", "e", "f"])])
def test_what_is_no_set_point_is_counted_and_does_not_move(graph, position, names):
    driver = Driver(graph)
    driver.say("enable", "ENABLED")
    assert driver.stream(position, lambda: driver.sim.counters["refused_setpoints"] > 3, names=names)
    assert driver.off(HOME) < 1e-9


def test_publishes_joints_jaw_and_objects(graph):
    driver = Driver(graph)
    assert graph.spin_until(lambda: len(driver.seen) == 6)
    joints = driver.seen["joint_states"]
    assert len(joints.name) == len(set(joints.name)) == len(joints.position) == 3 * 8 + 4
    assert {"PSM1_jaw_half", "ECM_roll"} <= set(joints.name)
    assert driver.seen["robot/objects"].header.frame_id == "patient_cart" and len(driver.seen["robot/objects"].poses) == 6
    assert list(driver.seen["robot/PSM1/jaw/measured_js"].position) == pytest.approx([homes()["PSM1"].jaw])


def test_tape_and_diagnostics_tell_the_pace(graph, tmp_path):
    driver = Driver(graph, tape_dir=str(tmp_path))
    graph.spin_for(1.0)
    values = driver.sim.diagnose()
    driver.sim.close()
    tape = read_tape(tmp_path / "simulation.sim.tape")
    assert tape.columns == COLUMNS and len(tape.rows) > 50
    assert np.isfinite(tape.rows).all() and (np.diff(tape["t"]) > 0).all() and (tape["brake"] == 1).all()
    assert tape["PSM1_insertion"] == pytest.approx(0.12)
    assert 0.5 < float(values["real_time_factor"]) < 1.05 and values["message"].startswith("DISABLED")


@pytest.mark.parametrize("parameters, words", [({"robot": "davinci"}, "kinematic, mujoco"), ({"fast_arms": ["PSM9"]}, "PSM9")])
def test_a_wrong_parameter_says_what_is_valid(graph, parameters, words):
    with pytest.raises(ConfigError, match=words):
        graph.make(Simulation, **{"robot": "kinematic", **parameters})


def test_an_arm_that_is_moved_is_told_about_often_whoever_it_is(graph):
    driver = Driver(graph, fast_arms=["PSM2"], idle_rate=5.0)
    driver.say("enable", "ENABLED")
    goal, count = HOME.copy(), "robot/PSM1/measured_js"

    def heard(change):
        goal[0] += change
        driver.servo.publish(JointState(position=goal.tolist()))

    def told(change):
        sender, before = driver.node.create_timer(0.01, lambda: heard(change)), driver.heard[count]
        graph.spin_for(1.0)
        driver.node.destroy_timer(sender)
        return driver.heard[count] - before

    told(0.0)
    assert told(0.0) <= 10, "at rest, by the same set point again and again"
    assert told(1e-4) >= 20, "moved; 125 where the machine has nothing else to do"
