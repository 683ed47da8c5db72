"""Four arms in one loop in virtual time: inverse kinematics, limits, smoothing and the collision guard, all arm control's own."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...core.arm.assembly import Assembly, assemble
from ...core.arm.values import ArmInputs, Measured
from ...core.kinematics.arm_guard import ArmGuard
from ...core.kinematics.collision import CollisionGuard
from ...core.kinematics.collision_values import Path
from ...core.kinematics.frames import Frame, compose, from_rpy, inverse, norm, product
from ...core.kinematics.limits import Joints
from ...core.kinematics.model import RobotModel
from ...core.values import CAMERA_ARM, INSTRUMENTS, FloatArray
from ...description import homes
from ...nodes.arm_setup import read_config, read_urdf
from ...nodes.collision_setup import make_guard

PERIOD = 0.004  # [s]
URDF = "urdf/patient_cart.urdf.xacro"
ARMS = (*INSTRUMENTS, CAMERA_ARM)
FAR_M = 0.03  # [m] from its margin a pair need not be measured
NEAR_M = 0.01  # [m] a crossing begins where some pair is this far from its margin at most
REST_TICKS = 20  # 80 ms: braking from the speed limits, and the smoothing after it
SPREAD = (0.3, 0.3, 0.035, 0.8, 0.5, 0.5)  # [rad, rad, m, rad, rad, rad] around home
TOWARDS_NEAREST = 0.8  # of the crossings are between the two arms that are nearest to each other
BEYOND_M = (0.01, 0.04)  # [m] a crossing's target lies this far on the other side of what is crossed
TURN_RAD = 0.3  # [rad] a target is turned by up to this


@dataclass
class _Arm:
    made: Assembly
    base: Frame
    target: Frame | None = None
    stamp: int = 0


class Cart:
    """``guarded`` False: the same without the guard, to see what it prevents."""

    def __init__(self, guarded: bool = True, no_go: str = "") -> None:
        urdf = read_urdf(URDF)
        model = RobotModel(urdf)
        made = {arm: assemble(arm, model, read_config("ecm" if arm == CAMERA_ARM else "psm"), 5.0 * PERIOD) for arm in ARMS}
        self.guard: CollisionGuard = make_guard(urdf, model, made, no_go=no_go)
        self.arms = {arm: _Arm(one, model.fixed("patient_cart", one.base)) for arm, one in made.items()}
        self.now = 0.0
        self._camera_goal: Joints = tuple(homes()[CAMERA_ARM].joints.tolist())
        self.bodies = {arm: path.body for arm, path in self.guard.paths.items()}
        for arm, one in self.arms.items():
            home = tuple(homes()[arm].joints.tolist())
            one.made.controller.update(self._inputs(one, home), self.now)
            one.made.controller.command("enable")
            one.made.controller.homed = True
            one.made.controller.path.guard = ArmGuard(self.guard, arm) if guarded else None

    def setpoints(self) -> dict[str, Joints]:
        """Set point of every arm."""
        return {arm: one.made.controller.setpoint for arm, one in self.arms.items()}

    def watch(self) -> None:
        """The guard's tick."""
        paths = {arm: one.made.controller.path for arm, one in self.arms.items()}
        self.guard.update({arm: Path(path.lead, path.lead_velocity, path.time) for arm, path in paths.items()}, self.now)

    def tick(self) -> None:
        """One period of all arms."""
        self.now += PERIOD
        self.watch()
        for one in self.arms.values():
            one.made.controller.update(self._inputs(one, one.made.controller.setpoint), self.now)

    def _inputs(self, one: _Arm, joints: Joints) -> ArmInputs:
        measured = Measured(joints, (0.0,) * len(joints), math.nan, 0.0)
        return ArmInputs(one.target, (one.stamp, 0), None, one.target is not None, True, measured, inverse(one.base))

    def put(self, postures: Mapping[str, Joints]) -> None:
        """All arms at rest somewhere else."""
        self.now += 1.0
        for arm, one in self.arms.items():
            one.target = None
            one.made.controller.command("disable")
            one.made.controller.update(self._inputs(one, postures[arm]), self.now)
            one.made.controller.command("enable")
            one.made.controller.update(self._inputs(one, postures[arm]), self.now)

    def postures(self, rng: random.Random, count: int) -> list[dict[str, Joints]]:
        """Random postures around home in which every pair keeps its margin and one is near it."""
        found: list[dict[str, Joints]] = []
        while len(found) < count:
            drawn = {arm: self._drawn(arm, rng) for arm in ARMS}
            clear = float(np.min(self.clearances(self.ends(drawn))))
            if 0.0 < clear < NEAR_M:
                found.append(drawn)
        return found

    def _drawn(self, arm: str, rng: random.Random) -> Joints:
        limits, home = self.arms[arm].made.controller.config.limits, homes()[arm].joints.tolist()
        return limits.clamp(tuple(q + rng.uniform(-spread, spread) for q, spread in zip(home, SPREAD, strict=False)))[0]

    def aim(self, arm: str, target: Frame) -> None:
        """A new target in the cart's frame: the whole pose for an instrument, the position for the camera."""
        one = self.arms[arm]
        if arm != CAMERA_ARM:
            one.target, one.stamp = target, one.stamp + 1
            return
        kinematics = one.made.controller.kinematics
        limits, reference = one.made.controller.config.limits, one.made.controller.setpoint
        tip = compose(inverse(one.base), target).p
        reach = norm(tip)
        wanted = (math.atan2(tip[0], -tip[2]), math.asin(max(-1.0, min(1.0, -tip[1] / reach))), reach - kinematics.geometry.reach_offset)  # type: ignore[attr-defined]
        self._camera_goal = limits.clamp((*wanted, reference[3]))[0]
        one.made.controller.go_to(self._camera_goal, slow=False)

    def goal(self, arm: str) -> Joints:
        """Joints the arm is on its way to."""
        one = self.arms[arm]
        controller = one.made.controller
        if one.target is not None:
            tip = compose(inverse(one.base), one.target)
            return controller.kinematics.follow(tip, controller.path.lead).joints  # type: ignore[attr-defined,no-any-return]
        return self._camera_goal if arm == CAMERA_ARM else controller.path.lead

    def ends(self, joints: Mapping[str, Joints] | None = None) -> FloatArray:
        """Capsules of all arms at ``joints`` (None: their set points), and those at rest, as `Pairs` counts them."""
        found = [self.bodies[arm].place(q).ends for arm, q in (joints if joints is not None else self.setpoints()).items()]
        still = [np.stack([capsule.a, capsule.b]) for capsule in self.guard.pairs.resting]
        return np.concatenate([*found, np.array([*still, np.zeros((2, 3))])])

    def clearances(self, ends: FloatArray) -> FloatArray:
        """Of every watched pair's set points: distance less margin [m], whatever the guard calls active; infinite where far."""
        pairs = self.guard.pairs
        rows = np.flatnonzero(pairs.bound(ends[:, 0], ends[:, 1]) - pairs.stop < FAR_M)
        clear = np.full(pairs.count, np.inf)
        clear[rows] = pairs.gaps(ends[:, 0], ends[:, 1], rows)[0].distance - pairs.stop[rows]
        return clear

    def cross(self, rng: random.Random) -> tuple[str, str]:
        """Send one arm through another, and that one towards it; the rest somewhere near. Returns the two."""
        clear = self.clearances(self.ends())
        nearest = self.guard.pairs.groups[int(np.argmin(clear))].split("/")
        first, second = nearest if set(nearest) <= set(ARMS) and rng.random() < TOWARDS_NEAREST else rng.sample(ARMS, 2)
        shaft = {arm: self._shaft(arm) for arm in ARMS}
        share = {arm: rng.uniform(0.6, 1.0) for arm in ARMS}
        at = {arm: shaft[arm][0] * (1.0 - share[arm]) + shaft[arm][1] * share[arm] for arm in ARMS}
        for arm in ARMS:
            goal = {first: at[second], second: at[first]}.get(arm, at[first])
            tip = np.array(self._tip(arm).p)
            way = goal - tip
            length = float(np.linalg.norm(way))
            beyond = goal + way / max(length, 1e-6) * rng.uniform(*BEYOND_M)
            self.aim(arm, self._near(arm, beyond, rng))
        return first, second

    def let_go(self) -> None:
        """No targets: every arm brakes to rest."""
        for one in self.arms.values():
            one.target = None
            one.made.controller.hold()
        for _ in range(REST_TICKS):
            self.tick()

    def _near(self, arm: str, point: FloatArray, rng: random.Random) -> Frame:
        turn = from_rpy(*(rng.uniform(-TURN_RAD, TURN_RAD) for _ in range(3)))
        x, y, z = point.tolist()
        return Frame((x, y, z), product(turn, self._tip(arm).r))

    def _tip(self, arm: str) -> Frame:
        one = self.arms[arm]
        return compose(one.base, one.made.controller.kinematics.forward(one.made.controller.setpoint))

    def _shaft(self, arm: str) -> tuple[FloatArray, FloatArray]:
        """From the trocar to the tip."""
        return np.array(self.arms[arm].base.p), np.array(self._tip(arm).p)


def worst(cart: Cart, clear: FloatArray) -> tuple[str, float]:
    """Name and clearance [m] of the pair nearest to, or deepest below, its margin."""
    row = int(np.argmin(clear))
    return cart.guard.pairs.names[row], float(clear[row])


def counted(counts: Mapping[str, int], word: str) -> int:
    """How often the guard did ``word`` ("slow" or "stop")."""
    return sum(number for name, number in counts.items() if name.startswith(word))
