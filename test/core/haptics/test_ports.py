"""Both couplings are passive at their ports: laws of the controllers, a random link, and a hand that does its worst."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telesurgery_nodes.core.haptics.control import CREEP, HAND_ACCELERATION, NOISE_N, STIFFEST, safe_force, safe_step, spent
from telesurgery_nodes.core.haptics.ports import FASTEST, HandSays, NaiveHand, NaiveTool, Ticks, ToolSays
from telesurgery_nodes.core.haptics.tank import HAND_SLACK, TOOL_SLACK
from telesurgery_nodes.core.haptics.tdpa import FILL_DAMPING, TdpaHand, TdpaTool
from telesurgery_nodes.core.haptics.wave import IMPEDANCE, WaveHand, WaveTool

DT = 0.004
MODES = [(TdpaHand, TdpaTool), (WaveHand, WaveTool)]
VECTOR = st.tuples(*[st.floats(-10.0, 10.0)] * 3).map(np.array)
LEVEL = st.floats(-0.01, 0.01)


@given(VECTOR, VECTOR, LEVEL)
def test_a_force_is_only_shortened_and_always_paid_for(wanted, step, level):
    step = 1e-4 * step
    force = safe_force(wanted, step, DT, level)
    assert np.allclose(np.cross(force, wanted), 0.0, atol=1e-9) and 0.0 <= force @ wanted <= wanted @ wanted + 1e-9
    size = np.linalg.norm(wanted)
    worst = HAND_ACCELERATION * DT * DT - (wanted @ step) / size if size > 0.0 else 0.0
    assert np.linalg.norm(force) * worst <= max(level, 0.0) + 1e-12


@given(VECTOR, VECTOR, LEVEL)
def test_a_step_is_only_shortened_along_the_force_and_always_paid_for(wanted, force, level):
    wanted = 1e-4 * wanted
    step = safe_step(wanted, force, level, 4e-4)
    size, length = np.linalg.norm(force), np.linalg.norm(wanted)
    assert np.linalg.norm(step) <= min(length, 4e-4) + 1e-12 or (wanted @ force) > 0.0
    if size >= NOISE_N and length > 0.0:
        along = (step @ force) / size
        assert along * size + STIFFEST * max(along, 0.0) ** 2 <= max(level, 0.0) + 1e-12
        side = wanted * min(1.0, 4e-4 / length)
        assert np.allclose(np.cross(step - side, force), 0.0, atol=1e-9)
    elif length > 0.0:
        assert np.linalg.norm(step) <= max(CREEP, math.sqrt(max(level, 0.0) / STIFFEST)) + 1e-9


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_a_number_moves_and_pushes_nothing(bad):
    good, wrong = np.ones(3), np.array([bad, 0.0, 0.0])
    assert not safe_force(wrong, good, DT, 1.0).any()
    assert not safe_step(wrong, good, 1.0, 1.0).any() and not safe_step(good, wrong, 1.0, 1.0).any()
    assert spent(good, wrong, good) == math.inf and spent(good, good, wrong) == math.inf


def test_a_tool_that_came_free_is_not_paid_for_the_whole_way():
    step = np.array([-1e-3])
    assert spent(step, np.array([5.0]), np.array([0.0])) == 0.0 and spent(-step, np.array([0.0]), np.array([5.0])) == 5e-3


def test_in_free_space_an_empty_tank_still_lets_the_tool_creep():
    assert safe_step(np.array([1e-3]), np.zeros(1), 0.0, 1.0) == pytest.approx([CREEP])
    assert not safe_step(np.array([1e-3]), np.ones(1), 0.0, 1.0).any() and safe_step(np.array([-1e-3]), np.ones(1), 0.0, 1.0) == [-1e-3]


def test_ticks_are_never_stretched_and_never_negative():
    ticks = Ticks()
    assert [ticks.since(now) for now in (5.0, 5.004, 9.0, 8.0, 8.001)] == pytest.approx([0.0, 0.004, 0.02, 0.0, 0.001])


def test_the_naive_ends_pass_on_what_comes():
    hand, tool = NaiveHand(), NaiveTool()
    says = ToolSays(np.array([3.0]), np.zeros(1), 0.0)
    assert hand.update(np.array([1.0]), says, 0.0).force == [3.0] and not hand.update(np.array([1.0]), None, 0.0).force.any()
    assert tool.update(HandSays(np.array([2.0]), np.zeros(1), 0.0), np.zeros(1), 0.0).displacement == [2.0]
    assert not tool.update(None, np.zeros(1), 0.0).displacement.any()


class Wall:
    """A spring from 2 mm on; exact energy of a straight way."""

    def __init__(self, stiffness=2000.0):
        self.k, self.at, self.force, self.taken = stiffness, 0.0, 0.0, 0.0

    def move(self, x):
        pressed, before = max(0.0, x - 0.002), max(0.0, self.at - 0.002)
        self.taken += 0.5 * self.k * (pressed**2 - before**2)
        self.at, self.force = x, self.k * pressed


def couple(mode, way, deliver, stiffness=2000.0):
    """A hand that goes its ``way`` whatever it feels; ``deliver(tick)``: ages [ticks] of what each end hears, None for nothing new."""
    hand, tool, wall = mode[0](1), mode[1](1), Wall(stiffness)
    said, told, energy, lowest, felt = [], [], 0.0, 0.0, 0.0
    force, before = 0.0, way[0]
    heard = [None, None]
    for tick, x in enumerate(way):
        energy += force * (x - before)
        for end, (age, line) in enumerate(zip(deliver(tick), (told, said), strict=True)):
            if age is not None and len(line) > age:
                heard[end] = line[len(line) - 1 - age]
        out = hand.update(np.array([x]), heard[0], tick * DT)
        moved = tool.update(heard[1], np.array([wall.force]), tick * DT)
        wall.move(float(moved.displacement[0]))
        said.append(out.says)
        told.append(moved.says)
        force, before = float(out.force[0]), x
        felt = max(felt, force)
        lowest = min(lowest, energy - wall.taken)
    return lowest, felt, wall


def smooth(speeds):
    """A way whose acceleration stays within what the controller assumes of a hand."""
    v, x, way = 0.0, 0.0, []
    for wanted in speeds:
        for _ in range(25):
            v += min(max(wanted - v, -HAND_ACCELERATION * DT * 0.99), HAND_ACCELERATION * DT * 0.99)
            x += v * DT
            way.append(x)
    return way


@pytest.mark.parametrize("mode", MODES, ids=["tdpa", "wave"])
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-0.1, 0.1), min_size=4, max_size=20),
    st.lists(st.tuples(*[st.none() | st.integers(0, 160)] * 2), min_size=7, max_size=7),
    st.sampled_from([100.0, 2000.0, STIFFEST]),
)
def test_any_hand_over_any_link_gets_no_energy_from_nowhere(mode, speeds, ages, stiffness):
    """Ages jump about as they like: messages come late, twice, in any order, or not at all."""
    lowest, _, _ = couple(mode, smooth(speeds), lambda tick: ages[tick % 7], stiffness)
    assert lowest >= -(HAND_SLACK + TOOL_SLACK) - 2e-4


def test_without_an_account_the_same_hand_gets_energy():
    way = smooth([0.05, 0.05, 0.0, -0.05, -0.05, 0.05, -0.05] * 3)
    lowest, _, _ = couple((lambda _: NaiveHand(), lambda _: NaiveTool()), way, lambda tick: (40, 40))
    assert lowest < -5e-3
    for mode in MODES:
        assert couple(mode, way, lambda tick: (40, 40))[0] >= -1e-3


@pytest.mark.parametrize("mode", MODES, ids=["tdpa", "wave"])
def test_a_near_wall_is_felt_and_the_tool_comes_after(mode):
    lowest, felt, wall = couple(mode, smooth([0.03] * 4 + [0.0] * 20), lambda tick: (1, 1))
    assert felt > 1.0 and wall.at > 0.0025 and lowest > -1e-3


@pytest.mark.parametrize("mode", MODES, ids=["tdpa", "wave"])
def test_in_free_space_the_tool_arrives_where_the_hand_is(mode):
    way = smooth([-0.05] * 4 + [0.0] * 40)
    _, _, wall = couple(mode, way, lambda tick: (30, 30))
    assert wall.at == pytest.approx(way[-1], abs=2e-3) and wall.taken == 0.0


@pytest.mark.parametrize("mode", MODES, ids=["tdpa", "wave"])
def test_silence_moves_nothing(mode):
    hand, tool = mode[0](3), mode[1](3)
    for tick in range(50):
        assert not tool.update(None, np.zeros(3), tick * DT).displacement.any()
        out = hand.update(np.full(3, 1e-4 * tick), None, tick * DT)
    most = max(FILL_DAMPING, IMPEDANCE)
    assert np.linalg.norm(out.force) <= most * math.sqrt(3.0) * 1e-4 / DT + 1e-9, "only damping"


@pytest.mark.parametrize("mode", MODES, ids=["tdpa", "wave"])
def test_the_tool_never_goes_faster_than_the_gate_allows(mode):
    tool, before = mode[1](3), np.zeros(3)
    for tick in range(100):
        says = HandSays(np.full(3, 0.5), np.full(3, 9.0), 1.0)
        now = tool.update(says, np.zeros(3), tick * DT).displacement
        assert np.linalg.norm(now - before) <= FASTEST * DT + 1e-9
        before = now
    assert np.linalg.norm(before) > 1e-3
