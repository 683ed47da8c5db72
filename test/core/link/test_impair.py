"""The emulator's model does what it was told, in numbers."""

import itertools
import math

import pytest

from telesurgery_nodes.core.link.impair import Impair, Impairment, impairment_from
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


@pytest.mark.parametrize("burst", [1.0, 5.0])
def test_loss_and_mean_burst(burst):
    _, rows = run(loss=0.02, burst=burst, count=100_000)
    lost = [not out for _, out in rows]
    starts = sum(now and not before for before, now in itertools.pairwise(lost))
    assert sum(lost) / len(lost) == pytest.approx(0.02, rel=0.2)
    assert sum(lost) / starts == pytest.approx(burst, rel=0.2)


def test_reorder_duplicate_and_tail():
    model, rows = run(delay_ms=10.0, reorder=0.01, duplicate=0.02)
    flat = sorted(entry for _, out in rows for entry in out)
    seen = [int(data) for _, data in flat]
    assert sum(b < a for a, b in itertools.pairwise(seen)) > 50
    assert model.duplicated == pytest.approx(400, rel=0.3) and len(flat) == 20_000 + model.duplicated
    late = sum(out[0][0] - now > 0.25 for now, out in run(delay_ms=10.0, tail=0.01, tail_ms=250.0)[1])
    assert late == pytest.approx(200, rel=0.3)


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
    "row", [{"delay": 1}, {"loss": 1.0}, {"loss": -0.1}, {"burst": 0.5}, {"delay_ms": math.nan}, {"loss": "x"}, {"loss": True}]
)
def test_wrong_rows_are_refused(row):
    with pytest.raises(ConfigError):
        impairment_from(row)


def test_a_row_is_read():
    assert impairment_from({"delay_ms": 5, "loss": 0.1}) == Impairment(delay_ms=5.0, loss=0.1)
