"""The endoscope arm: round trips, derivative, refusals."""

from __future__ import annotations

import math

import pytest
from arm_samples import config, postures

from telesurgery_nodes.core.kinematics.ecm import Ecm
from telesurgery_nodes.core.kinematics.limits import JointLimits
from telesurgery_nodes.errors import ConfigError, KinematicsError

CONFIG = config("ecm")
ECM = Ecm(CONFIG.limits)


def test_round_trip() -> None:
    for q in postures(ECM.limits, 300):
        assert ECM.solve(ECM.forward(q).p, q[3], q) == pytest.approx(q, abs=1e-9)


def test_twist_is_the_derivative() -> None:
    q, v, step = (0.3, -0.2, 0.1, 0.4), (0.2, -0.1, 0.05, 0.3), 1e-6
    ahead = ECM.forward(tuple(a + step * b for a, b in zip(q, v, strict=True)))
    behind = ECM.forward(tuple(a - step * b for a, b in zip(q, v, strict=True)))
    linear, angular = ECM.twist(q, v)
    assert linear == pytest.approx([(a - b) / (2 * step) for a, b in zip(ahead.p, behind.p, strict=True)], abs=1e-8)
    shaft_change = [(ahead.r[i] - behind.r[i]) / (2 * step) for i in (2, 5, 8)]
    now = ECM.forward(q).r
    z = (now[2], now[5], now[8])
    spun = (angular[1] * z[2] - angular[2] * z[1], angular[2] * z[0] - angular[0] * z[2], angular[0] * z[1] - angular[1] * z[0])
    assert spun == pytest.approx(shaft_change, abs=1e-8)


def test_refusals() -> None:
    for tip, roll in (((0.0, 0.0, 0.0), 0.0), ((math.nan, 0.0, 0.0), 0.0), ((0.0, 0.0, -0.1), math.inf)):
        with pytest.raises(KinematicsError, match="finite"):
            ECM.solve(tip, roll, CONFIG.home)
    with pytest.raises(KinematicsError, match="valid"):
        ECM.solve((0.0, 0.0, -1.0), 0.0, CONFIG.home)
    with pytest.raises(ConfigError, match="4 joints"):
        Ecm(JointLimits((0.0,), (1.0,), (1.0,), (1.0,), (0.0,), (1.0,)))
