"""The velocity rule: whatever the arms want, the margin holds; away is always free; unknown is touching."""

from __future__ import annotations

import math
import os
import random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("xacro")

from collision_cart import ARMS, LIMITS, body, guard, volume, with_volumes
from collision_rig import DT, HOME, NEAR, Arms

from telesurgery_nodes.core.kinematics.approach import fall
from telesurgery_nodes.core.kinematics.arm_body import Role
from telesurgery_nodes.core.kinematics.collision_values import Path
from telesurgery_nodes.core.kinematics.reasons import Limit
from telesurgery_nodes.core.kinematics.stepper import StepLimiter

MARGIN_EXAMPLES = int(os.environ.get("MARGIN_EXAMPLES", "8"))  # more of them by hand: each is 120 ticks of up to four arms


def goal(rng: random.Random, arm: str) -> tuple[float, ...]:
    """Around home, so that the arms keep meeting."""
    spread = (0.35, 0.35, 0.05, 1.0, 0.8, 0.8)
    return LIMITS[arm].clamp(tuple(q + rng.uniform(-s, s) for q, s in zip(HOME[arm], spread, strict=False)))[0]


@pytest.mark.parametrize("slow_zone", [True, False])
@settings(max_examples=MARGIN_EXAMPLES, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([("PSM1", "PSM2"), ("PSM1", "ECM"), ARMS]))
@example(2088239, ARMS)  # a long tick after a short one: the guard once took the clock for the path's own time
def test_the_margin_holds_whatever_the_arms_want(slow_zone: bool, seed: int, names: tuple[str, ...]) -> None:
    """Goals change at any time, ticks differ in length, arms move at full joint speed (no tip limit), brake, and turn round."""
    rng, arms = random.Random(seed), Arms(names, slow_zone)
    assert arms.clearance() > 0.0
    goals, acted = {arm: goal(rng, arm) for arm in names}, 0
    for _ in range(120):
        for arm in names:
            if rng.random() < 0.1:
                goals[arm] = goal(rng, arm)
        moving = {arm: g for arm, g in goals.items() if rng.random() < 0.95}
        acted += any(Limit.COLLISION in reasons for reasons in arms.tick(moving, rng.choice((DT, DT, DT, 0.002, 0.02))).values())
        assert arms.clearance() >= -1e-9


def test_the_same_arms_without_a_guard_collide() -> None:
    """Else the test above could not fail."""
    arms, lowest = Arms(), math.inf
    for one in arms.arms.values():
        one.guard = None
    rng = random.Random(4)
    for number in range(1500):
        if number % 60 == 0:
            goals = {arm: goal(rng, arm) for arm in arms.arms}
        arms.tick(goals)
        lowest = min(lowest, arms.clearance())
    assert lowest < -0.004


def pressed() -> tuple[Arms, dict[str, tuple[float, ...]]]:
    """Two instruments driven against each other until they stand."""
    arms = Arms()
    goals = {"PSM1": (-0.5, 0.0, 0.14, 0.0, 0.0, 0.0), "PSM2": (0.5, 0.0, 0.14, 0.0, 0.0, 0.0)}
    if not _collides(goals):
        goals = {arm: (-q[0], *q[1:]) for arm, q in goals.items()}
    for _ in range(700):
        arms.tick(goals)
    return arms, goals


def _collides(goals: dict[str, tuple[float, ...]]) -> bool:
    return Arms(start={**NEAR, **goals}).clearance() < 0.0


def test_arms_that_meet_stand_at_the_margin_and_say_why() -> None:
    arms, goals = pressed()
    assert all(one.resting for one in arms.arms.values())
    report = arms.watch()
    assert 0.0 <= report.distance - report.margin < 5e-4 and "PSM1" in report.nearest and "PSM2" in report.nearest
    assert all(Limit.COLLISION in reasons for reasons in arms.tick(goals).values())
    assert any(name.startswith("slow ") for name in arms.guard.counts) and any(name.startswith("stop ") for name in arms.guard.counts)


def test_approach_falls_with_the_root_of_what_is_left() -> None:
    arms, goals = Arms(), pressed()[1]
    before, seen = None, 0
    for _ in range(1200):
        arms.tick(goals, speed=0.2)  # 0.06 m/s at the tips, so that the slow zone is entered no faster than it allows
        report = arms.watch()
        if before is not None and before[0] == report.nearest and report.distance < 0.009:
            zone = arms.guard.config.zones["tip_shaft"]
            cap = arms.guard.config.approach * math.sqrt(max(before[1] - zone.stop, 0.0) / (zone.slow - zone.stop))
            assert (before[1] - report.distance) / DT <= 1.1 * cap + 0.002
            seen += 1
        before = report.nearest, report.distance
    assert seen > 50


