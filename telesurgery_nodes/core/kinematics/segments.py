"""Distances of segments to segments, boxes and cylinders, many pairs at once. A capsule is a segment with a radius.

Every function takes segments as ``a``, ``b`` (n, 3) [m] and returns a `Gap`: how far the segment is, the unit direction from the other
shape towards it, and where on the segment the nearest point lies. All shapes are convex, so that the plane across the nearest points
separates them: that is what the velocity rule in collision.py is built on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..values import FloatArray

Indices = NDArray[np.intp]
TINY = 1e-12  # [m or m2] shorter than any shape: below it a length is zero
HALVINGS = 40  # of a segment: 1 m / 2^40 is far below TINY


class Gap(NamedTuple):
    """``distance`` (n,) [m], 0 where they meet; ``normal`` (n, 3) towards the segment; ``at`` (n,) in [0, 1] on the segment."""

    distance: FloatArray
    normal: FloatArray
    at: FloatArray


class Boxes(NamedTuple):
    """``center`` (n, 3), ``rotation`` (n, 3, 3) box -> root, ``half`` (n, 3) half edges [m]."""

    center: FloatArray
    rotation: FloatArray
    half: FloatArray

    def outside(self, points: FloatArray) -> FloatArray:
        """From the nearest point of each box to ``points`` (n, 3), in the box's frame."""
        local = _into(points - self.center, self.rotation)
        return np.asarray(local - np.clip(local, -self.half, self.half))


class Cylinders(NamedTuple):
    """``center`` (n, 3), ``rotation`` (n, 3, 3) with the axis as z, ``radius`` and ``half`` height (n,) [m]."""

    center: FloatArray
    rotation: FloatArray
    radius: FloatArray
    half: FloatArray


def dot(a: FloatArray, b: FloatArray) -> FloatArray:
    """Scalar products of rows."""
    return np.asarray(np.einsum("...i,...i->...", a, b))


