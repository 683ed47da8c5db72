"""`telesurgery emulate` for people and machines, and what the bench measures of it."""

import json
import signal
import socket
import subprocess
import sys
import time

import pytest

from telesurgery_nodes.cli import emulate, main
from telesurgery_nodes.cli.linkbench import emulator
from telesurgery_nodes.devices.relay.presets import preset_names
from telesurgery_nodes.session import pick_ports

LONG_S = 20.0
ROW = {
    "path": "fibre", "direction": "up", "offered": 1000, "delivered": 990, "lost": 9, "burst": 2.25, "bursts": 4, "reordered": 1,
    "duplicated": 2, "corrupted": 3, "overflowed": 4, "cut": 5, "tailed": 0, "unheard": 6, "failed": 7, "under_way": 8,
    "asked_ms": 105.123, "given_ms": 105.2, "error_us": {"p50": 31.0, "p99": 61.0, "max": 113.4},
    "returned_us": {"p50": 41.0, "p99": 71.0, "max": 213.4},
}  # fmt: skip
IDLE = {**ROW, "direction": "down", "burst": None, "asked_ms": None, "given_ms": None}
IDLE |= {key: dict.fromkeys(("p50", "p99", "max")) for key in ("error_us", "returned_us")}
WAY = {"bytes": 10, "segments": 2, "repeated": 1, **{key: ROW[key] for key in ("asked_ms", "given_ms", "error_us", "returned_us")}}
TCP = {"path": "fibre", "opened": 1, "too_many": 0, "timed_out": 0, "failed": 0, "reset": 0, "up": WAY, "down": WAY}
FOUND = {"seconds": 20.0, "scheduler": "SCHED_FIFO 30", "cpu_s": 2.0, "datagrams": [ROW, IDLE], "tcp": [TCP]}


def test_columns_line_up():
    lines = emulate.columns(["path", "n", "way"], [["a", "1", "x"], ["longer", "1000", "y"]], 1).splitlines()
    assert lines == ["path       n  way", "a          1    x", "longer  1000    y"]


def test_the_summary_shows_every_number_once_under_its_name():
    text = emulate.summary_text(FOUND)
    assert text.startswith("20.0 s, scheduling: SCHED_FIFO 30, 10.0 % of a core")
    head, up, down = text.split("datagrams\n")[1].splitlines()[:3]
    cells = dict(zip(head.split(), up.split(), strict=True))
    assert cells == {key: f"{ROW[key]}" for key in emulate.DATAGRAMS} and down.split()[5] == "-"
    assert "105.12    105.20" in text and "31/61/113" in text and "41/71/213" in text and "-/-/-" in text
    assert "TCP bytes\n" in text


def test_without_tcp_nothing_is_said_about_it():
    assert "TCP" not in emulate.summary_text({**FOUND, "tcp": []})
    assert "no TCP connection was asked for" in emulate.summary_text({**FOUND, "tcp": [{**TCP, "opened": 0}]})


def test_the_live_line_shows_what_the_second_brought():
    other = {**ROW, "path": "second", "lost": 0}
    rates, row = emulate._Rates(), {"t": 1.0, "error_us_p99": 61.0, "error_us_max": None, "counts": [ROW, IDLE, other]}
    line = "     1 s  fibre up 1000/s down 1000/s gone 36  second up 1000/s gone 9  own error p99 61 us max -"
    assert rates.line(row) == line
    assert "fibre up 500/s down 0/s gone 36" in rates.line({**row, "counts": [{**ROW, "offered": 1500}, IDLE]})


