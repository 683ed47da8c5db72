"""Arms that move under one collision guard, for its tests."""

from __future__ import annotations

import numpy as np
from arm_samples import config
from collision_cart import ARMS, LIMITS, body, guard

from telesurgery_nodes.core.kinematics.arm_guard import ArmGuard
from telesurgery_nodes.core.kinematics.collision import CollisionGuard
from telesurgery_nodes.core.kinematics.collision_values import Path
from telesurgery_nodes.core.kinematics.reasons import Limit
from telesurgery_nodes.core.kinematics.stepper import StepLimiter

DT = 0.004
HOME = {arm: config("ecm" if arm == "ECM" else "psm").home for arm in ARMS}
HOME["PSM3"] = (0.0, 0.0, 0.06, 0.0, 0.0, 0.0)
NEAR = {**HOME, "PSM1": (0.0, 0.0, 0.12, 0.0, 0.0, 0.0), "PSM2": (0.0, 0.0, 0.12, 0.0, 0.0, 0.0)}


class Arms:
    """Steppers under one guard, with nothing else to slow them."""

    def __init__(self, arms=("PSM1", "PSM2"), slow_zone: bool = True, one: CollisionGuard | None = None, start=NEAR) -> None:
        self.guard, self.now = one or guard(arms), 0.0
        self.arms = {arm: StepLimiter(LIMITS[arm]) for arm in arms}
        for arm, stepper in self.arms.items():
            stepper.reset(start[arm])
            stepper.guard = ArmGuard(self.guard, arm) if slow_zone else OnlyStop(self.guard, arm)

    def watch(self):
        return self.guard.update({arm: Path(one.lead, one.lead_velocity, one.time) for arm, one in self.arms.items()}, self.now)

    def tick(self, goals, dt: float = DT, speed: float = 1.0) -> dict[str, Limit]:
        self.now += dt
        self.watch()
        return {arm: one.step(goals[arm], dt, speed) if arm in goals else one.brake(dt) for arm, one in self.arms.items()}

    def clearance(self) -> float:
        """Smallest distance less margin of all pairs of the set points, measured without the guard's book-keeping."""
        pairs = self.guard.pairs
        ends = [body(arm).place(one.position).ends for arm, one in self.arms.items()]
        ends += [np.array([[capsule.a, capsule.b]]) for capsule in pairs.resting]
        every = np.concatenate([*ends, np.zeros((1, 2, 3))])
        gap, _ = pairs.gaps(every[:, 0], every[:, 1], np.arange(pairs.count))
        return float(np.min(gap.distance - pairs.stop))


class OnlyStop(ArmGuard):
    """Without the slow zone, so that the stop rule alone has to hold."""

    def law(self, q, wanted):
        return 1.0, Limit.NONE