def test_motion_away_is_granted_in_full() -> None:
    arms, _ = pressed()
    before = arms.clearance()
    free = StepLimiter(LIMITS["PSM1"])
    free.reset(arms.arms["PSM1"].position)
    for _ in range(100):
        reasons = arms.tick({"PSM1": HOME["PSM1"]})["PSM1"]
        free.step(HOME["PSM1"], DT)
        assert Limit.COLLISION not in reasons
        assert arms.arms["PSM1"].position == pytest.approx(free.position, abs=1e-12)
    assert arms.clearance() > before


def test_inside_the_margin_only_away() -> None:
    """The scene changed: a volume appears where an arm stands."""
    tip = body("PSM1").place(HOME["PSM1"]).ends[-1, 0]
    content = {"volumes": [volume(shape={"kind": "sphere", "radius_mm": 5.0}, xyz_mm=(1e3 * (tip + np.array([0.003, 0.0, 0.0]))).tolist())]}
    arms = Arms(("PSM1",), one=with_volumes(("PSM1",), content))
    assert arms.clearance() < -0.005
    start, low = arms.arms["PSM1"].position, arms.clearance()
    goals = [tuple(q + d for q, d in zip(start, step, strict=True)) for step in np.eye(6)[:3] * [[0.2], [0.2], [0.03]]]
    goals += [tuple(2.0 * q - g for q, g in zip(start, other, strict=True)) for other in goals]
    moved = 0
    for wanted in goals:
        arms.arms["PSM1"].reset(start)
        for _ in range(40):
            arms.tick({"PSM1": wanted})
            assert arms.clearance() >= low - 1e-9
        moved += arms.arms["PSM1"].position != start
    assert 1 <= moved < len(goals)


def test_an_arm_nobody_knows_holds_the_others() -> None:
    arms = Arms()
    start = arms.arms["PSM1"].position
    arms.now += DT
    report = arms.guard.update({"PSM1": Path(start, (0.0,) * 6, 0.0), "PSM2": None}, arms.now)
    assert report.unknown == ("PSM2",) and math.isnan(report.distance)
    for _ in range(10):
        assert Limit.COLLISION in arms.arms["PSM1"].step(goal(random.Random(1), "PSM1"), DT)
    assert arms.arms["PSM1"].position == start and arms.guard.counts["stop unknown PSM2"] > 0
    assert not arms.tick({"PSM1": goal(random.Random(1), "PSM1")})["PSM1"] & Limit.COLLISION


def test_a_path_the_guard_did_not_see_is_not_judged() -> None:
    arms = Arms()
    arms.watch()
    arms.arms["PSM1"].reset(tuple(q + 0.01 for q in NEAR["PSM1"]))
    assert Limit.COLLISION in arms.arms["PSM1"].step(HOME["PSM1"], DT) and arms.guard.counts["stop unseen PSM1"]


def test_a_guard_that_was_never_told_holds() -> None:
    arms = Arms()
    assert Limit.COLLISION in arms.arms["PSM1"].step(goal(random.Random(1), "PSM1"), DT)


@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.floats(0.0, 0.05), st.floats(0.0, 0.1))
def test_fall_is_the_largest_approach_on_the_way(r0: float, r1: float, dt: float, brake: float) -> None:
    t = np.linspace(0.0, dt, 400)
    way = r0 * t + (0.5 * (r1 - r0) * t * t / dt if dt > 0.0 else 0.0)
    s = np.linspace(0.0, brake, 400)
    after = way[-1] + (r1 * s - 0.5 * r1 * s * s / brake if brake > 0.0 else 0.0 * s)
    seen = max(0.0, float(way.max()), float(np.max(after)))
    assert seen - 1e-12 <= float(fall(np.array([r0]), np.array([r1]), dt, brake)[0]) <= seen + 1e-5


