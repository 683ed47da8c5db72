"""The surgeon's stop through two bridges and a real watchdog: latched, acted on, answered, and only taken back where it was pressed."""

import json

import pytest

from telesurgery_nodes.core.link.session import Received
from telesurgery_nodes.core.link.wire import CommandEncoder, Stream, decode_header
from telesurgery_nodes.core.safety.causes import Cause
from telesurgery_nodes.core.values import ArmReport, MotionCommand, Pedals, Permit, Phase
from telesurgery_nodes.session import pick_ports
from telesurgery_nodes.tapes import read_tape

pytest.importorskip("rclpy")

from std_srvs.srv import Trigger

from telesurgery_nodes.nodes.safety_watchdog import SafetyWatchdog
from telesurgery_nodes.nodes.teleop_bridge import TeleopBridge
from telesurgery_nodes.ros import messages
from telesurgery_nodes.ros.endpoints import message_class, offered, requested, row


class Room:
    """Both bridges and a watchdog in one domain, and what they say."""

    def __init__(self, graph, folder, identities, watchdog=True):
        ends = [f"127.0.0.1:{port}" for port in pick_ports(4)]
        self.graph = graph
        self.surgeon, self.patient = (
            graph.make(TeleopBridge, side=side, local=own, remote=other, identity=identities[side], tape_dir=str(folder / side))
            for side, own, other in (("surgeon", ends[:2], ends[2:]), ("patient", ends[2:], ends[:2]))
        )
        self.dog = graph.make(SafetyWatchdog) if watchdog else None
        self.me = graph.plain()
        self.reports, self.permits, self.status = [], [], []
        self._listen("remote_report", lambda msg: self.reports.append(messages.remote_from_msg(msg)))
        self._listen("permit", lambda msg: self.permits.append(messages.permit_from_msg(msg)))
        self._listen("status", lambda msg: self.status.append(json.loads(msg.data)))
        channel = row("arm_report")
        arm = self.me.create_publisher(message_class(channel), channel.name, offered(channel))
        self._count = 0
        self.me.create_timer(0.02, lambda: arm.publish(messages.arm_to_msg(self._arm())))
        assert graph.spin_until(lambda: self.surgeon.session.established and self.patient.session.established)

    def _listen(self, key, take):
        channel = row(key)
        self.me.create_subscription(message_class(channel), channel.name, take, requested(channel))

    def _arm(self):
        self._count += 1
        return ArmReport(3, self._count, True, 0.005, True, False, 0)

    def call(self, name):
        client = self.me.create_client(Trigger, name)
        assert self.graph.spin_until(client.service_is_ready)
        future = client.call_async(Trigger.Request())
        assert self.graph.spin_until(future.done)
        return future.result()

    def speaker(self, key):
        channel = row(key)
        return self.me.create_publisher(message_class(channel), channel.name, offered(channel))

    def until(self, condition, timeout=10.0):
        return self.graph.spin_until(condition, timeout)

    def phase(self, phase):
        return self.until(lambda: bool(self.permits) and self.permits[-1].phase is phase)


def test_a_stop_from_the_console_reaches_the_watchdog_is_answered_and_only_the_local_team_resets(graph, tmp_path, identities):
    room = Room(graph, tmp_path, identities)
    assert room.phase(Phase.STANDBY)
    assert room.call("console/stop").success
    assert room.phase(Phase.FAULT) and room.permits[-1].cause == Cause.REMOTE_STOP
    assert room.until(lambda: room.status and room.status[-1]["stop"]["confirmed_ms"] is not None)
    stop = room.status[-1]["stop"]
    assert stop["latched"] and stop["count"] == 1 and stop["waiting_ms"] is None
    assert room.reports[-1].stop and room.reports[-1].stop_count == 1
    assert room.call("console/release").success and not room.call("console/release").success
    assert room.until(lambda: not room.reports[-1].stop)
    graph.spin_for(0.3)
    assert room.permits[-1].phase is Phase.FAULT, "releasing at the surgeon resets nothing"
    assert room.call("safety/reset").success and room.phase(Phase.STANDBY)
    for node in (room.surgeon, room.patient):
        node.close()
    confirmed, acted = (read_tape(tmp_path / side / "teleop_bridge.stop.tape") for side in ("surgeon", "patient"))
    assert len(confirmed.rows) == 1 and confirmed.rows[0][1] == 1.0 and acted.rows[0][2] >= 0.0


def test_while_the_stop_is_latched_the_local_team_may_reset_and_a_second_press_stops_again(graph, tmp_path, identities):
    room = Room(graph, tmp_path, identities)
    assert room.phase(Phase.STANDBY) and room.call("console/stop").success and room.phase(Phase.FAULT)
    assert room.until(lambda: room.call("safety/reset").success) and room.phase(Phase.STANDBY)
    assert Cause.REMOTE_STOP_HELD in room.dog._latest.causes
    assert room.call("console/stop").success and room.phase(Phase.FAULT)
    assert room.until(lambda: room.status[-1]["stop"]["count"] == 2 and room.status[-1]["stop"]["confirmed_ms"] is not None)


def test_the_button_latches_and_cannot_be_released_while_it_is_down(graph, tmp_path, identities):
    room = Room(graph, tmp_path, identities)
    button = room.speaker("stop_button")
    assert room.phase(Phase.STANDBY)
    button.publish(messages.joy_msg(True, room.surgeon.ros_stamp()))
    assert room.phase(Phase.FAULT)
    assert "still down" in room.call("console/release").message
    button.publish(messages.joy_msg(False, room.surgeon.ros_stamp()))
    assert room.until(lambda: room.call("console/release").success)


