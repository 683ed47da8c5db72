"""The bench of the correlation threshold sees a threshold that is wrong in either direction."""

import pytest

from telesurgery_nodes.cli import bench, separation_bench


@pytest.mark.parametrize(("threshold", "holds"), [(-1.0, (False, True)), (1.1, (True, False))])
def test_a_wrong_threshold_fails_a_bar(monkeypatch, threshold, holds):
    monkeypatch.setattr(separation_bench, "QUICK_RUNS", 2)
    monkeypatch.setattr(separation_bench, "CORRELATED", threshold)
    result = bench.load("separation").run(bench.BenchArguments(quick=True))
    assert tuple(bar.holds for bar in result.bars) == holds and "2 runs" in result.text


def test_one_line_for_both_correlates_more_than_two_of_their_own():
    apart, together = separation_bench.correlations(2, 5.0, seed=1)
    assert max(apart) < min(together)