def test_the_list_has_every_preset_with_delay_loss_and_sources(capsys):
    assert main.main(["emulate", "--list"]) == 0
    text = capsys.readouterr().out
    for name in preset_names():
        assert f"\n{name} " in text and f"\n{name}: " in text
    assert "none named" not in text
    row = next(line.split() for line in text.splitlines() if line.startswith("geo_satellite") and "satellite " in line and " up " in line)
    assert row == ["geo_satellite", "satellite", "up", "316", "5", "2.8", "2", "4.2", "-"]
    assert main.main(["emulate", "--list", "--json"]) == 0
    found = {preset["name"]: preset for preset in json.loads(capsys.readouterr().out)}
    assert sorted(found) == preset_names() and found["geo_satellite"]["paths"][0]["up"]["loss"] == 0.028
    assert all(preset["sources"] for preset in found.values())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "wanted --surgeon and --patient"),
        (["--surgeon", "127.0.0.1:0", "--patient", "127.0.0.1:0", "--preset", "mars"], "no preset 'mars'"),
        (["--surgeon", "127.0.0.1:0", "--patient", "127.0.0.1:0", "--set", "path9.loss=0"], "no path 'path9'"),
        (["--surgeon", "127.0.0.1:0", "--patient", "127.0.0.1:0", "--trace", "path1=/none.csv"], "/none.csv: cannot be read"),
        (["--surgeon", "127.0.0.1:0", "--patient", "127.0.0.1:0", "--script", "/none.yaml"], "script /none.yaml"),
        (["--surgeon", "127.0.0.1:0", "--patient", "127.0.0.1:0", "--duration", "-1"], "--duration -1"),
        (["--surgeon", "nonsense", "--patient", "127.0.0.1:0"], "wanted host:port"),
    ],
)
def test_what_cannot_be_meant_is_refused(capsys, words, says):
    assert main.main(["emulate", *words]) == 2
    assert says in capsys.readouterr().err


def start(*words):
    ports = pick_ports(3)
    near, far, patient = (f"127.0.0.1:{port}" for port in ports)
    command = [sys.executable, "-m", "telesurgery_nodes.cli.main", "emulate", "--preset", "clear", "--surgeon", near, "--patient", far]
    process = subprocess.Popen([*command, "--to-patient", patient, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return process, ports


def through(process, ports, text):
    """Send ``text`` until it comes out at the other side."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as surgeon, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as patient:
        patient.bind(("127.0.0.1", ports[2]))
        patient.settimeout(0.1)
        end = time.monotonic() + LONG_S
        while time.monotonic() < end and process.poll() is None:
            surgeon.sendto(text, ("127.0.0.1", ports[0]))
            try:
                return patient.recv(100)
            except TimeoutError:
                continue
    return None


def test_values_by_hand_seconds_in_a_file_and_the_summary_as_json(tmp_path):
    stats = tmp_path / "stats.jsonl"
    process, ports = start("--set", "path1.up.delay_ms=20", "--json", "--stats", str(stats), "--seed", "7")
    try:
        assert through(process, ports, b"hello") == b"hello"
        end = time.monotonic() + LONG_S
        while time.monotonic() < end and not stats.read_text().endswith("\n"):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LONG_S)
    finally:
        process.kill()
    found = json.loads(out)
    up = found["datagrams"][0]
    assert process.returncode == 0 and err == "" and (found["preset"], found["seed"]) == ("clear", 7)
    assert up["delivered"] >= 1 and up["given_ms"] >= up["asked_ms"] == 20.0 and found["scheduler"].startswith(("SCHED_FIFO", "normal"))
    assert json.loads(stats.read_text().splitlines()[0])["counts"][0]["path"] == "path1"


def test_it_ends_by_itself_with_tables():
    process, _ = start("--duration", "1.2", "--no-fifo")
    try:
        out, err = process.communicate(timeout=LONG_S)
    finally:
        process.kill()
    assert process.returncode == 0 and "scheduling: normal (SCHED_FIFO not asked for)" in out and "delay asked" in out
    assert "own error p99" in err


def test_the_bench_measures_the_real_relay():
    found = emulator.measure(0.3, 1)
    assert found.sent == 600 and 0 < found.received <= found.sent and set(found.release) == {"fibre", "second"}
    for name, spread in found.outside.items():
        assert 0.0 <= found.release[name].p50 <= found.returned[name].p50 and 0.0 < spread.p50 <= spread.p99 <= spread.max
    text = emulator.text(found)
    assert text.startswith("emulator's own error: 0 in virtual time") and "fibre" in text and found.scheduler in text
    assert emulator.details(found)["relay"]["outside"]["second"]["max"] == found.outside["second"].max
    assert emulator.details(None)["relay"] is None and "not measured" in emulator.text(None)
