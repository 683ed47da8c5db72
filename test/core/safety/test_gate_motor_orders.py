"""The last gate before the motors: every reason x every order, and whatever may come in. Fake time."""

import math
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motor_arm import DT, FOLLOW, GOOD, HOME, JAW, JOINTS, LIMITS, LOCAL, Arm, forward

from telesurgery_nodes.core.kinematics.frames import distance
from telesurgery_nodes.core.safety.causes import Cause
from telesurgery_nodes.core.safety.force import Force
from telesurgery_nodes.core.safety.gate_motor import HOLD_ONLY
from telesurgery_nodes.core.safety.motor import CAUSE_OF, Refusal

# every reason x every order

FAULTS = {
    Refusal.NOT_FINITE: {"jaw": math.nan},
    Refusal.VALUE: {"dy": 1.0},
    Refusal.WORKSPACE: {"dx": 0.0999},
    Refusal.RATE: {"dx": 0.01},
    Refusal.TIP: {"dx": 0.00045},
    Refusal.ACCELERATION: {"dx": 0.0003},
    Refusal.PERMIT: {"permit": None},
    Refusal.AUTHORITY: {"permit": replace(FOLLOW, motion=False)},
    Refusal.AGE: {"command_age": 1.0},
    Refusal.FORCE_UNKNOWN: {"force": None},
    Refusal.FORCE: {"force": Force((-6.0, 0.0, 0.0), 0.0)},
}
ORDER = list(Refusal)


@pytest.mark.parametrize("refusal", FAULTS, ids=lambda one: one.name)
def test_each_reason_alone_holds_and_is_counted(refusal):
    arm = Arm()
    decision = arm.by(**{"dx": 1e-5, **FAULTS[refusal]})
    assert (decision.refusal, decision.joints, decision.jaw) == (refusal, HOME, JAW)
    assert arm.gate.counts == {refusal.value: 1} and arm.gate.bad == (refusal not in HOLD_ONLY)
    assert decision.cause is CAUSE_OF.get(refusal, Cause.BAD_COMMAND)


@pytest.mark.parametrize(("first", "second"), list(permutations(FAULTS, 2)), ids=lambda one: one.name)
def test_of_two_faults_the_earlier_reason_is_named_and_nothing_moves(first, second):
    a, b = FAULTS[first], FAULTS[second]
    if set(a) & set(b):
        return
    decision = Arm().by(**{"dx": 1e-5, **a, **b})
    assert decision.refusal is min(first, second, key=ORDER.index) and decision.joints == HOME


@pytest.mark.parametrize(("first", "second"), list(permutations(FAULTS, 2)), ids=lambda one: one.name)
def test_one_fault_after_another_holds_both_times(first, second):
    arm = Arm()
    for fault in (first, second):
        arm.jaw = JAW
        assert arm.by(**{"dx": 1e-5, **FAULTS[fault]}).refusal is fault
    arm.jaw = JAW
    assert arm.by(1e-5).joints == (1e-5, 0.0, -0.1, 0.0)


# whatever comes in

ANY = st.floats(allow_nan=True, allow_infinity=True) | st.floats(-0.3, 0.3)
SMALL = st.floats(-5e-4, 5e-4)
PERMITS = st.sampled_from([None, FOLLOW, LOCAL, replace(FOLLOW, motion_epoch=5), replace(FOLLOW, motion=False)])
FORCES = st.none() | st.builds(Force, st.tuples(ANY, ANY, ANY), st.sampled_from([0.0, 0.1, 0.2, math.nan]))


@st.composite
def ticks(draw):
    """A tick: wild, or one a real controller could make."""
    wild = draw(st.booleans())
    step = draw(st.tuples(*[ANY if wild else SMALL] * 5))
    return step, wild, draw(st.sampled_from([0.0, 0.001, DT, 0.03])), {
        "remote": draw(st.booleans()), "motion_epoch": draw(st.sampled_from([4, 5])), "command_age": draw(st.sampled_from([0.0, 0.1])),
        "permit": draw(PERMITS), "permit_age": draw(st.sampled_from([0.0, 0.1, math.nan])), "force": draw(FORCES),
    }  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(ticks(), max_size=25))
def test_whatever_comes_in_what_goes_out_obeys_the_limits(sequence):
    arm = Arm()
    speed, last = (0.0,) * 5, 0.0
    for step, wild, dt, changes in sequence:
        before = (*arm.q, arm.jaw)
        row = step if wild else tuple(x + s for x, s in zip(before, step, strict=True))
        arm.now += dt
        decision = arm.gate.update(replace(GOOD, joints=row[:4], jaw=row[4], **changes), arm.now)
        out = (*decision.joints, decision.jaw)
        arm.q, arm.jaw = decision.joints, decision.jaw
        moved = tuple(x - y for x, y in zip(out, before, strict=True))
        assert decision.refusal is None or out == before, "a refused set point is never clamped"
        used = min(dt, LIMITS.max_tick)
        since, last = max(used, 0.5 * (used + last)), used if decision.refusal is None else 0.0
        if not any(moved):
            speed = (0.0,) * 5
            continue
        assert used > 0.0 and out == row
        assert all(low - 2e-9 <= x <= high + 2e-9 for x, low, high in zip(out, JOINTS.lower, JOINTS.upper, strict=True))
        assert all(abs(m) <= v * used + 2e-9 for m, v in zip(moved, JOINTS.velocity, strict=True))
        assert distance(out[:3], before[:3]) <= LIMITS.tip_speed * used + 2e-9
        now_speed = tuple(m / used for m in moved)
        assert all(abs(n - u) * used <= a * since * used + 2e-9 for n, u, a in zip(now_speed, speed, JOINTS.acceleration, strict=True))
        assert LIMITS.workspace.outside(forward(out))[0] <= 2e-9
        assert changes["force"] is not None
        speed = now_speed
