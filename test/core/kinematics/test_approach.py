"""Laws of the stop rule's bounds: no way falls further than its need, and what is left after a step is enough for braking."""

from __future__ import annotations

import numpy as np
import pytest
from arm_samples import postures
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("xacro")

from collision_cart import ARMS, LIMITS, body

from telesurgery_nodes.core.kinematics.approach import ArmPath

LOOKS = 25
NORMALS = 40
LAWS = settings(max_examples=25, deadline=None)
ROUNDING = 1e-12


def ahead(path: ArmPath, q, v, new, dt: float, times) -> list:
    """Exact ends on the way: speed linear from ``v`` to ``new`` within ``dt``, then straight braking."""
    found, brake = [], path.braking_time(new)
    for t in times:
        ramp, slow = min(t, dt), min(max(t - dt, 0.0), brake)
        joints = q + v * ramp + (0.5 * (new - v) * ramp * ramp / dt if dt > 0.0 else 0.0)
        joints = joints + (new * (slow - 0.5 * slow * slow / brake) if brake > 0.0 else 0.0)
        found.append(path.body.place(tuple(joints)).ends)
    return found


def scene(arm: str, seed: int):
    """A path at a random posture and speed, a step within the accelerations, and many planes against every part."""
    rng = np.random.default_rng(seed)
    limits, dt = LIMITS[arm], float(rng.choice([0.002, 0.004, 0.02]))
    path = ArmPath(body(arm), limits)
    q = np.array(postures(limits, 1, seed=seed)[0])
    v = rng.uniform(-1.0, 1.0, len(q)) * np.array(limits.velocity) * rng.choice([0.05, 0.3, 1.0])
    new = v + rng.uniform(-1.0, 1.0, len(q)) * np.array(limits.acceleration) * dt
    path.follow(tuple(q), tuple(v), 0.0)
    path.prepare()
    part = np.repeat(np.arange(len(path.body.parts)), NORMALS)
    normal = rng.normal(size=(len(part), 3))
    return path, q, v, new, dt, part, normal / np.linalg.norm(normal, axis=1, keepdims=True)


def low(normal, ends, part):
    return np.min(np.matmul(ends[part], normal[:, :, None])[..., 0], axis=1)


@LAWS
@given(st.sampled_from(ARMS), st.integers(0, 2**31))
def test_no_step_falls_further_than_its_need(arm: str, seed: int) -> None:
    path, q, v, new, dt, part, normal = scene(arm, seed)
    lowest, above = path.low(normal, part)
    need = np.maximum(path.step_need(part, normal, above, new, path.travel(new, dt), dt), 0.0)
    for ends in ahead(path, q, v, new, dt, np.linspace(0.0, dt + path.braking_time(new), LOOKS)):
        assert (lowest - low(normal, ends, part) <= need + ROUNDING).all()


@LAWS
@given(st.sampled_from(ARMS), st.integers(0, 2**31))
def test_braking_falls_no_further_than_its_need(arm: str, seed: int) -> None:
    path, q, v, _, _, part, normal = scene(arm, seed)
    lowest, above = path.low(normal, part)
    need = path.brake_need(normal, part, above)
    for ends in ahead(path, q, v, v, 0.0, np.linspace(0.0, path.braking_time(v), LOOKS)):
        assert (lowest - low(normal, ends, part) <= need + ROUNDING).all()


@LAWS
@given(st.sampled_from(ARMS), st.integers(0, 2**31))
def test_what_a_step_leaves_is_enough_to_brake(arm: str, seed: int) -> None:
    """The induction of approach.py: fall of the step + need of braking after it <= need that was allowed."""
    path, q, v, new, dt, part, normal = scene(arm, seed)
    lowest, above = path.low(normal, part)
    allowed = np.maximum(path.step_need(part, normal, above, new, path.travel(new, dt), dt), 0.0)
    path.follow(tuple(q + 0.5 * (v + new) * dt), tuple(new), dt)
    path.prepare()
    after, above = path.low(normal, part)
    assert (lowest - after + path.brake_need(normal, part, above) <= allowed + ROUNDING).all()


@pytest.mark.parametrize("arm", ARMS)
def test_an_average_over_the_window_is_within_the_pad(arm: str) -> None:
    """Smoothing: the ends at the mean joints are off the mean of the ends by no more than the pad, at full joint speed."""
    path, rng = ArmPath(body(arm), LIMITS[arm]), np.random.default_rng(5)
    for q in postures(LIMITS[arm], 20, seed=3):
        v = np.array(LIMITS[arm].velocity) * rng.choice([-1.0, 1.0], len(q))
        times = np.linspace(-0.5, 0.5, 21) * LIMITS[arm].rise_time
        mean = np.mean([path.body.place(tuple(np.array(q) + v * t)).ends for t in times], axis=0)
        off = np.linalg.norm(path.body.place(q).ends - mean, axis=2).max(axis=1)
        assert (off <= 1.11 * path.pad + ROUNDING).all()  # 21 samples of a parabola average 1.1 times its integral


def test_a_turn_within_a_tick_counts_in_the_low_point() -> None:
    """The furthest point lies between two ticks; it is in the smoothed set point all the same."""
    path, dt = ArmPath(body("PSM1"), LIMITS["PSM1"]), 0.004
    q, v = np.array([0.0, 0.0, 0.12, 0.0, 0.0, 0.0]), np.array([0.08, 0.0, 0.0, 0.0, 0.0, 0.0])
    path.follow(tuple(q), tuple(v), 0.0)
    path.follow(tuple(q), tuple(-v), dt)  # back where it was, having turned in the middle of the tick
    path.prepare()
    part = np.array([len(path.body.parts) - 1])
    middle = path.body.place(tuple(q + 0.25 * v * dt)).ends
    way = (middle - path.body.place(tuple(q)).ends)[part[0], 0]
    normal = -(way / np.linalg.norm(way))[None]
    lowest, _ = path.low(normal, part)
    assert lowest[0] <= low(normal, middle, part)[0] + 1e-9
