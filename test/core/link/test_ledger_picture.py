"""The picture's ledger and the whole loop, on made-up times: three clocks, and sums that cannot come out by construction."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telesurgery_nodes.core.link import ledger_picture as lp
from telesurgery_nodes.core.link.ledger import STAGES, LoopEntry, own_cost
from telesurgery_nodes.core.values import Phase, RobotState
from telesurgery_nodes.errors import LocalLinkError, RemoteLinkError

STAGE_VALUES = {
    "camera": 0.012, "encode": 0.005, "hop_coded": 0.001, "pace": 0.034, "path_video": 0.105, "join": 0.001, "hop_viewer": 0.002,
    "decode": 0.006, "display": 0.003,
}  # fmt: skip
PICTURE = tuple(STAGE_VALUES.values())
SKEW = 500.0  # the patient's clock is ahead


def loop(seq, sample=10.0, at=10.12):
    """A hand sample whose set point was in force at ``at`` on the surgeon's clock."""
    return lp.InForce(seq, sample, at + SKEW, (0.001, 0.001, 0.105, 0.002, 0.0, 0.003, 0.004, at - sample - 0.116))


def shown(captured, displayed=None, stages=PICTURE):
    return lp.Shown(captured + SKEW, captured + sum(PICTURE) if displayed is None else displayed, stages)


def test_the_twelve_stages_of_the_issue_are_there_in_travel_order_with_the_wait_between():
    assert lp.EYE_STAGES == (
        "input", "pack", "path_up", "unpack", "playout", "hop_in", "kinematics", "robot", "wait", "camera", "encode", "hop_coded", "pace",
        "path_video", "join", "hop_viewer", "decode", "display",
    )  # fmt: skip
    assert len(set(lp.EYE_STAGES) & set(STAGES)) == len(lp.HAND_STAGES)


def test_trip_and_lap_come_back_and_what_is_not_known_stays_unknown():
    trip = lp.Trip(7.25, {"camera": 0.5, "hop_coded": 0.25})
    assert lp.split_trip(lp.encode_trip(trip) + b"coded") == (trip, b"coded")
    assert lp.split_lap(lp.LAP.pack(0.5) + b"fragment") == (0.5, b"fragment")
    assert lp.split_trip(lp.TRIP.pack(1.0, math.inf, math.nan, 0.5) + b"x")[0].stages == {"hop_coded": 0.5}


@pytest.mark.parametrize("data", [b"", bytes(lp.TRIP.size), lp.TRIP.pack(math.nan, 0, 0, 0) + b"x", lp.TRIP.pack(math.inf, 0, 0, 0) + b"x"])
def test_a_malformed_trip_is_refused(data):
    with pytest.raises(RemoteLinkError):
        lp.split_trip(data)


@pytest.mark.parametrize("data", [b"", b"abc", lp.LAP.pack(math.nan) + b"x", lp.LAP.pack(math.inf)])
def test_a_malformed_lap_is_refused(data):
    with pytest.raises(RemoteLinkError):
        lp.split_lap(data)


def test_a_time_that_is_none_does_not_leave():
    with pytest.raises(LocalLinkError):
        lp.encode_trip(lp.Trip(math.nan, {}))


def test_a_picture_with_every_stage_is_an_entry_and_its_own_cost_leaves_the_path_out():
    ledger = lp.PictureLedger()
    entry = ledger.update(dict(reversed(STAGE_VALUES.items())), 0.170)
    assert entry == lp.PictureEntry(0.170, PICTURE) and sum(entry.stages) - entry.age == pytest.approx(-0.001)
    assert entry.own_cost == pytest.approx(0.064) and ledger.unknown == 0


@pytest.mark.parametrize("missing", lp.PICTURE_STAGES)
def test_one_stage_that_is_missing_or_no_number_makes_no_entry(missing):
    ledger = lp.PictureLedger()
    rest = {name: value for name, value in STAGE_VALUES.items() if name != missing}
    assert ledger.update(rest, 0.1) is None and ledger.update({**rest, missing: math.nan}, 0.1) is None
    assert ledger.unknown == 2 and ledger.update(STAGE_VALUES, math.inf) is None


def test_in_force_is_what_the_closing_state_says():
    held = {"hop_out": 0.01}
    state = RobotState(1, SKEW + 10.13, 7, held, Phase.FOLLOWING, 0, 1, {})
    entry = LoopEntry(7, 0.235, tuple(0.001 * number for number in range(len(STAGES))))
    found = lp.in_force(entry, state, 10.235)
    assert (found.seq, found.sample, found.at) == (7, pytest.approx(10.0), pytest.approx(SKEW + 10.12))
    assert found.stages == entry.stages[: len(lp.HAND_STAGES)]


