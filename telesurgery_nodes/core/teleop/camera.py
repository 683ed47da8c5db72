"""Both hands hold the picture: while the camera pedal is down their common motion moves the camera arm.

As dVRK's mtsTeleOperationECM does it: the midpoint of the hands seen from the eye pans and tilts, its distance moves the camera in
and out, the line between the hands rolls. The scene goes where the hands pull it, so the camera goes the other way. A spring keeps the
hands as far apart as they were. dVRK moves joints and corrects pan and tilt for the roll; here the turn is one rotation in the view
frame, which is right at any roll.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...errors import ConfigError
from ..rotations import log
from ..values import CameraMotion, FloatArray, Pose

LEFT, RIGHT = "MTML", "MTMR"
# dVRK's default for in and out (set_scale of mtsTeleOperationECM); angles are never scaled.
CAMERA_SCALE = 0.5
# dVRK's check_MTMs_workspace: where hands can be in the display frame [m]. Outside, angles seen from the eye mean nothing.
WORK_AREA_LOW, WORK_AREA_HIGH = np.array([-0.4, -0.2, 0.01]), np.array([0.4, 0.2, 0.8])
LEAST_APART = 0.02  # [m] across the line of sight: nearer together the hands have no roll
# dVRK's spring between the hands [N/m]; the limit is ours, a hand must be able to overcome it.
SPRING, FORCE_MAX = 150.0, 4.0


def can_hold(hands: Mapping[str, Pose]) -> bool:
    """True where both hands are there, in the work area, and far enough apart to hold the picture."""
    if LEFT not in hands or RIGHT not in hands:
        return False
    left, right = hands[LEFT].position, hands[RIGHT].position
    inside = all(bool(np.all(p >= WORK_AREA_LOW) and np.all(p <= WORK_AREA_HIGH)) for p in (left, right))
    middle = 0.5 * (left + right)
    across = np.linalg.norm(np.cross(right - left, middle / np.linalg.norm(middle))) if inside else 0.0
    return inside and bool(across >= LEAST_APART)


@dataclass(frozen=True, eq=False)
class _Held:
    """The hands seen from the eye: distance [m] and direction of their midpoint, up and side (3,), half of their way along both [m]."""

    distance: float
    forward: FloatArray
    up: FloatArray
    side: FloatArray
    half_side: float
    half_depth: float


def _held(hands: Mapping[str, Pose]) -> _Held:
    left, right = hands[LEFT].position, hands[RIGHT].position
    between, middle = right - left, 0.5 * (left + right)
    distance = float(np.linalg.norm(middle))
    forward = middle / distance
    up = np.cross(between, forward)
    up = up / np.linalg.norm(up)
    side = np.cross(forward, up)
    return _Held(distance, forward, up, side, 0.5 * float(side @ between), 0.5 * float(forward @ between))


class CameraGrip:
    """The hands at the start of a camera epoch."""

    def __init__(self, hands: Mapping[str, Pose], scale: float = CAMERA_SCALE) -> None:
        """ConfigError where the hands cannot hold the picture."""
        if not can_hold(hands):
            raise ConfigError(f"camera: both hands wanted apart and in {WORK_AREA_LOW} to {WORK_AREA_HIGH} m, got {hands}")
        self._start, self._scale = _held(hands), scale

    def motion(self, hands: Mapping[str, Pose]) -> CameraMotion:
        """Wanted camera motion since the grip began; exactly nothing while the hands have not moved."""
        now, start = _held(hands), self._start
        if np.array_equal(now.forward, start.forward) and np.array_equal(now.up, start.up):
            turn: FloatArray = np.zeros(3)
        else:
            turned = _axes(now) @ _axes(start).T
            turn = -log(turned)
        return CameraMotion(turn, self._scale * (start.distance - now.distance))

    def forces(self, hands: Mapping[str, Pose]) -> dict[str, FloatArray]:
        """Force on each hand [N], shape (3,), display frame, that keeps them as far apart as at the start."""
        now, start = _held(hands), self._start
        middle = now.distance * now.forward
        arm = start.half_side * now.side + start.half_depth * now.forward
        pulls = {LEFT: middle - arm - hands[LEFT].position, RIGHT: middle + arm - hands[RIGHT].position}
        return {master: _limited(SPRING * pull) for master, pull in pulls.items()}


def _axes(held: _Held) -> FloatArray:
    return np.column_stack([held.forward, held.up, held.side])


def _limited(force: FloatArray) -> FloatArray:
    size = float(np.linalg.norm(force))
    return force * (FORCE_MAX / size) if size > FORCE_MAX else force
