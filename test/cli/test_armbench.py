"""Bench `arm` measures what it says: a solver that fails is seen, a refusal without a reason is seen, real code drives the rig."""

import math

import numpy as np
import pytest

pytest.importorskip("xacro", reason="pip install xacro")

from telesurgery_nodes.cli import bench
from telesurgery_nodes.cli.armbench import limiter, replay, rig, targets
from telesurgery_nodes.cli.bench import BenchArguments
from telesurgery_nodes.core.kinematics.limits import JointLimits
from telesurgery_nodes.core.kinematics.reasons import Limit
from telesurgery_nodes.core.safety.causes import Cause
from telesurgery_nodes.devices.masters.scripted import ScriptedMaster
from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.nodes.arm_setup import read_config


def test_the_bench_is_registered():
    assert bench.load("arm").PARTS[0] is targets


def test_our_solver_meets_every_target_and_a_bad_answer_is_not_counted_as_met():
    scores, methods, missing = targets.measure(20, 3)
    mine = methods[0].name
    assert scores["near", mine].failed == scores["home", mine].failed == 0
    assert "KDL" in missing or any(method.name.startswith("KDL") for method in methods)
    score, config = targets.Score(), read_config("psm")
    made = rig.Rig(ScriptedMaster(1), 0.5).arms["PSM1"].made
    target = made.chain.forward(config.home)
    for answer in (None, (9.0, *config.home[1:]), (config.home[0] + 1e-4, *config.home[1:])):
        targets._judge(score, 1e-6, answer, target, made.chain, config.limits)
    assert score.failed == 3 and not score.position
    targets._judge(score, 1e-6, config.home, target, made.chain, config.limits)
    assert len(score.position) == 1


def test_scripted_hands_reach_the_tools_through_the_whole_road():
    right, left = replay.play("", 0.5, "psm", 12.0, 1)
    for cell in (right, left):
        assert cell.rms_mm < 0.2 and cell.trocar_mm < 1e-6 and cell.outside == cell.unexplained == 0
        assert cell.speed <= 1.0 + 1e-9 and cell.acceleration <= 1.001 and cell.jerk <= 1.001
    assert right.max_mm > 0.0, "something moved"


def test_a_refusal_is_counted_by_its_reason_and_seen_without_one():
    one = rig.Rig(ScriptedMaster(1), 0.5).arms["PSM1"]
    one._note(True, Cause.JUMP, False, False, Limit.NONE)
    one._note(True, Cause.NONE, True, False, Limit.UNREACHABLE)
    assert one.track.unexplained == 0 and one.track.refused == {"jump": 1, "unreachable": 1}
    one._note(True, Cause.NONE, True, False, Limit.VELOCITY)
    one._note(True, Cause.NONE, False, False, Limit.NONE)
    assert one.track.unexplained == 2


def test_differences_see_each_broken_limit():
    limits = JointLimits((-9.0,), (9.0,), (1.0,), (10.0,), (0.0,), (1000.0,))
    for power, most, name in ((1, 1.0, "speed"), (2, 10.0, "acceleration"), (3, 1000.0, "jerk")):
        for share, wanted in ((0.99, False), (1.01, True)):
            seen, now, found = limiter.Differences(limits), 0.0, []
            for dt in (0.001, 0.004, 0.002, 0.003):
                now += dt
                found += seen.broken((share * most * now**power / math.factorial(power),), dt)
            assert (name in found) is wanted


def test_the_trials_are_files_or_folders(tmp_path):
    for name in ("b.txt", "a.txt", "README.md"):
        (tmp_path / name).write_text("")
    assert [path.rpartition("/")[2] for path in replay.trials(str(tmp_path))] == ["a.txt", "b.txt"]
    assert replay.trials("x.txt,y.txt") == ["x.txt", "y.txt"] and replay.trials("") == []
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="JIGSAWS"):
        replay.trials(str(tmp_path / "empty"))


def test_bars_take_the_worst_and_nothing_measured_does_not_hold():
    bars = replay._bars("arm.2s", "x", [], "no library")
    assert all(bar.holds is None and bar.why == "no library" for bar in bars)
    assert BenchArguments().file == ""
    config = read_config("psm")
    still = np.repeat(np.array([config.home]), 5, axis=0)
    assert replay._used(still, config.limits) == (0.0, 0.0, 0.0)
    jumped = still.copy()
    jumped[3:, 0] += 0.01
    assert replay._used(jumped, config.limits)[0] == pytest.approx(0.01 / rig.PERIOD / 1.5708, rel=1e-6)