def test_the_first_picture_captured_after_it_was_in_force_closes_the_loop_and_the_sum_is_the_loop():
    eyes = lp.HandToEyes()
    assert eyes.update(picture=shown(10.06)) == ()
    assert eyes.update(loop(7)) == ()
    assert eyes.update(picture=shown(10.10)) == ()
    (entry,) = eyes.update(picture=shown(10.14))
    assert entry.seq == 7 and entry.loop == pytest.approx(10.14 + sum(PICTURE) - 10.0)
    assert dict(zip(lp.EYE_STAGES, entry.stages, strict=True))["wait"] == pytest.approx(0.02)
    assert sum(entry.stages) == pytest.approx(entry.loop)
    assert entry.own_cost == pytest.approx(entry.loop - 2 * 0.105 - 0.02)
    assert eyes.update(picture=shown(10.18)) == (), "closed once"


def test_a_picture_captured_at_the_very_instant_counts_and_one_a_moment_before_does_not():
    eyes = lp.HandToEyes()
    eyes.update(picture=shown(10.0))
    eyes.update(picture=shown(10.12 - 1e-6))
    assert eyes.update(loop(1)) == ()
    assert len(eyes.update(picture=lp.Shown(loop(1).at, 10.3, PICTURE))) == 1


def test_a_state_that_comes_after_the_picture_finds_it_and_not_a_later_one():
    eyes = lp.HandToEyes()
    for captured in (10.06, 10.10, 10.14, 10.18):
        eyes.update(picture=shown(captured))
    (entry,) = eyes.update(loop(7))
    assert entry.loop == pytest.approx(10.14 + sum(PICTURE) - 10.0)


def test_one_picture_may_close_several_loops_and_a_lost_picture_is_waited_for_longer():
    eyes = lp.HandToEyes()
    eyes.update(picture=shown(10.06))
    for seq in (1, 2):
        eyes.update(loop(seq, 10.0 + 0.01 * seq, 10.12 + 0.01 * seq))
    closed = eyes.update(picture=shown(10.22))
    waits = [dict(zip(lp.EYE_STAGES, entry.stages, strict=True))["wait"] for entry in closed]
    assert [entry.seq for entry in closed] == [1, 2] and waits == pytest.approx([0.09, 0.08])


def test_a_wrong_clock_between_the_sites_shows_as_a_difference():
    eyes = lp.HandToEyes()
    eyes.update(picture=shown(10.0))
    eyes.update(loop(1))
    stages = (*PICTURE[:4], PICTURE[4] + 0.004, *PICTURE[5:])
    (entry,) = eyes.update(picture=shown(10.14, 10.14 + sum(PICTURE), stages))
    assert sum(entry.stages) - entry.loop == pytest.approx(0.004)


def test_what_cannot_be_said_is_counted_and_not_said():
    eyes = lp.HandToEyes()
    eyes.update(loop(1))
    assert eyes.update(picture=shown(10.14)) == () and eyes.unknown == 1, "an earlier one may have been shown before the first we know"
    eyes.update(loop(2, at=10.2))
    assert eyes.update(picture=shown(10.22, stages=None)) == () and eyes.unknown == 2
    assert eyes.update(picture=shown(10.26)) == (), "a later picture is not the first"


def test_memory_is_bounded_and_another_patient_begins_anew():
    eyes = lp.HandToEyes()
    for seq in range(lp.KEPT_LOOPS + 50):
        eyes.update(loop(seq, at=1e6))
        eyes.update(picture=shown(10.0 + seq))
    assert (len(eyes._loops), len(eyes._pictures)) == (lp.KEPT_LOOPS, lp.KEPT_PICTURES)
    eyes.forget()
    assert eyes.update(picture=shown(2e6)) == ()


def test_neither_a_path_nor_a_wait_is_our_cost():
    assert own_cost(("path_up", "wait", "pack", "path_video"), (1.0, 2.0, 4.0, 8.0)) == 4.0


class _AllEachTime(lp.HandToEyes):
    """Looks at every loop at every news."""

    def update(self, loop=None, picture=None):
        closed = super().update(loop, picture)
        found = [(one, self._first(one.at)) for one in self._loops.values()]
        return closed + tuple(entry for entry in (self._close(one, first) for one, first in found if first is not None) if entry)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=120))
def test_only_news_can_close_a_loop(news):
    """Pictures and loops in any order of their times."""
    quick, thorough = lp.HandToEyes(), _AllEachTime()
    for seq, (is_loop, at) in enumerate(news):
        said = {"loop": loop(seq, at=10.0 + at)} if is_loop else {"picture": shown(10.0 + at)}
        assert quick.update(**said) == thorough.update(**said)
    assert quick.unknown == thorough.unknown and list(quick._loops) == list(thorough._loops)
