"""Two bridges over loopback sockets: nothing without a key, a wish arrives, the permit decides, and the loop closes."""

import json
import os
import threading

import pytest

from telesurgery_nodes.cli.preflight_link import FILLER
from telesurgery_nodes.core.link import redundancy
from telesurgery_nodes.core.link.clock import ClockEstimate
from telesurgery_nodes.core.link.session import LinkSession, Received
from telesurgery_nodes.core.link.wire import CommandEncoder, Stream
from telesurgery_nodes.core.values import MotionCommand, Pedals, Permit, Phase
from telesurgery_nodes.errors import ConfigError, WrongRole
from telesurgery_nodes.session import SessionOptions, far_ends, layout, pick_ports

rclpy = pytest.importorskip("rclpy")

from telesurgery_nodes.devices.link import wan_link  # noqa: E402
from telesurgery_nodes.nodes.teleop_bridge import TeleopBridge  # noqa: E402
from telesurgery_nodes.ros import messages  # noqa: E402
from telesurgery_nodes.ros.endpoints import message_class, offered, requested, row  # noqa: E402


@pytest.mark.parametrize("identity", ["", "/nowhere/device"])
def test_no_identity_no_socket(graph, monkeypatch, identity):
    monkeypatch.setattr(wan_link, "UdpPath", None)
    with pytest.raises(ConfigError, match="telesurgery keys issue"):
        graph.make(TeleopBridge, identity=identity)


def test_the_identity_of_the_other_end_is_refused(graph, identities):
    with pytest.raises(WrongRole, match="wanted patient"):
        graph.make(TeleopBridge, side="patient", identity=identities["surgeon"])


def test_unequal_paths_are_refused(graph, identities):
    with pytest.raises(ConfigError, match="one of each"):
        graph.make(TeleopBridge, identity=identities["surgeon"], path_names=["one"])


@pytest.fixture
def bridges(graph, tmp_path, identities):
    """Both sides in one ROS domain: their topics differ, but for the video and the mirrored poses, which this test does not use."""
    ends = [f"127.0.0.1:{port}" for port in pick_ports(4)]
    near, far = ends[:2], ends[2:]
    common = {"tape_dir": str(tmp_path)}
    surgeon = graph.make(TeleopBridge, side="surgeon", identity=identities["surgeon"], local=near, remote=far, **common)
    patient = graph.make(TeleopBridge, side="patient", identity=identities["patient"], local=far, remote=near, **common)
    return surgeon, patient


def listen(graph, key, **fill):
    heard, channel = [], row(key)
    node = graph.plain(f"listener_{key}")
    node.create_subscription(message_class(channel), channel.name.format(**fill), heard.append, requested(channel))
    return heard


def test_both_find_each_other_and_the_watchdog_hears_of_a_live_surgeon(graph, bridges):
    reports = listen(graph, "remote_report")
    assert graph.spin_until(lambda: all(bridge.session.established for bridge in bridges))
    assert graph.spin_until(lambda: any(r.paths_up == 2 and r.round_trip < 0.5 for r in map(messages.remote_from_msg, reports)))
    newest = messages.remote_from_msg(reports[-1])
    assert newest.surgeon_session == bridges[1].health().peer_session
    assert newest.command_age < 0.5 and not newest.follow and not newest.hands_fresh


def test_phase_reaches_the_console_and_status_is_json(graph, bridges):
    phases, statuses = listen(graph, "console_phase"), listen(graph, "status")
    node, channel = graph.plain(), row("permit")
    publisher = node.create_publisher(message_class(channel), channel.name, offered(channel))
    permit = messages.permit_to_msg(Permit(1, 1, 3, Phase.HOLDING, False, 0))
    node.create_timer(0.02, lambda: publisher.publish(permit))
    assert graph.spin_until(lambda: any(msg.data == int(Phase.HOLDING) for msg in phases))
    assert graph.spin_until(lambda: any(json.loads(msg.data)["phase"] == "HOLDING" for msg in statuses))
    status = json.loads(statuses[-1].data)
    assert status["state"] in ("DISABLED", "ALIGNING") and [path["name"] for path in status["paths"]] == ["path1", "path2"]


def test_both_sites_know_whether_the_redundancy_is_there(graph, bridges, monkeypatch):
    monkeypatch.setattr(redundancy, "GOOD_S", 0.2)  # a busy machine's paths are not calm for longer; core tests have the real figure
    reports, statuses = listen(graph, "remote_report"), listen(graph, "status")
    calm = 40.0  # [s]
    assert graph.spin_until(lambda: any(r.paths_ready == 2 for r in map(messages.remote_from_msg, reports)), calm)
    assert graph.spin_until(lambda: any(not json.loads(msg.data)["redundancy"]["lost"] for msg in statuses), calm)
    assert {r.paths for r in map(messages.remote_from_msg, reports)} == {2}
    for bridge in bridges:
        bridge.link.paths[1].send = lambda datagram: None  # the second path is cut, both ways
    del reports[:], statuses[:]
    assert graph.spin_until(lambda: any(r.paths_ready == 1 for r in map(messages.remote_from_msg, reports)))
    assert graph.spin_until(lambda: any(json.loads(msg.data)["redundancy"]["lost"] for msg in statuses))
    told = bridges[0].diagnose()
    assert told["redundancy"] == "redundancy lost: 1 of 2 paths can be relied on, not path2" and told["level"] == 1
    assert "DOWN (nothing authentic for 50 ms)" in told["path2"] and "mtu" in told["path1"]