SHAPES = (
    {"kind": "sphere", "radius_mm": 15.0},
    {"kind": "box", "size_mm": [20.0, 30.0, 20.0]},
    {"kind": "capsule", "radius_mm": 8.0, "length_mm": 20.0},
    {"kind": "cylinder", "radius_mm": 12.0, "length_mm": 20.0},
)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape["kind"])
@pytest.mark.parametrize("forbid", ["inside", "outside"])
def test_volumes_are_kept_out_of_and_stayed_in(shape, forbid: str) -> None:
    """An instrument swept through the volume; or let loose in one ten times as large that it must not leave."""
    if forbid == "outside":
        tip = body("PSM1").place(HOME["PSM1"]).ends[-1, 0]
        larger = {key: value if key == "kind" else np.multiply(value, 2.5).tolist() for key, value in shape.items()}
        place = {"xyz_mm": (1e3 * tip).tolist(), "rpy_deg": [20.0, 30.0, 0.0]}
        content = {"volumes": [volume(forbid=forbid, shape=larger, applies_to="tips", **place)]}
    else:
        content = {"volumes": [volume(shape=shape, xyz_mm=[500.0, 8.0, 843.0], rpy_deg=[20.0, 30.0, 0.0])]}
    arms = Arms(("PSM1",), one=with_volumes(("PSM1",), content))
    assert forbid == "outside" or arms.clearance() > 0.0
    rng, acted = random.Random(3), 0
    for number in range(900):
        if number % 60 == 0:
            wanted = {"PSM1": goal(rng, "PSM1")}
        acted += bool(arms.tick(wanted)["PSM1"] & Limit.COLLISION)
        if forbid == "inside":
            assert arms.clearance() >= -1e-9
        else:
            (watch,) = arms.guard._fields["PSM1"]
            ends = body("PSM1").place(arms.arms["PSM1"].position).ends[watch._part]
            assert (watch._clearance(ends) - watch._stop).min() >= -1e-9
    assert acted > 20


def test_every_pair_left_out_is_left_out_on_purpose() -> None:
    one = guard()
    roles = {part.link: part.role for arm in ARMS for part in body(arm).parts}
    for name in one.pairs.names:
        first, second = name.split("/")
        assert first.split("_")[0] != second.split("_")[0], f"{name}: one arm against itself"
        assert not (roles[first] is Role.TIP and (roles.get(second) is Role.TIP or second == "peg_board")), name
        assert not second.startswith("peg_") or second == "peg_board"
    assert {f"{arm}/{other}_port" for arm in ARMS for other in ARMS if arm != other} <= set(one.pairs.groups)


def test_a_mesh_is_kept_out_of_to_a_tenth_of_a_millimetre(tmp_path) -> None:
    pytest.importorskip("coal")
    from mesh_files import horseshoe

    from telesurgery_nodes.devices import coal_mesh

    horseshoe(tmp_path)
    shape = {"kind": "mesh", "file": str(tmp_path / "shoe.stl"), "scale": 1.0}
    content = {"volumes": [volume(shape=shape, xyz_mm=[500.0, 25.0, 790.0])]}
    arms = Arms(("PSM1",), one=with_volumes(("PSM1",), content, lambda file, scale, frame: coal_mesh.clearance(file, (scale,) * 3, frame)))
    (watch,) = arms.guard._fields["PSM1"]
    rng, acted, wanted = random.Random(3), 0, {}
    for number in range(600):
        if number % 60 == 0:
            wanted = {"PSM1": goal(rng, "PSM1")}
        acted += bool(arms.tick(wanted)["PSM1"] & Limit.COLLISION)
        ends = body("PSM1").place(arms.arms["PSM1"].position).ends[watch._part]
        assert (watch._clearance(ends) - watch._stop).min() >= -1e-4
    assert acted > 20


def test_the_cheap_bound_is_never_further_than_the_distance() -> None:
    """What decides which pairs are measured."""
    one = with_volumes(ARMS, {"volumes": [volume(shape=SHAPES[3])]})
    rng, still = random.Random(6), [np.array([[capsule.a, capsule.b]]) for capsule in one.pairs.resting]
    for _ in range(30):
        drawn = [body(arm).place(goal(rng, arm)).ends for arm in ARMS]
        ends = np.concatenate([*drawn, *still, np.zeros((1, 2, 3))])
        exact = one.pairs.gaps(ends[:, 0], ends[:, 1], np.arange(one.pairs.count))[0].distance
        assert (one.pairs.bound(ends[:, 0], ends[:, 1]) <= np.maximum(exact, -1.0) + 1e-9)[exact > 0.0].all()
