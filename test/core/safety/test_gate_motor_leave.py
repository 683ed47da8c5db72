"""The last gate before the motors: who may move, how hard, and the latch. Fake time."""

import math
from dataclasses import replace

import pytest
from motor_arm import DT, FOLLOW, GOOD, JAW, LIMITS, LOCAL, Arm, forward

from telesurgery_nodes.core.safety.causes import Cause
from telesurgery_nodes.core.safety.force import Force
from telesurgery_nodes.core.safety.gate_motor import BAD_ROW, EASE, EASE_GAIN, ROUNDING, MotorGate
from telesurgery_nodes.core.safety.motor import CAUSE_OF, Refusal
from telesurgery_nodes.core.values import Phase

# leave


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"permit": None}, Refusal.PERMIT),
        ({"permit_age": 0.06}, None),
        ({"permit_age": 0.0601}, Refusal.PERMIT),
        ({"permit_age": -0.001}, Refusal.PERMIT),
        ({"permit_age": math.nan}, Refusal.PERMIT),
        ({"permit": replace(FOLLOW, motion=False)}, Refusal.AUTHORITY),
        ({"motion_epoch": 3}, Refusal.AUTHORITY),
        ({"motion_epoch": 5}, Refusal.AUTHORITY),
        ({"remote": False}, Refusal.AUTHORITY),
        ({"remote": False, "permit": LOCAL}, None),
        ({"remote": False, "permit": LOCAL, "command_age": math.inf}, None),
        ({"remote": False, "permit": replace(LOCAL, phase=Phase.HOLDING)}, None),
        ({"remote": False, "permit": replace(LOCAL, phase=Phase.PAUSED)}, Refusal.AUTHORITY),
        ({"remote": False, "permit": replace(LOCAL, motion=True)}, Refusal.AUTHORITY),
        ({"permit": LOCAL}, Refusal.AUTHORITY),
        ({"command_age": 0.05}, None),
        ({"command_age": 0.0501}, Refusal.AGE),
        ({"command_age": -0.001}, Refusal.AGE),
        ({"command_age": math.nan}, Refusal.AGE),
    ],
)
def test_each_part_of_the_leave(changes, refusal):
    decision = Arm().by(1e-5, **changes)
    assert decision.refusal is refusal
    assert decision.cause is (CAUSE_OF[refusal] if refusal else Cause.NONE)
    assert Arm().by(0.0, **changes).refusal is None, "standing still needs no leave"


def test_without_leave_the_arm_may_come_to_rest():
    arm = Arm().moving(0.09)
    for speed in [0.09] * round(EASE / DT) + [0.075, 0.06, 0.05]:
        assert arm.by(speed * DT, permit=None).refusal is None
    assert arm.by(0.051 * DT, permit=None).refusal is Refusal.PERMIT, "faster than before"


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("way", [1.0, -1.0])
def test_for_a_moment_the_acceleration_may_turn_round(sign, way):
    """Up to so much faster, and up to so much slower, which may be the other way: the middle of the last step tells no more."""
    most = 4.0 * (EASE_GAIN + 0.5 * DT)  # of this arm: 48 mm/s
    for share, refusal in [(0.999, None), (1.001, Refusal.PERMIT)]:
        arm = Arm(replace(LIMITS, tip_speed=1.0)).moving(sign * 0.03)
        speeds = [0.03 + way * share * most * part for part in (0.25, 0.5, 0.75, 1.0)]
        found = [arm.by(sign * speed * DT, permit=None).refusal for speed in speeds]
        assert found == [None, None, None, refusal], share


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("step", [0.013 * DT, -2.0 * ROUNDING])
def test_after_that_it_neither_gets_faster_nor_turns_round(step, sign):
    for ticks, refusal in [(round(EASE / DT) - 1, None), (round(EASE / DT), Refusal.PERMIT)]:
        arm = Arm().moving(sign * 0.03)
        for speed in [0.02] + [0.012] * (ticks - 1):
            assert arm.by(sign * speed * DT, permit=None).refusal is None
        assert arm.by(sign * step, permit=None).refusal is refusal


def test_a_late_tick_counts_as_the_controller_counts_it():
    """A tick of 40 ms is 20 ms for both: a step after one of them begins within the time to ease, after two it does not."""
    for late, refusal in [((0.01,), None), ((0.02, 0.01), Refusal.PERMIT)]:
        arm = Arm().moving(0.03)
        for speed in late:
            assert arm.by(speed * LIMITS.max_tick, dt=2.0 * LIMITS.max_tick, permit=None).refusal is None
        assert arm.by(0.011 * DT, permit=None).refusal is refusal


