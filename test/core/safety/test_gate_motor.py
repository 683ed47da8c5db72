"""The last gate before the motors: where, how fast, how suddenly. Every limit from both sides. Fake time."""

import math
from dataclasses import FrozenInstanceError, replace

import pytest
from motor_arm import DT, GOOD, HOME, JAW, JOINTS, LIMITS, Arm, edges, forward, joint_limits

from telesurgery_nodes.core.kinematics.frames import IDENTITY_ROTATION, Frame
from telesurgery_nodes.core.safety.causes import Cause
from telesurgery_nodes.core.safety.gate_motor import ROUNDING, MotorGate
from telesurgery_nodes.core.safety.motor import Refusal, Workspace


def test_what_is_fine_goes_out_as_it_came():
    arm = Arm()
    decision = arm.by(dx=1e-5, turn=1e-4, jaw=1e-4)
    assert (decision.refusal, decision.cause, decision.latched) == (None, Cause.NONE, False)
    assert decision.joints == arm.q and decision.jaw == arm.jaw and not arm.gate.counts


@pytest.mark.parametrize(("value", "field"), [(LIMITS, "tip_speed"), (GOOD, "joints"), (LIMITS.workspace, "far")])
def test_what_is_judged_by_cannot_be_changed(value, field):
    with pytest.raises(FrozenInstanceError):
        setattr(value, field, 9.0)
    with pytest.raises(FrozenInstanceError):
        Arm().ask().cause = Cause.NONE


def test_nothing_offered_sends_nothing_and_forgets():
    arm = Arm()
    assert arm.ask(joints=None) == arm.ask(joints=None, permit=None)
    decision = arm.ask(joints=None)
    assert (decision.joints, decision.jaw, decision.refusal, decision.cause) == (None, None, None, Cause.NONE)
    assert arm.ask((0.01, 0.0, -0.1, 0.0), measured=HOME).refusal is Refusal.START, "it was forgotten: a new start"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("joint", range(5))
def test_not_a_number_holds(bad, joint):
    arm = Arm()
    row = [*HOME, JAW]
    row[joint] = bad
    decision = arm.ask(tuple(row[:4]), row[4])
    assert (decision.refusal, decision.cause, decision.joints, decision.jaw) == (Refusal.NOT_FINITE, Cause.BAD_COMMAND, HOME, JAW)


@pytest.mark.parametrize("changes", [{"joints": HOME[:3]}, {"joints": (*HOME, 0.0)}, {"joints": ()}, {"jaw": None}])
def test_a_row_of_another_arm_holds(changes):
    arm = Arm()
    arm.now += DT
    decision = arm.gate.update(replace(GOOD, **changes), arm.now)
    assert (decision.refusal, decision.joints) == (Refusal.NOT_FINITE, HOME)


def test_an_arm_without_a_jaw_takes_none():
    four = joint_limits(*(row[:4] for row in (JOINTS.lower, JOINTS.upper, JOINTS.velocity, JOINTS.acceleration)))
    gate = MotorGate(replace(LIMITS, joints=four, has_jaw=False), forward)
    assert gate.update(GOOD, 0.0).refusal is Refusal.NOT_FINITE
    assert gate.update(replace(GOOD, jaw=None), 0.0).refusal is None
    held = gate.update(replace(GOOD, jaw=None, joints=(1.0, 0.0, -0.1, 0.0)), DT)
    assert (held.joints, held.jaw, held.refusal) == (HOME, None, Refusal.VALUE)


# start


@pytest.mark.parametrize(
    ("q", "changes", "refusal"),
    [
        ((0.00199, 0.0, -0.1, 0.0), {}, None),
        ((0.00201, 0.0, -0.1, 0.0), {}, Refusal.START),
        ((0.0, 0.0, -0.1, 0.0499), {}, None),
        ((0.0, 0.0, -0.1, 0.0501), {}, Refusal.START),
        (HOME, {"measured": None}, Refusal.START),
        (HOME, {"measured": HOME[:3]}, Refusal.START),
        (HOME, {"measured": (*HOME, 0.0)}, Refusal.START),
        (HOME, {"measured": (math.nan, 0.0, -0.1, 0.0)}, Refusal.START),
        (HOME, {"measured_age": 0.1}, None),
        (HOME, {"measured_age": 0.10001}, Refusal.START),
        (HOME, {"measured_age": -0.001}, Refusal.START),
        (HOME, {"measured_age": math.nan}, Refusal.START),
        (HOME, {"permit": None, "force": None}, None),  # where it stands: no motion
    ],
)
def test_a_first_set_point_stands_where_the_arm_is(q, changes, refusal):
    gate = MotorGate(LIMITS, forward)
    decision = gate.update(replace(GOOD, **{"joints": q, **changes}), 0.0)
    assert decision.refusal is refusal
    assert (decision.joints, decision.jaw) == ((q, JAW) if refusal is None else (None, None))


