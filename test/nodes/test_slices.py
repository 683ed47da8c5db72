"""Short time slices: what the kernel was told, in the threads too, and what is said where nobody can be told."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys

import pytest

pytest.importorskip("rclpy")

from telesurgery_nodes.nodes.arm_control import ArmControl
from telesurgery_nodes.nodes.stereo_camera import StereoCamera
from telesurgery_nodes.ros import slices
from telesurgery_nodes.ros.slices import CONTROL_SLICE, NANO, ask_short_slices, kernel_slices

GETATTR = {"x86_64": 315, "aarch64": 275}  # sched_getattr (2)
heeded = pytest.mark.skipif(
    not kernel_slices() or platform.machine() not in GETATTR, reason=f"Linux since 6.12 heeds the wish; this is {platform.release()}"
)

PROGRAM = """
import threading
from telesurgery_nodes.ros.slices import ask_short_slices
print(ask_short_slices())
from test_slices import granted
told = []
thread = threading.Thread(target=lambda: told.append(granted()))
thread.start(); thread.join()
print(granted(), told[0])
"""


def granted() -> tuple[int, float]:
    """Policy and slice [s] of the calling thread."""
    found = slices._Attributes()
    number = GETATTR[platform.machine()]
    assert ctypes.CDLL(None, use_errno=True).syscall(number, 0, ctypes.byref(found), ctypes.sizeof(found), 0) == 0
    return int(found.policy), found.runtime / NANO


@heeded
def test_the_process_and_the_threads_it_starts_then_have_them() -> None:
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**os.environ, "PYTHONPATH": path}, check=False, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines() == ["", f"{(os.SCHED_OTHER, CONTROL_SLICE)} {(os.SCHED_OTHER, CONTROL_SLICE)}"], done.stderr


def test_where_nobody_knows_how_to_ask_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "abacus")
    assert "abacus" in ask_short_slices()


def test_a_refusal_is_told_in_the_systems_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(slices.CALLS, platform.machine(), -1)
    assert ask_short_slices()


RELEASES = {"6.12.0": True, "6.18.44-fc": True, "7.0": True, "6.8.0-45-generic": False, "odd": False}


@pytest.mark.parametrize(("release", "heeds"), RELEASES.items())
def test_which_kernels_heed_the_wish(release: str, heeds: bool) -> None:
    assert kernel_slices(release) is heeds


def test_motion_asks_and_pictures_do_not() -> None:
    assert ArmControl.CONTROLS and not StereoCamera.CONTROLS
