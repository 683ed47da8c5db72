"""What a path does to a byte stream: nothing is lost, everything is in order, losses cost round trips."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telesurgery_nodes.core.link.impair import Impair, Impairment
from telesurgery_nodes.core.link.stream import SEGMENT, StreamModel
from telesurgery_nodes.core.link.trace import Trace, TraceRow

BACK = Impairment(delay_ms=50.0)
TRIP = 0.08  # 30 + 50 ms


def stream(seed="1", trace=None, **spec):
    forward = Impair(Impairment(**{"delay_ms": 30.0, **spec}), 1, trace)
    return forward, StreamModel(forward, Impair(BACK, 2), seed)


def test_the_delay_and_the_round_trip():
    _, model = stream()
    assert model.offer(100, 5.0) == pytest.approx(5.03) and model.round_trip(5.0) == pytest.approx(TRIP)
    assert model.room_at(5.0) == 5.0


def test_a_lost_segment_costs_round_trips_and_holds_back_what_is_behind():
    _, model = stream(loss=0.1)
    sent = [second * 10.0 for second in range(5000)]  # far apart: each on its own
    trips = [round((model.offer(100, at) - at - 0.03) / TRIP, 6) for at in sent]
    assert set(trips) >= {0.0, 1.0, 2.0} and all(trip == int(trip) for trip in trips)
    assert trips.count(0.0) == pytest.approx(4500, rel=0.03) and trips.count(2.0) == pytest.approx(45, rel=0.5)
    assert model.repeated == sum(trips) and model.segments == 5000
    _, close = stream(loss=0.1)
    releases = [close.offer(100, n * 0.001) for n in range(1000)]
    waits = [at - n * 0.001 - 0.03 for n, at in enumerate(releases)]
    assert releases == sorted(releases) and sum(0.0 < wait < TRIP - 0.0005 for wait in waits) > 300


def test_bursts_cost_a_trip_for_each_lost_segment_of_it():
    _, model = stream(loss=0.05, burst=5.0)
    lost = [model.offer(1, at * 10.0) - at * 10.0 > 0.05 for at in range(20_000)]
    starts = sum(now and not before for before, now in zip([False, *lost], lost, strict=False))
    assert sum(lost) / len(lost) == pytest.approx(0.05, rel=0.2) and sum(lost) / starts == pytest.approx(5.0, rel=0.2)


def test_a_trace_that_loses_costs_one_trip():
    _, model = stream(trace=Trace([TraceRow(0.0, 0.02), TraceRow(1.0, 0.02, True)], "hold"))
    assert model.offer(1, 0.5) == pytest.approx(0.55)
    assert model.offer(1, 1.5) == pytest.approx(1.55 + 0.1), "30 + 20 ms there, 50 ms back"
    assert model.repeated == 1


def test_tail_and_jitter_delay_but_never_reorder():
    _, model = stream(tail=0.01, tail_ms=200.0, jitter_ms=10.0, reorder=0.5, duplicate=0.5, corrupt=0.5)
    releases = [model.offer(100, n * 0.001) for n in range(20_000)]
    delays = [at - n * 0.001 for n, at in enumerate(releases)]
    assert releases == sorted(releases) and min(delays) >= 0.015 and 0.2 < max(delays) < 0.3
    _, apart = stream(tail=0.01, tail_ms=200.0)
    assert sum(apart.offer(1, n * 1.0) - n > 0.2 for n in range(20_000)) == pytest.approx(200, rel=0.3)


def test_the_line_is_the_datagrams_own_and_a_stream_waits_at_half_the_queue():
    forward, model = stream(rate_mbit=1.0, queue_ms=100.0)
    sent = 0
    while model.room_at(0.0) == 0.0:
        model.offer(1250, 0.0)  # 10 ms of line each
        sent += 1
    assert sent == 6 and model.room_at(0.0) == pytest.approx(0.01) and model.room_at(0.01) == pytest.approx(0.01)
    assert forward.offer(bytes(1250), 0.0)[0][0] == pytest.approx(0.1), "behind the stream: 70 ms of line, 30 ms of delay"
    assert forward.overflowed == 0
    full, other = stream(rate_mbit=1.0, queue_ms=100.0)
    for _ in range(11):
        full.offer(bytes(1250), 0.0)
    assert other.room_at(0.0) == pytest.approx(0.06)


def test_in_an_outage_there_is_no_room_until_its_end():
    forward, model = stream()
    forward.outage(1.0, 2.0)
    assert [model.room_at(now) for now in (0.5, 1.0, 2.9, 3.0)] == [0.5, 3.0, 3.0, 3.0]
    forward.outage(4.0, math.inf)
    assert model.room_at(4.0) == math.inf
    forward.restore(5.0)
    assert model.room_at(5.0) == 5.0


def test_streams_leave_the_fate_of_datagrams_alone_and_are_seeded():
    alone, _ = stream(loss=0.2)
    beside, model = stream(loss=0.2)
    fate = []
    for n in range(500):
        fate.append(model.offer(100, n * 0.01))
        assert alone.offer(b"x", n * 0.01) == beside.offer(b"x", n * 0.01)
    again, other = stream(loss=0.2)[1], stream("2", loss=0.2)[1]
    assert fate == [again.offer(100, n * 0.01) for n in range(500)] != [other.offer(100, n * 0.01) for n in range(500)]


@given(st.lists(st.tuples(st.floats(0.0, 0.05), st.integers(0, SEGMENT)), max_size=60), st.floats(0.0, 0.9), st.floats(0.0, 20.0))
def test_in_order_and_never_earlier_than_the_floor(offers, loss, jitter):
    _, model = stream(loss=loss, jitter_ms=jitter, rate_mbit=5.0)
    now, last = 0.0, 0.0
    for wait, size in offers:
        now += wait
        release = model.offer(size, now)
        assert release >= max(last, now + 0.015)
        last = release