def test_the_filler_of_the_preflights_load_is_counted_and_does_nothing(graph, bridges):
    targets, videos = listen(graph, "arm_servo_cp", arm="PSM1"), listen(graph, "video")
    assert graph.spin_until(lambda: all(bridge.session.established for bridge in bridges))
    for bridge in bridges:
        for _ in range(20):
            bridge.session.send(Stream.TOPIC, FILLER, bridge.now(), only="path2")
    assert graph.spin_until(lambda: all(bridge.counters["topics_not_listed"] == 20 for bridge in bridges))
    assert targets == [] and videos == [] and all(bridge.counters["malformed"] == 0 for bridge in bridges)


def test_what_crosses_the_link_does_not_wait_for_what_this_site_is_told(bridges, monkeypatch):
    for bridge in bridges:
        order = []
        monkeypatch.setattr(bridge, "flush", lambda order=order: order.append("flush"))
        for name in ("read", "tick", "tell"):
            monkeypatch.setattr(bridge.end, name, lambda *_, order=order, name=name: order.append(name))
        bridge._tick()
        assert order == ["read", "tick", "flush", "tell"]


def test_nothing_moves_without_a_wish(graph, bridges):
    targets = listen(graph, "arm_servo_cp", arm="PSM1")
    graph.spin_until(lambda: all(bridge.session.established for bridge in bridges))
    graph.spin_for(0.3)
    assert targets == []


def test_another_key_is_never_heard(graph, bridges):
    assert graph.spin_until(lambda: all(bridge.session.established for bridge in bridges))
    stranger = LinkSession(bridges[0].role, None, ["path1", "path2"], *bridges[0].session.life)
    epoch = bridges[1].session.keys.newest
    stranger.keys.accept(epoch, os.urandom(32), bridges[1].session.life, 1.0)
    stranger.keys.use(epoch)
    before = bridges[1].health().refused["forged"]
    for _, datagram in stranger.datagrams_to_send(1.0):
        bridges[1].link._take("path1", datagram)
    assert bridges[1].health().refused["forged"] == before + 2


@pytest.mark.parametrize("playout_ms", [0.0, 80.0])
def test_commands_wait_for_their_time_and_a_stop_does_not(graph, identities, monkeypatch, playout_ms):
    ends = [f"127.0.0.1:{port}" for port in pick_ports(4)]
    bridge = graph.make(
        TeleopBridge, side="patient", local=ends[:2], remote=ends[2:], identity=identities["patient"], playout_ms=playout_ms
    )
    monkeypatch.setattr(bridge.session, "clock", lambda now: ClockEstimate(0.0, 0.1, 0.2, 9))
    served = []
    monkeypatch.setattr(bridge.end, "_serve", lambda command, arrival, due: served.append((command.seq, command.stamp, bridge.now())))

    def take(seq, follow, late=False):
        now = bridge.now()
        command = MotionCommand(seq, now, now, 1, 1, Pedals(), follow, False, True, 0.1, {})
        with bridge.lock:
            bridge.end.received(Received(Stream.COMMAND, seq, CommandEncoder().encode(command), "path1", now, late))

    take(1, True)
    assert graph.spin_until(lambda: served, 2.0)
    assert 0.0 <= served[0][2] - served[0][1] - playout_ms / 1e3 < 0.05
    take(3, True)
    take(2, True, late=True)
    take(4, False)
    graph.spin_for(0.15)
    assert [seq for seq, *_ in served] == ([1, 3, 4] if playout_ms == 0.0 else [1, 4])


def test_two_hosts_as_the_launch_files_set_them_up(graph, identities):
    """Two addresses per site, taken from the loopback network; ports and names as far_ends fills them in."""
    made = {process.params["side"]: process for process in layout(SessionOptions(domains=(20, 21))) if "side" in process.params}
    addresses = {"surgeon": "127.0.1.1,127.0.2.1", "patient": "127.0.1.2,127.0.2.2"}
    ends = []
    for side, other in (("surgeon", "patient"), ("patient", "surgeon")):
        params = dict(far_ends(made[side], addresses[other], addresses[side]).params)
        ends.append(graph.make(TeleopBridge, **{**params, "identity": identities[side], "tape_dir": ""}))
    assert graph.spin_until(lambda: all(end.session.established and end.health().paths_up == 2 for end in ends))


def test_close_ends_the_thread(graph, bridges):
    for bridge in bridges:
        bridge.close()
    assert not [thread for thread in threading.enumerate() if thread.name in ("link", "handshakes")]
