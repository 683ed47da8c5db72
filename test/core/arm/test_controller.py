"""Timelines of one arm: nothing moves without leave, the set point is continuous, faults end the set points."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from arm_samples import config
from hypothesis import given, settings
from hypothesis import strategies as st

from telesurgery_nodes.core.arm.controller import FAULT_RAMP, ArmController
from telesurgery_nodes.core.arm.states import ArmMode
from telesurgery_nodes.core.arm.values import ArmInputs, ArmOutput, Measured
from telesurgery_nodes.core.kinematics.ecm import Ecm
from telesurgery_nodes.core.kinematics.frames import IDENTITY, Frame, distance, from_rpy, product
from telesurgery_nodes.core.kinematics.limits import Limit
from telesurgery_nodes.core.kinematics.psm import Psm

CONFIG = config("psm")
PSM = Psm(CONFIG.limits)
DT = 0.004
START = (0.1, -0.1, 0.1, 0.2, 0.1, -0.1)


class Bench:
    """A controller with a perfect robot and fake time."""

    def __init__(self, controller: ArmController | None = None, start: tuple[float, ...] = START) -> None:
        self.arm = controller or ArmController("PSM1", PSM, CONFIG, PSM)
        self.now, self.q, self.stamp = 0.0, start, 0
        self.inputs = ArmInputs(None, None, None, False, True, None, IDENTITY)
        self.stuck = False

    def tick(self, dt: float = DT, **changes: object) -> ArmOutput:
        self.now += dt
        measured = changes.pop("measured", Measured(self.q, (0.0,) * len(self.q), 0.0, 0.0))
        output = self.arm.update(replace(self.inputs, measured=measured, **changes), self.now)
        if output.joints is not None and not self.stuck:
            self.q = output.joints
        return output

    def follow(self, frame: Frame, **changes: object) -> ArmOutput:
        self.stamp += 1
        return self.tick(target=frame, stamp=(self.stamp, 0), motion=True, local_motion=False, **changes)

    def homed(self) -> Bench:
        self.tick()
        assert self.arm.command("enable") and self.arm.command("home")
        for _ in range(2000):
            self.tick()
        assert self.arm.homed and not self.arm.busy
        return self

    def shifted(self, x: float, turn: float = 0.0) -> Frame:
        tip = PSM.forward(self.arm.setpoint)
        return Frame((tip.p[0] + x, tip.p[1], tip.p[2]), product(from_rpy(0.0, 0.0, turn), tip.r))


def test_disabled_sends_nothing_and_enable_wants_measured_joints() -> None:
    bench = Bench()
    assert not bench.arm.command("enable")
    assert bench.tick(measured=None).joints is None and not bench.arm.command("enable")
    assert bench.tick(measured=Measured((math.nan,) * 6, (0.0,) * 6, 0.0, 0.0)).joints is None and not bench.arm.command("enable")
    assert bench.tick(measured=Measured(START, (0.0,) * 6, 0.0, 9.0)).joints is None and not bench.arm.command("enable")
    assert math.isnan(bench.arm.jaw_setpoint) and bench.arm.setpoint_view(IDENTITY) is None
    bench.tick()
    assert bench.arm.command("enable") and bench.tick().joints == START
    assert bench.arm.counts["refused_enable"] == 4


def test_homing_needs_leave_and_ends_homed() -> None:
    bench = Bench()
    bench.tick()
    assert bench.arm.command("enable") and bench.arm.command("home") and bench.arm.busy
    for _ in range(50):
        assert bench.tick(local_motion=False).joints == START
    for _ in range(2000):
        bench.tick()
    assert bench.arm.homed and bench.q == pytest.approx(CONFIG.home, abs=1e-5)


def test_not_homed_does_not_follow() -> None:
    bench = Bench()
    bench.tick()
    bench.arm.command("enable")
    bench.tick()
    for _ in range(20):
        assert bench.follow(bench.shifted(0.01)).joints == START
    assert not bench.arm.go_to(CONFIG.home, slow=False)


def test_follows_to_the_target_and_names_the_command() -> None:
    bench = Bench().homed()
    goal = bench.shifted(0.02, 0.3)
    for _ in range(400):
        output = bench.follow(goal, jaw=0.5)
        assert output.served == (bench.stamp, 0)
    tip = PSM.forward(bench.q)
    assert distance(tip.p, goal.p) < 1e-6 and bench.arm.jaw_setpoint == pytest.approx(0.5, abs=1e-6)
    assert output.jaw == bench.arm.jaw_setpoint and bench.arm.counts["tip_speed"] > 0


def test_loss_of_leave_brakes_within_a_millimetre_and_old_targets_stay_dead() -> None:
    bench = Bench().homed()
    tip = PSM.forward(bench.q)
    for number in range(1, 120):
        bench.follow(Frame((tip.p[0] + 0.06 * DT * number, *tip.p[1:]), tip.r))
    assert bench.arm.tip_speed()[0] == pytest.approx(0.06, rel=0.05)
    before, old = PSM.forward(bench.q).p, bench.stamp
    far = bench.shifted(0.05)
    for _ in range(60):
        output = bench.tick(target=far, stamp=(old, 0), motion=False)
    assert not output.moving and output.served is None and bench.arm.tip_speed() == (0.0, 0.0)
    assert distance(PSM.forward(bench.q).p, before) < 1e-3
    rest = bench.q
    for _ in range(20):
        assert bench.tick(target=far, stamp=(old, 0), motion=True).joints == rest  # the same command again: not new
    assert bench.follow(far).joints != rest


def test_no_measurement_no_motion() -> None:
    bench = Bench().homed()
    rest = bench.q
    for _ in range(20):
        assert bench.follow(bench.shifted(0.01), measured=None).joints == rest


def test_unreachable_and_nan_targets_hold_and_are_counted() -> None:
    bench = Bench().homed()
    rest = bench.q
    for bad in (Frame((math.nan, 0.0, 0.0), IDENTITY.r), Frame((0.0, 0.0, 0.0), IDENTITY.r)):
        output = bench.follow(bad)
        assert Limit.UNREACHABLE in output.reasons and output.joints == rest and output.served is None
    assert bench.arm.counts["unreachable"] == 2
    bench.follow(bench.shifted(0.0), jaw=9.0)
    bench.follow(bench.shifted(0.0), jaw=math.nan)
    assert bench.arm.counts["jaw"] == 1


def test_a_stuck_arm_is_a_fault_that_only_disable_leaves() -> None:
    bench = Bench().homed()
    bench.stuck = True
    goal = bench.shifted(0.03)
    for _ in range(200):
        bench.follow(goal)
        if bench.arm.mode is ArmMode.FAULT:
            break
    assert bench.arm.mode is ArmMode.FAULT and not bench.arm.homed and bench.arm.counts["tracking_fault"] == 1
    for _ in range(round(FAULT_RAMP / DT) + 2):
        output = bench.follow(goal)
    assert output.joints is None
    assert not bench.arm.command("enable") and not bench.arm.command("home") and bench.arm.mode is ArmMode.FAULT
    assert bench.arm.command("disable") and bench.arm.mode is ArmMode.DISABLED
    bench.tick()
    assert bench.arm.command("enable") and bench.tick().joints == bench.q


def test_pause_holds_powered_and_resume_goes_on() -> None:
    bench = Bench().homed()
    assert bench.arm.command("pause")
    rest = bench.q
    for _ in range(10):
        assert bench.follow(bench.shifted(0.01)).joints == rest
    assert not bench.arm.command("enable") and bench.arm.command("resume") and bench.arm.mode is ArmMode.ENABLED
    assert not bench.arm.command("dance") and bench.arm.command("unhome") and not bench.arm.homed


def test_joint_goals_are_clamped_counted_and_held() -> None:
    bench = Bench().homed()
    assert bench.arm.go_to((0.1, 0.1, 0.5, 0.0, 0.0, 0.0), slow=True) and bench.arm.busy
    assert bench.arm.counts["position"] == 1
    bench.tick()
    bench.arm.hold()
    assert not bench.arm.busy
    assert not bench.arm.go_to((0.0,), slow=True) and not bench.arm.go_to((math.nan,) * 6, slow=True)
    assert bench.arm.go_to(CONFIG.home, slow=False) and not bench.arm.busy


def test_a_ceiling_from_outside_slows_or_holds_with_its_reason() -> None:
    bench = Bench().homed()
    slow, stop = (0.25, Limit.COLLISION), (0.0, Limit.FORCE)
    for _ in range(60):
        output = bench.follow(bench.shifted(0.02), ceilings=(slow,))
    crawl = bench.arm.tip_speed()[0]
    assert Limit.COLLISION in output.reasons and bench.arm.counts["collision"] == 60 and 0.0 < crawl < 0.03
    for _ in range(60):
        output = bench.follow(bench.shifted(0.02), ceilings=(slow, stop))
    assert Limit.FORCE in output.reasons and bench.arm.tip_speed() == (0.0, 0.0)
    for _ in range(60):
        bench.follow(bench.shifted(0.02), ceilings=((math.nan, Limit.FORCE),))
    assert bench.arm.tip_speed() == (0.0, 0.0), "no number is no leave"
    for _ in range(60):
        output = bench.follow(bench.shifted(0.02), ceilings=((1.0, Limit.FORCE),))
    assert bench.arm.tip_speed()[0] > 0.05 and Limit.FORCE not in output.reasons


def test_hold_drops_the_target_being_followed() -> None:
    bench = Bench().homed()
    goal = bench.shifted(0.03)
    for _ in range(20):
        bench.follow(goal)
    bench.arm.hold()
    for _ in range(20):
        output = bench.tick(target=goal, stamp=(bench.stamp, 0), motion=True, local_motion=False)
    assert not output.moving and output.served is None and distance(PSM.forward(bench.q).p, goal.p) > 0.02
    assert bench.follow(goal).served is not None


def test_an_arm_that_cannot_follow_holds() -> None:
    ecm = config("ecm")
    bench = Bench(ArmController("ECM", Ecm(ecm.limits), ecm), start=(0.1, 0.1, 0.12, 0.0)).homed()
    output = bench.follow(IDENTITY, jaw=0.3)
    assert Limit.UNREACHABLE in output.reasons and output.jaw is None and math.isnan(bench.arm.jaw_setpoint)
    bench.arm.fault()
    assert bench.tick().joints is None


def test_a_late_tick_is_not_stretched() -> None:
    bench = Bench().homed()
    bench.follow(bench.shifted(0.01))
    before = bench.q
    output = bench.follow(bench.shifted(0.01), dt=1.0)
    assert Limit.LATE in output.reasons
    assert all(abs(a - b) <= v * 0.02 for a, b, v in zip(output.joints or (), before, CONFIG.limits.velocity, strict=True))


OFFSETS = st.tuples(*[st.floats(-0.08, 0.08)] * 3, st.floats(-3.0, 3.0))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(OFFSETS, st.booleans(), st.floats(0.001, 0.05)), min_size=1, max_size=60))
def test_no_stream_of_targets_moves_a_joint_too_fast(stream: list) -> None:
    bench = Bench().homed()
    base = PSM.forward(CONFIG.home)
    for (x, y, z, turn), motion, dt in stream:
        before = bench.q
        goal = Frame((base.p[0] + x, base.p[1] + y, base.p[2] + z), product(from_rpy(turn, turn / 2, turn), base.r))
        bench.stamp += 1
        output = bench.tick(dt, target=goal, stamp=(bench.stamp, 0), motion=motion, local_motion=False)
        if output.joints is not None:
            assert PSM.limits.inside(output.joints)
            for a, b, v in zip(output.joints, before, CONFIG.limits.velocity, strict=True):
                assert abs(a - b) <= v * min(dt, 0.02) * (1 + 1e-9) + 1e-12
