"""The shared main: clean stop on both signals, refusal in one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("rclpy", reason="rclpy comes from the wheels or a ROS 2 installation")

PROGRAM = """
import sys
from telesurgery_nodes.ros.main import run
from telesurgery_nodes.ros.node import SuiteNode
class Demo(SuiteNode):
    NAME = "demo"
    def __init__(self):
        super().__init__()
        self.tape("table", ("t",)).row(self.now())
        self.every(0.05, lambda: (sys.stdout.write("tick\\n"), sys.stdout.flush()))
sys.exit(run(Demo))
"""


def start(tmp_path, *ros_args):
    env = dict(os.environ, ROS_DOMAIN_ID="97", ROS_AUTOMATIC_DISCOVERY_RANGE="LOCALHOST")
    command = [sys.executable, "-c", PROGRAM, "--ros-args", "-p", f"tape_dir:={tmp_path}", *ros_args]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_cleanly_on(number, tmp_path):
    process = start(tmp_path)
    try:
        assert process.stdout.readline() == "tick\n"
        process.send_signal(number)
        began = time.monotonic()
        assert process.wait(timeout=10) == 0
        assert time.monotonic() - began < 5
    finally:
        process.kill()
        process.communicate()
    assert (tmp_path / "demo.table.tape").stat().st_size > 8  # the tape was flushed


def test_a_misspelt_parameter_refuses_the_start_in_one_line(tmp_path):
    process = start(tmp_path, "-p", "raet:=1")
    try:
        _, words = process.communicate(timeout=20)
        assert process.returncode == 2
        assert [line for line in words.splitlines() if line.startswith("demo: unknown parameter raet")]
    finally:
        process.kill()
