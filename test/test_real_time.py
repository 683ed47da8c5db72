"""Real time is asked for as a whole or not at all: who gets it, how, and what is said where it is refused."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from telesurgery_nodes import real_time
from telesurgery_nodes.cli import demo, launch_arguments
from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.real_time import CONTROL_PRIORITY, check_real_time, fifo_allowed, real_time_words
from telesurgery_nodes.session import TABLE, SessionOptions, layout

OPTIONS = SessionOptions(domains=(20, 21), realtime=True)
PICTURES = {"stereo_camera", "stereo_viewer"}
ALLOWED = pytest.mark.skipif(not fifo_allowed(), reason="SCHED_FIFO is not allowed here")


@pytest.fixture
def refused(monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)


def test_what_stands_between_hands_and_motors_has_it_and_pictures_do_not():
    made = {process.name: process for process in layout(OPTIONS) if process.ros}
    assert {name for name, process in made.items() if not process.fifo} == PICTURES
    assert made["arm_control"].argv()[:3] == ["chrt", "--fifo", str(CONTROL_PRIORITY)]
    assert made["stereo_camera"].argv()[0] == "nice"


def test_a_session_that_does_not_ask_has_none():
    assert not any(process.fifo for process in layout(replace(OPTIONS, realtime=False)))


def test_control_and_giving_way_exclude_each_other():
    assert not any(row.control and row.nice for row in TABLE)


@ALLOWED
def test_the_words_give_it_to_the_process_and_to_its_threads():
    look = "print(os.sched_getscheduler(0), os.sched_getparam(0).sched_priority)"
    script = f"import os, threading; threading.Thread(target=lambda: {look}).start()"
    words = [*real_time_words(CONTROL_PRIORITY), sys.executable, "-c", script]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    assert ran.stdout.split() == [str(os.SCHED_FIFO), str(CONTROL_PRIORITY)], ran.stderr


@ALLOWED
def test_asking_whether_it_is_allowed_changes_nothing():
    before = os.sched_getscheduler(0)
    assert fifo_allowed() and os.sched_getscheduler(0) == before
    check_real_time()


def test_a_refusal_says_what_to_do(refused):
    assert not fifo_allowed()
    with pytest.raises(ConfigError, match="rtprio"):
        check_real_time()


def test_without_the_program_nothing_starts(monkeypatch):
    monkeypatch.setattr(real_time.shutil, "which", lambda _: None)
    with pytest.raises(ConfigError, match="util-linux"):
        check_real_time()


def test_demo_and_launch_files_refuse_before_anything_starts(refused, tmp_path):
    with pytest.raises(ConfigError, match="SCHED_FIFO"):
        demo.check(replace(OPTIONS, out=str(tmp_path)))
    with pytest.raises(ConfigError, match="SCHED_FIFO"):
        launch_arguments.processes_of({"realtime": "true"}, ("surgeon", "wan", "patient"), str(tmp_path))
