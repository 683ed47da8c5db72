"""The relay with real sockets: datagrams and byte streams. Times only as lower bounds: how fast it is belongs to the bench."""

import contextlib
import json
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest

from telesurgery_nodes.core.link.impair import Impairment
from telesurgery_nodes.core.link.timeline import Step, Timeline
from telesurgery_nodes.devices.relay import pipe, streams
from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.nodes.link_emulator import PathSpec, Relay, load_preset, main

NO_PORT = "127.0.0.1:0"
UP_S, DOWN_S = 0.03, 0.02
LONG_S = 20.0  # what a test that hangs waits for


def where(sock):
    return "{}:{}".format(*sock.getsockname())


@contextlib.contextmanager
def relaying(up=None, down=None, **more):
    up, down = up or Impairment(delay_ms=1e3 * UP_S), down or Impairment(delay_ms=1e3 * DOWN_S)
    made = Relay([PathSpec("one", up, down)], [NO_PORT], [NO_PORT], 1, **more)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield made
    finally:
        made.stop()
        thread.join(LONG_S)
        made.close()
    assert not thread.is_alive()


def udp(to=None):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(LONG_S)
    sock.connect(to) if to else sock.bind(("127.0.0.1", 0))
    return sock


def sides(relay):
    up, down = relay.legs[0]
    return up.inlet.sock.getsockname(), down.inlet.sock.getsockname()


def ends(relay):
    surgeon, patient = (udp(side) for side in sides(relay))
    patient.send(b"unheard")  # the relay answers a side only once it has heard it
    surgeon.send(b"here")
    while patient.recv(100) != b"here":
        continue
    surgeon.settimeout(0.1)
    with contextlib.suppress(TimeoutError):
        surgeon.recv(100)  # where the relay heard the surgeon side first
    surgeon.settimeout(LONG_S)
    return surgeon, patient


def test_delay_in_both_directions():
    with relaying() as relay:
        surgeon, patient = ends(relay)
        sent = time.monotonic()
        surgeon.send(b"ping")
        assert patient.recv(100) == b"ping" and time.monotonic() - sent >= UP_S
        sent = time.monotonic()
        patient.send(b"pong")
        assert surgeon.recv(100) == b"pong" and time.monotonic() - sent >= DOWN_S


def test_cut_and_restore():
    with relaying() as relay:
        surgeon, patient = ends(relay)
        relay.cut()
        surgeon.settimeout(0.1)
        patient.send(b"lost")
        with pytest.raises(TimeoutError):
            surgeon.recv(100)
        relay.restore()
        surgeon.settimeout(LONG_S)
        patient.send(b"back")
        assert surgeon.recv(100) == b"back"


def test_a_script_cuts_and_changes():
    gone = Step(0.0, ((0, "up"),), cut=float("inf"))
    later = Step(0.0, ((0, "down"),), change={"duplicate": 0.999})
    with relaying(timeline=Timeline([gone, later])) as relay:
        surgeon, patient = (udp(side) for side in sides(relay))
        surgeon.send(b"lost, but now the relay knows where the surgeon is")
        while relay.legs[0][0].model.offered == 0:
            pass
        patient.send(b"twice")
        assert [surgeon.recv(100), surgeon.recv(100)] == [b"twice", b"twice"]
        up, down = relay.summary()["datagrams"]
    assert (up["cut"], up["delivered"], down["duplicated"]) == (1, 0, 1)


def test_every_datagram_is_accounted_for():
    spec = Impairment(delay_ms=5.0, loss=0.1, burst=3.0, duplicate=0.1, reorder=0.1, corrupt=0.1, rate_mbit=2.0, queue_ms=20.0)
    with relaying(up=spec) as relay:
        surgeon, patient = ends(relay)
        for n in range(400):
            surgeon.send(struct.pack("I", n) + bytes(96))
        surgeon.send(b"end")
        patient.settimeout(0.5)
        got = 0
        with contextlib.suppress(TimeoutError):
            while patient.recv(200):
                got += 1
        up, down = relay.summary()["datagrams"]
    assert up["offered"] == 402 and up["under_way"] == 0 and got == up["delivered"] - 1
    for row in (up, down):
        gone = sum(row[key] for key in ("lost", "overflowed", "cut", "unheard", "failed"))
        assert row["offered"] + row["duplicated"] == row["delivered"] + gone
    assert min(up[key] for key in ("lost", "overflowed", "duplicated", "reordered", "corrupted")) > 0
    assert up["given_ms"] >= up["asked_ms"] >= 5.0 and up["error_us"]["max"] >= 0.0 and up["burst"] > 1.0


def test_before_the_patient_has_spoken_datagrams_go_where_its_bridge_is():
    with udp() as patient, relaying(to_patient=[where(patient)]) as relay:
        surgeon = udp(sides(relay)[0])
        surgeon.send(b"first")
        data, source = patient.recvfrom(100)
        assert data == b"first" and source == sides(relay)[1]


