"""An arm one can do in the head, and a gate at work: shared by the tests of the gate before the motors."""

import math
from dataclasses import fields, replace

from telesurgery_nodes.core.kinematics.frames import Frame, axis_rotation
from telesurgery_nodes.core.kinematics.limits import JointLimits
from telesurgery_nodes.core.safety.force import Force, ForceLimits
from telesurgery_nodes.core.safety.gate_motor import ROUNDING, MotorGate
from telesurgery_nodes.core.safety.motor import MotorLimits, MotorRequest, Workspace
from telesurgery_nodes.core.values import Permit, Phase

# Joints are x, y, z of the tip [m], then a turn about z [rad], then the jaw.
DT = 0.004



def joint_limits(lower, upper, velocity, acceleration):
    """Whatever else a joint's limits say (margin, jerk) is not the gate's business."""
    rest = {spec.name: (0.0 if spec.name == "margin" else 1e9,) * len(lower) for spec in fields(JointLimits)}
    return JointLimits(**{**rest, "lower": lower, "upper": upper, "velocity": velocity, "acceleration": acceleration})


JOINTS = joint_limits(
    (-0.1, -0.1, -0.2, -1.0, -0.5), (0.1, 0.1, -0.05, 1.0, 1.0), (0.2, 0.2, 0.2, 5.0, 6.0), (4.0, 4.0, 4.0, 500.0, 200.0)
)
LIMITS = MotorLimits(
    joints=JOINTS, has_jaw=True, tip_speed=0.1, tip_turn=4.0, workspace=Workspace(0.06, 0.19, 0.7), force=ForceLimits(),
    start_m=0.002, start_rad=0.05, permit_valid=0.06, command_hold=0.05, brake=0.1, max_tick=0.02, measured_age=0.1,
)  # fmt: skip
HOME = (0.0, 0.0, -0.1, 0.0)
JAW = 0.2
FOLLOW = Permit(1, 1, 4, Phase.FOLLOWING, True, 0)
LOCAL = Permit(1, 1, 4, Phase.STANDBY, False, 0)
GOOD = MotorRequest(
    joints=HOME, jaw=JAW, remote=True, motion_epoch=4, command_age=0.0, permit=FOLLOW, permit_age=0.0, measured=HOME, measured_age=0.0,
    force=Force((0.0, 0.0, 0.0), 0.0),
)  # fmt: skip


def forward(q):
    return Frame((q[0], q[1], q[2]), axis_rotation((0.0, 0.0, 1.0), q[3]))


class Arm:
    """A gate at work: asks tick by tick and remembers what went out."""

    def __init__(self, limits=LIMITS, start=HOME, jaw=JAW):
        self.gate, self.now, self.q, self.jaw = MotorGate(limits, forward), 10.0, start, jaw
        self.ask()
        self.ask()

    def ask(self, q=None, jaw=None, dt=DT, **changes):
        self.now += dt
        self.q = q if q is not None else self.q
        request = replace(GOOD, joints=self.q, jaw=self.jaw if jaw is None else jaw, measured=self.q)
        decision = self.gate.update(replace(request, **changes), self.now)
        if decision.refusal is not None and decision.joints is not None:
            self.q = decision.joints
        return decision

    def by(self, dx=0.0, dy=0.0, dz=0.0, turn=0.0, jaw=0.0, **changes):
        x, y, z, angle = self.q
        self.jaw += jaw
        decision = self.ask((x + dx, y + dy, z + dz, angle + turn), **changes)
        self.jaw = decision.jaw if decision.jaw is not None else self.jaw
        return decision

    def moving(self, v, ticks=None):
        """Bring the tip to ``v`` [m/s] along x within the acceleration."""
        for step in range(1, (ticks or math.ceil(abs(v) / (4.0 * DT))) + 1):
            assert self.by(math.copysign(min(abs(v), 4.0 * DT * step), v) * DT).refusal is None
        return self


def edges(limit):
    """Dense around a limit (opendbc)."""
    near = [limit + sign * off for off in (0.5 * ROUNDING, 2.0 * ROUNDING, 1e-7, 1e-6) for sign in (-1.0, 1.0)]
    return [*near, limit]
