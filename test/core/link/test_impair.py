"""The emulator's model does what it was told, in numbers."""

import itertools
import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telesurgery_nodes.core.link.impair import Impair, Impairment, impairment_from
from telesurgery_nodes.core.link.trace import Trace, TraceRow
from telesurgery_nodes.errors import ConfigError

STEP = 0.004


def run(count=20_000, seed=1, **spec):
    model = Impair(Impairment(**spec), seed)
    return model, [(now, model.offer(b"%d" % n, now)) for n in range(count) for now in (n * STEP,)]


def test_without_impairment_everything_leaves_at_once():
    assert all(out == [(now, b"%d" % n)] for n, (now, out) in enumerate(run(100)[1]))


def test_delay_and_jitter_hold_95_percent_within_and_keep_the_order():
    _, rows = run(delay_ms=100.0, jitter_ms=10.0)
    releases = [out[0][0] for _, out in rows]
    inside = sum(abs(out[0][0] - now - 0.1) <= 0.01 for now, out in rows) / len(rows)
    assert 0.9 < inside < 0.99 and releases == sorted(releases)


def test_jitter_is_the_same_for_neighbours_and_forgotten_after_a_while():
    _, rows = run(delay_ms=100.0, jitter_ms=10.0, count=50_000)
    offsets = np.array([out[0][0] - now - 0.1 for now, out in rows])
    assert offsets.std() == pytest.approx(0.005, rel=0.1)
    for lag in (1, 10, 100):
        alike = np.corrcoef(offsets[:-lag], offsets[lag:])[0, 1]
        assert alike == pytest.approx(math.exp(-lag * STEP / 0.05), abs=0.06)


@pytest.mark.parametrize(("loss", "burst"), [(0.02, 1.0), (0.02, 5.0), (0.4, 5.0)])
def test_loss_and_mean_burst(loss, burst):
    model, rows = run(loss=loss, burst=burst, count=100_000)
    lost = [not out for _, out in rows]
    assert sum(lost) / len(lost) == pytest.approx(loss, rel=0.15)
    assert sum(lost) / model.bursts == pytest.approx(burst, rel=0.15)


def test_reorder_duplicate_and_tail():
    model, rows = run(delay_ms=10.0, reorder=0.01, duplicate=0.02)
    flat = sorted(entry for _, out in rows for entry in out)
    seen = [int(data) for _, data in flat]
    assert sum(b < a for a, b in itertools.pairwise(seen)) > 50
    assert model.duplicated == pytest.approx(400, rel=0.3) and len(flat) == 20_000 + model.duplicated
    late = sum(out[0][0] - now > 0.25 for now, out in run(delay_ms=10.0, tail=0.01, tail_ms=250.0)[1])
    assert late == pytest.approx(200, rel=0.3)


def bits(a, b):
    return sum((x ^ y).bit_count() for x, y in zip(a, b, strict=True))


def test_corrupt_flips_one_to_three_bits_of_a_share_and_keeps_the_length():
    model = Impair(Impairment(corrupt=0.1), 1)
    sent = [bytes([n % 251]) * (1 + n % 40) for n in range(20_000)]
    got = [out for n, data in enumerate(sent) for _, out in model.offer(data, n * STEP)]
    flipped = [bits(a, b) for a, b in zip(sent, got, strict=True)]
    assert model.corrupted == sum(count > 0 for count in flipped) == pytest.approx(2000, rel=0.1)
    assert set(flipped) == {0, 1, 2, 3}
    places = {(a[0] ^ b[0]).bit_length() for a, b in zip(sent, got, strict=True) if len(a) == 1 and a != b}
    assert places == set(range(1, 9)), "every bit of a byte can flip"


def test_corruption_reaches_every_byte_and_is_seeded():
    def run_with(seed):
        model = Impair(Impairment(corrupt=0.5), seed)
        return [model.offer(bytes(4), n * STEP)[0][1] for n in range(500)]

    assert {at for data in run_with(1) for at in range(4) if data[at]} == {0, 1, 2, 3}
    assert run_with(1) == run_with(1) != run_with(2)


def test_an_empty_datagram_cannot_be_corrupted():
    model = Impair(Impairment(corrupt=0.999), 1)
    assert all(model.offer(b"", n * STEP)[0][1] == b"" for n in range(100)) and model.corrupted == 0


def test_both_copies_of_a_corrupted_datagram_are_the_same():
    model = Impair(Impairment(corrupt=0.999, duplicate=0.999), 1)
    pairs = [model.offer(bytes(100), n * STEP) for n in range(50)]
    assert sum(len(pair) == 2 and pair[0][1] == pair[1][1] != bytes(100) for pair in pairs) > 40


@given(st.binary(min_size=1, max_size=1200), st.integers(0, 2**32))
def test_corrupted_is_another_datagram_of_that_length(data, seed):
    model = Impair(Impairment(corrupt=math.nextafter(1.0, 0.0)), seed)
    (_, out), = model.offer(data, 0.0)
    assert len(out) == len(data) and out != data and model.corrupted == 1


