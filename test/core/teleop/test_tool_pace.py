"""Laws of the pace: whatever the hand does, the tool is asked for no more than it may do, and for nothing the hand does not do."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telesurgery_nodes.core.rotations import angle, exp, is_rotation
from telesurgery_nodes.core.teleop.tool_pace import LONGEST, SPEED, TURN, PaceCounts, PaceLimits, ToolPace, within
from telesurgery_nodes.core.values import Pose
from telesurgery_nodes.errors import ConfigError

TICK, TINY = 0.004, 1e-12
AT_REST = (np.zeros(3), np.eye(3))
VECTORS = st.tuples(*[st.floats(-1.0, 1.0)] * 3).map(np.array)
# Each step: hand speed up to about ten times the tool's and turn up to about five times, time since the step before, a new sample or not.
STEPS = st.lists(st.tuples(VECTORS, VECTORS, st.sampled_from([0.0, 0.001, TICK, 0.011, 0.2]), st.booleans()), min_size=1, max_size=40)
FAST_MOVE, FAST_TURN = 1.0, 12.0  # [m/s], [rad/s]


class Hand:
    """A hand that is led in steps, its pace, and what came out."""

    def __init__(self, limits=None):
        self.pace, self.now = ToolPace(limits), 5.0
        self.place, self.turn = np.zeros(3), np.eye(3)
        self.sample = Pose(self.place, self.turn)
        self.pace.start(self.now)
        self.out = self.pace.update(*AT_REST, self.sample, self.now)

    def go(self, move=(0.0, 0.0, 0.0), turn=(0.0, 0.0, 0.0), dt=TICK, new=True):
        """``move`` [m] and ``turn`` [rad] since the step before, as the hand would have them of the tool."""
        self.now += dt
        self.place, self.turn = self.place + np.array(move), exp(np.array(turn)) @ self.turn
        if new:
            self.sample = Pose(self.place, self.turn)
        before, self.out = self.out, self.pace.update(self.place, self.turn, self.sample, self.now)
        return self.out[0] - before[0], angle(self.out[1] @ before[1].T)


def played(steps, limits=None):
    """Each step as the hand makes it, and what the tool is asked for."""
    hand = Hand(limits)
    for move, turn, dt, new in steps:
        wish = FAST_MOVE * TICK * move, FAST_TURN * TICK * turn
        yield hand, wish, dt, new, hand.go(*wish, dt, new)


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_no_faster_than_the_tool_between_any_two_samples(steps):
    way = turned = time = 0.0
    for hand, _, dt, new, (moved, turn) in played(steps):
        way, turned, time = way + float(np.linalg.norm(moved)), turned + turn, time + dt
        assert way <= SPEED * time + TINY and turned <= TURN * time + 1e-9
        assert np.linalg.norm(moved) <= SPEED * LONGEST + TINY and turn <= TURN * LONGEST + 1e-9
        assert np.isfinite(hand.out[0]).all() and is_rotation(hand.out[1], 1e-9)
        if new:
            way = turned = time = 0.0


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_in_the_hands_direction_and_no_further_than_the_hand(steps):
    for _, (move, _), _, _, (moved, _) in played(steps):
        far, wanted = float(np.linalg.norm(moved)), float(np.linalg.norm(move))
        assert far <= wanted + TINY
        assert moved == pytest.approx(move * (far / wanted) if wanted else np.zeros(3), abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(VECTORS, VECTORS, st.booleans()), min_size=1, max_size=40))
def test_below_the_limits_nothing_is_changed_not_even_a_bit(steps):
    hand = Hand()
    for move, turn, new in steps:
        hand.go(0.99 * SPEED * TICK * move / math.sqrt(3.0), 0.99 * TURN * TICK * turn / math.sqrt(3.0), TICK, new)
        assert np.array_equal(hand.out[0], hand.place) and np.array_equal(hand.out[1], hand.turn)
    assert hand.pace.counts == PaceCounts()


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(1, 30))
def test_the_tool_stops_with_the_hand_and_catches_up_nothing(steps, ticks):
    *_, (hand, *_) = played(steps)
    before, slipped = hand.out[0], hand.pace.counts.slipped
    for _ in range(ticks):
        hand.go()
        assert np.array_equal(hand.out[0], before)
    assert hand.pace.counts.slipped == slipped


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_the_rotation_comes_after_the_hand_at_its_greatest_pace_and_gets_there(steps):
    *_, (hand, *_) = played(steps)
    late = angle(hand.turn @ hand.out[1].T)
    while late > 0.0:
        hand.go()
        now = angle(hand.turn @ hand.out[1].T)
        assert now == pytest.approx(max(0.0, late - TURN * TICK), abs=1e-9)
        late = now if now > TINY else 0.0
    hand.go()
    assert np.array_equal(hand.out[1], hand.turn)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_what_was_lost_is_what_is_counted(steps):
    slipped = slips = lags = 0.0
    for hand, (move, _), _, _, (moved, _) in played(steps):
        lost = float(np.linalg.norm(move - moved))
        slipped, slips = slipped + lost, slips + (lost > TINY)
        lags += angle(hand.turn @ hand.out[1].T) > 1e-9
    counts = hand.pace.counts
    assert counts.slipped == pytest.approx(slipped, abs=1e-9)
    assert slips <= counts.slips <= len(steps) and lags <= counts.lags <= len(steps)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_an_epoch_begins_with_nothing_of_the_one_before(steps):
    *_, (hand, *_) = played(steps)
    hand.pace.start(hand.now)
    place, turn = hand.pace.update(*AT_REST, hand.sample, hand.now)
    assert np.array_equal(place, np.zeros(3)) and np.array_equal(turn, np.eye(3))
    small = np.array([0.5 * SPEED * TICK, 0.0, 0.0])
    assert np.array_equal(hand.pace.update(small, np.eye(3), Pose(small, np.eye(3)), hand.now + TICK)[0], small)


def test_a_fast_hand_has_the_tool_go_on_at_its_pace_and_a_slow_way_back_is_all_granted():
    hand = Hand()
    for _ in range(50):
        moved, _ = hand.go((0.2 * TICK, 0.0, 0.0))
        assert np.linalg.norm(moved) == pytest.approx(SPEED * TICK)
    assert hand.out[0] == pytest.approx([SPEED * 0.2, 0.0, 0.0])
    assert hand.pace.counts.slips == 50 and hand.pace.counts.slipped == pytest.approx((0.2 - SPEED) * 0.2)
    moved, _ = hand.go((-0.05 * TICK, 0.0, 0.0))
    assert moved == pytest.approx([-0.05 * TICK, 0.0, 0.0]), "no way to go back first, as a tool that lags would have"


@pytest.mark.parametrize("period", [1, 3, 5])
def test_a_master_that_speaks_seldom_makes_longer_steps_not_slower_ones(period):
    """100 or 50 Hz of a master against 250 Hz of the console."""
    hand, speed = Hand(), 0.95 * SPEED
    for number in range(60):
        new = number % period == 0
        hand.go((speed * period * TICK if new else 0.0, 0.0, 0.0), new=new, dt=TICK)
    assert hand.pace.counts.slipped <= speed * (period - 1) * TICK, "only what moved before the first interval was known"


def test_rest_saves_nothing_up_and_a_gap_counts_no_longer_than_it_may():
    hand = Hand()
    for _ in range(100):
        hand.go()
    assert np.linalg.norm(hand.go((0.01, 0.0, 0.0))[0]) == pytest.approx(SPEED * TICK)
    assert np.linalg.norm(hand.go((0.1, 0.0, 0.0), dt=3.0)[0]) == pytest.approx(SPEED * LONGEST)
    moved, turned = hand.go((0.0, 0.0, 0.0), (2.0, 0.0, 0.0), dt=3.0)
    assert not moved.any() and turned == pytest.approx(TURN * LONGEST) and turned < math.radians(10.0), "the patient's gate takes it"


@pytest.mark.parametrize("dt", [0.0, -1.0, math.nan])
def test_a_clock_that_stands_runs_backwards_or_is_none_moves_nothing(dt):
    hand = Hand()
    hand.pace.update(*AT_REST, Pose(*AT_REST), hand.now + TICK)
    place, turn = hand.pace.update(np.array([1.0, 0.0, 0.0]), exp(np.array([1.0, 0.0, 0.0])), Pose(*AT_REST), hand.now + TICK + dt)
    assert np.array_equal(place, np.zeros(3)) and np.array_equal(turn, np.eye(3))


def test_the_shortest_way_also_behind_a_hand_that_goes_round():
    hand = Hand()
    hand.go(turn=(0.0, 0.0, 0.9 * math.pi))
    before = angle(hand.out[1])
    hand.go(turn=(0.0, 0.0, 0.3 * math.pi))  # 1.2 pi ahead: 0.8 pi the other way round
    assert angle(hand.out[1]) < before


@pytest.mark.parametrize("bad", [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (math.nan, 1.0), (1.0, math.inf)])
def test_limits_are_numbers_above_zero(bad):
    with pytest.raises(ConfigError, match="pace of a tool"):
        PaceLimits(*bad)


def test_within():
    step = np.array([3.0, 0.0, 4.0])
    assert within(step, 5.0) is step and within(step, 2.5) == pytest.approx([1.5, 0.0, 2.0]) and not within(step, 0.0).any()
