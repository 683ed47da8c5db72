"""Pressing into the board: not a step deeper once the force is known; without the rule it would go on."""

import pytest

pytest.importorskip("xacro")

from telesurgery_nodes.cli.armbench import press
from telesurgery_nodes.cli.bench import BenchArguments


def test_not_a_step_deeper():
    found = press.press("kinematic", 0.02)
    assert 5.0 < found["peak_n"] < 15.0 and found["deeper_mm"] == 0.0


def test_without_the_rule_it_goes_on(monkeypatch):
    monkeypatch.setattr(press, "pushes", lambda *_: False)
    monkeypatch.setattr("telesurgery_nodes.core.safety.gate_motor.pushes", lambda *_: False)
    found = press.press("kinematic", 0.02)
    assert found["peak_n"] > 100.0 and found["deeper_mm"] > 0.01


def test_a_robot_that_is_not_installed_is_said(monkeypatch):
    monkeypatch.setattr(press, "ROBOTS", ("mujoco",))
    monkeypatch.setattr(press, "press", lambda *_: (_ for _ in ()).throw(press.ConfigError("no MuJoCo")))
    bars, _ = press.run(BenchArguments(quick=True))
    assert bars[0].holds is None and bars[0].why == "no MuJoCo"