def test_a_refusal_ends_a_start():
    gate = MotorGate(LIMITS, forward)
    step = 4.0 * DT * DT
    gate.update(replace(GOOD, joints=None), -DT)
    assert gate.update(GOOD, 0.0).refusal is None
    assert gate.update(replace(GOOD, joints=(9.0, 0.0, -0.1, 0.0)), DT).refusal is Refusal.VALUE
    assert gate.update(replace(GOOD, joints=(1.5 * step, 0.0, -0.1, 0.0)), 2.0 * DT).refusal is Refusal.ACCELERATION


def test_waiting_for_a_measured_arm_never_latches():
    gate = MotorGate(LIMITS, forward)
    for tick in range(20):
        decision = gate.update(replace(GOOD, measured_age=0.2), DT * tick)
        assert (decision.joints, decision.refusal, decision.latched) == (None, Refusal.START, False)
    assert gate.bad == 0 and gate.update(GOOD, 1.0).refusal is None


def test_a_restart_may_move_to_the_measured_arm_once():
    arm, moved = Arm(), (0.004, 0.0, -0.1, 0.0)
    assert arm.ask(moved, measured=moved).refusal is Refusal.RATE
    arm.gate.restart()
    assert arm.ask(moved, measured=HOME).refusal is Refusal.RATE, "not where the arm is"
    assert arm.ask(moved, measured=moved).refusal is None
    assert arm.ask(HOME, measured=HOME).refusal is Refusal.RATE, "once"


def test_a_restart_forgives_no_other_fault():
    for changes, refusal in [({"joints": (0.2, 0.0, -0.1, 0.0)}, Refusal.VALUE), ({"permit": None}, Refusal.PERMIT)]:
        arm = Arm()
        arm.gate.restart()
        q = changes.pop("joints", (1e-5, 0.0, -0.1, 0.0))
        assert arm.ask(q, measured=q, **changes).refusal is refusal


def test_the_first_two_steps_after_a_start_count_together():
    gate = MotorGate(LIMITS, forward)
    step = 4.0 * DT * DT
    gate.update(replace(GOOD, joints=None), -DT)
    assert gate.update(replace(GOOD, joints=(step, 0.0, -0.1, 0.0), measured=HOME), 0.0).refusal is None  # one step already made
    assert gate.update(replace(GOOD, joints=(3.0 * step, 0.0, -0.1, 0.0)), DT).refusal is None
    assert gate.update(replace(GOOD, joints=(7.1 * step, 0.0, -0.1, 0.0)), 2.0 * DT).refusal is Refusal.ACCELERATION
    other = MotorGate(LIMITS, forward)
    other.update(replace(GOOD, joints=None), -DT)
    other.update(GOOD, 0.0)
    assert other.update(replace(GOOD, joints=(2.1 * step, 0.0, -0.1, 0.0)), DT).refusal is Refusal.ACCELERATION
    rested = MotorGate(LIMITS, forward)
    for tick in range(3):
        rested.update(GOOD, tick * DT)
    assert rested.update(replace(GOOD, joints=(1.1 * step, 0.0, -0.1, 0.0)), 3.0 * DT).refusal is Refusal.ACCELERATION


# value and workspace

WIDE = replace(LIMITS, workspace=Workspace(0.0, 9.0, 9.0))


@pytest.mark.parametrize("joint", range(5))
@pytest.mark.parametrize("side", ["lower", "upper"])
def test_range_of_every_joint(joint, side):
    limit, sign = getattr(JOINTS, side)[joint], 1.0 if side == "upper" else -1.0
    for value in edges(limit):
        row = [*HOME, JAW]
        row[joint] = limit - sign * 2e-6
        arm = Arm(WIDE, tuple(row[:4]), row[4])
        row[joint] = value
        beyond = sign * (value - limit) > ROUNDING
        assert arm.ask(tuple(row[:4]), row[4]).refusal is (Refusal.VALUE if beyond else None), value


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_what_stood_outside_the_range_may_only_come_back(sign):
    arm = Arm(WIDE, (sign * 0.11, 0.0, -0.1, 0.0))
    assert arm.by(sign * 1e-5).refusal is Refusal.VALUE
    assert arm.by(-sign * 1e-5).refusal is None
    assert arm.by(sign * 1e-5).refusal is Refusal.VALUE


@pytest.mark.parametrize(
    ("start", "step"),
    [((0.0, 0.0, -0.19), (0, 0, -1)), ((0.0, 0.0, -0.06), (0, 0, 1)), ((0.1 * math.tan(0.7), 0.0, -0.1), (1, 0, 0))],
)
def test_workspace_from_both_sides(start, step):
    for off in (-1e-6, -2.0 * ROUNDING, 0.0, 0.05 * ROUNDING, 1e-7, 1e-6):
        limits = replace(LIMITS, joints=replace(JOINTS, lower=(-0.5, -0.5, -0.5, -1.0, -0.5), upper=(0.5, 0.5, 0.5, 1.0, 1.0)))
        arm = Arm(limits, (*(x - 2e-6 * s for x, s in zip(start, step, strict=True)), 0.0))
        q = (*(x + off * s for x, s in zip(start, step, strict=True)), 0.0)
        assert arm.ask(q).refusal is (Refusal.WORKSPACE if off > ROUNDING else None), off


