"""An arm is put together only where its configuration and the URDF describe the same one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from arm_samples import config

pytest.importorskip("xacro", reason="pip install xacro")

import xacro

from telesurgery_nodes.core.arm.assembly import assemble
from telesurgery_nodes.core.arm.config import Rcm
from telesurgery_nodes.core.kinematics.limits import JointLimits
from telesurgery_nodes.core.kinematics.model import RobotModel
from telesurgery_nodes.errors import ConfigError

URDF = Path(__file__).resolve().parents[3] / "urdf"


@pytest.fixture(scope="module")
def model() -> RobotModel:
    return RobotModel(xacro.process_file(str(URDF / "patient_cart.urdf.xacro")).toxml())


@pytest.mark.parametrize(("arm", "kind"), [("PSM1", "psm"), ("PSM3", "psm"), ("ECM", "ecm")])
def test_the_shipped_arms(model: RobotModel, arm: str, kind: str) -> None:
    made = assemble(arm, model, config(kind), 0.02)
    assert made.base == f"{arm}_rcm" and made.trocar_error(made.controller.config.home) < 1e-9


def test_another_geometry_another_range_and_other_names_are_refused(model: RobotModel) -> None:
    psm = config("psm")
    with pytest.raises(ConfigError, match="disagree about the tip"):
        assemble("PSM1", model, replace(psm, geometry={**psm.geometry, "wrist_length": 0.0107}), 0.02)
    wide = psm.limits
    wider = JointLimits(wide.lower, (*wide.upper[:5], 2.0), wide.velocity, wide.acceleration, wide.margin, wide.jerk)
    with pytest.raises(ConfigError, match="further than the URDF"):
        assemble("PSM1", model, replace(psm, limits=wider), 0.02)
    with pytest.raises(ConfigError, match="config/arms names joints"):
        assemble("PSM1", model, replace(psm, joint_names=("pitch", "yaw", *psm.joint_names[2:])), 0.02)


def test_a_shaft_that_does_not_pass_its_trocar_at_home_is_refused(model: RobotModel) -> None:
    psm = config("psm")
    with pytest.raises(ConfigError, match="from its trocar"):
        assemble("PSM1", model, replace(psm, description=replace(psm.description, rcm=Rcm("wrist_pitch_link", None))), 0.02)
