"""Energy accounts: nothing comes out that did not go in, whatever the link does to the totals."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telesurgery_nodes.core.haptics.tank import Tank
from telesurgery_nodes.errors import ConfigError

AMOUNT = st.floats(-1.0, 1.0)


def test_what_enters_may_leave_and_the_lowest_level_is_remembered():
    tank = Tank(0.5, 9.0)
    tank.flow(1.0)
    tank.flow(-1.2)
    tank.flow(0.2)
    assert tank.level == pytest.approx(0.5) and tank.lowest == pytest.approx(0.3)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_cannot_be_counted_closes_the_account(bad):
    tank = Tank(0.5, 9.0)
    tank.flow(bad)
    assert tank.level == -math.inf and tank.give(1.0) == 0.0
    with pytest.raises(ConfigError, match="tank"):
        Tank(bad, 1.0)
    with pytest.raises(ConfigError, match="tank"):
        Tank(0.1, bad)


def test_credit_is_a_total_and_counts_once():
    tank = Tank(0.0, 9.0)
    for total in (0.4, 0.4, 0.1, math.nan, math.inf, -1.0, 1.0, 0.4):
        tank.receive(total)
    assert tank.level == pytest.approx(1.0)


def test_giving_is_limited_to_what_is_there():
    tank = Tank(0.5, 9.0)
    assert tank.give(0.2) == 0.2 and tank.give(9.0) == pytest.approx(0.3) and tank.give(1.0) == 0.0 and tank.give(-1.0) == 0.0
    assert tank.sent == pytest.approx(0.5) and tank.level == pytest.approx(0.0)


def test_dumping_keeps_what_is_kept():
    tank = Tank(0.5, 0.2)
    tank.dump()
    tank.dump()
    assert (tank.level, tank.dumped) == pytest.approx((0.2, 0.3))


@given(st.lists(st.tuples(st.sampled_from(["flow", "give", "hear", "dump"]), st.booleans(), AMOUNT, st.integers(0, 5)), max_size=60))
def test_both_ends_and_what_is_under_way_never_hold_more_than_entered(history):
    """Totals arrive late, doubled, out of order or never."""
    ends, slack, entered = (Tank(0.3, 0.5), Tank(0.2, 0.5)), 0.5, 0.0
    under_way = ([0.0], [0.0])
    for act, first, amount, pick in history:
        one, other = (0, 1) if first else (1, 0)
        if act == "flow":
            ends[one].flow(amount)
            entered += amount
        elif act == "give":
            ends[one].give(amount)
            under_way[one].append(ends[one].sent)
        elif act == "hear":
            ends[other].receive(under_way[one][pick % len(under_way[one])])
        else:
            ends[one].dump()
        assert ends[0].level + ends[1].level <= slack + entered + 1e-9
