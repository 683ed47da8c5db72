"""One command at a time, at most 25 a second, and a lost echo does not stop the ledger."""

from __future__ import annotations

import pytest

from telesurgery_nodes.core.arm.trace import TRACE_FIELDS, TRACE_PATIENCE, TRACE_PERIOD, TraceSampler


def test_a_command_is_followed_to_its_echo() -> None:
    trace = TraceSampler()
    trace.served("PSM1", (100, 5), 0.001, 10.0, 10.003)
    assert trace.echoed("PSM2", (100, 5), 10.004) is None
    assert trace.echoed("PSM1", (100, 4), 10.004) is None
    fields = trace.echoed("PSM1", (100, 5), 10.005)
    assert fields is not None and len(fields) == len(TRACE_FIELDS)
    assert fields == pytest.approx((100.000000005, 0.001, 0.003, 0.002))
    assert trace.echoed("PSM1", (100, 5), 10.006) is None


def test_rate_and_lost_echo() -> None:
    trace = TraceSampler()
    trace.served("PSM1", (1, 0), 0.0, 0.0, 0.0)
    assert trace.echoed("PSM1", (1, 0), 0.001) is not None
    trace.served("PSM1", (2, 0), 0.0, 0.0, TRACE_PERIOD / 2)
    assert trace.echoed("PSM1", (2, 0), TRACE_PERIOD) is None
    trace.served("PSM1", (3, 0), 0.0, 1.0, 1.0)
    trace.served("PSM1", (4, 0), 0.0, 1.1, 1.1)
    trace.served("PSM1", (5, 0), 0.0, 2.0, 1.0 + 2 * TRACE_PATIENCE)
    assert trace.lost == 1 and trace.echoed("PSM1", (5, 0), 3.0) is not None


def test_a_newer_echo_closes_the_sample_under_its_own_stamp() -> None:
    trace = TraceSampler()
    trace.served("PSM1", (100, 5), 0.001, 10.0, 10.003)
    fields = trace.echoed("PSM1", (100, 6), 10.007)
    assert fields == pytest.approx((100.000000005, 0.001, 0.003, 0.004))
