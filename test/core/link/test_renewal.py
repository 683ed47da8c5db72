"""When a handshake is due: every reason, alone and again."""

import math

import pytest

from telesurgery_nodes.core.link.renewal import AGAIN, REKEY_S, SILENT_S, Renewal, Why

STEP = 0.1


@pytest.mark.parametrize(
    ("key_age", "silence", "why"),
    [
        (math.inf, math.inf, Why.NO_KEY),
        (math.inf, 0.0, Why.NO_KEY),
        (SILENT_S, math.inf, None),  # a fresh key: the peer has not had the time to be heard
        (SILENT_S + 0.01, math.inf, Why.SILENT),
        (100.0, SILENT_S, None),
        (100.0, SILENT_S + 0.01, Why.SILENT),
        (100.0, math.nan, None),
        (REKEY_S - 0.01, 0.0, None),
        (REKEY_S, 0.0, Why.OLD_KEY),
        (REKEY_S, math.inf, Why.SILENT),
    ],
)
def test_why(key_age, silence, why):
    assert Renewal().update(key_age, silence, 0.0) is (why if not math.isnan(silence) else Why.SILENT)


@pytest.mark.parametrize("why", list(Why))
def test_it_is_tried_again_after_its_time_until_it_is_over(why):
    inputs = {Why.NO_KEY: (math.inf, math.inf), Why.SILENT: (100.0, 100.0), Why.OLD_KEY: (REKEY_S, 0.0)}[why]
    renewal, due = Renewal(), []
    for tick in range(400):
        if renewal.update(*inputs, tick * STEP):
            due.append(tick * STEP)
    assert due[0] == 0.0 and len(due) == math.ceil(400 * STEP / AGAIN[why])
    assert renewal.update(1.0, 0.0, 1000.0) is None


def test_the_life_of_a_key_is_the_users():
    assert Renewal(5.0).update(5.0, 0.0, 0.0) is Why.OLD_KEY and Renewal(5.0).update(4.9, 0.0, 0.0) is None
