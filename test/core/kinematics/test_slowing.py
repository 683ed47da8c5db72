"""Slower towards a singular posture, stopped in front of it with a reason, free on the way back."""

from __future__ import annotations

import math

import pytest
from arm_samples import config

from telesurgery_nodes.core.kinematics.limits import JointLimits
from telesurgery_nodes.core.kinematics.psm import Psm
from telesurgery_nodes.core.kinematics.reasons import Limit
from telesurgery_nodes.core.kinematics.slowing import SingularityLaw, Zone
from telesurgery_nodes.errors import ConfigError

ONE = JointLimits((-1.0,), (1.0,), (2.0,), (20.0,), (0.0,), (4000.0,))
ZONE = Zone(slow=0.5, stop=0.1)


def law() -> SingularityLaw:
    return SingularityLaw(lambda q: q[0], ONE, ZONE)


def test_outside_the_zone_and_away_from_it_nothing_bites() -> None:
    assert law()((0.6,), (-2.0,)) == (1.0, Limit.NONE)
    assert law()((0.11,), (2.0,)) == (1.0, Limit.NONE)
    assert law()((0.05,), (2.0,)) == (1.0, Limit.NONE), "also from behind the stop"


def test_the_share_falls_evenly_to_nothing_at_the_stop() -> None:
    shares = [law()((0.1 + 0.4 * part,), (-2.0,))[0] for part in (1.0, 0.75, 0.5, 0.25, 0.0)]
    assert shares == pytest.approx([1.0, 0.75, 0.5, 0.25, 0.0])
    assert law()((0.3,), (-0.99,)) == (1.0, Limit.NONE), "slow enough already"
    assert law()((0.3,), (-2.0,))[1] is Limit.SINGULARITY


def test_stopped_it_stays_stopped_until_it_has_left_a_tenth_of_the_zone() -> None:
    rule = law()
    assert rule((0.1,), (-2.0,)) == (0.0, Limit.SINGULARITY) and rule.stopped
    assert rule((0.139,), (-2.0,)) == (0.0, Limit.SINGULARITY)
    assert rule((0.141,), (-2.0,))[0] > 0.0 and not rule.stopped


def test_no_number_stops() -> None:
    rule = SingularityLaw(lambda q: math.nan, ONE, ZONE)
    assert rule((0.3,), (-2.0,)) == (0.0, Limit.SINGULARITY)


@pytest.mark.parametrize(("slow", "stop"), [(0.1, 0.5), (0.5, 0.0), (math.nan, 0.1), (0.5, math.nan)])
def test_a_zone_that_is_none_is_refused(slow: float, stop: float) -> None:
    with pytest.raises(ConfigError, match="stop < slow"):
        Zone(slow, stop)


def test_the_psm_comes_out_of_the_zone_at_full_speed_and_goes_in_slower() -> None:
    psm = config("psm")
    kinematics = Psm(psm.limits)
    rule = SingularityLaw(kinematics.dexterity, psm.limits, psm.singularity)
    shallow = (0.0, 0.0, 0.046, 0.0, 0.0, 0.0)
    swing = (1.5, 0.0, -0.01, 0.0, 0.0, 0.0)
    assert kinematics.dexterity(shallow) == pytest.approx(0.0304)
    assert rule(shallow, swing) == (pytest.approx(0.27 / (1.5 / 1.5708), rel=0.01), Limit.SINGULARITY)
    assert rule(shallow, (1.5, 0.0, 0.01, 0.0, 0.0, 0.0)) == (1.0, Limit.NONE)
