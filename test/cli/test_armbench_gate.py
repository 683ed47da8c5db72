"""The replay of the gate's bench: a healthy arm is never refused, and a sick one is."""

from dataclasses import replace

import pytest

pytest.importorskip("yaml")

from telesurgery_nodes.cli.armbench import gate


def test_a_healthy_arm_is_never_refused():
    for found in (gate.hands(6.0, 3, ""), gate.jumps(6.0, 3)):
        assert found.refused == 0 and found.sent > 300 and found.stops > 3
        assert 0.0 < found.fastest < 0.1


def sick(monkeypatch, change):
    made = gate.Arm.__init__

    def init(self):
        made(self)
        change(self)

    monkeypatch.setattr(gate.Arm, "__init__", init)
    return gate.jumps(4.0, 3)


def test_a_controller_beyond_the_limits_is_refused_and_never_gets_through(monkeypatch):
    def faster(arm):
        arm.controller.config = replace(arm.controller.config, tip_speed=0.2)

    found = sick(monkeypatch, faster)
    assert found.refused > 0 and found.fastest <= 0.1 + 1e-6


def test_an_arm_that_forgets_the_leave_is_refused(monkeypatch):
    def deaf(arm):
        update = arm.controller.update
        arm.controller.update = lambda inputs, now: update(replace(inputs, motion=arm.controller.homed, local_motion=True), now)

    found = sick(monkeypatch, deaf)
    assert found.refused > 0


def test_without_a_place_for_the_mutants_the_bar_says_why(monkeypatch):
    def missing(_subject):
        raise gate.ConfigError("no tests here")

    monkeypatch.setattr(gate, "measure", missing)
    monkeypatch.setattr(gate, "SECONDS", 0.5)
    bars, _ = gate.run(gate.BenchArguments())
    assert bars[-1].holds is None and "no tests here" in bars[-1].why