def test_coming_to_rest_is_not_coming_back():
    arm = Arm().moving(-0.01, 1)
    assert arm.by(-0.01 * DT, permit=None).refusal is None
    arm = Arm().moving(0.01, 1)
    assert arm.by(0.01 * DT, dy=2.0 * ROUNDING, permit=None).refusal is Refusal.PERMIT, "another joint begins"
    arm = Arm().moving(0.01, 1)
    assert arm.by(0.0, permit=None).refusal is None
    assert arm.by(0.005 * DT, permit=None).refusal is Refusal.PERMIT, "it stood"
    arm = Arm().moving(0.01, 1)
    assert arm.by(9.0).refusal is Refusal.VALUE
    assert arm.by(0.005 * DT, permit=None).refusal is Refusal.PERMIT, "a refusal stopped it"


def test_coming_to_rest_takes_no_longer_than_braking():
    arm = Arm().moving(0.01, 1)
    since = arm.now
    refusals = []
    for _ in range(40):
        refusals.append(arm.by(0.009 * DT, permit=None).refusal)
        if arm.now - since > 0.1 + ROUNDING:
            break
    assert refusals[-1] is Refusal.PERMIT and set(refusals[:-1]) == {None} and len(refusals) == 26


def test_a_resting_arm_keeps_its_leave_alive():
    arm = Arm()
    for _ in range(50):
        assert arm.by(0.0).refusal is None
    arm.moving(0.01, 1)
    assert arm.by(0.009 * DT, permit=None).refusal is None
    fresh = Arm()
    for _ in range(50):
        fresh.by(0.0, permit=None)
    assert fresh.by(1e-5, permit=None).refusal is Refusal.PERMIT


# force

PRESSED = Force((0.0, 0.0, 5.1), 0.0)  # the tool pushes down, into -z


def test_above_the_stop_limit_only_away():
    for force, refusal in [(Force((0.0, 0.0, 4.9), 0.0), None), (PRESSED, Refusal.FORCE)]:
        assert Arm().by(dz=-1e-5, force=force).refusal is refusal
        for step in ({"dz": 1e-5}, {"dx": 1e-5}, {"turn": 1e-3}, {"jaw": 1e-3}):
            assert Arm().by(**step, force=force).refusal is None


@pytest.mark.parametrize("force", [None, Force((0.0, 0.0, 0.0), 0.151), Force((math.nan, 0.0, 0.0), 0.0)])
def test_an_unknown_force_holds(force):
    decision = Arm().by(1e-5, force=force)
    assert (decision.refusal, decision.cause) == (Refusal.FORCE_UNKNOWN, Cause.FORCE_UNKNOWN)
    assert Arm().by(0.0, force=force).refusal is None


def test_an_arm_that_measures_no_force_moves_without():
    assert Arm(replace(LIMITS, force=LIMITS.force.unrequired())).by(1e-5, force=None).refusal is None


@pytest.mark.parametrize("force", [PRESSED, None])
def test_the_force_never_latches(force):
    arm = Arm()
    assert not any(arm.by(dz=-1e-5, force=force).latched for _ in range(5 * BAD_ROW))
    assert arm.gate.bad == 0 and sum(arm.gate.counts.values()) == 5 * BAD_ROW
    assert arm.by(dz=1e-5).refusal is None


# latch


def latched_arm():
    arm = Arm()
    for _ in range(BAD_ROW):
        arm.by(0.01)
    return arm


def test_refused_again_and_again_latches():
    arm = Arm()
    assert [arm.by(0.01).latched for _ in range(BAD_ROW)] == [False] * (BAD_ROW - 1) + [True]
    decision = arm.by(1e-5)
    assert (decision.refusal, decision.cause, decision.latched) == (Refusal.LATCHED, Cause.BAD_COMMAND, True)
    assert arm.by(0.0).refusal is None and arm.by(0.0).latched, "holding goes on"
    assert arm.gate.counts == {"rate": BAD_ROW, "latched": 1} and arm.gate.bad == BAD_ROW
    assert arm.ask(joints=None).latched


def test_one_good_set_point_ends_the_row():
    arm = Arm()
    for _ in range(3):
        for _ in range(BAD_ROW - 1):
            assert not arm.by(0.01).latched
        assert arm.by(0.0).refusal is None
    assert arm.gate.bad == 3 * (BAD_ROW - 1)


