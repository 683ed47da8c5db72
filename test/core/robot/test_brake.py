"""The robot's own brake: timelines with made-up time."""

from __future__ import annotations

import math

import pytest

from telesurgery_nodes.core.robot.brake import BrakeConfig, OperatingState, RobotBrake
from telesurgery_nodes.errors import ConfigError


def enabled(at: float = 0.0) -> RobotBrake:
    brake = RobotBrake(BrakeConfig())
    assert not brake.update(at, {}, "enable").frozen
    return brake


def test_starts_braked_and_resume_does_not_wake_it():
    brake = RobotBrake(BrakeConfig())
    for word in (None, "resume", "pause", "fly"):
        out = brake.update(1.0, {"PSM1": 1.0}, word)
        assert out.frozen and out.state is OperatingState.DISABLED
    assert out.refused == 3


def test_brakes_just_after_the_silence_and_stays_braked():
    brake = enabled()
    assert not brake.update(1.0499, {"PSM1": 1.0}).frozen
    out = brake.update(1.0501, {"PSM1": 1.0})
    assert out.frozen and out.state is OperatingState.PAUSED and "PSM1" in out.cause
    assert brake.update(1.06, {"PSM1": 1.06}).frozen  # fresh set points do not let it go
    assert not brake.update(1.07, {"PSM1": 1.06}, "resume").frozen


def test_one_silent_arm_brakes_the_cart():
    assert enabled().update(1.1, {"PSM1": 1.1, "PSM2": 1.0}).frozen


def test_an_arm_is_not_watched_before_its_first_set_point_after_release():
    brake = enabled(at=10.0)
    assert not brake.update(20.0, {"PSM1": 9.9}).frozen
    assert not brake.update(20.0, {"PSM1": 20.0}).frozen
    assert brake.update(20.2, {"PSM1": 20.0}).frozen


@pytest.mark.parametrize("word, state", [("pause", OperatingState.PAUSED), ("disable", OperatingState.DISABLED)])
def test_a_command_brakes(word, state):
    out = enabled().update(1.0, {"PSM1": 1.0}, word)
    assert out.frozen and out.state is state and word in out.cause


def test_enable_again_does_not_restart_the_watch():
    brake = enabled()
    assert brake.update(1.2, {"PSM1": 1.0}, "enable").frozen


@pytest.mark.parametrize("now, heard", [(1.0, 1.1), (1.0, math.nan), (math.nan, 1.0), (math.inf, 1.0)])
def test_time_that_cannot_be_trusted_brakes(now, heard):
    assert enabled().update(now, {"PSM1": heard}).frozen


@pytest.mark.parametrize("silence", [0.0, -1.0, 0.21, math.nan, math.inf])
def test_a_silence_that_would_not_protect_is_refused(silence):
    with pytest.raises(ConfigError, match="brake silence"):
        BrakeConfig(silence)
