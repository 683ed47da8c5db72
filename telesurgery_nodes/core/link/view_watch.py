"""Does the camera move? Instruments are commanded in its view, so no clutch epoch may begin while it does, nor outlive that.

dVRK keeps the instruments' base frame of the epoch's beginning (mtsTeleOperationPSM, base_frame): they stand still in the patient, but the
hands then move them along the old picture. Here the epoch ends instead, and the next one begins in the new picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..rotations import angle, length
from ..values import Pose

# A camera arm's motors hold within micrometres and hundredths of a degree; a step beyond this between two samples is motion.
STEP_M, STEP_RAD = 0.0002, math.radians(0.1)
SETTLE = 0.1  # [s] without such a step before the camera stands
# Further than this from where it stood at the epoch's beginning, the picture is another one.
MOVED_M, MOVED_RAD = STEP_M, STEP_RAD
FRESH = 0.3  # [s] an older camera pose is none; an idle arm says its pose 25 times a second


@dataclass(frozen=True)
class View:
    """Camera ``pose`` in a frame fixed in the patient, and whether it stands still."""

    pose: Pose
    still: bool


def further(one: Pose, other: Pose, metres: float, radians: float) -> bool:
    """Two poses differ by more than this (written so that NaN does)."""
    near = length(one.position - other.position) <= metres and angle(one.rotation @ other.rotation.T) <= radians
    return not near


class ViewWatch:
    """Newest camera pose and when it last moved."""

    def __init__(self) -> None:
        self._pose: Pose | None = None
        self._rest: Pose | None = None
        self._moved = self._heard = -math.inf

    def update(self, pose: Pose, now: float) -> None:
        """A sample at steady time ``now`` [s]."""
        if self._rest is None or further(pose, self._rest, STEP_M, STEP_RAD):
            self._rest, self._moved = pose, now
        self._pose, self._heard = pose, now

    def view(self, now: float) -> View | None:
        """None before the first sample; a view that went silent does not stand still and is nowhere near any other."""
        if self._pose is None:
            return None
        if not now - self._heard <= FRESH:
            return View(Pose(np.full(3, np.nan), self._pose.rotation), False)
        return View(self._pose, now - self._moved >= SETTLE)
