"""The shaft passes the trocar by construction, and the check sees it when it does not."""

from __future__ import annotations

import pytest
from arm_samples import PSM_URDF, config, postures

from telesurgery_nodes.core.kinematics.model import RobotModel
from telesurgery_nodes.core.kinematics.rcm import line_distance, trocar_error


def test_zero_by_construction_and_seen_when_not() -> None:
    limits = config("psm").limits
    good = RobotModel(PSM_URDF).chain("rcm", "l4")
    bent = RobotModel(PSM_URDF.replace('<origin xyz="0 0 -0.01', '<origin xyz="0.002 0 -0.01', 1)).chain("rcm", "l4")
    for q in postures(limits, 50):
        assert trocar_error(good, q) < 1e-12
        assert trocar_error(bent, q) == pytest.approx(0.002, abs=1e-9)


def test_line_distance() -> None:
    assert line_distance((0.0, 3.0, 4.0), (9.0, 0.0, 0.0), (1.0, 0.0, 0.0)) == pytest.approx(5.0)
