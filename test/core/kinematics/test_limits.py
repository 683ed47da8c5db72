"""What a joint may do."""

from __future__ import annotations

import math

import pytest

from telesurgery_nodes.core.kinematics.limits import JointLimits
from telesurgery_nodes.core.kinematics.reasons import Limit
from telesurgery_nodes.errors import ConfigError

LIMITS = JointLimits((-1.0, 0.0), (1.0, 0.3), (2.0, 0.2), (20.0, 4.0), (0.1, 0.01), (4000.0, 400.0))


def test_clamp_reports() -> None:
    assert LIMITS.clamp((0.0, 0.1)) == ((0.0, 0.1), Limit.NONE)
    assert LIMITS.clamp((2.0, 0.1)) == ((1.0, 0.1), Limit.POSITION | Limit.SOFT_MARGIN)
    assert LIMITS.soft((0.95, 0.1)) is Limit.SOFT_MARGIN


def test_the_slowest_joint_sets_the_rise_time() -> None:
    assert LIMITS.rise_time == pytest.approx(0.02)


@pytest.mark.parametrize("column", range(6))
def test_bad_limits_are_refused(column: int) -> None:
    rows = [(-1.0,), (1.0,), (2.0,), (20.0,), (0.1,), (400.0,)]
    short = [*rows[:column], (*rows[column], 1.0), *rows[column + 1 :]]
    with pytest.raises(ConfigError):
        JointLimits(*short)
    with pytest.raises(ConfigError):
        JointLimits(*[*rows[:column], (math.nan,), *rows[column + 1 :]])
