"""Laws of the closed form: oracle rows, round trips, twist against differences, branches, position first."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from arm_samples import config, postures

from telesurgery_nodes.core.kinematics.frames import (
    IDENTITY_ROTATION,
    Frame,
    angle_between,
    distance,
    from_rpy,
    product,
    transpose,
    vee,
)
from telesurgery_nodes.core.kinematics.limits import JointLimits, Limit
from telesurgery_nodes.core.kinematics.psm import BESIDE, Psm, _far, nearest_turn
from telesurgery_nodes.errors import ConfigError, KinematicsError

CONFIG = config("psm")
PSM = Psm(CONFIG.limits)
HOME = CONFIG.home
ORACLE = [  # sim.md section 6.2: tool0 in the RCM frame [mm], Pinocchio and dVRK's DH agree to 2e-11
    ((0, 0, 0, 0, 0, 0), (0, 0, 6.5)),
    ((0, 0, 0.1, 0, 0, 0), (0, 0, -93.5)),
    ((0.1, 0.1, 0.2, 0.1, 0.1, 0.1), (19.1175, -20.2127, -191.4457)),
    ((0.5, -0.4, 0.15, 1, -0.6, 0.7), (65.9410, 57.8196, -111.6857)),
    ((-1, 0.6, 0.22, -2, 1.2, -1.2), (-141.7551, -114.3617, -100.1851)),
]


@pytest.mark.parametrize(("q", "millimetres"), ORACLE)
def test_forward_meets_the_published_rows(q: tuple[float, ...], millimetres: tuple[float, ...]) -> None:
    assert [1e3 * x for x in PSM.forward(q).p] == pytest.approx(millimetres, abs=6e-5)


def test_home_rotation_is_the_published_one() -> None:
    assert PSM.forward((0.0,) * 6).r == pytest.approx((0, 1, 0, 1, 0, 0, 0, 0, -1), abs=1e-15)


def test_a_thousand_targets_come_back() -> None:
    for q in postures(PSM.limits, 1000):
        target = PSM.forward(q)
        assert PSM.solve(target, q) == pytest.approx(q, abs=1e-9)
        back = PSM.forward(PSM.solve(target, HOME))
        assert distance(back.p, target.p) <= 1e-9 and angle_between(back.r, target.r) <= 1e-9


def test_all_four_branches_reach_the_target() -> None:
    for q in postures(PSM.limits, 50, seed=2):
        target = PSM.forward(q)
        found = list(PSM.branches(target, q))
        assert len(found) == 4 and len({tuple(round(x, 6) for x in other) for other in found}) == 4
        for other in found:
            back = PSM.forward(other)
            assert distance(back.p, target.p) <= 1e-9 and angle_between(back.r, target.r) <= 1e-9


def test_no_other_branch_is_as_near_as_one_beside_the_reference() -> None:
    """What `follow` stops looking by: two branches lie more than twice that apart wherever the arm may be."""
    for q in postures(PSM.limits, 2000, seed=4):
        for reference in (q, tuple(x + 0.02 for x in q)):
            found = sorted(_far(other, reference) for other in PSM.branches(PSM.forward(q), reference))
            assert found[0] <= BESIDE and found[1] > 2.0 * BESIDE + found[0], "a second branch lies in reach of another reference"


def test_twist_is_the_derivative() -> None:
    step = 1e-6
    for q in postures(PSM.limits, 20, seed=3):
        whole = [0.0] * 6
        for joint in range(6):
            unit = tuple(float(i == joint) for i in range(6))
            linear, angular = PSM.twist(q, unit)
            ahead = PSM.forward(tuple(x + step * v for x, v in zip(q, unit, strict=True)))
            behind = PSM.forward(tuple(x - step * v for x, v in zip(q, unit, strict=True)))
            assert linear == pytest.approx([(a - b) / (2 * step) for a, b in zip(ahead.p, behind.p, strict=True)], abs=1e-8)
            assert angular == pytest.approx([x / (2 * step) for x in vee(product(ahead.r, transpose(behind.r)))], abs=1e-7)
            whole = [sum_ + 0.3 * (joint + 1) * x for sum_, x in zip(whole, (*linear, *angular), strict=True)]
        linear, angular = PSM.twist(q, tuple(0.3 * (joint + 1) for joint in range(6)))
        assert (*linear, *angular) == pytest.approx(whole, abs=1e-12)


def test_roll_is_unwrapped_towards_the_reference() -> None:
    q = (0.1, 0.1, 0.12, 4.4, 0.2, 0.1)
    assert PSM.solve(PSM.forward(q), q)[3] == pytest.approx(4.4)
    assert nearest_turn(0.1, 4 * math.pi) == pytest.approx(4 * math.pi + 0.1)


@pytest.mark.parametrize("wrist", [(0.3, 1.8, 0.2), (0.3, -1.7, 0.2), (0.0, 0.2, 1.9), (4.7, 0.1, 0.1)])
def test_a_wrist_at_its_end_keeps_the_position(wrist: tuple[float, ...]) -> None:
    bounds = zip(wrist, PSM.limits.lower[3:], PSM.limits.upper[3:], strict=True)
    reference = (0.1, -0.1, 0.12, *(min(max(w, low), high) for w, low, high in bounds))
    target = PSM.forward((0.1, -0.1, 0.12, *wrist))
    solution = PSM.follow(target, reference)
    assert Limit.WRIST in solution.reasons and PSM.limits.inside(solution.joints)
    assert distance(PSM.forward(solution.joints).p, target.p) <= 1e-9


def test_too_deep_or_too_near_points_at_the_target_and_says_so() -> None:
    for insertion, edge in ((0.26, PSM.limits.upper[2]), (0.03, PSM.limits.lower[2])):
        target = PSM.forward((0.2, 0.1, insertion, 0.1, 0.3, 0.1))
        solution = PSM.follow(target, (0.2, 0.1, edge, 0.1, 0.3, 0.1))
        tip = PSM.forward(solution.joints).p
        assert Limit.INSERTION in solution.reasons and solution.joints[2] == edge
        assert distance(tip, target.p) == pytest.approx(abs(insertion - edge), abs=2e-3)


def test_a_branch_far_away_is_not_jumped_to() -> None:
    # In range, but the roll would have to make half a turn: orientation is held back instead.
    q = (0.1, 0.1, 0.12, 2.5, 0.2, 0.1)
    solution = PSM.follow(PSM.forward(q), (0.1, 0.1, 0.12, -0.6, 0.2, 0.1))
    assert solution.reasons & (Limit.BRANCH | Limit.WRIST)
    assert abs(solution.joints[3] + 0.6) <= math.pi / 2


def test_follow_in_range_is_solve() -> None:
    for q in postures(PSM.limits, 50, seed=5):
        near = tuple(x + 1e-3 for x in q)
        assert PSM.follow(PSM.forward(q), near).joints == pytest.approx(q, abs=1e-9)


def test_what_has_no_solution_says_so() -> None:
    down = PSM.forward((0.0, 0.0, 0.1, 0.0, 0.0, 0.0))
    with pytest.raises(KinematicsError, match="finite"):
        PSM.follow(Frame((math.nan, 0.0, 0.0), down.r), HOME)
    with pytest.raises(KinematicsError, match="yaw axis"):
        PSM.follow(Frame((0.0, 0.0, 0.0), down.r), HOME)
    with pytest.raises(KinematicsError, match="into the remote centre"):
        list(PSM.branches(Frame((0.0, 0.0, -0.0091), down.r), HOME))
    with pytest.raises(KinematicsError, match="no solution inside"):
        PSM.solve(Frame((0.0, 0.0, -0.5), down.r), HOME)
    tight = Psm(replace(PSM.limits, lower=(*PSM.limits.lower[:4], 1.0, -1.396)))
    with pytest.raises(KinematicsError, match="at its limit"):
        tight.follow(Frame((0.0, 1e-4, -0.004), down.r), (0.0, 0.0, 0.05, 0.0, 1.2, 0.0))
    with pytest.raises(ConfigError, match="6 joints"):
        Psm(JointLimits((0.0,), (1.0,), (1.0,), (1.0,), (0.0,), (1.0,)))
    assert from_rpy(0.0, 0.0, 0.0) == pytest.approx(IDENTITY_ROTATION)
