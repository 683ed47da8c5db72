"""The tremor filter, measured on the running filter: stop band, delay, no step at its beginning, no wrap, no drift."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telesurgery_nodes.core.rotations import angle, exp, is_rotation
from telesurgery_nodes.core.teleop.filters import LONGEST_GAP, StopBand, TremorFilter, least_delay, response, sections
from telesurgery_nodes.core.values import Pose
from telesurgery_nodes.errors import ConfigError

RATE = 250.0
VECTORS = st.tuples(*[st.floats(-0.5, 0.5)] * 3).map(np.array)


def sine(frequency, amplitude=1e-3, seconds=8.0, rate=RATE):
    """Amplitude ratio and delay [s] of a sine after the filter has settled, by correlation with sine and cosine."""
    band, n = StopBand(rate), int(seconds * rate)
    t = np.arange(n) / rate
    out = np.array([band.update(np.array([amplitude * math.sin(2.0 * math.pi * frequency * one)]))[0] for one in t])
    late = t >= seconds - round(4.0 * frequency) / frequency  # whole periods
    turn = np.exp(-2j * math.pi * frequency * t[late])
    value = 2.0 * np.mean(out[late] * turn) / (amplitude * -1j)
    return abs(value), -np.angle(value) / (2.0 * math.pi * frequency)


@pytest.mark.parametrize("rate", [200.0, 250.0, 255.0, 500.0, 1000.0])
def test_at_least_20_db_from_8_to_12_hz_and_less_than_15_ms_below_2_hz(rate):
    gains = [abs(response(rate, frequency)) for frequency in np.linspace(8.0, 12.0, 81)]
    assert -20.0 * math.log10(max(gains)) >= 20.0
    step = 1e-3
    delays = [
        -np.angle(response(rate, f + step) / response(rate, f - step)) / (4.0 * math.pi * step) for f in np.linspace(0.05, 2.0, 40)
    ]
    assert least_delay() < min(delays) and max(delays) <= 0.015
    assert 20.0 * math.log10(max(abs(response(rate, f)) for f in np.linspace(0.05, rate / 2.0 - 0.1, 400))) < 0.5


@pytest.mark.parametrize("frequency", [0.5, 1.0, 2.0, 8.0, 9.0, 10.0, 12.0])
def test_the_running_filter_does_what_its_coefficients_say(frequency):
    gain, delay = sine(frequency)
    wanted = response(RATE, frequency)
    assert gain == pytest.approx(abs(wanted), abs=2e-3)
    if frequency <= 2.0:
        assert delay == pytest.approx(-np.angle(wanted) / (2.0 * math.pi * frequency), abs=2e-4) and delay <= 0.015


@settings(max_examples=40, deadline=None)
@given(VECTORS, VECTORS)
def test_a_resting_hand_comes_out_exactly_and_a_reset_makes_no_step(position, turn):
    tremor, pose = TremorFilter(RATE), Pose(position, exp(turn))
    for tick in range(5):
        out = tremor.update(pose, tick / RATE)
        assert np.allclose(out.position, position, atol=1e-15) and angle(out.rotation @ pose.rotation.T) < 1e-7
    moved = Pose(position + 0.2, exp(-turn))
    tremor.reset()
    assert tremor.update(moved, 6 / RATE) is moved


def test_a_gap_or_a_clock_running_backwards_begins_anew():
    for later in (LONGEST_GAP * 1.1, -0.01, math.nan):
        tremor, moved = TremorFilter(RATE), Pose(np.ones(3), np.eye(3))
        tremor.update(Pose(np.zeros(3), np.eye(3)), 1.0)
        assert tremor.update(moved, 1.0 + later) is moved


def test_a_hand_that_rolls_on_and_on_never_wraps():
    tremor, before = TremorFilter(RATE), np.eye(3)
    speed = 2.0  # [rad/s], three whole turns
    for tick in range(int(RATE * 10.0)):
        wanted = exp(np.array([0.0, 0.0, 1.0]) * ((speed * tick / RATE + math.pi) % (2.0 * math.pi) - math.pi))
        before = wanted if tick == 0 else before
        out = tremor.update(Pose(np.zeros(3), wanted), tick / RATE).rotation
        assert is_rotation(out) and angle(out @ before.T) < 1.5 * speed / RATE and angle(out @ wanted.T) < 0.05
        before = out


def test_tremor_of_the_wrist_is_taken_out_too():
    tremor, worst = TremorFilter(RATE), 0.0
    for tick in range(int(RATE * 6.0)):
        now = tick / RATE
        shaken = exp(np.array([math.radians(1.0) * math.sin(2.0 * math.pi * 10.0 * now), 0.0, 0.0]) + np.array([0.3, 0.0, 0.0]))
        out = tremor.update(Pose(np.zeros(3), shaken), now).rotation
        if now > 4.0:
            worst = max(worst, angle(out @ exp(np.array([0.3, 0.0, 0.0])).T))
    assert worst < math.radians(0.1)


def one_section_after_the_other(rate, values):
    """The filter as its sections say it, a number at a time: transposed direct form II."""
    rows, start, memory = sections(rate).tolist(), values[0], {}
    for value in values:
        x = value - start
        for key, (b0, b1, b2, a1, a2) in enumerate(rows):
            first, second = memory.get(key, (0.0, 0.0))
            y = b0 * x + first
            memory[key] = (b1 * x - a1 * y + second, b2 * x - a2 * y)
            x = y
        yield start + x


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([200.0, 250.0, 1000.0]), st.integers(0, 2**32 - 1), st.integers(1, 7))
def test_one_product_is_the_sections_one_after_the_other(rate, seed, columns):
    values = np.cumsum(np.random.default_rng(seed).normal(0.0, 0.01, (600, columns)), axis=0)
    band = StopBand(rate)
    ours = np.array([band.update(row) for row in values])
    for column in range(columns):
        assert np.abs(ours[:, column] - list(one_section_after_the_other(rate, values[:, column]))).max() <= 1e-12


def test_what_comes_out_of_one_value_does_not_reach_another():
    band = StopBand(RATE)
    for tick in range(50):
        out = band.update(np.array([0.0, math.nan if tick else 0.0, math.sin(tick)]))
    assert out[0] == 0.0 and math.isnan(out[1]) and math.isfinite(out[2])


def test_a_rate_that_cannot_carry_the_band_is_refused():
    for rate in (50.0, math.nan, math.inf):
        with pytest.raises(ConfigError, match="rate"):
            sections(rate)


def test_the_bound_is_bodes():
    assert least_delay() == pytest.approx(0.00972, abs=1e-5)
