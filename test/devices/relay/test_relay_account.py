"""What the relay counts about itself."""

import math

from hypothesis import given
from hypothesis import strategies as st

from telesurgery_nodes.devices.relay.account import LONGEST_US, Account, Spread
from telesurgery_nodes.devices.relay.releases import Releases


def spread(values):
    made = Spread()
    for value in values:
        made.add(value)
    return made


def test_nothing_counted_is_nothing_known():
    assert Spread().us() == {"p50": None, "p99": None, "max": None}


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=300))
def test_the_shares_are_those_of_a_sorted_list(values):
    ordered = sorted(values)
    at = {share: ordered[math.ceil(share * len(values)) - 1] for share in (0.5, 0.99)}
    assert spread((value + 0.5) * 1e-6 for value in values).us() == {"p50": at[0.5], "p99": at[0.99], "max": ordered[-1] + 0.5}


def test_the_worst_is_kept_whole_however_long():
    found = spread([1e-5, 60.0]).us()
    assert found["max"] == 60e6 and found["p99"] == LONGEST_US


def test_merged_is_as_counted_together():
    left, right = spread([1e-6, 5e-6]), spread([9e-6])
    left.merge(right)
    assert left.us() == spread([1e-6, 5e-6, 9e-6]).us() and left.count == 3


def test_an_account_of_three_releases():
    account = Account()
    for planned, began, done in ((0.1, 0.1001, 0.1003), (0.2, 0.2002, 0.2004), (0.3, 0.3003, 0.3005)):
        account.note(planned, began, done, planned - 0.05)
    assert account.delays_ms() == {"asked_ms": 50.0, "given_ms": 50.4}
    assert round(account.turn().us()["max"]) == 300 and account.second.count == 0 and account.late.count == 3
    assert round(account.returned.us()["max"]) == 500
    assert Account().delays_ms() == {"asked_ms": None, "given_ms": None}


class Carrier:
    def __init__(self):
        self.account, self.got = Account(), []

    def deliver(self, data):
        self.got.append(data)


def test_releases_go_in_the_order_of_their_time_and_then_of_their_offer():
    releases, one, other = Releases(), Carrier(), Carrier()
    for at, data, carrier in ((3.0, b"c", one), (1.0, b"a", one), (1.0, b"b", one), (1.5, b"x", other), (math.inf, b"never", one)):
        releases.push(at, data, carrier, 0.0)
    assert releases.next_at == 1.0 and releases.under_way(one) == 4
    releases.run_due()  # all these times are long past on the steady clock
    assert one.got == [b"a", b"b", b"c"] and other.got == [b"x"] and one.account.returned.count == 3
    assert releases.under_way(one) == 1 and releases.next_at == math.inf and Releases().next_at == math.inf
