"""The URDF road agrees with the closed form and with Pinocchio; bad text is refused with a reason."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from arm_samples import PSM_URDF, config, postures

from telesurgery_nodes.core.kinematics.frames import angle_between, compose, distance
from telesurgery_nodes.core.kinematics.model import RobotModel
from telesurgery_nodes.core.kinematics.psm import Psm
from telesurgery_nodes.errors import ConfigError, KinematicsError

PSM = Psm(config("psm").limits)


def test_chain_is_the_closed_form() -> None:
    chain = RobotModel(PSM_URDF).chain("rcm", "tip")
    assert chain.names == ("yaw", "pitch", "insertion", "roll", "wp", "wy")
    for q in postures(PSM.limits, 100):
        ours, theirs = PSM.forward(q), chain.forward(q)
        assert distance(ours.p, theirs.p) <= 1e-12 and angle_between(ours.r, theirs.r) <= 1e-12


def test_limits_and_mount_are_read() -> None:
    model = RobotModel(PSM_URDF)
    yaw = model.chain("rcm", "tip").joints[0]
    assert (yaw.lower, yaw.upper, yaw.velocity, yaw.effort) == (-1.5, 1.5, 2.0, 3.0) and yaw.axis == (0.0, 0.0, 1.0)
    mount = model.fixed("cart", "rcm")
    assert mount.p == (1.0, 2.0, 3.0)
    q = postures(PSM.limits, 1)[0]
    whole = model.chain("cart", "tip").forward(q)
    assert distance(whole.p, compose(mount, PSM.forward(q)).p) <= 1e-12


def _with_limits(urdf: str) -> str:
    """Pinocchio's parser wants limits on every joint; continuous joints would get two coordinates."""
    limit = '<limit lower="-9" upper="9" velocity="9" effort="9"/></joint>'
    return re.sub(r"(<axis [^>]*/>)</joint>", rf"\1{limit}", urdf.replace('type="continuous"', 'type="revolute"'))


def test_pinocchio_agrees() -> None:
    pin = pytest.importorskip("pinocchio")
    model = pin.buildModelFromXML(_with_limits(PSM_URDF))
    data, tip = model.createData(), model.getFrameId("tip")
    ours = RobotModel(PSM_URDF).chain("cart", "tip")
    for q in postures(PSM.limits, 20):
        pin.framesForwardKinematics(model, data, np.array(q))
        assert ours.forward(q).p == pytest.approx(tuple(data.oMf[tip].translation), abs=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("</robot>", "", "not XML"),
        ('type="continuous"', 'type="planar"', "planar"),
        ('xyz="0 0 2"', 'xyz="0 0 0"', "no length"),
        ('xyz="0 0 2"', 'xyz="0 0"', "three numbers"),
        ('upper="1.5"', 'upper="x"', "a number"),
        ('<parent link="rcm"/>', "", "no <parent>"),
        ('<parent link="rcm"/>', '<parent link="gone"/>', "do not exist"),
        ('<child link="tip"/>', '<child link="l6"/>', "two parent"),
    ],
)
def test_bad_text_is_refused(old: str, new: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        RobotModel(PSM_URDF.replace(old, new, 1))


def test_chains_that_are_not_there() -> None:
    model = RobotModel(PSM_URDF)
    with pytest.raises(ConfigError, match="no link"):
        model.chain("rcm", "nose")
    with pytest.raises(ConfigError, match="hang below"):
        model.chain("tip", "rcm")
    with pytest.raises(ConfigError, match="fixed mount"):
        model.fixed("rcm", "tip")
    with pytest.raises(KinematicsError, match="6 joints wanted"):
        model.chain("rcm", "tip").forward((0.0,))
    with pytest.raises(KinematicsError, match="valid are"):
        model.chain("rcm", "tip").axis_line((0.0,) * 6, 9)
    assert RobotModel(PSM_URDF.replace('<axis xyz="0 0 2"/>', "")).chain("rcm", "tip").joints[0].axis == (1.0, 0.0, 0.0)


def test_inside_the_range_of_the_urdf():
    chain = RobotModel(PSM_URDF).chain("rcm", "tip")
    lower, upper = (tuple(getattr(joint, name) for joint in chain.joints) for name in ("lower", "upper"))
    assert chain.inside(lower) and chain.inside(upper)
    assert not chain.inside((upper[0] + 1e-9, *upper[1:]))
    assert not chain.inside((math.nan, *upper[1:]))
    assert not chain.inside(upper[1:])
