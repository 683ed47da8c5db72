"""The last gate before the motors, exactly on each limit. Fake time."""

from dataclasses import replace

import pytest
from motor_arm import DT, GOOD, HOME, JAW, JOINTS, LIMITS, Arm, forward

from telesurgery_nodes.core.kinematics.frames import angle_between
from telesurgery_nodes.core.safety.gate_motor import ROUNDING, MotorGate
from telesurgery_nodes.core.safety.motor import Workspace

# Times and places that floats hold exactly.
TICK = 1.0 / 256.0
OPEN = replace(JOINTS, lower=(-1.0,) * 5, upper=(1.0,) * 5)
ZERO = (0.0, 0.0, 0.0, 0.0)


def standing(limits, start=ZERO, jaw=0.0):
    arm = Arm.__new__(Arm)
    arm.gate, arm.now, arm.q, arm.jaw = MotorGate(limits, forward), 1.0, start, jaw
    arm.ask(dt=TICK)
    arm.ask(dt=TICK)
    return arm


@pytest.mark.parametrize("joint", range(5))
def test_exactly_on_the_range_is_admitted(joint):
    for limit, off in ((JOINTS.lower[joint], -ROUNDING), (JOINTS.upper[joint], ROUNDING)):
        row = [*HOME, JAW]
        row[joint] = limit
        arm = Arm(replace(LIMITS, workspace=Workspace(0.0, 9.0, 9.0)), tuple(row[:4]), row[4])
        row[joint] = limit + off
        assert arm.ask(tuple(row[:4]), row[4]).refusal is None


def test_exactly_on_the_edge_of_the_workspace_is_admitted():
    far = replace(LIMITS, joints=OPEN, workspace=Workspace(-1.0, 0.0, 9.0))
    assert standing(far).ask((0.0, 0.0, ROUNDING, 0.0), dt=TICK).refusal is None
    cone = replace(LIMITS, joints=OPEN, workspace=Workspace(-1.0, 9.0, 0.0))
    assert standing(cone, (0.0, 0.0, -1.0, 0.0)).ask((ROUNDING, 0.0, -1.0, 0.0), dt=TICK).refusal is None


@pytest.mark.parametrize("joint", range(5))
def test_exactly_as_fast_and_as_sudden_as_allowed_is_admitted(joint):
    wide = replace(LIMITS, joints=OPEN, workspace=Workspace(-1.0, 9.0, 9.0), tip_speed=9.0, tip_turn=99.0)
    fast = replace(wide, joints=replace(OPEN, acceleration=(1e9,) * 5))
    for limits, most in ((fast, OPEN.velocity[joint] * TICK), (wide, OPEN.acceleration[joint] * TICK * TICK)):
        row = [0.0] * 5
        row[joint] = most + ROUNDING
        arm = standing(replace(limits, joints=replace(limits.joints, velocity=(99.0,) * 5)) if limits is wide else limits)
        assert arm.ask(tuple(row[:4]), row[4], dt=TICK).refusal is None


def test_exactly_as_fast_a_tip_as_allowed_is_admitted():
    free = replace(LIMITS, joints=replace(OPEN, velocity=(99.0,) * 5, acceleration=(1e9,) * 5), workspace=Workspace(-1.0, 9.0, 9.0))
    assert standing(free).ask((0.1 * TICK + ROUNDING, 0.0, 0.0, 0.0), dt=TICK).refusal is None
    turned = next(angle for angle in (0.01 + 1e-5 * step for step in range(1000)) if _rate(angle) * TICK + ROUNDING == _turn(angle))
    assert standing(replace(free, tip_turn=_rate(turned))).ask((0.0, 0.0, 0.0, turned), dt=TICK).refusal is None


def _turn(angle):
    return angle_between(forward(ZERO).r, forward((0.0, 0.0, 0.0, angle)).r)


def _rate(angle):
    return (_turn(angle) - ROUNDING) / TICK


def test_a_start_exactly_at_the_allowed_distance_is_admitted():
    limits = replace(LIMITS, start_rad=_turn(0.05))
    for q in ((0.002, 0.0, -0.1, 0.0), (0.0, 0.0, -0.1, 0.05)):
        assert MotorGate(limits, forward).update(replace(GOOD, joints=q), 0.0).refusal is None


def test_an_arm_that_holds_is_not_computed_again():
    asked = []
    gate = MotorGate(LIMITS, lambda q: asked.append(q) or forward(q))
    for tick in range(5):
        gate.update(GOOD, tick * DT)
    assert len(asked) == 2  # the first set point and the measured arm it is compared with
