"""The watchdog node in process: permits without any report, following, local stop, and enable on start."""

import time
from dataclasses import replace

import pytest

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.parameter import Parameter
from std_msgs.msg import String, UInt64MultiArray
from std_srvs.srv import Trigger

from telesurgery_nodes.core.safety.causes import Cause
from telesurgery_nodes.core.values import ArmReport, Pedals, Phase, RemoteReport
from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.nodes.safety_watchdog import SafetyWatchdog
from telesurgery_nodes.ros.endpoints import offered, requested, row
from telesurgery_nodes.ros.messages import arm_to_msg, permit_from_msg, remote_to_msg

REMOTE = RemoteReport(
    boot_id=1, seq=0, surgeon_session=5, epoch=1, press_count=0, pedals=Pedals(head=True), follow=False, aligning=False, hands_fresh=True,
    command_age=0.005, picture_age=0.2, video_age=0.04, round_trip=0.21, paths_up=2, paths=2, paths_ready=2, stop=False,
    stop_count=0,
)  # fmt: skip
ARM = ArmReport(boot_id=2, seq=0, homed=True, robot_age=0.005, robot_enabled=True, tracking_fault=False, bad_commands=0)


class Patient:
    """A fake bridge and arm control around the real node."""

    def __init__(self, graph, **parameters):
        self.node = graph.make(SafetyWatchdog, **parameters)
        self.graph, self.me = graph, graph.plain()
        self.remote, self.arm, self.permits, self.verdicts, self.words = REMOTE, ARM, [], [], []
        self.remote_out = self.me.create_publisher(UInt64MultiArray, "safety/remote", offered(row("remote_report")))
        self.arm_out = self.me.create_publisher(UInt64MultiArray, "safety/arm", offered(row("arm_report")))
        self.me.create_subscription(UInt64MultiArray, "safety/permit", self._on_permit, requested(row("permit")))
        self.me.create_subscription(DiagnosticArray, "safety/verdict", self.verdicts.append, requested(row("verdict")))
        self.me.create_subscription(String, "PSM1/state_command", self._on_word, requested(row("arm_state_command")))
        self.timer = None

    def _on_permit(self, msg):
        self.permits.append(permit_from_msg(msg))

    def _on_word(self, msg):
        self.words.append(msg.data)
        if msg.data == "home":
            self.arm = replace(self.arm, homed=True, robot_enabled=True)

    def talk(self):
        self.timer = self.timer or self.me.create_timer(0.02, self._say)
        return self

    def _say(self):
        self.remote, self.arm = replace(self.remote, seq=self.remote.seq + 1), replace(self.arm, seq=self.arm.seq + 1)
        self.remote_out.publish(remote_to_msg(self.remote))
        self.arm_out.publish(arm_to_msg(self.arm))

    def reaches(self, phase, timeout=10.0):
        return self.graph.spin_until(lambda: bool(self.permits) and self.permits[-1].phase is phase, timeout)

    def call(self, name):
        client = self.me.create_client(Trigger, f"safety/{name}")
        assert self.graph.spin_until(client.service_is_ready)
        future = client.call_async(Trigger.Request())
        assert self.graph.spin_until(future.done)
        return future.result()


@pytest.fixture
def patient(graph):
    return Patient(graph)


def test_without_reports_permits_flow_and_forbid(patient):
    assert patient.graph.spin_until(lambda: len(patient.permits) > 20)
    assert all(permit.phase is Phase.SELFTEST and not permit.motion for permit in patient.permits)
    sequence = [permit.seq for permit in patient.permits]
    assert sequence == sorted(set(sequence))


def test_following_needs_the_local_enable_and_a_press_and_stop_ends_it(patient):
    patient.talk()
    assert patient.reaches(Phase.STANDBY)
    assert patient.call("enable").success
    assert patient.graph.spin_until(lambda: patient.words == ["enable"])
    assert patient.reaches(Phase.HOLDING)
    patient.graph.spin_for(2.2)
    patient.remote = replace(patient.remote, press_count=1, pedals=Pedals(head=True, engage=True), follow=True)
    assert patient.graph.spin_until(lambda: patient.permits[-1].motion)
    before = time.monotonic()
    assert patient.call("stop").success
    assert patient.reaches(Phase.FAULT)
    assert time.monotonic() - before < 5.0
    assert not patient.call("enable").success
    assert patient.call("reset").success
    assert patient.reaches(Phase.STANDBY)
    stops = [array.status[0] for array in patient.verdicts if "stopped by the team" in array.status[0].message]
    assert stops and stops[0].level == b"\x02"


