"""The CRTK table, word by word (ros2.md section 2.3)."""

from __future__ import annotations

import pytest

from telesurgery_nodes.core.arm.states import TRANSITIONS, ArmMode, Request, parse_request

D, E, P, F = ArmMode.DISABLED, ArmMode.ENABLED, ArmMode.PAUSED, ArmMode.FAULT
CRTK = {D: (E, D, None, None), E: (E, D, P, None), P: (None, D, P, E), F: (F, D, None, None)}


@pytest.mark.parametrize("mode", list(ArmMode))
def test_the_table_is_crtk(mode: ArmMode) -> None:
    words = (Request.ENABLE, Request.DISABLE, Request.PAUSE, Request.RESUME)
    assert tuple(TRANSITIONS.get((mode, word)) for word in words) == CRTK[mode]


def test_words() -> None:
    assert parse_request(" Enable ") is Request.ENABLE
    assert parse_request("fault") is None
