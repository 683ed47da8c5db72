"""Locks, scale, filter and arm swap: whatever the operator sets, the next command begins where the tool stands."""

import math

import numpy as np
import pytest
from teleop_bench import OPEN, Bench, hands_at

from telesurgery_nodes.core.rotations import angle
from telesurgery_nodes.core.teleop.console import HandSettings
from telesurgery_nodes.core.teleop.table import State
from telesurgery_nodes.core.values import Phase

TURN, MOVE = HandSettings(lock_rotation=True), HandSettings(lock_translation=True)
BOTH = ("MTML", "MTMR")
AWAY = (0.03, 0.02, 0.01)


def still(out):
    return all(not m.displacement.any() and np.array_equal(m.rotation, np.eye(3)) for m in out.arms.values())


@pytest.mark.parametrize(
    "change",
    [
        {"scale": 0.3},
        {"settings": dict.fromkeys(BOTH, TURN)},
        {"settings": dict.fromkeys(BOTH, MOVE)},
        {"settings": {"MTML": HandSettings(True, True)}},
        {"tremor_filter": True},
    ],
)
def test_each_setting_begins_an_epoch_with_nothing_and_goes_on(change):
    bench = Bench().following()
    moved = bench.go(5, hands=hands_at(AWAY, tilt=1.0))
    assert moved.arms["PSM1"].displacement == pytest.approx(0.5 * np.array(AWAY))
    set_anew = bench.go(**change)
    assert (set_anew.state, set_anew.epoch, len(set_anew.arms)) == (State.FOLLOWING, moved.epoch + 1, 2) and still(set_anew)
    assert bench.go(3).epoch == moved.epoch + 1


def test_a_locked_rotation_keeps_the_turn_and_a_locked_translation_the_place():
    bench = Bench().following()
    bench.go(settings={"MTMR": TURN, "MTML": MOVE})
    out = bench.go(hands=hands_at(AWAY, tilt=20.0))
    assert np.array_equal(out.arms["PSM1"].rotation, np.eye(3)) and out.arms["PSM1"].displacement.any()
    assert not out.arms["PSM2"].displacement.any() and math.degrees(angle(out.arms["PSM2"].rotation)) == pytest.approx(20.0)


def test_releasing_the_rotation_holds_until_the_hand_is_aligned_as_in_dvrk():
    bench = Bench().following()
    bench.go(settings=dict.fromkeys(BOTH, TURN))
    bench.go(3, hands=hands_at(AWAY, tilt=30.0))
    out = bench.go(settings={})
    assert (out.state, dict(out.arms), out.follow) == (State.CLUTCHED, {}, True) and set(out.align_goals) == set(BOTH)
    assert bench.go(5).state is State.CLUTCHED
    back = bench.go(hands=hands_at(AWAY, tilt=1.5))
    assert back.state is State.FOLLOWING and still(back)


def test_releasing_the_translation_goes_on_from_where_the_hand_is():
    bench = Bench().following()
    bench.go(settings=dict.fromkeys(BOTH, MOVE))
    bench.go(3, hands=hands_at(AWAY))
    out = bench.go(settings={})
    assert out.state is State.FOLLOWING and still(out)


def test_a_locked_rotation_needs_no_alignment_after_a_clutch():
    bench = Bench().following()
    bench.go(settings=dict.fromkeys(BOTH, TURN))
    bench.go(2, clutch=True, phase=Phase.CLUTCHED, hands=hands_at(AWAY, tilt=40.0))
    assert bench.go(clutch=False).state is State.FOLLOWING


def test_a_master_that_cannot_turn_begins_with_any_turn_and_keeps_the_difference():
    bench = Bench(settings=dict.fromkeys(BOTH, HandSettings(align=False)))
    bench.inputs.hands.update(hands_at(tilt=60.0))
    bench.go(3)
    assert not bench.out.align_goals
    bench.go(hands=hands_at(gripper=0.2 + OPEN, tilt=60.0))
    bench.go(2, hands=hands_at(tilt=60.0))
    bench.go(8, engage=True)
    out = bench.go(phase=Phase.FOLLOWING)
    assert out.state is State.FOLLOWING and still(out)
    realign = bench.go(settings={})
    assert realign.state is State.CLUTCHED, "asking for alignment anew aligns anew"


def test_a_swap_while_clutched_needs_presence_and_alignment_of_the_new_pair_only():
    bench = Bench().following()
    bench.go(5, clutch=True, phase=Phase.CLUTCHED)
    bench.go(pairs={"MTMR": "PSM1", "MTML": "PSM3"})
    held = bench.go(5, clutch=False)
    assert (held.state, dict(held.arms)) == (State.CLUTCHED, {}) and "squeeze or roll" in held.reason
    one = hands_at()
    one["MTML"] = hands_at(gripper=0.2 + OPEN)["MTML"]
    bench.go(hands=one)
    out = bench.go(hands=hands_at())
    assert (out.state, set(out.arms)) == (State.FOLLOWING, {"PSM1", "PSM3"}) and still(out)
    assert out.arms["PSM3"].jaw == pytest.approx(0.6, abs=0.02), "the new arm's jaw begins where that jaw is"


def test_a_swap_in_the_middle_of_following_holds_everything_first():
    bench = Bench().following()
    out = bench.go(pairs={"MTMR": "PSM3", "MTML": "PSM2"})
    assert (out.state, dict(out.arms), out.follow) == (State.CLUTCHED, {}, True)


def test_a_swap_while_ready_goes_back_to_aligning_and_the_old_press_counts_for_nothing():
    bench = Bench().ready()
    assert bench.go(pairs={"MTMR": "PSM3", "MTML": "PSM2"}).state is State.ALIGNING
    bench.go(20, engage=True)
    assert bench.out.state is State.ALIGNING and not bench.out.arms


def test_one_hand_alone_may_work():
    bench = Bench(pairs={"MTMR": "PSM2"}).following()
    assert set(bench.out.arms) == {"PSM2"}


def test_the_filter_takes_tremor_out_of_the_wish_and_switching_it_is_never_a_step():
    bench, wishes = Bench(tremor_filter=True).following(), []
    for tick in range(300):
        shake = 1e-3 * math.sin(2.0 * math.pi * 10.0 * tick * 0.01)
        wishes.append(bench.go(hands=hands_at((shake, 0.0, 0.0))).arms["PSM1"].displacement[0])
    assert max(map(abs, wishes[150:])) < 0.1 * 0.5 * 1e-3
    assert still(bench.go(tremor_filter=False)) and still(bench.go(tremor_filter=True))
