"""The starter with small stand-ins for nodes: it sees deaths, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from telesurgery_nodes.cli import starter as module
from telesurgery_nodes.cli.starter import Starter, child_environment, last_words

SLEEPER = "import time\nwhile True: time.sleep(0.05)"
STUBBORN = """import signal, time
signal.signal(2, signal.SIG_IGN)
signal.signal(15, signal.SIG_IGN)
print('up', flush=True)
while True: time.sleep(0.05)
"""
TELLING = """import signal, sys, time
def end(*_):
    open({order!r}, 'a').write('{name} ')
    sys.exit(0)
signal.signal(2, end)
print('up', flush=True)
while True: time.sleep(0.01)
"""


class Fake:
    """Looks like session.Process."""

    def __init__(self, name, code, optional=False):
        self.name, self.code, self.optional, self.env = name, code, optional, {"MARK": name}

    def argv(self):
        return [sys.executable, "-u", "-c", self.code]


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_death_is_told_with_the_last_words(tmp_path):
    with Starter([Fake("good", SLEEPER), Fake("bad", "print('no motor'); raise SystemExit(3)")], tmp_path) as starter:
        until(starter.dead)
        (ended,) = starter.dead()
    assert ended.sentence() == "the node bad ended with status 3: no motor"


def test_a_kill_is_told_as_one(tmp_path):
    with Starter([Fake("good", SLEEPER)], tmp_path) as starter:
        os.kill(starter.pid("good"), signal.SIGKILL)
        until(starter.dead)
        assert starter.dead()[0].sentence() == "the node good was killed by signal 9"


def test_an_optional_process_may_end(tmp_path):
    with Starter([Fake("extra", "", optional=True)], tmp_path) as starter:
        until(lambda: not psutil.pid_exists(starter.pid("extra")) or starter._children[0].popen.poll() is not None)
        assert starter.dead() == []


def test_a_kill_we_asked_for_is_no_death(tmp_path):
    with Starter([Fake("good", SLEEPER)], tmp_path) as starter:
        starter.kill("good")
        until(lambda: starter._children[0].popen.poll() is not None)
        assert starter.dead() == []


def test_stop_goes_from_last_to_first(tmp_path):
    order, names = tmp_path / "order", ("robot", "guard", "hands")
    with Starter([Fake(name, TELLING.format(order=str(order), name=name)) for name in names], tmp_path) as starter:
        until(lambda: all((tmp_path / "logs" / f"{name}.log").read_text() for name in names))
    assert order.read_text().split() == ["hands", "guard", "robot"]
    assert starter.unclean() == []


def test_a_process_that_does_not_listen_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "GENTLE", 0.3)
    with Starter([Fake("stubborn", STUBBORN)], tmp_path) as starter:
        until((tmp_path / "logs" / "stubborn.log").read_text)
        pid = starter.pid("stubborn")
    assert not psutil.pid_exists(pid)
    assert starter.unclean()[0].status == -signal.SIGKILL


def test_what_a_node_started_goes_too(tmp_path):
    code = f"import subprocess,sys\np=subprocess.Popen([sys.executable,'-c',{SLEEPER!r}])\nprint(p.pid,flush=True)\np.wait()"
    with Starter([Fake("parent", code)], tmp_path) as starter:
        until(lambda: (tmp_path / "logs" / "parent.log").read_text().strip())
        grandchild = int((tmp_path / "logs" / "parent.log").read_text())
        assert starter.dead() == []
    until(lambda: not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == psutil.STATUS_ZOMBIE)


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux")
def test_a_killed_starter_takes_its_children_along(tmp_path):
    code = (
        "import sys,time\nfrom pathlib import Path\nfrom telesurgery_nodes.cli.starter import Starter\n"
        f"class P:\n name='n'; optional=False; env={{}}\n def argv(self): return [sys.executable,'-c',{SLEEPER!r}]\n"
        f"s=Starter([P()], Path({str(tmp_path)!r})); s.start(); print(s.pid('n'), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
    until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


def test_the_users_domain_does_not_reach_a_node(monkeypatch):
    monkeypatch.setenv("ROS_DOMAIN_ID", "3")
    monkeypatch.setenv("ROS_DISCOVERY_SERVER", "elsewhere")
    env = child_environment({"ROS_DOMAIN_ID": "20"})
    assert env["ROS_DOMAIN_ID"] == "20"
    assert "ROS_DISCOVERY_SERVER" not in env


def test_cpu_is_measured(tmp_path):
    with Starter([Fake("busy", "print('up')\nwhile True: pass")], tmp_path) as starter:
        until((tmp_path / "logs" / "busy.log").read_text)
        time.sleep(0.3)
        assert starter.measure_cpu()["busy"] > 10.0


def test_last_words_of_nothing(tmp_path):
    assert last_words(tmp_path / "none.log") == ""
