"""Timelines of the clutch machine with a fake clock."""

import math
from dataclasses import replace

import numpy as np
import pytest
import teleop_bench
from hypothesis import given, settings
from hypothesis import strategies as st
from teleop_bench import OPEN, TICK

from telesurgery_nodes.core.rotations import exp
from telesurgery_nodes.core.teleop.clutch import TeleopInputs
from telesurgery_nodes.core.teleop.table import State
from telesurgery_nodes.core.values import Hand, Pedals, Phase, Pose, ToolState


def hand(x=0.0, gripper=0.2, roll=0.0, tilt=0.0):
    return Hand(Pose(np.array([x, 0.0, 0.0]), exp(np.array([math.radians(tilt), 0.0, math.radians(roll)]))), gripper)


def tool(jaw=0.6):
    return ToolState(Pose(np.array([0.0, 0.0, 0.1]), np.eye(3)), jaw, 0.0)


def inputs(**changes):
    start = TeleopInputs(
        hands={"MTML": hand(), "MTMR": hand()},
        hands_fresh=True,
        tools={"PSM1": tool(), "PSM2": tool()},
        tools_fresh=True,
        pedals=Pedals(head=True),
        phase=Phase.HOLDING,
        motion_epoch=7,
        picture_age=0.1,
        scale=0.5,
    )
    return replace(start, **changes)


def both(**pose):
    return {"MTML": hand(**pose), "MTMR": hand(**pose)}


class Bench(teleop_bench.Bench):
    """With two instruments, and hands that begin at the same place."""

    hands_at = staticmethod(both)

    def __init__(self):
        super().__init__()
        self.inputs = inputs()


def test_the_whole_way():
    bench = Bench()
    first = bench.go()
    assert (first.state, first.aligning, first.follow, first.epoch) == (State.ALIGNING, True, False, 0)
    assert np.array_equal(first.align_goals["MTMR"], np.eye(3))
    assert "squeeze" in bench.go().reason
    bench.ready()
    assert bench.go(4, engage=True).state is State.READY, "50 ms have not passed"
    out = bench.go(4, hands=both(x=0.05))
    assert (out.state, out.follow, out.aligning, out.epoch, out.press_count) == (State.FOLLOWING, True, False, 1, 1)
    assert np.array_equal(out.arms["PSM1"].displacement, np.zeros(3))
    assert bench.go(phase=Phase.FOLLOWING, hands=both(x=0.07)).arms["PSM2"].displacement == pytest.approx([0.01, 0.0, 0.0])
    assert bench.out.reason == "following"
    gone = bench.go(engage=False)
    assert (gone.state, gone.follow, dict(gone.arms)) == (State.DISABLED, False, {})
    assert "pedal released" in bench.go().reason


