"""crtk-check on a graph: our own arm conforms; a mock arm broken in one way is found out and the way is named."""

from __future__ import annotations

import itertools
import json
import math
import os
import threading

import pytest

rclpy = pytest.importorskip("rclpy")
pytest.importorskip("xacro")

from geometry_msgs.msg import PoseStamped  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from telesurgery_nodes.cli import main  # noqa: E402
from telesurgery_nodes.cli.inputs import one_machine  # noqa: E402
from telesurgery_nodes.cli.starter import Starter  # noqa: E402
from telesurgery_nodes.errors import ConfigError  # noqa: E402
from telesurgery_nodes.session import SessionOptions, layout  # noqa: E402

DOMAINS = itertools.count(os.getpid() % 40)
DEG = 180.0 / math.pi
NANO = 1_000_000_000
TRIES = 3  # an arm whose nodes get no processor time is rightly called frozen: then again


class Mock:
    """One arm in a thread and a context of its own, good but for ``broken``."""

    def __init__(self, broken: str = "") -> None:
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        self.broken, self.domain = broken, 100 + next(DOMAINS) % 100
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=self.domain)
        self.node = rclpy.create_node("mock", context=self.context)
        stream = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT if broken == "best effort" else ReliabilityPolicy.RELIABLE)
        kept = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.js = self.node.create_publisher(JointState, "ARM/measured_js", stream)
        self.cp = self.node.create_publisher(PoseStamped, "ARM/measured_cp", stream)
        self.state = self.node.create_publisher(String, "ARM/operating_state", 10 if broken == "not latched" else kept)
        self.state.publish(String(data="READY" if broken == "state" else "ENABLED"))
        self.first = self.node.get_clock().now()
        self.node.create_timer(1.0 / (20.0 if broken == "slow" else 100.0), self.say)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.done, self.count = False, 0
        self.thread = threading.Thread(target=self.spin, daemon=True)

    def spin(self) -> None:
        while not self.done:
            self.executor.spin_once(timeout_sec=0.05)

    def say(self) -> None:
        self.count += 1
        now = self.node.get_clock().now()
        t = (now - self.first).nanoseconds / NANO
        stamp = (self.first if self.broken == "frozen" else now).to_msg()
        js, cp = JointState(), PoseStamped()
        turn = DEG if self.broken == "degrees" else 1.0
        js.header.stamp = cp.header.stamp = stamp
        js.position = [turn * (0.8 + 0.3 * math.sin(t)), turn * 0.1]
        js.velocity = [turn * 0.3 * math.cos(t), 0.0]
        long = 1000.0 if self.broken == "millimetres" else 1.0
        cp.pose.position.x, cp.pose.position.z, cp.pose.orientation.w = long * 0.01 * math.sin(t), -0.1 * long, 1.0
        cp.header.frame_id = f"view{self.count % 2}" if self.broken == "frame" else "view"
        self.js.publish(js)
        self.cp.publish(cp)

    def __enter__(self) -> Mock:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done = True
        self.thread.join()
        self.node.destroy_node()
        self.executor.shutdown()
        rclpy.shutdown(context=self.context)


def check(capsys, domain, *words):
    status = main.main(["crtk-check", *words, "--domain", str(domain), "--json"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    return status, {row["point"]: row for row in findings}


BROKEN = {
    "millimetres": "units.position",
    "degrees": "units.joints",
    "frozen": "liveness.measured_js",
    "frame": "frame.id",
    "slow": "rates.measured_js",
    "state": "states.words",
    "not latched": "qos.operating_state",
    "best effort": "qos.measured_js",
}


def test_a_good_mock_has_no_divergence(capsys) -> None:
    with Mock() as arm:
        status, found = check(capsys, arm.domain, "ARM", "--seconds", "1.5")
    assert status == 0, [row for row in found.values() if row["verdict"] == "divergent"]
    assert found["units.speed"]["verdict"] == "conformant"


@pytest.mark.parametrize("broken", BROKEN)
def test_each_way_of_being_wrong_is_named(broken, capsys) -> None:
    with Mock(broken) as arm:
        status, found = check(capsys, arm.domain, "ARM", "--seconds", "1.0")
    assert status == 1
    assert found[BROKEN[broken]]["verdict"] == "divergent", found[BROKEN[broken]]


def test_an_arm_that_is_not_there_is_an_error_that_names_those_that_are(monkeypatch, capsys) -> None:
    monkeypatch.setattr("telesurgery_nodes.cli.crtk_ear.FOUND", 1.0)
    with Mock() as arm:
        status = main.main(["crtk-check", "AMR", "--domain", str(arm.domain), "--json"])
    assert status != 0 and "/ARM" in capsys.readouterr().err


def test_our_own_arm_conforms(tmp_path, capsys) -> None:
    status = 1
    for number in range(TRIES):
        if status:
            status, found = own_arm(tmp_path / str(number), capsys)
    assert status == 0, [row for row in found.values() if row["verdict"] == "divergent"]
    for point in ("frame.id", "frame.model", "units.position", "units.joints", "liveness.measured_js", "states.words", "states.latched"):
        assert found[point]["verdict"] == "conformant", found[point]


def own_arm(folder, capsys):
    options = one_machine(SessionOptions(robot="kinematic", out=str(folder)), str(folder / "identities"))
    processes = [process for process in layout(options, ("patient",)) if process.name in ("simulation", "arm_control")]
    with Starter(processes, folder):
        return check(capsys, processes[0].domain, "PSM1", "--seconds", "2", "--urdf", "urdf/patient_cart.urdf.xacro")


def test_active_wants_a_yes(capsys) -> None:
    from argparse import Namespace

    from telesurgery_nodes.cli.crtk_check import allowed

    with pytest.raises(ConfigError, match="--yes"):
        allowed(Namespace(active=True, yes=False))
    assert not allowed(Namespace(active=False, yes=True))
