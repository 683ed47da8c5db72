"""A jaw while nobody follows: to a local goal where there is one, else to rest."""

from __future__ import annotations

from ..kinematics.limits import Joints
from ..kinematics.stepper import StepLimiter

ARRIVED = 1e-6  # [rad] of the goal, at rest: it is reached


def rest_jaw(jaw: StepLimiter, goal: Joints | None, speed: float, dt: float) -> Joints | None:
    """One step at share ``speed`` of its limits; returns the goal still to be reached. ``goal`` (in range) None: brake."""
    if goal is None or not jaw.position:
        jaw.brake(dt)
        return None
    jaw.step(goal, dt, speed)
    return None if jaw.resting and abs(jaw.position[0] - goal[0]) <= ARRIVED else goal
