"""`telesurgery demo` from the outside."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

DEMO = [sys.executable, "-m", "telesurgery_nodes.cli.main", "demo"]
SMALL = ["--headless", "--preset", "lan", "--robot", "kinematic", "--width", "160", "--height", "120", "--codec", "mjpeg", "--rate", "100"]


def demo(folder, *words):
    identities = ["--identities", str(folder / "identities")]
    command = [*DEMO, *SMALL, *identities, "--out", str(folder / "session"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)


def test_a_session_ends_well_and_leaves_its_report(tmp_path):
    ended = demo(tmp_path, "--duration", "20", "--json")
    assert ended.returncode == 0, ended.stderr
    summary = json.loads(ended.stdout)
    assert summary["ok"]
    assert summary["states"]["following_s"] > 5.0
    assert set(summary["tracking"]) == {"PSM1", "PSM2"}
    assert all(arm["path_mm"] > 5.0 for arm in summary["tracking"].values()), "both hands must have moved their tools"
    assert len(summary["cpu"]) == 9
    page = (tmp_path / "session" / "report.html").read_text()
    assert page.count("<svg") >= 6
    assert "src=\"http" not in page and "href=\"http" not in page
    for name in ("summary.json", "samples.npz", "logs/simulation.log"):
        assert (tmp_path / "session" / name).is_file()
    assert list((tmp_path / "session" / "snapshots").glob("*.png"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "wanted at least"),
        ("1 2 3\n1 2 3\n", "row 1: wanted 76 columns, got 3"),
        ((",".join(["0"] * 76) + "\n") * 3, "separated by spaces"),
        ((" ".join(["nan"] * 76) + "\n") * 3, "row 1"),
        ((" ".join(["0"] * 76) + "\n") * 3, "rotation"),
    ],
    ids=["empty", "columns", "delimiter", "nan", "rotation"],
)
def test_bad_hands_are_refused_before_anything_starts(tmp_path, content, says):
    file = tmp_path / "hands.txt"
    file.write_text(content)
    ended = demo(tmp_path, "--input", str(file))
    assert ended.returncode == 2
    assert str(file) in ended.stderr
    assert says in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "session").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [(["--preset", "moon"], "casablanca_shanghai"), (["--input", "/nowhere"], "scripted"), (["--duration", "-1"], "above 0")],
)
def test_bad_options_are_refused(tmp_path, words, says):
    ended = demo(tmp_path, *words)
    assert ended.returncode == 2
    assert says in ended.stderr


def test_a_key_open_to_others_is_refused(tmp_path, identities):
    shutil.copytree(Path(identities["surgeon"]).parents[2], tmp_path / "identities")
    for key in (tmp_path / "identities").rglob("key.pem"):
        key.chmod(0o644)
    ended = demo(tmp_path)
    assert ended.returncode == 2
    assert "600" in ended.stderr


def offspring(pid):
    return psutil.Process(pid).children(recursive=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_behind(tmp_path, number):
    words = [*DEMO, *SMALL, "--identities", str(tmp_path / "identities"), "--out", str(tmp_path / "session"), "--duration", "60"]
    starter = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 20.0
        while len(offspring(starter.pid)) < 9 and time.monotonic() < until:
            time.sleep(0.1)
        children = offspring(starter.pid)
        assert len(children) == 9
        time.sleep(3.0)
        os.kill(starter.pid, number)
        starter.wait(timeout=40.0)
        _, alive = psutil.wait_procs(children, timeout=10.0)
        assert not alive
    finally:
        if starter.poll() is None:
            starter.kill()
            starter.wait()


def test_a_dead_node_fails_the_demo_in_one_sentence(tmp_path):
    words = [*DEMO, *SMALL, "--identities", str(tmp_path / "identities"), "--out", str(tmp_path / "session"), "--duration", "60"]
    starter = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + 20.0
        found = []
        while not found and time.monotonic() < until:
            time.sleep(0.1)
            found = [child for child in offspring(starter.pid) if "arm_control" in child.cmdline()]
        found[0].kill()
        _, stderr = starter.communicate(timeout=40.0)
    finally:
        if starter.poll() is None:
            starter.kill()
            starter.wait()
    assert starter.returncode == 1
    assert "the node arm_control was killed by signal 9" in stderr.splitlines()[-1]
