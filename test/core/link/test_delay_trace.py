"""A recorded delay: the newest row at or before now, looped or held."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telesurgery_nodes.core.link.trace import Trace, TraceRow
from telesurgery_nodes.errors import ConfigError

ROWS = [TraceRow(10.0, 0.1), TraceRow(10.5, 0.2, True), TraceRow(12.0, 0.3)]  # mean distance 1 s: a loop of 3 s


@pytest.mark.parametrize(
    ("elapsed", "loop", "hold"),
    [
        (-1.0, 0, 0), (0.0, 0, 0), (0.49, 0, 0), (0.5, 1, 1), (1.99, 1, 1), (2.0, 2, 2), (2.99, 2, 2), (3.0, 0, 2), (3.6, 1, 2),
        (302.0, 2, 2),
    ],
)  # fmt: skip
def test_the_newest_row_at_or_before(elapsed, loop, hold):
    assert Trace(ROWS).at(elapsed) == ROWS[loop]
    assert Trace(ROWS, "hold").at(elapsed) == ROWS[hold]


def test_one_row_is_a_constant_and_two_hold_for_the_same_time():
    assert Trace(ROWS[1:]).at(2.9) == ROWS[2] and Trace(ROWS[1:]).at(3.1) == ROWS[1], "two rows: a loop of twice their distance"
    assert Trace(ROWS[:1]).at(1e6) == Trace(ROWS[:1], "hold").at(0.0) == ROWS[0]


@given(st.lists(st.floats(0.001, 5.0), min_size=1, max_size=30), st.floats(0.0, 400.0))
def test_hold_agrees_with_looking_at_every_row(steps, elapsed):
    times = [sum(steps[:count]) for count in range(len(steps) + 1)]
    trace = Trace([TraceRow(at, at) for at in times], "hold")
    assert trace.at(elapsed).at == max(at for at in times if at <= elapsed)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "no rows"),
        ([TraceRow(0.0, 0.1), TraceRow(0.0, 0.1)], "row 2: time 0.0 s; wanted a finite time after 0.0"),
        ([TraceRow(1.0, 0.1), TraceRow(0.5, 0.1)], "row 2"),
        ([TraceRow(math.nan, 0.1)], "row 1: time nan"),
        ([TraceRow(math.inf, 0.1)], "row 1: time inf"),
        ([TraceRow(0.0, -0.1)], "row 1: delay -0.1"),
        ([TraceRow(0.0, math.nan)], "row 1: delay nan"),
        ([TraceRow(0.0, math.inf)], "row 1: delay inf"),
    ],
)
def test_bad_rows_are_named(rows, says):
    with pytest.raises(ConfigError, match=says):
        Trace(rows)


def test_an_end_that_means_nothing_is_refused():
    with pytest.raises(ConfigError, match="valid: loop, hold"):
        Trace(ROWS, "stop")
