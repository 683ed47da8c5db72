"""The relay with real sockets: datagrams. Times only as lower bounds: how fast it is belongs to the bench."""

import contextlib
import json
import socket
import struct
import subprocess
import sys
import time

import pytest
from relay_rig import DOWN_S, LONG_S, NO_PORT, UP_S, relaying, sides, udp, until, where

from telesurgery_nodes.core.link.impair import Impairment
from telesurgery_nodes.core.link.timeline import Step, Timeline
from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.nodes.link_emulator import PathSpec, Relay, load_preset, main


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


def test_the_largest_datagram_comes_whole():
    with relaying() as relay:
        surgeon, patient = ends(relay)
        surgeon.send(bytes(65_507))
        assert patient.recv(1 << 16) == bytes(65_507)


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


def test_the_old_names_are_still_here():
    assert len(load_preset("lan")) == 2 and all(isinstance(path, PathSpec) for path in load_preset("lan"))


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
