"""Capsules cover what the URDF says, their speeds are the derivative of their places, and the curvature bound holds."""

from __future__ import annotations

import numpy as np
import pytest
from arm_samples import postures

pytest.importorskip("xacro")

from collision_cart import ARMS, LIMITS, body, cart

from telesurgery_nodes.core.kinematics.arm_body import Role
from telesurgery_nodes.core.kinematics.solids import Solid, capsule_of, read_solids
from telesurgery_nodes.errors import ConfigError

STEP = 1e-6


@pytest.mark.parametrize("arm", ARMS)
def test_the_ends_move_as_the_jacobian_says(arm: str) -> None:
    one, rng = body(arm), np.random.default_rng(1)
    for q in postures(LIMITS[arm], 20):
        v = rng.normal(size=len(q))
        ahead = one.place(tuple(np.array(q) + v * STEP)).ends
        assert one.place(q).speeds(v) == pytest.approx((ahead - one.place(q).ends) / STEP, abs=1e-4)


@pytest.mark.parametrize("arm", ARMS)
def test_a_straight_prediction_is_off_by_no_more_than_the_bend(arm: str) -> None:
    one, rng, closest = body(arm), np.random.default_rng(2), np.inf
    for q in postures(LIMITS[arm], 60):
        low, high = np.array(LIMITS[arm].lower) - q, np.array(LIMITS[arm].upper) - q
        way = rng.uniform(low, high) * rng.uniform(0.0, 1.0)
        placed = one.place(q)
        off = one.place(tuple(np.array(q) + way)).ends - placed.ends - placed.speeds(way)
        room = 0.5 * one.bend(np.abs(way))[:, None] - np.linalg.norm(off, axis=2)
        assert (room >= -1e-12).all()
        closest = min(closest, float((room / (0.5 * one.bend(np.abs(way))[:, None] + 1e-12)).max()))
    assert closest < 1.0  # a bound far above everything would prove nothing: some end uses a part of it


@pytest.mark.parametrize("arm", ARMS)
def test_no_end_goes_further_than_its_reach(arm: str) -> None:
    one, rng = body(arm), np.random.default_rng(3)
    for q, other in zip(postures(LIMITS[arm], 50), postures(LIMITS[arm], 50, seed=2), strict=True):
        gone = np.linalg.norm(one.place(other).ends - one.place(q).ends, axis=2).max(axis=1)
        assert (gone <= one.reach(np.abs(np.array(other) - q)) + 1e-12).all()
    assert rng is not None


def test_every_corner_is_inside_its_capsule() -> None:
    urdf, _ = cart()
    for solid in read_solids(urdf):
        capsule = capsule_of(solid)
        half = np.array(solid.size) / 2 if solid.kind == "box" else np.array([solid.size[0], 0.0, solid.size[1] / 2])
        corners = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * half
        points = corners @ np.array(solid.frame.r).reshape(3, 3).T + np.array(solid.frame.p)
        along = capsule.b - capsule.a
        t = np.clip((points - capsule.a) @ along / max(along @ along, 1e-12), 0.0, 1.0)
        assert (np.linalg.norm(points - capsule.a - t[:, None] * along, axis=1) <= capsule.radius + 1e-9).all(), solid


def test_the_jaw_ball_holds_the_jaws_at_every_opening() -> None:
    _, model = cart()
    ball = next(part for part in body("PSM1").parts if part.link == "PSM1_tip")
    q = LIMITS["PSM1"].lower
    center = body("PSM1").place(q).ends[body("PSM1").parts.index(ball), 0]
    for jaw in np.linspace(-0.698, 1.396, 23):
        for finger, values in (("right", (-0.5 * jaw,)), ("left", (-0.5 * jaw, jaw))):
            chain = model.chain("patient_cart", f"PSM1_finger_{finger}")
            tool = chain.forward((*q, *values))
            side = -0.0008 if finger == "right" else 0.0008
            for corner in ((x, side + y, z) for x in (-0.0016, 0.0016) for y in (-0.00075, 0.00075) for z in (0.0002, 0.0102)):
                point = np.array(tool.r).reshape(3, 3) @ np.array(corner) + np.array(tool.p)
                assert np.linalg.norm(point - center) <= ball.capsule.radius + 1e-9


def test_roles_come_from_where_the_shaft_is() -> None:
    roles = {part.link: part.role for part in body("PSM1").parts}
    assert roles["PSM1_pitch_link"] is Role.OUTSIDE and roles["PSM1_roll_link"] is Role.SHAFT and roles["PSM1_wrist_yaw_link"] is Role.TIP
    assert {part.link: part.role for part in body("ECM").parts}["ECM_tip"] is Role.TIP


BAD = ('<box size="1 1"/>', '<box size="1 1 nan"/>', '<cylinder radius="0" length="1"/>', "<cone/>", "", '<sphere radius="x"/>')


@pytest.mark.parametrize("shape", BAD)
def test_a_shape_that_is_none_is_refused(shape: str) -> None:
    with pytest.raises(ConfigError, match="link a"):
        read_solids(f'<robot name="r"><link name="a"><collision><geometry>{shape}</geometry></collision></link></robot>')


def test_a_mesh_without_a_reader_is_refused_not_left_out() -> None:
    solid = Solid("a", "mesh", read_solids(cart()[0])[0].frame, (1.0, 1.0, 1.0), "organ.stl")
    with pytest.raises(ConfigError, match="coal"):
        capsule_of(solid)