def test_without_it_they_wait_for_nobody_and_there_is_no_tcp():
    with relaying() as relay:
        surgeon = udp(sides(relay)[0])
        surgeon.send(b"first")
        while relay.legs[0][0].account.unheard == 0:
            pass
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(sides(relay)[0])


# --- byte streams


@contextlib.contextmanager
def stream(up=None, down=None, **more):
    """A relay with TCP, and the listening socket of the patient's bridge."""
    with socket.create_server(("127.0.0.1", 0)) as bridge:
        bridge.settimeout(LONG_S)
        with relaying(up, down, to_patient=[where(bridge)], **more) as relay:
            yield relay, bridge


def connect(relay):
    sock = socket.create_connection(sides(relay)[0])
    sock.settimeout(LONG_S)
    return sock


def accept(bridge):
    sock = bridge.accept()[0]
    sock.settimeout(LONG_S)
    return sock


def read_all(sock):
    got = bytearray()
    while data := sock.recv(1 << 16):
        got += data
    return bytes(got)


def refuse(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def until(condition):
    end = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_byte_takes_the_delay_and_the_first_one_a_round_trip_more():
    with stream() as (relay, bridge):
        began = time.monotonic()
        with connect(relay) as surgeon:
            surgeon.send(b"first")
            with accept(bridge) as patient:
                assert time.monotonic() - began >= UP_S
                assert patient.recv(10) == b"first" and time.monotonic() - began >= 2 * UP_S + DOWN_S
                sent = time.monotonic()
                surgeon.send(b"second")
                assert patient.recv(10) == b"second" and time.monotonic() - sent >= UP_S
                sent = time.monotonic()
                patient.send(b"answer")
                assert surgeon.recv(10) == b"answer" and time.monotonic() - sent >= DOWN_S


def test_everything_arrives_in_order_through_loss_jitter_and_a_narrow_line():
    hidden = {"duplicate": 0.1, "corrupt": 0.1, "reorder": 0.1}  # what TCP hides
    bad = Impairment(delay_ms=5.0, jitter_ms=3.0, loss=0.05, burst=3.0, rate_mbit=40.0, queue_ms=20.0, **hidden)
    blob = b"".join(struct.pack("I", n) for n in range(150_000))
    assert len(blob) > 2 * pipe.MOST_HELD
    with stream(bad, bad) as (relay, bridge), connect(relay) as surgeon, accept(bridge) as patient:
        sender = threading.Thread(target=lambda: (surgeon.sendall(blob), surgeon.shutdown(socket.SHUT_WR)))
        sender.start()
        assert read_all(patient) == blob
        sender.join(LONG_S)
        (row,) = relay.summary()["tcp"]
        assert row["up"]["bytes"] == len(blob) and row["up"]["repeated"] > 0 and row["down"]["bytes"] == 0


def test_half_closed_the_other_direction_goes_on():
    with stream() as (relay, bridge), connect(relay) as surgeon, accept(bridge) as patient:
        surgeon.send(b"question")
        surgeon.shutdown(socket.SHUT_WR)
        assert read_all(patient) == b"question"
        patient.send(b"answer")
        assert surgeon.recv(10) == b"answer"
        assert len(relay.streams.open) == 1
        patient.shutdown(socket.SHUT_WR)
        assert surgeon.recv(10) == b""
        until(lambda: not relay.streams.open)
        assert relay.summary()["tcp"][0]["reset"] == 0


@pytest.mark.parametrize("surgeon_resets", [True, False])
def test_a_reset_is_passed_on(surgeon_resets):
    with stream() as (relay, bridge), connect(relay) as surgeon, accept(bridge) as patient:
        surgeon.send(b"x")
        patient.recv(1)
        leaver, other = (surgeon, patient) if surgeon_resets else (patient, surgeon)
        refuse(leaver)
        with pytest.raises(ConnectionResetError):
            other.recv(1)
        until(lambda: not relay.streams.open)


def test_a_reset_of_a_side_that_only_listens_is_found_when_something_is_sent_to_it():
    with stream() as (relay, bridge), connect(relay) as surgeon, accept(bridge) as patient:
        patient.shutdown(socket.SHUT_WR)
        assert surgeon.recv(1) == b""
        refuse(patient)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            while True:
                surgeon.send(b"x" * 1000)
        until(lambda: not relay.streams.open)


def test_a_bridge_that_is_not_there_resets_a_round_trip_later():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with relaying(to_patient=[where(nobody)]) as relay, connect(relay) as surgeon:
            began = time.monotonic()
            with pytest.raises(ConnectionResetError):
                surgeon.recv(1)
            assert time.monotonic() - began >= UP_S + DOWN_S - 0.01  # the connection was accepted a little before `began`
            assert relay.summary()["tcp"][0]["failed"] == 1


def test_in_an_outage_bytes_wait_and_then_come():
    with stream() as (relay, bridge), connect(relay) as surgeon, accept(bridge) as patient:
        surgeon.send(b"before")
        assert patient.recv(10) == b"before"
        relay.cut()
        surgeon.send(b"during")
        patient.settimeout(0.3)
        with pytest.raises(TimeoutError):
            patient.recv(10)
        patient.settimeout(LONG_S)
        restored = time.monotonic()
        relay.restore()
        assert patient.recv(10) == b"during" and time.monotonic() - restored >= UP_S


def test_a_connection_asked_for_in_an_outage_waits_for_its_end():
    with stream() as (relay, bridge):
        relay.cut()
        with connect(relay) as surgeon:
            surgeon.send(b"patience")
            bridge.settimeout(0.3)
            with pytest.raises(TimeoutError):
                bridge.accept()
            bridge.settimeout(LONG_S)
            restored = time.monotonic()
            relay.restore()
            with accept(bridge) as patient:
                assert patient.recv(10) == b"patience" and time.monotonic() - restored >= 2 * UP_S + DOWN_S


def test_or_is_reset_when_that_takes_too_long():
    with stream(open_timeout=0.2) as (relay, _):
        relay.cut()
        with connect(relay) as surgeon:
            with pytest.raises(ConnectionResetError):
                surgeon.recv(1)
            assert relay.summary()["tcp"][0]["timed_out"] == 1 and not relay.streams.open


def test_a_side_that_does_not_read_stops_the_sender():
    with stream(Impairment(), Impairment()) as (relay, bridge), connect(relay) as surgeon, accept(bridge):
        surgeon.setblocking(False)
        sent, last = 0, time.monotonic()
        while time.monotonic() - last < 0.5:
            with contextlib.suppress(BlockingIOError):
                sent += surgeon.send(bytes(1 << 16))
                last = time.monotonic()
        assert relay.streams.open[0].up._held <= pipe.MOST_HELD
        assert relay.summary()["tcp"][0]["up"]["bytes"] < sent


def test_connections_are_bounded(monkeypatch):
    monkeypatch.setattr(streams, "MOST_CONNECTIONS", 2)
    with stream() as (relay, bridge), connect(relay) as first, connect(relay):
        until(lambda: len(relay.streams.open) == 2)
        with connect(relay) as third, pytest.raises(ConnectionResetError):
            third.recv(1)
        assert relay.summary()["tcp"][0]["too_many"] == 1
        first.send(b"still there")
        with accept(bridge) as a, accept(bridge) as b:
            a.settimeout(0.5)
            with contextlib.suppress(TimeoutError):
                assert a.recv(20) == b"still there"
                return
            assert b.recv(20) == b"still there"


def test_datagrams_go_on_beside_a_stream():
    with stream(Impairment(delay_ms=5.0), Impairment()) as (relay, bridge), connect(relay) as surgeon, accept(bridge) as patient:
        sender = threading.Thread(target=lambda: (surgeon.sendall(bytes(1 << 21)), surgeon.close()))
        sender.start()
        one, other = udp(sides(relay)[0]), udp(sides(relay)[1])
        other.send(b"here")
        for n in range(50):
            one.send(struct.pack("I", n))
            assert other.recv(10) == struct.pack("I", n)
        assert len(read_all(patient)) == 1 << 21
        sender.join(LONG_S)


# --- the process


def test_the_old_names_are_still_here():
    assert len(load_preset("lan")) == 2


def test_wrong_arguments_exit_2(capsys, tmp_path):
    assert main(["--preset", "nowhere", "--surgeon", NO_PORT, "--patient", NO_PORT]) == 2
    assert main(["--preset", "lan", "--surgeon", f"{NO_PORT},{NO_PORT}", "--patient", NO_PORT]) == 2
    assert main(["--preset", "lan", "--surgeon", NO_PORT, "--patient", NO_PORT, "--to-patient", f"{NO_PORT},{NO_PORT}"]) == 2
    assert main(["--preset", "lan", "--surgeon", NO_PORT, "--patient", NO_PORT, "--stats", str(tmp_path / "no" / "such")]) == 2
    assert main(["--preset", "lan", "--surgeon", NO_PORT, "--patient", NO_PORT, "--outage", "lan_b:1:1"]) == 2, "one path is used"
    assert capsys.readouterr().err.count("link_emulator:") == 5


def test_a_port_in_use_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as busy, pytest.raises(ConfigError, match=r"cannot listen on .* \(TCP\)"):
        Relay(load_preset("lan"), [where(busy)], [NO_PORT], 1, to_patient=[NO_PORT])


def test_process_writes_statistics_and_stops_on_sigterm(tmp_path):
    stats = tmp_path / "stats"
    command = [sys.executable, "-m", "telesurgery_nodes.nodes.link_emulator", "--preset", "lan", "--stats", str(stats)]
    process = subprocess.Popen([*command, "--surgeon", NO_PORT, "--patient", NO_PORT])
    try:
        until(lambda: process.poll() is not None or (stats.exists() and stats.read_text().endswith("\n")))
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
    row = json.loads(stats.read_text().splitlines()[0])
    assert "error_us_p99" in row and {"path", "direction", "offered", "cut", "reordered", "corrupted"} <= set(row["counts"][0])