def test_without_a_watchdog_nobody_says_that_the_stop_was_acted_on(graph, tmp_path, identities):
    room = Room(graph, tmp_path, identities, watchdog=False)
    assert room.call("console/stop").success
    assert room.until(lambda: room.reports and room.reports[-1].stop)
    graph.spin_for(0.5)
    stop = room.status[-1]["stop"]
    assert stop["latched"] and stop["confirmed_ms"] is None and stop["waiting_ms"] > 300.0


def test_only_a_fresh_fault_is_an_answer(graph, tmp_path, identities):
    room = Room(graph, tmp_path, identities, watchdog=False)
    permits = room.speaker("permit")

    def said(phase, seconds=0.3):
        for seq in range(int(seconds / 0.02)):
            permits.publish(messages.permit_to_msg(Permit(1, seq + 1, 1, phase, False, 0)))
            graph.spin_for(0.02)
        return room.patient.end._presence.acted

    assert said(Phase.FAULT) == 0
    graph.spin_for(0.3)
    assert room.call("console/stop").success
    assert room.until(lambda: room.reports and room.reports[-1].stop)
    assert room.patient.end._presence.acted == 0, "that FAULT is old: its watchdog may be dead"
    assert said(Phase.HOLDING) == 0 and room.status[-1]["stop"]["confirmed_ms"] is None
    assert said(Phase.FAULT) == 1
    assert room.until(lambda: room.status[-1]["stop"]["confirmed_ms"] is not None)


def test_a_stop_leaves_before_the_service_returns(graph, tmp_path, identities, monkeypatch):
    room = Room(graph, tmp_path, identities, watchdog=False)
    sent = {path.name: [] for path in room.surgeon.link.paths}
    for path in room.surgeon.link.paths:
        monkeypatch.setattr(path, "send", sent[path.name].append)
    with room.surgeon.lock:
        room.surgeon.flush()
        before = {name: len(datagrams) for name, datagrams in sent.items()}
        assert room.surgeon.end._stop._on_order("stop", None, Trigger.Response()).success
        first = [datagrams[before[name]] for name, datagrams in sent.items()]
    assert len(first) == 2 and all(decode_header(datagram).stream is Stream.HEARTBEAT for datagram in first)
    assert room.surgeon.session._sticky.stop


def test_a_pedal_released_on_stream_0_overrules_commands_that_say_it_is_down(graph, tmp_path, identities):
    room = Room(graph, tmp_path, identities, watchdog=False)
    bridge = room.patient
    command = MotionCommand(2**31, 1.0, 1.0, 1, 1, Pedals(True, True, clutch=True), True, False, True, 0.1, {})

    def engaged_command():
        """Marked by its clutch: the other site's own commands come in between."""
        with bridge.lock:
            bridge.end.received(Received(Stream.COMMAND, 2**31, CommandEncoder().encode(command), "path1", bridge.now(), False))
            bridge.end._publish_report(bridge.now())

    def told(engage):
        engaged_command()
        return any(report.pedals == Pedals(True, engage, clutch=True) for report in room.reports[-5:])

    pedals = {key: room.speaker(key) for key in ("operator_present", "pedal_engage")}
    press(room, pedals, True)
    assert room.until(lambda: told(True))
    assert bridge.end._presence.allows
    press(room, {"pedal_engage": pedals["pedal_engage"]}, False)
    assert room.until(lambda: told(False))
    assert not bridge.end._presence.allows


def press(room, pedals, down):
    for pedal in pedals.values():
        pedal.publish(messages.joy_msg(down, room.surgeon.ros_stamp()))


def test_no_target_is_published_that_stream_0_took_away(graph, tmp_path, identities, monkeypatch):
    room = Room(graph, tmp_path, identities, watchdog=False)
    end, published = room.patient.end, []
    monkeypatch.setattr(end._motion, "update", lambda inputs: {"PSM1": None})
    monkeypatch.setattr(end, "_publish_targets", lambda command, *rest: published.append(command.seq))

    def serve(seq):
        now = room.patient.now()
        with room.patient.lock:
            end._serve(MotionCommand(seq, now, now, 1, 1, Pedals(True, True), True, False, True, 0.1, {}), now, now)

    serve(2**31)
    assert published == [] and room.patient.counters["taken_away"] >= 1
    press(room, {key: room.speaker(key) for key in ("operator_present", "pedal_engage")}, True)
    assert room.until(lambda: end._presence.allows)
    serve(2**31 + 1)
    assert 2**31 + 1 in published and 2**31 not in published


def test_a_stop_empties_what_waits_for_its_time(graph, identities):
    ends = [f"127.0.0.1:{port}" for port in pick_ports(4)]
    surgeon = graph.make(TeleopBridge, side="surgeon", local=ends[:2], remote=ends[2:], identity=identities["surgeon"])
    own = {"local": ends[2:], "remote": ends[:2], "identity": identities["patient"]}
    patient = graph.make(TeleopBridge, side="patient", playout_ms=900.0, **own)
    assert graph.spin_until(lambda: surgeon.session.established and patient.session.established)
    cleared = []
    patient.end._playout.clear = lambda: cleared.append(patient.end._presence.stop)
    with surgeon.lock:
        surgeon.end._stop._stop.order("stop", surgeon.now())
    assert graph.spin_until(lambda: True in cleared)
