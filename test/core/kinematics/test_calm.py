"""While nothing is near: the guard asks nothing, wakes before anything can be near, and then knows all that it did not look at."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("xacro")

from collision_cart import guard
from collision_rig import DT, HOME, Arms

from telesurgery_nodes.core.kinematics.calm import Seen, budgets, rough
from telesurgery_nodes.core.kinematics.collision_values import Path

APART = {**HOME, "PSM1": (0.5, 0.0, 0.1, 0.0, 0.0, 0.0), "PSM2": (-0.5, 0.0, 0.1, 0.0, 0.0, 0.0)}
BOTH = ("PSM1", "PSM2")
CRAWL = 0.02  # of the joints' speeds


def calm(arms: Arms) -> bool:
    return arms.guard._calm is not None


def settled(start=APART) -> Arms:
    """Two arms that were measured once while they moved a little."""
    arms = Arms(BOTH, start=start)
    for _ in range(5):
        arms.tick({arm: (*start[arm][:5], 0.01) for arm in BOTH}, speed=CRAWL)
    return arms


ROUGH = settled().guard._calm["PSM1"]


def test_far_from_everything_it_is_calm_and_near_it_is_not() -> None:
    assert calm(settled())
    assert not calm(settled({**APART, "PSM1": APART["PSM2"], "PSM2": APART["PSM1"]}))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_out_of_the_calm_at_full_speed_the_margin_holds(seed: int) -> None:
    """Both rush to where the other is, with ticks of any length; without the wake-up they run through each other."""
    rng, arms = random.Random(seed), settled()
    goals = {"PSM1": (-0.7, rng.uniform(-0.2, 0.2), 0.15, 0.0, 0.0, 0.0), "PSM2": (0.7, rng.uniform(-0.2, 0.2), 0.15, 0.0, 0.0, 0.0)}
    began = calm(arms)
    for _ in range(150):
        arms.tick(goals, rng.choice((DT, DT, 0.001, 0.02)))
        assert arms.clearance() >= -1e-9
    assert began and not calm(arms)


def test_what_it_has_seen_is_what_it_would_have_watched() -> None:
    """After the wake-up the book-keeping is that of a guard that was never calm."""
    arms, other = settled(), guard(BOTH)
    other._still_calm = lambda paths, now: [seen.take(paths.get(arm)) for arm, seen in other._seen.items()] and False
    goals = {arm: (*APART[arm][:3], 0.4, 0.3, -0.2) for arm in BOTH}
    for _ in range(10):
        arms.tick(goals, speed=0.2)
        other._calm = None
        other.update({arm: Path(one.lead, one.lead_velocity, one.time) for arm, one in arms.arms.items()}, arms.now)
    arms.watch()
    other._calm = None
    other.update({arm: Path(one.lead, one.lead_velocity, one.time) for arm, one in arms.arms.items()}, arms.now)
    assert calm(arms)
    arms.guard._wake()
    for arm in BOTH:
        mine, its = arms.guard.paths[arm], other.paths[arm]
        assert mine.lead == its.lead and np.array_equal(mine.v, its.v)
        assert [seen.time for seen in mine._history] == [seen.time for seen in its._history]
        assert all(np.array_equal(a.ends, b.ends) for a, b in zip(mine._history, its._history, strict=True))


def test_an_arm_that_is_lost_or_is_nowhere_ends_it() -> None:
    for lost in (None, Path((math.nan,) * 6, (0.0,) * 6, 9.0)):
        arms = settled()
        one = arms.arms["PSM2"]
        arms.guard.update({"PSM1": lost, "PSM2": Path(one.lead, one.lead_velocity, one.time)}, arms.now)
        assert not calm(arms)
        assert not arms.guard.clear("PSM1", arms.arms["PSM1"].lead, (0.1,) * 6, DT)


def test_distances_that_are_no_numbers_give_no_budget() -> None:
    one = settled().guard
    distances = one._distances.copy()
    assert budgets(one.paths, one.pairs, distances, one._margin) is not None
    distances[3] = math.nan
    assert budgets(one.paths, one.pairs, distances, one._margin) is None


def test_no_pair_gets_to_its_slow_zone_on_what_both_sides_are_given() -> None:
    one = settled().guard
    given = one._calm
    most = np.full(len(one.pairs.radius), 0.0)
    step = np.full(len(one.pairs.radius), 0.0)
    for arm, budget in given.items():
        most[one.pairs.spans[arm]], step[one.pairs.spans[arm]] = budget.most, budget.step
    left = one._distances - one.pairs.slow
    assert (most[one.pairs.first] + most[one.pairs.second] <= left + 1e-12).all()
    assert (step[one.pairs.first] <= 0.5 * (one.pairs.slow - one._margin) + 1e-12).all()


def test_a_step_is_clear_only_within_both_bounds_braking_included() -> None:
    """Just inside, and just beyond, what one step may be and what is left of the whole."""
    arms = settled()
    budget = arms.guard._calm["PSM1"]
    here = Path(budget.lead, (0.0,) * 6, 1.0)
    speed = np.array([0.3, 0.0, 0.02, 0.0, 0.0, 0.0])
    travel = 0.5 * (DT + budget.path.braking_time(speed)) * speed
    used = budget.path.body.reach(travel)
    for most, cap, clear in ((1.01, 1.01, True), (0.99, 1.01, False), (1.01, 0.99, False)):
        tight = replace(budget, most=most * used + 1e-12, step=cap * used + 1e-12)
        assert tight.clear(here, tuple(speed.tolist()), DT) is clear
    gone = replace(budget, most=1.01 * used + 1e-12, step=2.0 * used + 1e-12)
    away = tuple(x + (0.01 if index == 2 else 0.0) for index, x in enumerate(budget.lead))
    assert not gone.clear(here._replace(lead=away), tuple(speed.tolist()), DT), "what has been moved so far counts too"


def test_seen_keeps_one_window_and_an_arm_moved_by_hand_once() -> None:
    seen = Seen(0.01)
    for n in range(10):
        seen.take(Path((0.1 * n,), (0.0,), 0.004 * n))
    assert [path.time for path in seen.paths] == pytest.approx([0.024, 0.028, 0.032, 0.036])
    for n in range(5):
        seen.take(Path((1.0 + n,), (0.0,), 0.004 * 9))
    assert len(seen.paths) == 4 and seen.now.lead == (5.0,)
    seen.take(None)
    assert not seen.paths


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_the_rough_sums_grant_the_exact_ones_grant(seed: int) -> None:
    """Also with the parts' budgets drawn anew, each as another part's worst."""
    rng = random.Random(seed)
    body = ROUGH.path.body
    travel = np.array([rng.choice((0.0, 1.0)) * rng.random() ** 4 for _ in range(6)])
    moved = np.array([rng.random() ** 4 for _ in range(6)])
    need = body.way(moved) + body.reach(travel)
    budget = need * np.array([rng.choice((0.999, 1.0, 1.001, 3.0, np.inf)) for _ in need]) + 1e-15
    way = (moved + travel).tolist()
    granted = rough(body, budget).spares(way, travel.tolist())
    assert not granted or (need <= budget).all()
    assert rough(body, np.full(len(need), 1e4)).spares(way, travel.tolist()), "where there is plenty it is enough"


def test_the_rough_sums_grant_nothing_of_no_budget_and_to_no_number() -> None:
    body = ROUGH.path.body
    plenty = np.full(len(body.parts), 1.0)
    assert rough(body, plenty).spares((0.0,) * 6, (0.0,) * 6)
    for where in range(6):
        bad = tuple(math.nan if index == where else 0.0 for index in range(6))
        assert not rough(body, plenty).spares(bad, ()) and not rough(body, plenty).spares((0.0,) * 6, bad)
    for none in (0.0, -1.0, math.nan):
        plenty[2] = none
        assert not rough(body, plenty).spares((0.0,) * 6, (0.0,) * 6)


def test_a_calm_that_is_renewed_knows_the_same_as_one_that_is_woken_and_looks_at_everything() -> None:
    arms, other = settled(), guard(BOTH)
    other._renewed = lambda known, now: False
    renewed = 0
    for _ in range(150):
        before = arms.guard._calm
        arms.tick({arm: (*APART[arm][:3], 0.4, 0.3, -0.2) for arm in BOTH}, speed=0.05)
        other.update(seen(arms), arms.now)
        renewed += arms.guard._calm is not before
    for one in (arms.guard, other):
        one._refreshed = -math.inf  # at the same moment
        one.update(seen(arms), arms.now)
    assert renewed > 3 and calm(arms) and other._calm is not None
    assert arms.guard.report == other.report and np.array_equal(arms.guard._distances, other._distances)
    for arm, budget in arms.guard._calm.items():
        its = other._calm[arm]
        assert budget.lead == its.lead and np.array_equal(budget.most, its.most) and np.array_equal(budget.step, its.step)


def seen(arms: Arms) -> dict[str, Path]:
    return {arm: Path(one.lead, one.lead_velocity, one.time) for arm, one in arms.arms.items()}


def test_a_calm_that_cannot_be_renewed_is_woken() -> None:
    arms = settled()
    arms.guard.pairs.slow += 0.2  # as if everything had come near meanwhile
    assert calm(arms)
    arms.guard._refreshed = -math.inf
    arms.tick({arm: APART[arm] for arm in BOTH}, speed=CRAWL)
    assert not calm(arms) and len(arms.guard.paths["PSM1"]._history) > 1, "it knows what it has seen"
