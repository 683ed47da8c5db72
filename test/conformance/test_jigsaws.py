"""Real surgeons' hands: reach, lean, smoothness of the playback."""

import math
from pathlib import Path

import numpy as np
import pytest
from master_loop import TICK, Loop, far, jigsaws_rows, play, write

from telesurgery_nodes.core.rotations import exp
from telesurgery_nodes.core.teleop.tool_pace import PaceLimits
from telesurgery_nodes.core.values import TELEOP_PAIRS
from telesurgery_nodes.devices.masters.jigsaws import RAMP, JigsawsMaster
from telesurgery_nodes.errors import ConfigError

REAL = sorted((Path(__file__).resolve().parents[3] / "shared" / "data" / "jigsaws").glob("*.txt"))


@pytest.fixture
def recording(tmp_path):
    return write(tmp_path / "trial.txt", jigsaws_rows())


def test_jigsaws_clutches_before_the_tools_leave_their_reach_and_starts_over(recording):
    loop = Loop(JigsawsMaster(recording, radius=0.012))
    reach = 0.0
    for part in range(50):
        loop.run(1.0, start=float(part))
        reach = max(reach, far(loop))
    assert loop.outs[-1].epoch > 2 and loop.outs[-1].press_count == 1
    assert 0.005 < reach < 0.0135
    assert loop.master.rounds >= 1


def test_jigsaws_does_not_lean_the_tools_further_than_a_wrist_bends(tmp_path):
    rows = jigsaws_rows()
    for number, row in enumerate(rows):
        turn = exp(np.array([1.6 * math.sin(0.02 * number), 0.0, 0.0]))
        row[3:12] = row[22:31] = turn.ravel()
    loop = Loop(JigsawsMaster(write(tmp_path / "leaning.txt", rows), radius=1.0))
    for part in range(30):
        loop.run(1.0, start=float(part))
    assert loop.outs[-1].epoch > 2 and loop.outs[-1].press_count == 1
    assert math.radians(45.0) < loop.lean < math.radians(63.0)


@pytest.mark.parametrize("tool_speed", [0.09, 0.04])
def test_jigsaws_knows_where_the_tools_are_also_where_the_hands_are_faster(recording, tool_speed):
    """At scale 1 and twice the recorded speed, about 0.1 m/s: what slips in each round would lead a blind player astray."""
    master = JigsawsMaster(recording, scale=1.0, speed=2.0, radius=0.03, tool_speed=tool_speed)
    loop, reach = Loop(master, scale=1.0, pace=PaceLimits(speed=tool_speed)), 0.0
    for part in range(60):
        loop.run(1.0, start=float(part))
        reach = max(reach, far(loop))
    assert min(counts.slipped for counts in loop.teleop.paces.values()) > 0.02
    for name, arm in TELEOP_PAIRS.items():
        assert np.linalg.norm(master._tools[name].place - loop.tools[arm].pose.position) < 1e-3
    assert master.rounds > 1 and reach < 0.034, "and so they stay within their reach"


def test_jigsaws_brings_the_tools_back_no_faster_than_they_go(recording):
    """At half the recorded speed no hand is faster than its tool while it plays; nor is it on the way back."""
    loop = Loop(JigsawsMaster(recording, scale=1.0, speed=0.5, radius=0.03, tool_speed=0.04), scale=1.0, pace=PaceLimits(speed=0.04))
    loop.run(40.0)
    assert loop.outs[-1].epoch > 2 and all(counts.slipped < 1e-4 for counts in loop.teleop.paces.values())


@pytest.mark.parametrize("bad", [{"scale": 0.0}, {"scale": math.nan}, {"speed": 0.0}, {"speed": math.nan}, {"radius": -1.0}])
def test_jigsaws_arguments(recording, bad):
    with pytest.raises(ConfigError, match="jigsaws: wanted"):
        JigsawsMaster(recording, **bad)


def test_jigsaws_passes_through_the_recorded_samples_smoothly(recording):
    samples = play(JigsawsMaster(recording, radius=1.0), 6.0)
    path = np.array([sample.hands["MTML"].pose.position for sample in samples])
    path = path[np.flatnonzero((path != path[0]).any(axis=1))[0] :]  # first the tools are brought upright
    path = path[round(RAMP / TICK) :]
    t = (1 + np.arange(len(path))) * TICK + RAMP / 2.0  # full speed; while it got going, half of the time went by
    wanted = np.stack([0.1 + 0.05 * np.sin(t), 0.02 * np.sin(0.7 * t), 0.3 + 0.05 * (np.cos(t) - 1.0)], axis=1)
    assert np.abs(path - wanted).max() < 3e-4
    acceleration = np.diff(path, 2, axis=0) / TICK**2
    assert np.abs(acceleration).max() < 0.15
    assert np.abs(np.diff(acceleration, axis=0)).max() / TICK < 2.0


@pytest.mark.parametrize("path", REAL or [None], ids=lambda path: path.name if path else "none")
def test_real_surgeons(path):
    if path is None:
        pytest.skip("the JIGSAWS files are not in the repository (research use with citation): shared/data/jigsaws is not here")
    loop = Loop(JigsawsMaster(str(path)))
    reach = 0.0
    for part in range(30):
        loop.run(1.0, start=float(part))
        reach = max(reach, far(loop))
    assert loop.outs[-1].follow and loop.outs[-1].press_count == 1
    assert 0.002 < reach < 0.05
    assert loop.lean < math.radians(63.0)