def test_what_stood_outside_the_workspace_may_only_come_back():
    arm = Arm(replace(LIMITS, workspace=Workspace(0.12, 0.19, 0.7)))
    assert arm.by(dz=1e-5).refusal is Refusal.WORKSPACE
    assert arm.by(dz=-1e-5).refusal is None


def test_the_cone_is_around_the_way_into_the_patient():
    space = Workspace(0.06, 0.19, 0.7)
    for p, outside in [((0.0, 0.0, -0.1), False), ((0.0, 0.0, 0.1), True), ((0.0, -0.1, -0.1), True), ((0.05, 0.05, -0.1), False)]:
        assert (space.outside(Frame(p, IDENTITY_ROTATION))[1] > 0.0) is outside


# rate, tip, acceleration

EASY = replace(JOINTS, acceleration=(1e9,) * 5)
SLOW_JOINTS = replace(LIMITS, joints=EASY, tip_speed=9.0, tip_turn=99.0)


@pytest.mark.parametrize("joint", range(5))
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("dt", [0.001, DT, 0.02])
def test_speed_of_every_joint(joint, sign, dt):
    most = JOINTS.velocity[joint] * dt
    for step in edges(most):
        arm = Arm(SLOW_JOINTS)
        row = [*HOME, JAW]
        row[joint] += sign * step
        assert arm.ask(tuple(row[:4]), row[4], dt=dt).refusal is (Refusal.RATE if step > most + 1.5 * ROUNDING else None), step


@pytest.mark.parametrize("dt", [0.0, -0.1])
def test_no_time_no_motion(dt):
    arm = Arm(SLOW_JOINTS)
    for step in (1e-6, 0.01 * ROUNDING):
        assert arm.by(step, dt=dt).refusal is Refusal.RATE
        assert arm.by(0.0, dt=dt).refusal is None


def test_a_late_tick_is_not_stretched():
    arm = Arm(SLOW_JOINTS)
    assert arm.by(0.0039, dt=9.0).refusal is None
    assert arm.by(0.0041, dt=9.0).refusal is Refusal.RATE


def test_speed_of_the_tip():
    easy = replace(LIMITS, joints=EASY)
    for step in edges(0.1 * DT):
        assert Arm(easy).by(step).refusal is (Refusal.TIP if step > 0.1 * DT + 1.5 * ROUNDING else None)
        part = step / math.sqrt(3.0)
        assert Arm(easy).by(-part, part, -part).refusal is (Refusal.TIP if step > 0.1 * DT + 1.5 * ROUNDING else None)
    for step in edges(4.0 * DT):
        assert Arm(easy).by(turn=step).refusal is (Refusal.TIP if step > 4.0 * DT + 1.5 * ROUNDING else None)


@pytest.mark.parametrize("joint", range(5))
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_acceleration_of_every_joint(joint, sign):
    free = replace(LIMITS, joints=replace(JOINTS, velocity=(99.0,) * 5), tip_speed=99.0, tip_turn=999.0)
    most = JOINTS.acceleration[joint] * DT * DT
    for begun in (0.0, 0.5, 1.0):
        for change in edges(most):
            arm = Arm(free)
            row = [*HOME, JAW]
            row[joint] += sign * begun * most
            assert arm.ask(tuple(row[:4]), row[4]).refusal is None
            row[joint] += sign * (begun * most + change)
            wanted = Refusal.ACCELERATION if change > most + 1.5 * ROUNDING else None
            assert arm.ask(tuple(row[:4]), row[4]).refusal is wanted, (begun, change)


@pytest.mark.parametrize(("before", "now"), [(DT, DT), (0.012, DT), (DT, 0.012)])
def test_acceleration_counts_from_the_middle_of_the_last_step(before, now):
    """A speed is the mean over its step: a short step behind a long one shows more of a change than the arm made."""
    since = max(now, 0.5 * (before + now))
    for share, refusal in ((0.999, None), (1.001, Refusal.ACCELERATION)):
        arm = Arm(replace(LIMITS, tip_speed=1.0))
        assert arm.by(0.015 * before, dt=before).refusal is None
        assert arm.by((0.015 + 4.0 * share * since) * now, dt=now).refusal is refusal
        after = Arm(replace(LIMITS, tip_speed=1.0))
        after.by(9.0, dt=0.012)
        assert after.by(4.0 * share * now * now, dt=now).refusal is refusal, "a refusal is no step"


def test_braking_counts_as_acceleration_but_standing_still_is_always_admitted():
    arm = Arm().moving(0.09)
    assert arm.by(0.01 * DT).refusal is Refusal.ACCELERATION
    arm = Arm().moving(0.09)
    assert arm.by(0.0).refusal is None
    assert arm.by(0.09 * DT).refusal is Refusal.ACCELERATION, "it stands: its speed is none"


def test_after_a_refusal_the_arm_counts_as_standing():
    arm = Arm().moving(0.09)
    assert arm.ask((math.nan, 0.0, 0.0, 0.0)).refusal is Refusal.NOT_FINITE
    assert arm.by(0.09 * DT).refusal is Refusal.ACCELERATION
    assert arm.by(4.0 * DT * DT).refusal is None
