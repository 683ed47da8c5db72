"""CRTK's own Python client for ROS 2, unchanged, against arm_control, the kinematic robot and the watchdog as real processes.

Skipped where it is not there: CRTK's `crtk` (not PyPI's package of that name), `crtk_msgs` and PyKDL are not Python wheels.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("xacro")
pytest.importorskip("crtk_msgs.msg", reason="crtk_msgs is built with colcon (docs/crtk.md)")
pytest.importorskip("PyKDL", reason="CRTK's client converts with PyKDL (apt: python3-pykdl)")
os.environ.setdefault("ROS_VERSION", "2")
crtk = pytest.importorskip("crtk", reason="collaborative-robotics/crtk_python_client")
if not hasattr(crtk, "ral"):
    pytest.skip("this `crtk` is not CRTK's client", allow_module_level=True)

from telesurgery_nodes.cli.inputs import one_machine  # noqa: E402
from telesurgery_nodes.cli.starter import Starter, last_words  # noqa: E402
from telesurgery_nodes.session import SessionOptions, layout  # noqa: E402

CLIENT = Path(__file__).resolve().parents[1] / "helpers" / "crtk_client.py"
NEEDED = ("simulation", "arm_control", "safety_watchdog", "teleop_bridge_patient")
PATIENCE = 120.0  # [s]
TRIES = 3  # where the machine is too busy for the nodes the watchdog withdraws the leave, as it should: then again


@pytest.mark.parametrize("arm", ["PSM1", "ECM"])
def test_crtks_own_client_moves_an_arm(arm: str, tmp_path: Path) -> None:
    failed = [""]
    for number in range(TRIES):
        failed = failed_by(arm, tmp_path / str(number)) if failed else []
    assert not failed, failed


def failed_by(arm: str, tmp_path: Path) -> list[str]:
    """What did not work in a session of its own."""
    options = one_machine(SessionOptions(robot="kinematic", out=str(tmp_path)), str(tmp_path / "identities"))
    processes = [process for process in layout(options, ("patient",)) if process.name in NEEDED]
    env = {**os.environ, **processes[0].env}
    with Starter(processes, tmp_path) as starter:
        found = subprocess.run([sys.executable, str(CLIENT), arm], env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
        dead = [ended.sentence() for ended in starter.dead()]
    assert not dead, dead
    lines = [line for line in found.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, found.stderr + last_words(tmp_path / "logs" / "arm_control.log")
    result = json.loads(lines[0].removeprefix("RESULT "))
    assert len(result) > 5
    return [name for name, worked in result.items() if not worked]
