"""Where the tool should be, relative to where it stood when the clutch epoch began.

displacement = s (h(t) - h(0)),  rotation = R(t) R(0)^T,  both in the view frame, with h, R the hand at t and at the epoch's start.
A state, never an increment: dropping any sample changes no later one. A new scale s, or another lock, needs a new epoch.
dVRK keeps the tool's orientation as R(t) times the offset of the epoch's start (mtsTeleOperationPSM, RunCartesianTeleop): the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...errors import ConfigError
from ..values import FloatArray, Pose

# The tool never moves further than the hand; a larger scale would amplify tremor.
SCALE_MAX = 1.0


def valid_scale(scale: float) -> bool:
    """True for a finite motion scale in (0, SCALE_MAX]."""
    return math.isfinite(scale) and 0.0 < scale <= SCALE_MAX


@dataclass(frozen=True, eq=False)
class Anchor:
    """The hand at the start of a clutch epoch (view frame), the epoch's motion scale, and what the operator has locked."""

    hand: Pose
    scale: float
    lock_rotation: bool = False
    lock_translation: bool = False

    def __post_init__(self) -> None:
        if not valid_scale(self.scale):
            raise ConfigError(f"motion scale: wanted a number in (0, {SCALE_MAX}], got {self.scale!r}")

    def displacement(self, hand: Pose) -> FloatArray:
        """Tool displacement since the epoch began, shape (3,) [m], view frame."""
        if self.lock_translation:
            return np.zeros(3)
        displacement: FloatArray = self.scale * (hand.position - self.hand.position)
        return displacement

    def rotation(self, hand: Pose) -> FloatArray:
        """Tool rotation since the epoch began, shape (3, 3), view frame. Exactly the identity while the hand has not turned."""
        if self.lock_rotation or hand.rotation.tolist() == self.hand.rotation.tolist():
            return np.eye(3)  # R R^T rounds to 1 - 1e-16, and "no motion" should read as none
        rotation: FloatArray = hand.rotation @ self.hand.rotation.T
        return rotation
