"""Laws of the distances: symmetric, unmoved by rigid motion, never more than any sample, equal to coal where it is installed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telesurgery_nodes.core.kinematics.frames import from_rpy, matrix_of
from telesurgery_nodes.core.kinematics.segments import (
    Boxes,
    Cylinders,
    box_support,
    cylinder_support,
    to_boxes,
    to_cylinders,
    to_segments,
)

SEEDS = st.integers(0, 2**32 - 1)
MANY = 200
LAWS = settings(max_examples=20, deadline=None)


def drawn(seed: int, count: int = MANY):
    """Segments of many lengths, some of them points, some parallel to an axis; boxes; cylinders."""
    rng = np.random.default_rng(seed)
    a, b, c, d = (rng.uniform(-1.0, 1.0, (count, 3)) for _ in range(4))
    b[::7] = a[::7]
    d[::11] = c[::11]
    b[::5] = a[::5] + np.array([0.0, 0.0, 0.4])
    d[::5] = c[::5] + np.array([0.0, 0.0, 0.7])
    rotation = np.array([matrix_of(from_rpy(*rng.uniform(-3.0, 3.0, 3))) for _ in range(count)])
    rotation[::5] = np.eye(3)
    boxes = Boxes(c, rotation, rng.uniform(0.01, 0.5, (count, 3)))
    return rng, a, b, c, d, boxes, Cylinders(c, rotation, rng.uniform(0.01, 0.5, count), rng.uniform(0.01, 0.5, count))


@LAWS
@given(SEEDS)
def test_segments_are_symmetric_and_never_further_than_a_sample(seed: int) -> None:
    rng, a, b, c, d, *_ = drawn(seed)
    gap, back = to_segments(a, b, c, d), to_segments(c, d, a, b)
    assert gap.distance == pytest.approx(back.distance, abs=1e-12)
    s, t = rng.uniform(0.0, 1.0, (2, 200, MANY, 1))
    samples = np.linalg.norm(a + s * (b - a) - c - t * (d - c), axis=-1)
    assert (gap.distance <= samples.min(axis=0) + 1e-12).all()
    assert np.linalg.norm(gap.normal, axis=1) == pytest.approx(1.0)


@LAWS
@given(SEEDS)
def test_the_plane_across_the_nearest_points_separates(seed: int) -> None:
    """low(A) - high(B) along the normal is the distance: what approach.py is built on."""
    _, a, b, c, d, boxes, cylinders = drawn(seed)
    for gap, high in (
        (to_segments(a, b, c, d), lambda n: np.maximum(np.sum(n * c, axis=1), np.sum(n * d, axis=1))),
        (to_boxes(a, b, boxes), lambda n: box_support(n, boxes)),
        (to_cylinders(a, b, cylinders), lambda n: cylinder_support(n, cylinders)),
    ):
        low = np.minimum(np.sum(gap.normal * a, axis=1), np.sum(gap.normal * b, axis=1))
        apart = gap.distance > 1e-9
        assert (low - high(gap.normal))[apart] == pytest.approx(gap.distance[apart], abs=1e-8)
        assert ((low - high(gap.normal))[~apart] <= 1e-9).all()


@LAWS
@given(SEEDS)
def test_rigid_motion_changes_no_distance(seed: int) -> None:
    rng, a, b, c, d, boxes, cylinders = drawn(seed)
    turn, shift = matrix_of(from_rpy(*rng.uniform(-3.0, 3.0, 3))), rng.uniform(-2.0, 2.0, 3)

    def moved(points):
        return points @ turn.T + shift

    assert to_segments(moved(a), moved(b), moved(c), moved(d)).distance == pytest.approx(to_segments(a, b, c, d).distance, abs=1e-9)
    there = boxes._replace(center=moved(boxes.center), rotation=turn @ boxes.rotation)
    assert to_boxes(moved(a), moved(b), there).distance == pytest.approx(to_boxes(a, b, boxes).distance, abs=1e-9)
    there = cylinders._replace(center=moved(cylinders.center), rotation=turn @ cylinders.rotation)
    assert to_cylinders(moved(a), moved(b), there).distance == pytest.approx(to_cylinders(a, b, cylinders).distance, abs=1e-9)


@LAWS
@given(SEEDS)
def test_solids_are_never_further_than_a_sample(seed: int) -> None:
    rng, a, b, *_, boxes, cylinders = drawn(seed)
    points = a + np.linspace(0.0, 1.0, 400)[:, None, None] * (b - a)
    local = np.einsum("nji,knj->kni", boxes.rotation, points - boxes.center)
    sampled = np.linalg.norm(local - np.clip(local, -boxes.half, boxes.half), axis=-1).min(axis=0)
    found = to_boxes(a, b, boxes).distance
    assert (found <= sampled + 1e-12).all() and (found >= sampled - np.linalg.norm(b - a, axis=1) / 400 - 1e-12).all()
    across = np.maximum(np.hypot(local[..., 0], local[..., 1]) - cylinders.radius, 0.0)
    sampled = np.hypot(across, np.maximum(np.abs(local[..., 2]) - cylinders.half, 0.0)).min(axis=0)
    found = to_cylinders(a, b, cylinders).distance
    assert (found <= sampled + 1e-12).all() and (found >= sampled - np.linalg.norm(b - a, axis=1) / 400 - 1e-12).all()
    assert rng is not None


@pytest.mark.parametrize("seed", range(3))
def test_equal_to_coal(seed: int) -> None:
    coal = pytest.importorskip("coal")
    from telesurgery_nodes.devices.coal_mesh import _turn

    _, a, b, c, d, boxes, cylinders = drawn(seed)
    thin = 1e-6  # [m] coal has no segments

    def capsule(start, end):
        length = float(np.linalg.norm(end - start))
        shape = coal.Capsule(thin, length) if length > 0.0 else coal.Sphere(thin)
        return shape, coal.Transform3s(_turn(end - start, length), 0.5 * (start + end))

    def distance(one, other):
        return coal.distance(*one, *other, coal.DistanceRequest(), coal.DistanceResult())

    ours = to_segments(a, b, c, d).distance, to_boxes(a, b, boxes).distance, to_cylinders(a, b, cylinders).distance
    for i in range(MANY):
        one, pose = capsule(a[i], b[i]), coal.Transform3s(boxes.rotation[i], boxes.center[i])
        solid, can = coal.Box(*(2.0 * boxes.half[i])), coal.Cylinder(float(cylinders.radius[i]), 2.0 * float(cylinders.half[i]))
        theirs = distance(one, capsule(c[i], d[i])) + 2 * thin, distance(one, (solid, pose)) + thin, distance(one, (can, pose)) + thin
        for mine, its in zip(ours, theirs, strict=True):
            assert mine[i] == pytest.approx(max(its, 0.0), abs=2e-5) or its < 3e-5
