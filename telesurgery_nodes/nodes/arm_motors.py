"""The last step of an arm's tick: the controller's set point through the gate before the motors, and the force that limits both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml

from ..core.arm.values import ArmOutput, Measured
from ..core.kinematics.frames import Frame, rotate
from ..core.kinematics.reasons import Limit
from ..core.safety.config import SafetyConfig
from ..core.safety.force import Force, Push, push, pushes
from ..core.safety.gate_motor import MotorGate
from ..core.safety.motor import MotorDecision, MotorRequest, Refusal
from ..core.safety.motor_limits import motor_limits
from ..core.values import Permit
from ..resources import find_resource
from .arm_ports import ArmPort

# Columns of the arm's tape: running counts by reason; the last one are ticks in which the force held a following arm back.
REFUSALS = tuple(refusal.value for refusal in Refusal)
REFUSED = (*(f"refused_{name}" for name in REFUSALS), "refused_held_by_force")


def make_gate(port: ArmPort, kind: str, safety: SafetyConfig, max_tick: float) -> MotorGate:
    """The gate of one arm from config/arms/``kind``.yaml and the safety configuration. The camera arm reports no force."""
    raw = yaml.safe_load(find_resource(f"config/arms/{kind}.yaml").read_text())
    limits = motor_limits(raw, port.controller.config, safety, max_tick, port.touches)
    return MotorGate(limits, port.controller.kinematics.forward)


class ArmMotors:
    """Gate, force and counters between one arm's controller and its motors."""

    def __init__(self, port: ArmPort, gate: MotorGate) -> None:
        self.port, self.gate = port, gate
        self.push = Push.UNKNOWN
        self.decision: MotorDecision | None = None

    def force(self, now: float) -> Force | None:
        """Force on the tip, frame of the arm's base; None where none was ever heard."""
        vector = self.port.force
        return Force(vector, now - self.port.force_at) if vector is not None else None

    def holds_back(self, target: Frame | None, rcm_view: Frame | None, now: float) -> bool:
        """Whether following ``target`` (view frame) is forbidden by the force: it is unknown, or too large and the target lies deeper."""
        force = self.force(now)
        before, self.push = self.push, push(force, self.gate.limits.force)
        if self.push is not before:
            self.port.controller.counts[f"force_{self.push.value}"] += 1
        if self.push is Push.UNKNOWN:
            return True
        if self.push is not Push.STOP or force is None or target is None or rcm_view is None:
            return False
        setpoint = self.port.controller.setpoint_view(rcm_view)
        if setpoint is None:
            return False
        way = (target.p[0] - setpoint.p[0], target.p[1] - setpoint.p[1], target.p[2] - setpoint.p[2])
        return pushes(rotate(rcm_view.r, way), force)

    def limited(self, output: ArmOutput, held_back: bool) -> ArmOutput:
        """The controller's output with the force named among its reasons where it held the arm back."""
        if not held_back:
            return output
        self.port.controller.counts["force"] += 1
        return replace(output, reasons=output.reasons | Limit.FORCE)

    def send(self, output: ArmOutput, leave: tuple[Permit | None, float, int], measured: Measured | None, stamp: Any, now: float) -> bool:
        """Ask the gate and send what it lets through. ``leave``: permit, its age [s], the motion epoch of the target. True: as offered."""
        permit, permit_age, epoch = leave
        port = self.port
        request = MotorRequest(
            joints=output.joints,
            jaw=output.jaw,
            remote=output.served is not None,
            motion_epoch=epoch,
            command_age=now - port.command_at,
            permit=permit,
            permit_age=permit_age,
            measured=measured.position if measured is not None else None,
            measured_age=measured.age if measured is not None else math.inf,
            force=self.force(now),
        )
        decision = self.decision = self.gate.update(request, now)
        if decision.joints is not None:
            port.send(decision.joints, decision.jaw, stamp)
        if decision.refusal is not None and decision.joints is not None:
            port.controller.withdraw(decision.joints, decision.jaw)
        return decision.refusal is None

    def refused(self) -> tuple[float, ...]:
        """For the tape, in the order of REFUSED: what was refused or held back so far."""
        return (*map(float, map(self.gate.counts.__getitem__, REFUSALS)), float(self.port.controller.counts["force"]))

    def diagnose(self) -> Mapping[str, object]:
        """Refusals by reason, and what is known about the force."""
        decision = self.decision
        words: dict[str, object] = {"motors": decision.cause.name if decision is not None else "none", "force_state": self.push.value}
        return {**words, **{f"refused_{name}": number for name, number in self.gate.counts.items()}}
