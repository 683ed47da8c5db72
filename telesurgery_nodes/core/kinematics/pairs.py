"""Which shapes are watched against which, as arrays; and their distances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..values import FloatArray
from .arm_body import ArmBody, Role
from .collision_config import Zone
from .obstacles import Still
from .segments import Boxes, Cylinders, Gap, Indices, box_support, cylinder_support, dot, to_boxes, to_cylinders, to_segments

# Class of a pair of parts of two arms; None: left out (obstacles.LEFT_OUT says why).
ARM_CLASSES: Mapping[frozenset[Role], str | None] = {
    frozenset({Role.OUTSIDE}): "arm_arm",
    frozenset({Role.OUTSIDE, Role.SHAFT}): "arm_arm",
    frozenset({Role.OUTSIDE, Role.TIP}): "arm_arm",
    frozenset({Role.SHAFT}): "shaft_shaft",
    frozenset({Role.SHAFT, Role.TIP}): "tip_shaft",
    frozenset({Role.TIP}): None,
}


class Pairs:
    """Watched pairs: a moving capsule ``first`` against ``second``: a capsule of another arm or at rest, a box, or a cylinder.

    Capsules are numbered over all arms, then those at rest; one more, without extent, stands for what is no capsule. Pairs stand
    in three sections: capsules, boxes, cylinders.
    """

    def __init__(self, bodies: Sequence[ArmBody], zones: Mapping[str, Zone], stills: Sequence[Still]) -> None:
        """``zones``: of the classes of pairs between arms."""
        starts = np.cumsum([0, *(len(body.parts) for body in bodies)])
        self.spans = {body.arm: slice(int(begin), int(end)) for body, begin, end in zip(bodies, starts[:-1], starts[1:], strict=True)}
        round_ones = [one for one in stills if one.capsule is not None]
        self.resting = [one.capsule for one in round_ones if one.capsule is not None]
        self.moving = int(starts[-1])
        self.radius = np.array([*(r for body in bodies for r in body.radius), *(one.radius for one in self.resting), 0.0])
        rows = [*_between_arms(bodies, self.spans, zones), *self._against(bodies, round_ones, self.moving)]
        sections = [len(rows)]
        self._solids: list[list[Still]] = []
        for kind in ("box", "cylinder"):
            solids = [one for one in stills if one.kind == kind]
            more = self._against(bodies, solids, None)
            rows += more
            self._solids.append([one for one in solids for body in bodies for part in body.parts if _watched(one, body, part.role)])
            sections.append(len(rows))
        self._begin_boxes, self._begin_cylinders, self.count = sections
        self.first = np.array([row[0] for row in rows], dtype=np.intp)
        self.second = np.array([row[1] for row in rows], dtype=np.intp)
        self.names = [row[2] for row in rows]
        self.groups = [row[3] for row in rows]
        self.slow = np.array([row[4].slow for row in rows])
        self.stop = np.array([row[4].stop for row in rows])
        self._boxes, self._cylinders = _boxes(self._solids[0]), _cylinders(self._solids[1])
        wide, high = self._cylinders.radius, self._cylinders.half
        self._around = Boxes(self._cylinders.center, self._cylinders.rotation, np.stack([wide, wide, high], axis=1))

    def _against(self, bodies: Sequence[ArmBody], stills: Sequence[Still], number: int | None) -> list[_Row]:
        """``number`` of the first capsule at rest; None: not capsules."""
        nobody = self.moving + len(self.resting)
        rows = []
        for offset, one in enumerate(stills):
            second = nobody if number is None else number + offset
            for body in bodies:
                for index, part in enumerate(body.parts, start=self.spans[body.arm].start):
                    if _watched(one, body, part.role):
                        rows.append((index, second, f"{part.link}/{one.name}", f"{body.arm}/{one.name}", one.zones[part.role]))
        return rows

    def bound(self, a: FloatArray, b: FloatArray) -> FloatArray:
        """Distances no pair is nearer than: of a ball around the first to the segment or box of the second; cheap."""
        along = b - a
        ball = 0.5 * np.sqrt(dot(along, along)) + self.radius
        middle, cut = (0.5 * (a + b))[self.first], self._begin_boxes
        second = self.second[:cut]
        share = _nearest_on(a[second], b[second], middle[:cut])[:, None]
        ways = [middle[:cut] - a[second] - share * along[second], self._boxes.outside(middle[cut : self._begin_cylinders])]
        ways.append(self._around.outside(middle[self._begin_cylinders :]))
        way = np.concatenate(ways)
        return np.asarray(np.sqrt(dot(way, way)) - ball[self.first] - self.radius[self.second])

    def gaps(self, a: FloatArray, b: FloatArray, rows: Indices) -> tuple[Gap, FloatArray]:
        """Distances of the pairs ``rows`` (rising) with capsule ends ``a``, ``b`` (all, 3), and where on the second the nearest point is.

        The distance is between surfaces, negative where they meet.
        """
        cuts = np.searchsorted(rows, (self._begin_boxes, self._begin_cylinders))
        round_rows, box_rows, cylinder_rows = np.split(rows, cuts)
        first, second = self.first[round_rows], self.second[round_rows]
        found = [to_segments(a[first], b[first], a[second], b[second])]
        nearest = a[first] + found[0].at[:, None] * (b[first] - a[first])
        touch = [_nearest_on(a[second], b[second], nearest), np.zeros(len(rows) - len(first))]
        if len(box_rows):
            first = self.first[box_rows]
            found.append(to_boxes(a[first], b[first], _box_rows(self._boxes, box_rows - self._begin_boxes)))
        if len(cylinder_rows):
            first = self.first[cylinder_rows]
            found.append(to_cylinders(a[first], b[first], _cylinder_rows(self._cylinders, cylinder_rows - self._begin_cylinders)))
        gap = Gap(*(np.concatenate(column) for column in zip(*found, strict=True)))
        surfaces = gap.distance - self.radius[self.first[rows]] - self.radius[self.second[rows]]
        return Gap(surfaces, gap.normal, gap.at), np.concatenate(touch)

    def reach(self, normal: FloatArray, rows: Indices) -> FloatArray:
        """How far boxes and cylinders among ``rows`` reach along ``normal``; 0 for capsules, which `collision` supports itself."""
        cuts = np.searchsorted(rows, (self._begin_boxes, self._begin_cylinders))
        found = np.zeros(len(rows))
        if cuts[0] < cuts[1]:
            part = slice(cuts[0], cuts[1])
            found[part] = box_support(normal[part], _box_rows(self._boxes, rows[part] - self._begin_boxes))
        if cuts[1] < len(rows):
            part = slice(cuts[1], len(rows))
            found[part] = cylinder_support(normal[part], _cylinder_rows(self._cylinders, rows[part] - self._begin_cylinders))
        return found


_Row = tuple[int, int, str, str, Zone]


def _watched(one: Still, body: ArmBody, role: Role) -> bool:
    return role in one.zones and one.own != body.arm


def _between_arms(bodies: Sequence[ArmBody], spans: Mapping[str, slice], zones: Mapping[str, Zone]) -> list[_Row]:
    rows: list[_Row] = []
    for number, one in enumerate(bodies):
        for other in bodies[number + 1 :]:
            for i, part in enumerate(one.parts, start=spans[one.arm].start):
                for j, against in enumerate(other.parts, start=spans[other.arm].start):
                    name = ARM_CLASSES[frozenset({part.role, against.role})]
                    if name is not None:
                        rows.append((i, j, f"{part.link}/{against.link}", f"{one.arm}/{other.arm}", zones[name]))
    return rows


def _nearest_on(a: FloatArray, b: FloatArray, point: FloatArray) -> FloatArray:
    """Where on the segments a-b the point nearest to ``point`` is."""
    along = b - a
    length = dot(along, along)
    return np.asarray(np.clip(np.divide(dot(point - a, along), length, out=np.zeros_like(length), where=length > 0.0), 0.0, 1.0))


def _box_rows(boxes: Boxes, rows: Indices) -> Boxes:
    return Boxes(*(column[rows] for column in boxes))


def _cylinder_rows(cylinders: Cylinders, rows: Indices) -> Cylinders:
    return Cylinders(*(column[rows] for column in cylinders))


def _poses(stills: Sequence[Still]) -> tuple[FloatArray, FloatArray]:
    frames = [one.frame for one in stills if one.frame is not None]
    return np.array([frame.p for frame in frames]).reshape(-1, 3), np.array([frame.r for frame in frames]).reshape(-1, 3, 3)


def _boxes(stills: Sequence[Still]) -> Boxes:
    return Boxes(*_poses(stills), 0.5 * np.array([one.size for one in stills]).reshape(-1, 3))


def _cylinders(stills: Sequence[Still]) -> Cylinders:
    size = np.array([one.size for one in stills]).reshape(-1, 2)
    return Cylinders(*_poses(stills), size[:, 0], 0.5 * size[:, 1])