def test_a_silent_arm_control_forbids_motion(patient):
    patient.talk()
    assert patient.reaches(Phase.STANDBY)
    patient.call("enable")
    assert patient.reaches(Phase.HOLDING)
    patient.timer.cancel()
    assert patient.reaches(Phase.PAUSED)
    assert Cause(patient.permits[-1].cause) in {Cause.ARM_SILENT, Cause.ROBOT_SILENT}


def test_enable_on_start_enables_and_homes_once(graph):
    patient = Patient(graph, enable_on_start=True)
    patient.arm = replace(ARM, homed=False, robot_enabled=False)
    patient.talk()
    assert patient.reaches(Phase.HOLDING)
    assert patient.words[:2] == ["enable", "home"]
    assert patient.call("disable").success
    assert patient.reaches(Phase.STANDBY)
    words = len(patient.words)
    patient.graph.spin_for(2.5)
    assert patient.permits[-1].phase is Phase.STANDBY
    assert len(patient.words) == words, "the local team's disable is final"


def test_enable_on_start_lets_go_of_a_brake_until_the_arms_first_follow(graph):
    patient = Patient(graph, enable_on_start=True).talk()
    assert patient.reaches(Phase.HOLDING)
    words = len(patient.words)
    patient.arm = replace(patient.arm, robot_enabled=False)
    assert patient.reaches(Phase.PAUSED)
    assert patient.graph.spin_until(lambda: len(patient.words) > words)
    patient.arm = replace(patient.arm, robot_enabled=True)
    assert patient.reaches(Phase.HOLDING)
    assert patient.words[words:] == ["enable"], "an arm that is at home needs not go there again"
    patient.graph.spin_for(2.2)
    patient.remote = replace(patient.remote, press_count=1, pedals=Pedals(head=True, engage=True), follow=True)
    assert patient.graph.spin_until(lambda: patient.permits[-1].motion)
    words = len(patient.words)
    patient.arm = replace(patient.arm, robot_enabled=False)
    assert patient.reaches(Phase.PAUSED)
    patient.graph.spin_for(2.5)
    assert patient.permits[-1].phase is Phase.PAUSED and len(patient.words) == words, "from then on it is the local team's business"


def test_malformed_reports_are_counted_and_count_as_silence(patient):
    assert patient.graph.spin_until(lambda: patient.remote_out.get_subscription_count() > 0)
    patient.remote_out.publish(UInt64MultiArray(data=[1, 2, 3]))
    assert patient.graph.spin_until(lambda: patient.node.counters["remote_malformed"] == 1)
    assert patient.permits[-1].phase is Phase.SELFTEST


def test_diagnostics_say_the_priority_and_a_dead_thread_is_an_error(patient):
    assert patient.graph.spin_until(lambda: len(patient.permits) > 2)
    assert patient.node.diagnose()["scheduling"].split()[0] in {"SCHED_FIFO", "nice", "normal"}
    patient.node._stop = True
    patient.node._thread.join(1.0)
    assert patient.node.diagnose()["level"] == 2


def test_the_tape_holds_each_change(graph, tmp_path):
    patient = Patient(graph, tape_dir=str(tmp_path)).talk()
    assert patient.reaches(Phase.STANDBY)
    patient.node.close()
    assert any("safety" in path.name for path in tmp_path.rglob("*"))


def test_a_bad_configuration_refuses_the_start(graph, tmp_path):
    bad = tmp_path / "safety.yaml"
    bad.write_text("timming: shared\n")
    with pytest.raises(ConfigError, match="wanted exactly"):
        SafetyWatchdog(context=graph.context, parameter_overrides=[Parameter("config", value=str(bad))])
