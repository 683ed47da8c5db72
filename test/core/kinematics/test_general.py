"""A general arm by library: it agrees with the closed form, keeps a software trocar, and holds with a reason instead of jumping."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from arm_samples import PSM_URDF, config, postures

pytest.importorskip("pink", reason="pip install 'telesurgery_nodes[ik]'")
pytest.importorskip("xacro", reason="pip install xacro")

import xacro

from telesurgery_nodes.core.arm.assembly import Assembly, assemble
from telesurgery_nodes.core.arm.states import ArmMode
from telesurgery_nodes.core.arm.values import ArmInputs, ArmOutput, Measured
from telesurgery_nodes.core.kinematics.frames import IDENTITY, Frame, angle_between, axis_rotation, distance, product
from telesurgery_nodes.core.kinematics.general import ENGAGED_M, GeneralArm, libraries
from telesurgery_nodes.core.kinematics.model import RobotModel
from telesurgery_nodes.core.kinematics.psm import Psm
from telesurgery_nodes.core.kinematics.reasons import Limit
from telesurgery_nodes.errors import ConfigError, KinematicsError

CART = Path(__file__).resolve().parents[3] / "urdf" / "serial_cart.urdf.xacro"
SERIAL, PSM = config("serial7"), config("psm")
DT = 0.004
TROCAR_M = 50e-6  # bar 2


@pytest.fixture(scope="module")
def model() -> RobotModel:
    return RobotModel(xacro.process_file(str(CART)).toxml())


class Bench:
    """The serial arm in its controller with a perfect robot; checks trocar, range and speed in every tick."""

    def __init__(self, model: RobotModel) -> None:
        self.made: Assembly = assemble("PSM1", model, SERIAL, 0.02)
        self.arm, self.now, self.worst = self.made.controller, 0.0, 0.0
        self.q, self.fastest = SERIAL.home, 0.0
        self.arm.update(self._inputs(None), self.now)
        assert self.arm.command("enable")
        self.arm.homed = True
        self.start = self.made.chain.forward(SERIAL.home)

    def _inputs(self, target: Frame | None) -> ArmInputs:
        stamp = (round(1e3 * self.now) + 1, 0)
        measured = Measured(self.q, (0.0,) * 7, math.nan, 0.0)
        return ArmInputs(target, stamp if target else None, None, target is not None, False, measured, IDENTITY)

    def tick(self, target: Frame | None) -> ArmOutput:
        self.now += DT
        output = self.arm.update(self._inputs(target), self.now)
        assert output.joints is not None and all(map(math.isfinite, output.joints))
        for old, new, most in zip(self.q, output.joints, SERIAL.limits.velocity, strict=True):
            assert abs(new - old) <= most * DT * (1.0 + 1e-9)
        assert SERIAL.limits.inside(output.joints)
        self.q = output.joints
        self.worst = max(self.worst, self.made.trocar_error(self.q))
        self.fastest = max(self.fastest, self.arm.tip_speed()[0])
        return output

    def at(self, x: float, y: float, z: float, turn: float = 0.0) -> Frame:
        p = self.start.p
        return Frame((p[0] + x, p[1] + y, p[2] + z), product(self.start.r, axis_rotation((0.0, 0.0, 1.0), turn)))

    def run(self, seconds: float, target: Callable[[float], Frame | None]) -> Limit:
        reasons = Limit.NONE
        for number in range(round(seconds / DT)):
            reasons |= self.tick(target(number * DT)).reasons
        return reasons

    def error(self, target: Frame) -> float:
        return distance(self.made.chain.forward(self.q).p, target.p)


def test_with_a_mechanical_trocar_it_agrees_with_the_closed_form() -> None:
    chain = RobotModel(PSM_URDF).chain("rcm", "tip")
    psm = Psm(PSM.limits)
    arm = GeneralArm(chain, PSM.limits, PSM.home, (PSM.tip_speed, PSM.tip_turn), straight=False, trocar=None)
    for q in postures(PSM.limits, 20):
        target, v = psm.forward(q), (0.1, -0.2, 0.03, 0.4, -0.5, 0.6)
        assert distance(arm.forward(q).p, target.p) < 1e-9 and angle_between(arm.forward(q).r, target.r) < 1e-9
        for ours, theirs in zip(arm.twist(q, v), psm.twist(q, v), strict=True):
            assert ours == pytest.approx(theirs, abs=1e-9)
        beside, _ = PSM.limits.clamp(tuple(x + (0.0005 if i == 2 else 0.01) for i, x in enumerate(q)))
        for _ in range(20):
            beside = arm.follow(target, beside).joints
        assert distance(psm.forward(beside).p, target.p) < 1e-6 and angle_between(psm.forward(beside).r, target.r) < 1e-5
        assert arm.trocar_error(q) == 0.0 and arm.carry(q, v, DT) is v


def test_a_jump_is_followed_straight_through_the_trocar_at_full_speed(model: RobotModel) -> None:
    bench = Bench(model)
    goal, start = bench.at(0.03, 0.02, 0.0, 0.5), bench.start.p
    bend = 0.0
    for _ in range(300):
        bench.tick(goal)
        x, y, z = (a - b for a, b in zip(bench.made.chain.forward(bench.q).p, start, strict=True))
        along = (0.03 * x + 0.02 * y) / 0.0013
        bend = max(bend, math.hypot(x - 0.03 * along, y - 0.02 * along, z))
    assert bench.error(goal) < 1e-6 and bench.fastest > 0.09
    assert bench.worst < TROCAR_M and bend < 1e-3, "1 mm of 36: each tick is straight to first order"


def test_circles_brakes_and_turns_keep_the_trocar(model: RobotModel) -> None:
    bench = Bench(model)
    bench.run(0.5, lambda t: bench.at(0.03, 0.0, 0.0))
    bench.run(4.0, lambda t: bench.at(0.03 * math.cos(3.0 * t), 0.03 * math.sin(3.0 * t), 0.02 * math.sin(t), math.sin(t)))
    bench.run(0.2, lambda t: None)
    assert not bench.arm.tip_speed()[0]
    bench.run(3.0, lambda t: bench.at(0.04 if int(3.0 * t) % 2 else -0.04, 0.0, 0.0))
    assert bench.worst < TROCAR_M and bench.fastest > 0.09


def test_towards_the_trocar_it_slows_stops_with_a_reason_and_comes_back(model: RobotModel) -> None:
    bench = Bench(model)
    reasons = bench.run(3.0, lambda t: bench.at(0.0, 0.0, 0.1))
    assert Limit.SINGULARITY in reasons and not bench.arm.tip_speed()[0] > 1e-4
    stopped = bench.made.chain.forward(bench.q).p[2]
    assert 0.25 - stopped > 0.035, "the tip stays 35 mm below the trocar"
    bench.run(2.0, lambda t: bench.at(0.0, 0.0, 0.0))
    assert bench.error(bench.at(0.0, 0.0, 0.0)) < 1e-5 and bench.worst < TROCAR_M


def test_out_of_reach_it_stands_at_the_end_of_its_range_and_says_so(model: RobotModel) -> None:
    bench = Bench(model)
    reasons = bench.run(4.0, lambda t: bench.at(0.25, 0.0, 0.05))
    assert Limit.POSITION in reasons or Limit.SOFT_MARGIN in reasons
    bench.run(5.0, lambda t: bench.at(0.0, 0.0, 0.0))
    assert bench.error(bench.at(0.0, 0.0, 0.0)) < 1e-4 and bench.worst < TROCAR_M


def test_a_shaft_off_its_trocar_or_a_target_that_is_none_is_refused(model: RobotModel) -> None:
    bench = Bench(model)
    bent = tuple(x + (0.03 if i == 1 else 0.0) for i, x in enumerate(SERIAL.home))
    assert bench.made.trocar_error(bent) > ENGAGED_M
    follower = bench.made.controller.kinematics
    assert isinstance(follower, GeneralArm)
    with pytest.raises(KinematicsError, match="from the trocar"):
        follower.follow(bench.start, bent)
    assert Limit.TROCAR in follower.follow(bench.start, tuple(x + (0.015 if i == 1 else 0.0) for i, x in enumerate(SERIAL.home))).reasons
    output = bench.tick(Frame((math.nan, 0.0, 0.0), IDENTITY.r))
    assert Limit.UNREACHABLE in output.reasons and output.joints == SERIAL.home


def test_a_solver_that_finds_nothing_holds(model: RobotModel, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(model)
    follower = bench.made.controller.kinematics
    bench.run(0.1, lambda t: bench.at(0.02, 0.0, 0.0))
    assert isinstance(follower, GeneralArm)
    _, pink = libraries()

    def nothing(*_args: object, **_more: object) -> None:
        raise pink.exceptions.NoSolutionFound(None, None)

    monkeypatch.setattr(pink, "solve_ik", nothing)
    assert Limit.UNREACHABLE in bench.run(0.3, lambda t: bench.at(0.02, 0.0, 0.0))
    assert bench.arm.mode is ArmMode.ENABLED and not bench.arm.tip_speed()[0]
    monkeypatch.undo()
    bench.run(1.0, lambda t: bench.at(0.02, 0.0, 0.0))
    assert bench.error(bench.at(0.02, 0.0, 0.0)) < 1e-6 and bench.worst < TROCAR_M


def test_homing_moves_freely_and_the_trocar_counts_from_following_on(model: RobotModel) -> None:
    bench = Bench(model)
    bench.q = tuple(x + 0.05 for x in SERIAL.home)
    bench.arm.command("disable")
    bench.now += DT
    measured = Measured(bench.q, (0.0,) * 7, math.nan, 0.0)
    bench.arm.update(ArmInputs(None, None, None, False, True, measured, IDENTITY), bench.now)
    assert bench.arm.command("enable") and bench.arm.command("home")
    for _ in range(500):
        bench.now += DT
        output = bench.arm.update(ArmInputs(None, None, None, False, True, measured, IDENTITY), bench.now)
        measured = Measured(output.joints or bench.q, (0.0,) * 7, math.nan, 0.0)
    assert bench.arm.homed and output.joints == pytest.approx(SERIAL.home, abs=1e-6)


def test_without_the_libraries_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pink", None)
    with pytest.raises(ConfigError, match=r"telesurgery_nodes\[ik\]"):
        libraries()


def test_limits_of_another_arm_are_refused() -> None:
    with pytest.raises(ConfigError, match="6 joints wanted"):
        GeneralArm(RobotModel(PSM_URDF).chain("rcm", "tip"), SERIAL.limits, SERIAL.home, (0.1, 1.0), straight=False, trocar=None)
