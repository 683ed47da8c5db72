"""The relay with real sockets, and every shipped preset."""

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time

import pytest

from telesurgery_nodes.core.link.impair import Impairment
from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.nodes.link_emulator import PathSpec, Relay, load_preset, main

PRESETS = ("lan", "lindbergh", "rome_beijing", "casablanca_shanghai", "china_5g", "orlando_luanda", "geo_satellite", "rural")
NO_PORT = "127.0.0.1:0"


@pytest.mark.parametrize("name", PRESETS)
def test_presets_have_two_paths(name):
    assert len(load_preset(name)) == 2


def test_headline_preset_is_what_the_operation_reported():
    first, second = load_preset("casablanca_shanghai")
    assert (first.up.delay_ms, first.up.jitter_ms, first.up.loss, second.down.delay_ms) == (105, 3, 0.0001, 125)


@pytest.mark.parametrize("text", ["", "paths: 3", "paths: [{name: a}]", "paths: [{name: a, up: {x: 1}, down: {}}]", "{"])
def test_bad_presets_are_refused(tmp_path, text):
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(ConfigError):
        load_preset(str(tmp_path / "bad.yaml"))


@pytest.fixture
def relay():
    made = Relay([PathSpec("one", Impairment(delay_ms=30.0), Impairment())], [NO_PORT], [NO_PORT], 1)
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    made.stop()
    thread.join(5.0)
    made.close()


def ends(relay):
    near, far = (leg.inlet.getsockname() for leg in relay.legs.values())
    surgeon, patient = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    for sock, address in ((surgeon, near), (patient, far)):
        sock.settimeout(3.0)
        sock.connect(address)
    patient.send(b"unheard")  # the relay answers a side only once it has heard it
    surgeon.send(b"here")
    while patient.recv(100) != b"here":
        continue
    surgeon.settimeout(0.1)
    with contextlib.suppress(TimeoutError):
        surgeon.recv(100)  # where the relay heard the surgeon side first
    surgeon.settimeout(3.0)
    return surgeon, patient


def test_delay_in_one_direction_and_none_in_the_other(relay):
    surgeon, patient = ends(relay)
    sent = time.monotonic()
    surgeon.send(b"ping")
    assert patient.recv(100) == b"ping" and time.monotonic() - sent >= 0.03
    patient.send(b"pong")
    assert surgeon.recv(100) == b"pong"


def test_cut_and_restore(relay):
    surgeon, patient = ends(relay)
    relay.cut()
    surgeon.settimeout(0.1)
    patient.send(b"lost")
    with pytest.raises(TimeoutError):
        surgeon.recv(100)
    relay.restore()
    patient.send(b"back")
    assert surgeon.recv(100) == b"back"


def test_outages_by_name_and_number_and_wrong_ones(relay):
    relay.outage("one:100:1")
    relay.outage("1:100:1")
    for wrong in ("two:1:1", "0:1:1", "2:1:1", "1:1", "1:x:1"):
        with pytest.raises(ConfigError):
            relay.outage(wrong)


def test_wrong_arguments_exit_2(capsys):
    assert main(["--preset", "nowhere", "--surgeon", NO_PORT, "--patient", NO_PORT]) == 2
    assert main(["--preset", "lan", "--surgeon", f"{NO_PORT},{NO_PORT}", "--patient", NO_PORT]) == 2
    assert capsys.readouterr().err.count("link_emulator:") == 2


def test_process_writes_statistics_and_stops_on_sigterm(tmp_path):
    stats = tmp_path / "stats"
    command = [sys.executable, "-m", "telesurgery_nodes.nodes.link_emulator", "--preset", "lan", "--stats", str(stats)]
    process = subprocess.Popen([*command, "--surgeon", NO_PORT, "--patient", NO_PORT])
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until and not (stats.exists() and stats.read_text().endswith("\n")):
            select_wait = threading.Event()
            select_wait.wait(0.05)
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
    assert "error_us_p99" in json.loads(stats.read_text().splitlines()[0])
