"""Any serial arm: differential inverse kinematics by Pink (a quadratic program over Pinocchio's Jacobians), with a software trocar.

Each tick asks one program: least (tip error, posture error) over the joint step, such that the shaft stays on the trocar (a hard
equality, to first order), no joint leaves its range and none exceeds its speed within HORIZON. The target is brought near along the
straight line first, by as far as the tip's speed limits go within HORIZON, so that the linear program is good; the step limiter
below turns the joint step into a motion within acceleration and jerk, and `carry` keeps the trocar while it does. First-order errors
of the trocar are seen, and taken back, in the next tick.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from ...errors import ConfigError, KinematicsError
from ..values import FloatArray
from .frames import Frame, Vector, angle_between, distance, is_finite, matrix_of
from .limits import JointLimits, Joints
from .model import TURNING, Chain
from .psm import Solution
from .reasons import Limit

SOLVER = "daqp"  # least time of Pink's solvers here: sim.md section 5.1
TIGHT = {"primal_tol": 1e-9, "dual_tol": 1e-9}  # [m or rad]: daqp's own 1e-6 would leave 1 um of trocar error
HORIZON = 0.05  # [s] one program looks so far ahead: 5 mm at 0.1 m/s, so that the limiter can still brake on what it was given
POSITION_COST, TURN_COST = 100.0, 10.0  # per m, per rad: 1 mm weighs as much as 10 mrad
POSTURE_COST = 1e-3  # per rad: only what tip and trocar leave free goes towards the home posture
DAMPING = 1e-8
ENGAGED_M = 0.002  # [m] a shaft further off than this does not pass the trocar (safety.md row 25): refused
WARNED_M = 0.001
TURN_MET = math.radians(0.5)  # a larger orientation error that the program leaves standing is told
MET_M = 0.0005  # [m] the same for the position
TOOL_LENGTH = 0.1  # [m] makes metres comparable with radians in the condition number: the depth at which a hand works


@dataclass(frozen=True)
class Trocar:
    """Point of the base frame [m] through which the z axis of the last frame of ``chain`` (a prefix of the arm's) passes."""

    chain: Chain
    point: Vector


def libraries() -> tuple[ModuleType, ModuleType]:
    """pinocchio and pink. ConfigError says which extra is missing."""
    try:
        import pink
        import pinocchio
    except ImportError as error:
        wanted = "pip install 'telesurgery_nodes[ik]', or a closed form (psm, ecm)"
        raise ConfigError(f"kinematics: general needs {error.name}: {wanted}") from error
    return pinocchio, pink


class GeneralArm:
    """Kinematics and follower of one serial arm in its base frame. Stateless but for the libraries' scratch space."""

    local: ClassVar[bool] = True

    def __init__(
        self, chain: Chain, limits: JointLimits, home: Joints, speeds: tuple[float, float], straight: bool, trocar: Trocar | None
    ) -> None:
        """``speeds``: limits of the tip [m/s], [rad/s]. ``straight``: follow position and roll, not the whole orientation."""
        pin, self.pink = libraries()
        from . import pink_tasks

        if len(chain.joints) != len(limits.lower):
            raise ConfigError(f"{chain.tip}: limits of {len(chain.joints)} joints wanted {chain.names}, got {len(limits.lower)}")
        self.pinocchio, self.limits, self._straight, self._trocar = pin, limits, straight, trocar
        self.model, self.tip = _model(pin, chain, limits)
        shaft = _add_frame(pin, self.model, trocar.chain, "shaft") if trocar is not None else self.tip
        self._state = self.pink.Configuration(self.model, self.model.createData(), np.array(home))
        self._look = HORIZON * speeds[0], HORIZON * speeds[1]
        self._pose = self.pink.tasks.FrameTask(chain.tip, POSITION_COST, 0.0 if straight else TURN_COST)
        self._roll = pink_tasks.RollTask(self.tip, TURN_COST)
        self._posture = self.pink.tasks.PostureTask(POSTURE_COST)
        self._posture.set_target(np.array(home))
        self._shaft = pink_tasks.TrocarTask(shaft, np.array(trocar.point)) if trocar is not None else None
        limit = self.pink.limits
        self._limits = [limit.ConfigurationLimit(self.model, config_limit_gain=1.0), limit.VelocityLimit(self.model)]
        self._at: Joints = ()

    def forward(self, q: Joints) -> Frame:
        """Tip in the base frame."""
        self._go(q)
        place = self._state.data.oMf[self.tip]
        x, y, z = place.translation.tolist()
        a, b, c, d, e, f, g, h, i = place.rotation.ravel().tolist()
        return Frame((x, y, z), (a, b, c, d, e, f, g, h, i))

    def twist(self, q: Joints, v: Joints) -> tuple[Vector, Vector]:
        """Linear [m/s] and angular [rad/s] velocity of the tip in the base frame."""
        x, y, z, rx, ry, rz = (self._jacobian(q, self.tip) @ np.array(v)).tolist()
        return (x, y, z), (rx, ry, rz)

    def dexterity(self, q: Joints) -> float:
        """1 / condition number of what the joints that keep the trocar do to the tip: its position and its turn (or roll)."""
        jacobian = self._jacobian(q, self.tip)
        rows = np.vstack([jacobian[:3] / TOOL_LENGTH, self._local(self.tip)[5:6] if self._straight else jacobian[3:]])
        if self._shaft is not None:
            *_, right = np.linalg.svd(self._shaft.compute_jacobian(self._state))
            rows = rows @ right[2:].T
        values = np.linalg.svd(rows, compute_uv=False)
        return float(values[-1] / values[0])

    def trocar_error(self, q: Joints) -> float:
        """Distance of the shaft from the trocar [m]; 0 where a mechanism holds it."""
        if self._shaft is None:
            return 0.0
        self._go(q)
        return float(np.linalg.norm(self._shaft.compute_error(self._state)))

    def follow(self, target: Frame, reference: Joints) -> Solution:
        """Joints towards ``target`` from ``reference`` (near it: HORIZON of motion). KinematicsError where the arm has to hold."""
        if not is_finite(target):
            raise KinematicsError(f"a finite tip pose wanted, got {target}")
        reasons, off = Limit.NONE, self.trocar_error(reference)
        if not off <= ENGAGED_M:
            raise KinematicsError(f"the shaft is {1e3 * off:.2f} mm from the trocar: at most {1e3 * ENGAGED_M:g} mm wanted")
        reasons |= Limit.TROCAR if off > WARNED_M else Limit.NONE
        here = self.forward(self.limits.clamp(reference)[0])
        near = self._aim(here, target)
        joints = self._solve(reference)
        goal, clamped = self.limits.clamp(joints)
        return Solution(goal, reasons | (clamped & ~Limit.POSITION) | self._shortfall(goal, near))

    def carry(self, q: Joints, v: Joints, dt: float) -> Joints:
        """``v`` with the least change that keeps the shaft on the trocar and takes its error back within ``dt`` (stepper.Carry)."""
        if self._shaft is None:
            return v
        self._go(q)
        jacobian = self._shaft.compute_jacobian(self._state)
        wrong = jacobian @ np.array(v) + self._shaft.compute_error(self._state) / dt
        square = jacobian @ jacobian.T
        (a, b), (_, d) = square.tolist()
        scale = a * d - b * b
        if not scale > 0.0:
            return v
        back = np.array([d * wrong[0] - b * wrong[1], a * wrong[1] - b * wrong[0]]) / scale
        return tuple((np.array(v) - jacobian.T @ back).tolist())

    def _aim(self, here: Frame, target: Frame) -> tuple[FloatArray, FloatArray]:
        """Set the tasks to the place on the straight way to ``target`` that the tip reaches within HORIZON; returns it."""
        pin = self.pinocchio
        start, end = matrix_of(here.r), matrix_of(target.r)
        way = np.array(target.p) - np.array(here.p)
        turn = pin.log3(start.T @ end)
        if self._straight:
            twist = pin.Quaternion(start.T @ end)
            turn = np.array([0.0, 0.0, math.remainder(2.0 * math.atan2(twist.z, twist.w), 2.0 * math.pi)])
        share = 1.0
        for length, most in ((float(np.linalg.norm(way)), self._look[0]), (float(np.linalg.norm(turn)), self._look[1])):
            share = min(share, most / length) if length > most else share
        position, rotation = np.array(here.p) + share * way, start @ pin.exp3(share * turn)
        self._pose.set_target(pin.SE3(start if self._straight else rotation, position))
        self._roll.target = rotation
        return position, rotation

    def _solve(self, reference: Joints) -> Joints:
        tasks = [self._pose, self._posture, *([self._roll] if self._straight else [])]
        constraints = None if self._shaft is None else [self._shaft]
        try:
            speed = self.pink.solve_ik(
                self._state, tasks, HORIZON, SOLVER, DAMPING, limits=self._limits, constraints=constraints, safety_break=False, **TIGHT
            )
        except self.pink.exceptions.PinkError as error:
            raise KinematicsError(f"no joint step keeps trocar and limits from joints {reference}: {type(error).__name__}") from error
        joints: Joints = tuple((self._state.q + speed * HORIZON).tolist())
        if not all(map(math.isfinite, joints)):
            raise KinematicsError(f"the solver gave no number from joints {reference}")
        return joints

    def _shortfall(self, goal: Joints, near: tuple[FloatArray, FloatArray]) -> Limit:
        """What the program could not give of the place it was asked for, beyond its linearisation."""
        met, reasons = self.forward(goal), Limit.NONE
        bound = any(x <= low + 1e-9 or x >= high - 1e-9 for x, low, high in zip(goal, self.limits.lower, self.limits.upper, strict=True))
        x, y, z = near[0].tolist()
        if distance(met.p, (x, y, z)) > MET_M:
            reasons |= Limit.POSITION if bound else Limit.VELOCITY
        a, b, c, d, e, f, g, h, i = near[1].ravel().tolist()
        if not self._straight and angle_between(met.r, (a, b, c, d, e, f, g, h, i)) > TURN_MET:
            reasons |= Limit.WRIST
        return reasons

    def _go(self, q: Joints) -> None:
        """Kinematics at ``q``, once per posture."""
        if q is not self._at:
            self._state.update(np.array(q))
            self._at = q

    def _jacobian(self, q: Joints, frame: int) -> FloatArray:
        self._go(q)
        aligned = self.pinocchio.ReferenceFrame.LOCAL_WORLD_ALIGNED
        return np.asarray(self.pinocchio.getFrameJacobian(self.model, self._state.data, frame, aligned))

    def _local(self, frame: int) -> FloatArray:
        return np.asarray(self.pinocchio.getFrameJacobian(self.model, self._state.data, frame, self.pinocchio.ReferenceFrame.LOCAL))


def _model(pin: Any, chain: Chain, limits: JointLimits) -> tuple[Any, int]:
    """Pinocchio's model of the chain alone, rooted in its base, and the index of its tip frame."""
    model, parent = pin.Model(), 0
    for joint, low, high, fastest in zip(chain.joints, limits.lower, limits.upper, limits.velocity, strict=True):
        axis = np.array(joint.axis)
        kind = pin.JointModelRevoluteUnaligned(axis) if joint.kind in TURNING else pin.JointModelPrismaticUnaligned(axis)
        parent = model.addJoint(parent, kind, _se3(pin, joint.origin), joint.name)
        model.upperPositionLimit[-1], model.lowerPositionLimit[-1], model.velocityLimit[-1] = high, low, fastest
    return model, _add_frame(pin, model, chain, chain.tip)


def _add_frame(pin: Any, model: Any, chain: Chain, name: str) -> int:
    """The last frame of ``chain``, which is the model's chain or a prefix of it."""
    frame = pin.Frame(name, len(chain.joints), _se3(pin, chain.tool), pin.FrameType.OP_FRAME)
    return int(model.addFrame(frame))


def _se3(pin: Any, frame: Frame) -> Any:
    return pin.SE3(matrix_of(frame.r), np.array(frame.p))
