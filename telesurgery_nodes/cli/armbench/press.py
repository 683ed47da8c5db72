"""Pressing an instrument into the board: does it stop above 5 N, and how far above does the force get? Simulated robots, virtual time."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.arm.values import ArmInputs, Measured
from ...core.kinematics.frames import IDENTITY, Frame, norm
from ...core.safety.force import Force, Push, push, pushes
from ...core.safety.motor import MotorRequest
from ...core.values import Permit, Phase
from ...description import robot_description
from ...errors import ConfigError
from ...registry import load
from ..bench import Bar, BenchArguments, at_most
from .gate import TICK_S, Arm

ROBOTS = ("kinematic", "mujoco")
ARM = "PSM1"
SPEEDS_MM_S = (5.0, 20.0, 60.0)
START_M, DEEP_M = 0.017, 0.060  # of the target along the shaft; the board is about 39 mm away
MEASURED_EVERY = 2  # ticks: 125 Hz, as robot/<ARM>/measured_cf
MM = 1e3


def press(robot_name: str, speed: float) -> dict[str, float]:
    """Peak force [N], and how much deeper [mm] the set point went after a force above the stop limit was known; ``speed`` [m/s]."""
    arm, robot = Arm(), load("robots", robot_name)(robot_description())
    arm.home()
    robot.servo_jaw(ARM, 0.0)
    tip = arm.psm.forward(arm.q)
    shaft = tuple(x / norm(tip.p) for x in tip.p)
    force, peak, deeper, known, ahead = Force((0.0, 0.0, 0.0), 0.0), 0.0, 0.0, None, START_M
    for tick in range(round((DEEP_M - START_M) / speed / TICK_S)):
        ahead += speed * TICK_S
        goal = Frame((tip.p[0] + ahead * shaft[0], tip.p[1] + ahead * shaft[1], tip.p[2] + ahead * shaft[2]), tip.r)
        before = arm.q[2]
        _tick(arm, goal, force)
        robot.servo_jp(ARM, np.array(arm.q))
        robot.step(TICK_S)
        if known is not None:
            deeper = max(deeper, arm.q[2] - max(known, before))
        wrench = robot.wrench(ARM).force
        peak = max(peak, float(np.linalg.norm(wrench)))
        if tick % MEASURED_EVERY == 0:
            x, y, z = wrench.tolist()
            force = Force((x, y, z), 0.0)
            known = arm.q[2] if push(force, arm.gate.limits.force) is Push.STOP else None
    robot.close()
    return {"peak_n": peak, "deeper_mm": MM * deeper, "refused": float(sum(arm.gate.counts.values()))}


def _tick(arm: Arm, goal: Frame, force: Force) -> None:
    """As nodes/arm_loop.py: the controller holds where the force says so, and the gate judges again."""
    arm.now += TICK_S
    arm.stamp += 1
    at = arm.psm.forward(arm.controller.setpoint)
    way = (goal.p[0] - at.p[0], goal.p[1] - at.p[1], goal.p[2] - at.p[2])
    held = push(force, arm.gate.limits.force) is Push.STOP and pushes(way, force)
    measured = Measured(arm.q, (0.0,) * len(arm.q), 0.0, 0.0)
    output = arm.controller.update(ArmInputs(goal, (arm.stamp, 0), 0.0, not held, False, measured, IDENTITY), arm.now)
    permit = Permit(1, arm.stamp, 1, Phase.FOLLOWING, True, 0)
    request = MotorRequest(output.joints, output.jaw, output.served is not None, 1, 0.0, permit, 0.0, arm.q, 0.0, force)
    decision = arm.gate.update(request, arm.now)
    if decision.joints is None:
        return
    if decision.refusal is not None:
        arm.controller.withdraw(decision.joints, decision.jaw)
    arm.q = decision.joints


def run(arguments: BenchArguments) -> tuple[list[Bar], dict[str, Any]]:
    """Bars: not a step deeper once more than 5 N are known. The peaks are told, not judged: they are the robot's stiffness."""
    bars, details = [], dict[str, Any]()
    for name in ROBOTS:
        try:
            details[name] = {f"{speed:g} mm/s": press(name, speed / MM) for speed in (SPEEDS_MM_S[:1] if arguments.quick else SPEEDS_MM_S)}
        except ConfigError as error:
            bars.append(at_most(f"arm.press.{name}", "set point deeper after 5 N", None, 0.0, "mm", str(error)))
            continue
        worst = max(found["deeper_mm"] for found in details[name].values())
        peaks = ", ".join(f"{found['peak_n']:.1f} N at {speed}" for speed, found in details[name].items())
        bars.append(at_most(f"arm.press.{name}", f"set point deeper once 5 N are known (peaks: {peaks})", worst, 0.0, "mm"))
    return bars, details