def to_segments(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> Gap:
    """Segments a-b against segments c-d (Ericson, Real-Time Collision Detection, 5.1.9; a point is a segment of no length).

    Where two segments meet, the normal is across both.
    """
    along, across, between = b - a, d - c, a - c
    aa, ee, ff = dot(along, along), dot(across, across), dot(across, between)
    bb, cc = dot(along, across), dot(along, between)
    denominator = aa * ee - bb * bb
    s = np.clip(np.divide(bb * ff - cc * ee, denominator, out=np.zeros_like(aa), where=denominator > TINY * aa * ee), 0.0, 1.0)
    t = np.clip(_ratio(bb * s + ff, ee), 0.0, 1.0)
    s = np.clip(_ratio(bb * t - cc, aa), 0.0, 1.0)
    t = np.clip(_ratio(bb * s + ff, ee), 0.0, 1.0)
    way = between + s[:, None] * along - t[:, None] * across
    return _gap(way, s, lambda rows: np.cross(along[rows], across[rows]))


def to_boxes(a: FloatArray, b: FloatArray, boxes: Boxes) -> Gap:
    """Segments against boxes, exactly: half the squared distance is convex along the segment and its slope is piecewise linear."""
    start = _into(a - boxes.center, boxes.rotation)
    along = _into(b - a, boxes.rotation)
    half = boxes.half
    safe = np.where(np.abs(along) > TINY, along, np.inf)
    breaks = np.concatenate([(half - start) / safe, (-half - start) / safe], axis=1)
    times = np.sort(np.concatenate([np.clip(breaks, 0.0, 1.0), np.zeros((len(a), 1)), np.ones((len(a), 1))], axis=1), axis=1)
    points = start[:, None, :] + times[:, :, None] * along[:, None, :]
    outside = points - np.clip(points, -half[:, None, :], half[:, None, :])
    slope = dot(outside, along[:, None, :])
    at = _root(times, slope)
    point = start + at[:, None] * along
    way = point - np.clip(point, -half, half)
    gap = _gap(way, at, lambda rows: _out_of_box(point[rows], half[rows]))
    return gap._replace(normal=_out_of(gap.normal, boxes.rotation))


def to_cylinders(a: FloatArray, b: FloatArray, cylinders: Cylinders) -> Gap:
    """Segments against solid cylinders: the slope of half the squared distance grows along the segment; halving finds its root."""
    start, along = _into(a - cylinders.center, cylinders.rotation), _into(b - a, cylinders.rotation)
    low, high = np.zeros(len(a)), np.ones(len(a))
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        rising = dot(_out_of_cylinder(start + middle[:, None] * along, cylinders), along) > 0.0
        low, high = np.where(rising, low, middle), np.where(rising, middle, high)
    # Both ends of the segment count exactly; where the slope is zero over a stretch any point of it is nearest.
    ends = np.stack([np.zeros_like(low), 0.5 * (low + high), np.ones_like(low)])
    ways = np.stack([_out_of_cylinder(start + time[:, None] * along, cylinders) for time in ends])
    best = np.argmin(dot(ways, ways), axis=0)
    rows = np.arange(len(a))
    at = ends[best, rows]
    point = start + at[:, None] * along
    gap = _gap(ways[best, rows], at, lambda hit: _side_of_cylinder(point[hit], Cylinders(*(part[hit] for part in cylinders))))
    return gap._replace(normal=_out_of(gap.normal, cylinders.rotation))


def box_support(normal: FloatArray, boxes: Boxes) -> FloatArray:
    """How far boxes reach along ``normal`` (n, 3) [m]."""
    return np.asarray(dot(normal, boxes.center) + np.sum(np.abs(_into(normal, boxes.rotation)) * boxes.half, axis=1))


def cylinder_support(normal: FloatArray, cylinders: Cylinders) -> FloatArray:
    """How far cylinders reach along ``normal`` (n, 3) [m]."""
    local = _into(normal, cylinders.rotation)
    across = np.hypot(local[:, 0], local[:, 1])
    return np.asarray(dot(normal, cylinders.center) + across * cylinders.radius + np.abs(local[:, 2]) * cylinders.half)


def _gap(way: FloatArray, at: FloatArray, otherwise: object) -> Gap:
    """``otherwise(rows)``: a direction for the rows that have none because the shapes meet."""
    distance = np.sqrt(dot(way, way))
    meeting = distance <= TINY
    if meeting.any():
        rows = np.flatnonzero(meeting)
        way = way.copy()
        way[rows] = otherwise(rows)  # type: ignore[operator]
        distance = np.where(meeting, 0.0, distance)
    length = np.sqrt(dot(way, way))
    normal = way / np.where(length > TINY, length, 1.0)[:, None]
    if meeting.any():
        normal[length <= TINY] = (0.0, 0.0, 1.0)  # parallel and one in the other: every direction across is as good
    return Gap(distance, normal, at)


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    return np.divide(above, below, out=np.zeros_like(above), where=below > TINY * TINY)


def _into(vectors: FloatArray, rotation: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("nji,nj->ni", rotation, vectors))


def _out_of(vectors: FloatArray, rotation: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("nij,nj->ni", rotation, vectors))


def _root(times: FloatArray, slope: FloatArray) -> FloatArray:
    """Where a rising, piecewise linear ``slope`` (n, k) is zero; the middle of the stretch where it is so for longer; else an end."""
    rows, last = np.arange(len(times)), times.shape[1] - 1
    first_up = np.where((slope >= 0.0).any(axis=1), np.argmax(slope >= 0.0, axis=1), last)
    last_down = np.where((slope <= 0.0).any(axis=1), last - np.argmax((slope <= 0.0)[:, ::-1], axis=1), 0)
    below, above = np.minimum(last_down, first_up), np.maximum(last_down, first_up)
    s0, s1, t0, t1 = slope[rows, below], slope[rows, above], times[rows, below], times[rows, above]
    rise = s1 - s0
    share = np.where(rise > 0.0, -s0 / np.where(rise > 0.0, rise, 1.0), 0.5)
    return np.asarray(t0 + np.clip(share, 0.0, 1.0) * (t1 - t0))


def _out_of_box(point: FloatArray, half: FloatArray) -> FloatArray:
    """Towards the nearest face of the box a point is in."""
    axis = np.argmin(half - np.abs(point), axis=1)
    out = np.zeros_like(point)
    rows = np.arange(len(point))
    out[rows, axis] = np.where(point[rows, axis] < 0.0, -1.0, 1.0)
    return out


def _out_of_cylinder(point: FloatArray, cylinders: Cylinders) -> FloatArray:
    """From the nearest point of the solid to ``point``."""
    across = np.hypot(point[:, 0], point[:, 1])
    share = np.maximum(across - cylinders.radius, 0.0) / np.where(across > TINY, across, 1.0)
    over = np.sign(point[:, 2]) * np.maximum(np.abs(point[:, 2]) - cylinders.half, 0.0)
    return np.stack([point[:, 0] * share, point[:, 1] * share, over], axis=1)


def _side_of_cylinder(point: FloatArray, cylinders: Cylinders) -> FloatArray:
    """Towards the nearest side or end of the cylinder a point is in."""
    across = np.hypot(point[:, 0], point[:, 1])
    radial = np.where((across > TINY)[:, None], point[:, :2] / np.where(across > TINY, across, 1.0)[:, None], [1.0, 0.0])
    side = np.concatenate([radial, np.zeros((len(point), 1))], axis=1)
    end = np.stack([np.zeros_like(across), np.zeros_like(across), np.where(point[:, 2] < 0.0, -1.0, 1.0)], axis=1)
    nearer_end = cylinders.half - np.abs(point[:, 2]) < cylinders.radius - across
    return np.where(nearer_end[:, None], end, side)