def test_press_while_aligning_is_counted_but_follows_nothing():
    bench = Bench()
    bench.go(3)
    assert bench.go(10, engage=True).press_count == 1
    bench.go(hands=both(gripper=0.2 + OPEN))
    assert bench.go(50, hands=both()).state is State.READY, "a held pedal is no edge"
    bench.go(engage=False)
    assert bench.go(8, engage=True).state is State.FOLLOWING
    assert bench.out.press_count == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"head": False}, "head"),
        ({"hands_fresh": False}, "master hands"),
        ({"hands": {"MTML": hand()}}, "master hands"),
        ({"tools_fresh": False}, "instruments"),
        ({"tools": {"PSM1": tool()}}, "instruments"),
        ({"phase": Phase.PAUSED}, "patient side"),
        ({"phase": Phase.FAULT}, "patient side"),
        ({"phase": Phase.STANDBY}, "patient side"),
        ({"phase": Phase.SELFTEST}, "patient side"),
        ({"phase": Phase.HOLDING}, "stopped following"),
        ({"motion_epoch": 8}, "stopped following"),
        ({"picture_age": 0.6}, "picture"),
        ({"picture_age": math.nan}, "picture"),
        ({"scale": math.nan}, "not usable"),
        ({"scale": 0.0}, "not usable"),
        ({"enabled": False}, "switched off"),
        ({"pairs": {}}, "paired"),
        ({"pairs": {"MTML": "PSM1", "MTMR": "PSM1"}}, "not usable"),
        ({"hands": {"MTML": hand(), "MTMR": hand(x=math.nan)}}, "not usable"),
        ({"hands": {"MTML": hand(), "MTMR": hand(gripper=math.inf)}}, "not usable"),
        ({"tools": {"PSM1": tool(math.nan), "PSM2": tool()}}, "not usable"),
    ],
)
@pytest.mark.parametrize("clutched", [False, True])
def test_every_reason_to_leave_needs_a_new_press(change, words, clutched):
    bench = Bench().following()
    if clutched:
        assert bench.go(2, clutch=True, phase=Phase.CLUTCHED).state is State.CLUTCHED
    good = bench.inputs
    out = bench.go(**change)
    assert (out.state, out.follow, dict(out.arms)) == (State.DISABLED, False, {})
    assert words in out.reason
    bench.inputs = replace(good, phase=Phase.HOLDING, pedals=Pedals(head=True, engage=True))
    bench.go(2)
    bench.go(hands=both(gripper=0.2 + OPEN))
    assert bench.go(100, hands=both()).state is not State.FOLLOWING, "the old press is used up"
    bench.go(2, engage=False)
    assert bench.go(8, engage=True).state is State.FOLLOWING


@pytest.mark.parametrize("phase", [Phase.FOLLOWING, Phase.COAST_HOLD, Phase.CLUTCHED])
def test_confirmation_in_time(phase):
    bench = Bench().ready()
    bench.go(90, engage=True)
    assert bench.go(300, phase=phase).state is State.FOLLOWING


def test_no_confirmation_is_a_refusal():
    bench = Bench().ready()
    assert bench.go(100, engage=True).state is State.FOLLOWING
    bench.go(6, phase=Phase.ALIGNING)
    refusals = {bench.go().reason for _ in range(5)}
    assert bench.out.follow is False
    assert any("squeeze" in reason or "refused by patient side" in reason for reason in refusals)


def test_refusal_says_so():
    bench = Bench().ready()
    reasons = [bench.go(engage=True).reason for _ in range(120)]
    assert any("refused by patient side" in reason for reason in reasons)


def test_an_old_picture_stops_the_press():
    bench = Bench().ready()
    assert bench.go(10, engage=True, picture_age=math.inf).state is State.READY
    assert bench.go(50, picture_age=0.1).state is State.READY, "the press was spent"


def test_clutch_holds_and_starts_a_new_epoch_without_a_press():
    bench = Bench().following()
    bench.go(2, hands=both(x=0.04))
    held = bench.go(3, clutch=True)
    assert (held.state, held.follow, dict(held.arms), held.epoch) == (State.CLUTCHED, True, {}, 1)
    assert set(held.align_goals) == {"MTML", "MTMR"}
    bench.go(3, hands=both(x=-0.1), phase=Phase.CLUTCHED)
    out = bench.go(clutch=False)
    assert (out.state, out.epoch, out.press_count) == (State.FOLLOWING, 2, 1)
    assert np.array_equal(out.arms["PSM1"].displacement, np.zeros(3))
    assert np.array_equal(out.arms["PSM1"].rotation, np.eye(3))


def test_after_a_clutch_the_gate_is_two_degrees():
    bench = Bench().following()
    bench.go(2, clutch=True, phase=Phase.CLUTCHED)
    waiting = bench.go(5, clutch=False, hands=both(tilt=2.1))
    assert waiting.state is State.CLUTCHED
    assert "aligned" in waiting.reason
    assert waiting.align_error_deg["MTMR"] == pytest.approx(2.1)
    assert bench.go(hands=both(tilt=1.9)).state is State.FOLLOWING