@pytest.mark.parametrize(("permit", "opens"), [(replace(FOLLOW, motion_epoch=5), True), (FOLLOW, False), (None, False),
                                               (replace(FOLLOW, motion_epoch=3), False)])  # fmt: skip
def test_a_latch_ends_with_a_larger_motion_epoch(permit, opens):
    arm = latched_arm()
    epoch = permit.motion_epoch if permit is not None else 4
    decision = arm.by(1e-5, permit=permit, motion_epoch=epoch)
    assert (decision.refusal is None, decision.latched) == (opens, not opens)


def larger_epoch(arm):
    arm.by(0.0, permit=replace(FOLLOW, motion_epoch=5))


@pytest.mark.parametrize("end", [lambda arm: arm.gate.restart(), larger_epoch, lambda arm: arm.by(0.0)])
@pytest.mark.parametrize("before", range(BAD_ROW))
def test_the_count_begins_anew(end, before):
    arm = Arm()
    for _ in range(before):
        arm.by(9.0)
    end(arm)
    assert [arm.by(9.0, motion_epoch=5).latched for _ in range(BAD_ROW)] == [False] * (BAD_ROW - 1) + [True]
    assert BAD_ROW == 3  # 12 ms, as docs/safety.md says


def test_both_ends_of_a_latch_open_it():
    for end in (lambda arm: arm.gate.restart(), larger_epoch):
        arm = latched_arm()
        end(arm)
        assert not arm.gate.latched
        assert [arm.by(9.0).latched for _ in range(BAD_ROW)] == [False] * (BAD_ROW - 1) + [True]


def test_the_first_motion_epoch_opens_a_latch_from_before_it():
    none = replace(LOCAL, motion_epoch=0)
    gate = MotorGate(LIMITS, forward)
    gate.update(replace(GOOD, permit=none), 0.0)
    for tick in range(BAD_ROW):
        gate.update(replace(GOOD, permit=none, jaw=9.0), DT * (tick + 1))
    assert gate.latched
    gate.update(replace(GOOD, permit=replace(FOLLOW, motion_epoch=1)), DT * 5)
    assert not gate.latched


def test_an_arm_that_never_had_leave_does_not_begin():
    gate = MotorGate(LIMITS, forward)
    assert gate.update(replace(GOOD, permit=None), 0.0).refusal is None
    assert gate.update(replace(GOOD, permit=None, jaw=JAW + 1e-4), DT).refusal is Refusal.PERMIT


def test_exactly_within_the_rules_of_coming_to_rest():
    for step in (-ROUNDING, ROUNDING):
        assert Arm().ask((0.0, step, -0.1, 0.0), permit=None).refusal is None
    for since, refusal in [(EASE, None), (EASE + 1e-6, Refusal.PERMIT)]:
        gate = MotorGate(LIMITS, forward)
        begun = 0.015 * DT
        for now, x in ((-2.0 * DT, 0.0), (-DT, 0.0), (0.0, begun)):
            assert gate.update(replace(GOOD, joints=(x, 0.0, -0.1, 0.0)), now).refusal is None
        slow = replace(GOOD, permit=None, joints=(begun + 0.0001, 0.0, -0.1, 0.0))  # 7 mm/s
        assert gate.update(slow, 0.5 * EASE).refusal is None
        slow = replace(GOOD, permit=None, joints=(begun + 0.0002, 0.0, -0.1, 0.0))
        assert gate.update(slow, since).refusal is None
        faster = replace(slow, joints=(begun + 0.0002 + 0.012 * DT, 0.0, -0.1, 0.0))
        assert gate.update(faster, since + DT).refusal is refusal, since
    gate = MotorGate(replace(LIMITS, brake=0.125), forward)
    for now, x in ((0.0, 0.0), (0.25, 0.0), (0.5, 1e-4)):
        gate.update(replace(GOOD, joints=(x, 0.0, -0.1, 0.0)), now)
    assert gate.update(replace(GOOD, permit=None, joints=(1.5e-4, 0.0, -0.1, 0.0)), 0.625).refusal is None


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_force_counts_along_its_own_axis_wherever_the_tip_is(axis, sign):
    vector = tuple(sign * 6.0 if index == axis else 0.0 for index in range(3))
    for direction, refusal in ((-sign, Refusal.FORCE), (sign, None)):
        step = {("dx", "dy", "dz")[axis]: direction * 1e-5}
        for start in ((0.03, 0.02, -0.1, 0.0), (-0.03, -0.02, -0.1, 0.0)):
            assert Arm(start=start).by(**step, force=Force(vector, 0.0)).refusal is refusal
