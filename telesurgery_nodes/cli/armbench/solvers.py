"""Inverse kinematics of the PSM, each way a library offers it, behind one call; every one keeps the joint range, or says it does not."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.kinematics.frames import Frame, matrix_of
from ...core.kinematics.general import HORIZON, GeneralArm
from ...core.kinematics.limits import JointLimits, Joints
from ...core.kinematics.model import TURNING, Chain
from ...core.kinematics.psm import Psm
from ...core.values import FloatArray

ITERATIONS = 100
CONVERGED = 1e-8  # [m, rad] a hundredth of the bar: the solvers end on the same precision
DLS_DAMPING = 1e-10
PINK_COST = 100.0

Solve = Callable[[Frame, Joints], "Joints | None"]


@dataclass(frozen=True)
class Method:
    """``solve(target, reference)``: joints or None. ``keeps``: which limits its answers are guaranteed to keep."""

    name: str
    solve: Solve
    keeps: str = "range"


def ours(psm: Psm) -> Method:
    """The closed form with its branch selection."""
    return Method("closed form", psm.solve)


def pinocchio_loop(arm: GeneralArm) -> Method:
    """Damped least squares over Pinocchio's Jacobian as its own example has it, clipped to the range in each iteration."""
    pin, model = arm.pinocchio, arm.model
    data, tip, eye = model.createData(), arm.tip, DLS_DAMPING * np.eye(6)
    low, high = np.array(arm.limits.lower), np.array(arm.limits.upper)

    def solve(target: Frame, reference: Joints) -> Joints | None:
        goal, q = pin.SE3(matrix_of(target.r), np.array(target.p)), np.array(reference)
        for _ in range(ITERATIONS):
            pin.computeJointJacobians(model, data, q)
            place = pin.updateFramePlacement(model, data, tip)
            error = pin.log6(place.actInv(goal)).vector
            if np.abs(error).max() < CONVERGED:
                return tuple(q.tolist())
            jacobian = pin.getFrameJacobian(model, data, tip, pin.ReferenceFrame.LOCAL)
            q = np.clip(q + jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + eye, error), low, high)
        return None

    return Method("Pinocchio loop", solve)


def qp_solvers() -> list[str]:
    """The solvers that Pink could use here; needs the extra ik."""
    import qpsolvers

    return list(qpsolvers.available_solvers)


def pink_loop(arm: GeneralArm, solver: str) -> Method:
    """Pink's program solved until the frame is there; ConfigurationLimit keeps the range, VelocityLimit the speeds over HORIZON."""
    pin, pink = arm.pinocchio, arm.pink
    task = pink.tasks.FrameTask(arm.model.frames[arm.tip].name, PINK_COST, PINK_COST)
    limits = [pink.limits.ConfigurationLimit(arm.model, config_limit_gain=1.0), pink.limits.VelocityLimit(arm.model)]
    configuration = pink.Configuration(arm.model, arm.model.createData(), np.array(arm.limits.lower))

    def solve(target: Frame, reference: Joints) -> Joints | None:
        task.set_target(pin.SE3(matrix_of(target.r), np.array(target.p)))
        configuration.update(np.array(reference))
        for _ in range(ITERATIONS):
            if np.abs(task.compute_error(configuration)).max() < CONVERGED:
                return tuple(configuration.q.tolist())
            try:
                speed = pink.solve_ik(configuration, [task], HORIZON, solver, DLS_DAMPING, limits=limits, safety_break=False)
            except pink.exceptions.PinkError:
                return None
            configuration.update(configuration.q + speed * HORIZON)
        return None

    return Method(f"Pink + {solver}", solve, "range, speed")


def kdl_loop(chain: Chain, limits: JointLimits) -> Method | None:
    """KDL's Newton-Raphson with joint limits; None where PyKDL is not installed."""
    try:
        import PyKDL as kdl
    except ImportError:
        return None
    arm = _kdl_chain(kdl, chain)
    forward, speeds = kdl.ChainFkSolverPos_recursive(arm), kdl.ChainIkSolverVel_pinv(arm)
    solver = kdl.ChainIkSolverPos_NR_JL(arm, _array(kdl, limits.lower), _array(kdl, limits.upper), forward, speeds, ITERATIONS, CONVERGED)
    out = kdl.JntArray(len(limits.lower))

    def solve(target: Frame, reference: Joints) -> Joints | None:
        goal = kdl.Frame(kdl.Rotation(*target.r), kdl.Vector(*target.p))
        if solver.CartToJnt(_array(kdl, reference), goal, out) < 0:
            return None
        return tuple(out[i] for i in range(len(reference)))

    return Method("KDL NR_JL", solve)


def _kdl_chain(kdl: Any, chain: Chain) -> Any:
    made = kdl.Chain()
    frames = [joint.origin for joint in chain.joints[1:]] + [chain.tool]
    first = chain.joints[0].origin
    made.addSegment(kdl.Segment(kdl.Joint(kdl.Joint.Fixed), _kdl_frame(kdl, first)))
    for joint, after in zip(chain.joints, frames, strict=True):
        kind = kdl.Joint.RotAxis if joint.kind in TURNING else kdl.Joint.TransAxis
        axis = kdl.Joint(joint.name, kdl.Vector(0.0, 0.0, 0.0), kdl.Vector(*joint.axis), kind)
        made.addSegment(kdl.Segment(axis, _kdl_frame(kdl, after)))
    return made


def _kdl_frame(kdl: Any, frame: Frame) -> Any:
    return kdl.Frame(kdl.Rotation(*frame.r), kdl.Vector(*frame.p))


def _array(kdl: Any, values: Joints) -> Any:
    out = kdl.JntArray(len(values))
    for index, value in enumerate(values):
        out[index] = value
    return out


def percentiles(seconds: FloatArray) -> tuple[float, float]:
    """p50 and p99 [us]."""
    p50, p99 = np.percentile(1e6 * seconds, [50, 99]) if len(seconds) else (math.nan, math.nan)
    return float(p50), float(p99)
