"""Timelines of hands that are faster than their tools, through the whole clutch machine; and the wire that may lose any of it."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from teleop_bench import LEAPS, REST, TICK, Bench, hands_at

from telesurgery_nodes.core.link.anchor import AnchoredMotion, AnchorInputs
from telesurgery_nodes.core.rotations import angle, exp
from telesurgery_nodes.core.teleop.console import HandSettings
from telesurgery_nodes.core.teleop.table import State
from telesurgery_nodes.core.teleop.tool_pace import SPEED, TURN, PaceCounts, PaceLimits
from telesurgery_nodes.core.values import Hand, MotionCommand, Pedals, Permit, Phase, Pose

SCALE = 0.5  # of the bench
RIGHT = "PSM1"


def follow(pace=None, **changes):
    """Following, and the hands have just spoken."""
    bench = Bench(pace=pace, **changes).following()
    bench.go(hands=hands_at())
    return bench


def lead(bench, speed, ticks, start=0.0, spin=0.0, turned=0.0):
    """The right hand goes at ``speed`` [m/s] and turns at ``spin`` [rad/s]; gives every output and where the hand is then."""
    outs = []
    for number in range(1, ticks + 1):
        x, roll = start + speed * TICK * number, turned + spin * TICK * number
        pose = Pose(REST["MTMR"] + np.array([x, 0.0, 0.0]), exp(np.array([0.0, 0.0, roll])))
        outs.append(bench.go(hands={**hands_at(), "MTMR": Hand(pose, 0.2)}))
    return outs, start + speed * TICK * ticks


def x_of(out):
    return float(out.arms[RIGHT].displacement[0])


def test_at_the_tools_pace_while_the_hand_is_faster_and_at_rest_with_the_hand():
    bench = follow()
    fast, place = lead(bench, 0.5, 20)
    assert [x_of(out) for out in fast] == pytest.approx([SPEED * TICK * n for n in range(1, 21)])
    still, _ = lead(bench, 0.0, 30, place)
    assert {x_of(out) for out in still} == {x_of(fast[-1])}, "nothing is caught up"
    back, _ = lead(bench, -0.1, 10, place)
    assert x_of(back[0]) == pytest.approx(x_of(fast[-1]) - SCALE * 0.1 * TICK), "the way back begins at once"
    counts = bench.teleop.paces["MTMR"]
    assert counts.slips == 20 and counts.slipped == pytest.approx(20 * TICK * (SCALE * 0.5 - SPEED)) and counts.lags == 0
    assert bench.teleop.paces["MTML"] == PaceCounts(), "each hand has its own"


def test_a_wrist_that_turns_faster_is_followed_up_to_where_it_is_and_holds_no_place_back():
    bench = follow()
    outs, place = lead(bench, 0.1, 20, spin=8.0)
    assert angle(outs[-1].arms[RIGHT].rotation) == pytest.approx(TURN * TICK * 20)
    assert x_of(outs[-1]) == pytest.approx(SCALE * place), "the place is not held back by the turn"
    late = math.ceil((8.0 - TURN) * 20 / TURN)
    outs, _ = lead(bench, 0.0, late, place, turned=8.0 * TICK * 20)
    assert outs[-1].arms[RIGHT].rotation == pytest.approx(exp(np.array([0.0, 0.0, 8.0 * TICK * 20])), abs=1e-12)
    assert bench.teleop.paces["MTMR"].lags == 20 + late - 1 and bench.teleop.paces["MTMR"].slips == 0


def test_slip_ends_with_its_epoch():
    bench = follow()
    _, place = lead(bench, 0.5, 20)
    assert bench.go(clutch=True).state is State.CLUTCHED
    begun = bench.go(clutch=False)
    assert begun.state is State.FOLLOWING and not begun.arms[RIGHT].displacement.any()
    outs, _ = lead(bench, 0.1, 10, place)
    assert x_of(outs[-1]) == pytest.approx(SCALE * 0.1 * TICK * 10)


def test_a_new_scale_in_the_middle_of_a_slip_begins_with_nothing():
    bench = follow()
    _, place = lead(bench, 0.5, 20)
    assert not bench.go(scale=0.3).arms[RIGHT].displacement.any()
    assert lead(bench, 0.0, 20, place)[0][-1].arms[RIGHT].displacement == pytest.approx(np.zeros(3), abs=1e-15)


def test_a_locked_place_slips_nothing_and_a_locked_turn_does_not_lag():
    bench = follow()
    bench.go(settings={"MTMR": HandSettings(True, True)})
    outs, _ = lead(bench, 0.5, 20, spin=8.0)
    assert not outs[-1].arms[RIGHT].displacement.any() and np.array_equal(outs[-1].arms[RIGHT].rotation, np.eye(3))
    assert bench.teleop.paces["MTMR"] == PaceCounts()


def test_a_site_may_ask_for_less():
    bench = follow(PaceLimits(0.02, 0.5))
    outs, _ = lead(bench, 0.5, 20, spin=1.0)
    assert x_of(outs[-1]) == pytest.approx(0.02 * TICK * 20) and angle(outs[-1].arms[RIGHT].rotation) == pytest.approx(0.5 * TICK * 20)


def test_a_console_that_stalled_does_not_leap():
    bench = follow()
    bench.now += 0.5
    out = lead(bench, 10.0, 1)[0][0]
    assert x_of(out) <= 0.0036 + 1e-9


@pytest.mark.parametrize("tremor_filter", [False, True])
def test_a_master_of_a_third_of_the_consoles_rate_is_followed_also_through_the_tremor_filter(tremor_filter):
    bench, speed = follow(tremor_filter=tremor_filter), 0.12
    for number in range(60):
        if number % 3 == 0:
            x = 0.5 * speed * TICK * number * min(1.0, number / 30.0)  # gets going as hands do
            sample = {**hands_at(), "MTMR": Hand(Pose(REST["MTMR"] + np.array([x, 0.0, 0.0]), np.eye(3)), 0.2)}
        bench.go(hands=sample)
    assert x_of(bench.out) > 0.9 * SCALE * x and bench.teleop.paces["MTMR"].slipped < 0.1 * SCALE * x


MOVES = st.lists(st.tuples(st.floats(-0.6, 0.6), st.floats(-6.0, 6.0)), min_size=3, max_size=25)


@settings(max_examples=40, deadline=None)
@given(MOVES, st.booleans())
def test_never_faster_than_the_console_says_with_the_tremor_filter_or_without(moves, tremor_filter):
    bench = follow(tremor_filter=tremor_filter)
    before, place, turned = bench.out.arms[RIGHT], 0.0, 0.0
    for speed, spin in moves:
        (out,), place = lead(bench, speed, 1, place, spin, turned)
        turned += spin * TICK
        now = out.arms[RIGHT]
        assert np.linalg.norm(now.displacement - before.displacement) <= SPEED * TICK + 1e-12
        assert angle(now.rotation @ before.rotation.T) <= TURN * TICK + 1e-9
        before = now


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-0.17, 0.17), st.floats(-3.7, 3.7)), min_size=3, max_size=25))
def test_where_no_hand_is_faster_every_bit_is_as_without_a_pace(moves):
    bench, plain, place, turned = follow(), follow(LEAPS), 0.0, 0.0
    for speed, spin in moves:
        ours, wanted = (lead(one, speed, 1, place, spin, turned)[0][0].arms[RIGHT] for one in (bench, plain))
        assert np.array_equal(ours.displacement, wanted.displacement) and np.array_equal(ours.rotation, wanted.rotation)
        place, turned = place + speed * TICK, turned + spin * TICK
    assert bench.teleop.paces["MTMR"] == PaceCounts()


@settings(max_examples=40, deadline=None)
@given(MOVES, st.data())
def test_what_a_command_asks_for_does_not_depend_on_which_others_arrived(moves, data):
    bench, permit = follow(), Permit(1, 1, 7, Phase.FOLLOWING, True, 0)
    anchor = Pose(np.array([0.0, 0.0, 0.1]), np.eye(3))
    whole, lossy, place = AnchoredMotion(1.0, 1.0), AnchoredMotion(1.0, 1.0), 0.0
    for number, (speed, spin) in enumerate(moves):
        out = bench.out if number == 0 else lead(bench, speed, 1, place, spin)[0][0]
        place += speed * TICK * (number > 0)
        command = MotionCommand(number, 0.0, 0.0, out.epoch, 1, Pedals(True, True), True, False, True, 0.1, out.arms)
        inputs = AnchorInputs(1, command, dict.fromkeys(out.arms, (anchor, 0.0)), permit, 0.0)
        there = whole.update(inputs)[RIGHT].pose
        if number == 0 or data.draw(st.booleans()):
            got = lossy.update(replace(inputs))[RIGHT].pose
            assert np.array_equal(got.position, there.position) and np.array_equal(got.rotation, there.rotation)