def test_counters_say_what_was_done():
    model, rows = run(delay_ms=10.0, loss=0.05, burst=4.0, reorder=0.02, tail=0.01, tail_ms=50.0, duplicate=0.03)
    lost = [not out for _, out in rows]
    runs = sum(now and not before for before, now in itertools.pairwise([False, *lost]))
    assert (model.offered, model.lost, model.bursts) == (20_000, sum(lost), runs)
    later = [round(1e3 * (out[0][0] - now)) for now, out in rows if out]
    assert (model.reordered, model.tailed) == (later.count(15), later.count(60))
    assert model.reordered > 200 and model.tailed > 100 and model.corrupted == 0
    pairs = [out for _, out in rows if len(out) == 2]
    assert model.duplicated == len(pairs) and all(second[0] - first[0] == pytest.approx(0.001) for first, second in pairs)
    first = Impair(Impairment(loss=0.999), 1)
    assert first.offer(b"", 0.0) == [] and first.bursts == 1


def test_other_values_from_now_on_leave_the_rest_and_what_is_under_way():
    model = Impair(Impairment(delay_ms=50.0, rate_mbit=1.0, queue_ms=20.0), 1)
    assert model.offer(bytes(1250), 0.0)[0][0] == pytest.approx(0.06)
    model.change({"rate_mbit": 10.0, "delay_ms": 5.0})
    assert model.spec == Impairment(delay_ms=5.0, rate_mbit=10.0, queue_ms=20.0)
    assert model.offer(bytes(1250), 0.001)[0][0] == pytest.approx(0.06), "first in, first out, though the path is faster now"
    assert model.offer(bytes(1250), 0.1)[0][0] == pytest.approx(0.106)
    with pytest.raises(ConfigError):
        model.change({"loss": 1.0})


def test_a_line_made_unlimited_forgets_its_queue():
    model = Impair(Impairment(rate_mbit=1.0, queue_ms=10.0), 1)
    model.offer(bytes(12_500), 0.0)
    assert not model.offer(b"x", 0.0) and model.overflowed == 1
    model.change({"rate_mbit": 0.0})
    assert model.offer(b"x", 0.0) and model.overflowed == 1


def test_until_when_a_path_is_cut():
    model = Impair(Impairment(), 1)
    assert model.cut_until(3.0) == 3.0
    model.outage(1.0, 1.0)
    model.outage(1.5, 2.0)
    model.outage(9.0, math.inf)
    assert [model.cut_until(now) for now in (0.5, 1.0, 1.5, 3.5, 5.0, 9.0)] == [0.5, 2.0, 3.5, 3.5, 5.0, math.inf]


def test_a_trace_adds_its_delay_and_its_losses():
    trace = Trace([TraceRow(5.0, 0.02), TraceRow(6.0, 0.05, True), TraceRow(7.0, 0.01)], "hold")
    model = Impair(Impairment(delay_ms=1.0), 1, trace, start=100.0)
    out = [model.offer(b"x", at) for at in (99.0, 100.0, 100.99, 101.0, 101.99, 102.0, 200.0)]
    assert [round(one[0][0], 6) if one else None for one in out] == [99.021, 100.021, 101.011, None, None, 102.011, 200.011]
    assert (model.lost, model.bursts) == (2, 1)
    assert [model.base(at) for at in (100.0, 101.0)] == pytest.approx([0.021, 0.051])
    both = Impair(Impairment(loss=0.3), 1, trace, start=0.0)
    lost = [sum(not both.offer(b"x", second + n * 1e-4) for n in range(10_000)) for second in (0, 1, 2)]
    assert lost[1] == 10_000 and lost[0] == pytest.approx(3000, rel=0.1) == lost[2]


def test_a_falling_delay_keeps_the_order_unless_reordering_was_asked():
    trace = Trace([TraceRow(0.0, 0.1), TraceRow(0.01, 0.0)], "hold")
    model = Impair(Impairment(), 1, trace)
    assert [round(model.offer(b"", at)[0][0], 6) for at in (0.0, 0.02, 0.2)] == [0.1, 0.1, 0.2]


def test_every_value_says_what_it_means():
    assert all(spec.metadata["what"] for spec in fields(Impairment))


def test_rate_and_queue():
    model = Impair(Impairment(rate_mbit=1.0, queue_ms=100.0), 1)
    released = [model.offer(bytes(1250), 0.0) for _ in range(20)]
    assert [round(out[0][0], 3) for out in released if out] == [round(0.01 * n, 3) for n in range(1, 12)]
    assert model.overflowed == 9


def test_outages_and_restore():
    model = Impair(Impairment(), 1)
    model.outage(1.0, 0.5)
    model.outage(3.0, math.inf)
    model.outage(9.0, 1.0)
    assert [bool(model.offer(b"", now)) for now in (0.9, 1.0, 1.49, 1.5, 3.0, 5.0)] == [True, False, False, True, False, False]
    model.restore(5.0)
    assert model.offer(b"", 5.0) and not model.offer(b"", 9.5) and model.cut == 5


def test_same_seed_same_fate():
    spec = {"loss": 0.1, "jitter_ms": 3.0, "delay_ms": 5.0}
    assert run(500, 3, **spec)[1] == run(500, 3, **spec)[1] != run(500, 4, **spec)[1]


@pytest.mark.parametrize(
    "row",
    [{"delay": 1}, {"loss": 1.0}, {"loss": -0.1}, {"burst": 0.5}, {"delay_ms": math.nan}, {"loss": "x"}, {"loss": True}, {"corrupt": 1.0}],
)
def test_wrong_rows_are_refused(row):
    with pytest.raises(ConfigError):
        impairment_from(row)


def test_a_row_is_read():
    assert impairment_from({"delay_ms": 5, "loss": 0.1}) == Impairment(delay_ms=5.0, loss=0.1)