def test_the_first_gate_is_five_degrees():
    bench = Bench()
    bench.go(3, hands=both(tilt=5.1))
    bench.go(hands=both(tilt=5.1, gripper=0.2 + OPEN))
    assert bench.go(3, hands=both(tilt=5.1)).state is State.ALIGNING
    assert bench.go(hands=both(tilt=4.9)).state is State.READY
    assert bench.go(hands=both(tilt=5.1)).state is State.ALIGNING


def test_one_hand_alone_is_not_enough():
    bench = Bench()
    bench.go(3)
    bench.go(hands={"MTML": hand(gripper=0.2 + OPEN), "MTMR": hand()})
    assert bench.go(3).state is State.ALIGNING


def test_a_new_scale_is_a_new_epoch_and_a_small_drift_is_none():
    bench = Bench().following()
    bench.go(hands=both(x=0.1))
    drift = bench.go(scale=0.495)
    assert (drift.epoch, drift.arms["PSM1"].displacement[0]) == (1, pytest.approx(0.05))
    changed = bench.go(scale=0.3)
    assert (changed.epoch, changed.arms["PSM1"].displacement[0]) == (2, 0.0)
    assert bench.go(hands=both(x=0.2)).arms["PSM1"].displacement[0] == pytest.approx(0.03)


def test_the_jaw_starts_at_the_tool_and_stays_through_a_clutch():
    bench = Bench().ready()
    bench.go(8, engage=True)
    start = bench.go(phase=Phase.FOLLOWING)
    assert start.arms["PSM1"].jaw == pytest.approx(0.6, abs=math.radians(36.0) * 5 * TICK)
    before = bench.go(200).arms["PSM1"].jaw
    assert before == pytest.approx(0.2 * 4.0 / 3.0)
    bench.go(5, clutch=True, hands=both(gripper=1.0))
    assert bench.go(clutch=False).arms["PSM1"].jaw == pytest.approx(before)
    assert bench.go(hands=both(gripper=2.0)).arms and bench.teleop.jaw_clamped > 0


def test_a_clock_running_backwards_or_nan_stops():
    for jump in (-1.0, math.nan):
        bench = Bench().following()
        assert bench.teleop.update(bench.inputs, bench.now + jump).state is State.DISABLED


def test_patient_following_on_its_own_is_waited_out():
    bench = Bench()
    assert "waiting" in bench.go(phase=Phase.FOLLOWING).reason
    assert bench.go().state is State.DISABLED


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["engage", "clutch", "head", "phase", "scale", "move", "fresh", "squeeze"]),
        st.integers(0, 7),
        st.integers(1, 12),
    ),
    min_size=5,
    max_size=30,
)


def _step(bench, kind, value):
    if kind == "move":
        return {"hands": both(x=0.02 * value)}
    if kind == "squeeze":
        return {"hands": both(gripper=0.2 + OPEN * (value % 2))}
    if kind == "phase":
        return {"phase": Phase(value + 1 if value < 6 else 4)}
    if kind == "scale":
        return {"scale": 0.1 * (value + 1)}
    if kind == "fresh":
        return {"hands_fresh": value > 1}
    return {kind: value % 2 == (0 if kind == "clutch" and value < 4 else 1)}


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_every_epoch_starts_at_zero_and_motion_needs_everything(steps):
    bench = Bench().following()
    epoch, presses = bench.out.epoch, bench.out.press_count
    for kind, value, ticks in steps:
        changes = _step(bench, kind, value)
        for _ in range(ticks):
            out = bench.go(**changes)
            assert out.epoch >= epoch and out.press_count >= presses
            if out.epoch != epoch:
                assert all(not motion.displacement.any() and np.array_equal(motion.rotation, np.eye(3)) for motion in out.arms.values())
            if out.arms:
                pedals = bench.inputs.pedals
                assert pedals.head and pedals.engage and not pedals.clutch and bench.inputs.hands_fresh
                assert bench.inputs.phase not in (Phase.PAUSED, Phase.FAULT, Phase.STANDBY)
            epoch, presses = out.epoch, out.press_count
