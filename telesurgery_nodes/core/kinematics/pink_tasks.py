"""Two tasks that Pink does not have: a shaft that passes through a point, and the roll about a shaft. Needs the extra ``ik``."""

from __future__ import annotations

import math

import numpy as np
import pinocchio as pin
from pink.configuration import Configuration
from pink.tasks import Task

from ..values import FloatArray


class TrocarTask(Task):  # type: ignore[misc]  # pink ships no types
    """The z axis of frame ``shaft`` passes through ``trocar`` (3,) [m] of the base frame: two numbers are zero.

    Error: the trocar's x and y in the shaft frame [m]. Meant as a hard equality (solve_ik's ``constraints``).
    """

    def __init__(self, shaft: int, trocar: FloatArray) -> None:
        super().__init__(cost=1.0, gain=1.0)
        self.shaft, self.trocar = shaft, trocar

    def seen(self, data: pin.Data) -> FloatArray:
        """The trocar in the shaft frame (3,) [m]."""
        place = data.oMf[self.shaft]
        return np.asarray(place.rotation.T @ (self.trocar - place.translation), dtype=np.float64)

    def compute_error(self, configuration: Configuration) -> FloatArray:
        """(2,) [m]."""
        return self.seen(configuration.data)[:2]

    def compute_jacobian(self, configuration: Configuration) -> FloatArray:
        """(2, n): the trocar stands still, the shaft frame moves with v and turns with w, so d' = -v + d x w."""
        x, y, z = self.seen(configuration.data)
        both = pin.getFrameJacobian(configuration.model, configuration.data, self.shaft, pin.ReferenceFrame.LOCAL)
        turn = np.array([[0.0, -z, y], [z, 0.0, -x]])
        return np.asarray(-both[:2] + turn @ both[3:], dtype=np.float64)

    def __repr__(self) -> str:
        return f"TrocarTask(shaft={self.shaft}, trocar={self.trocar})"


class RollTask(Task):  # type: ignore[misc]
    """Turn about the z axis of frame ``tip`` towards ``target`` (3, 3), whatever that axis points at (swing and twist)."""

    def __init__(self, tip: int, cost: float) -> None:
        super().__init__(cost=cost, gain=1.0)
        self.tip, self.target = tip, np.eye(3)

    def compute_error(self, configuration: Configuration) -> FloatArray:
        """(1,) [rad]: twist of the tip against the target."""
        turned = pin.Quaternion(self.target.T @ configuration.data.oMf[self.tip].rotation)
        return np.array([math.remainder(2.0 * math.atan2(turned.z, turned.w), 2.0 * math.pi)])

    def compute_jacobian(self, configuration: Configuration) -> FloatArray:
        """(1, n)."""
        local = pin.getFrameJacobian(configuration.model, configuration.data, self.tip, pin.ReferenceFrame.LOCAL)
        return np.asarray(local[5:6], dtype=np.float64)

    def __repr__(self) -> str:
        return f"RollTask(tip={self.tip})"
