"""Local motion: straight lines within the limits, smooth streams, and nothing without the leave."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from arm_samples import config, postures

from telesurgery_nodes.core.arm.controller import ArmController
from telesurgery_nodes.core.arm.courses import Smoother, between, between_joints
from telesurgery_nodes.core.arm.face import FACE, Way
from telesurgery_nodes.core.arm.jacobian import body_jacobian, spatial_jacobian
from telesurgery_nodes.core.arm.moves import TIP_VERBS, LocalMotion, MoveInputs, MoveOutput, Refusal, Verb
from telesurgery_nodes.core.arm.values import ArmInputs, Measured
from telesurgery_nodes.core.kinematics.frames import (
    IDENTITY,
    Frame,
    angle_between,
    axis_rotation,
    compose,
    cross,
    distance,
    inverse,
    norm,
    product,
    rotate,
)
from telesurgery_nodes.core.kinematics.psm import Psm, PsmGeometry

DT = 0.004
PSM = config("psm")
KINEMATICS = Psm(PSM.limits, PsmGeometry(**PSM.geometry))
VIEW = Frame((0.01, -0.02, 0.1), axis_rotation((0.0, 1.0, 0.0), 0.4))
SIX = (0.0,) * 6


class Bench:
    """A perfect robot, the controller and local motion at 250 Hz."""

    def __init__(self) -> None:
        self.controller = ArmController("PSM1", KINEMATICS, PSM, KINEMATICS)
        self.moves = LocalMotion(KINEMATICS, PSM, KINEMATICS, self.controller.counts)
        self.now, self.q, self.local = 0.0, PSM.home, True
        self.why: list[Refusal] = []
        self.busy: list[bool] = []
        self.path: list[tuple[float, ...]] = []
        self.tick()
        assert self.controller.command("enable") and self.controller.command("home")
        self.run(0.5)
        assert self.controller.homed
        self.path.clear()
        self.busy.clear()

    def tick(self) -> None:
        controller = self.controller
        ready = controller.mode.value == "ENABLED"
        out = self.moves.update(MoveInputs(self.local, ready, controller.homed, controller.setpoint, VIEW), self.now)
        if out.stop:
            controller.hold()
        if out.why is not None:
            self.why.append(out.why)
        if out.joints is not None:
            controller.go_to(out.joints, out.slow)
        inputs = ArmInputs(None, None, None, False, self.local, Measured(self.q, SIX, 0.0, 0.0), VIEW)
        found = controller.update(inputs, self.now)
        self.q = found.joints if found.joints is not None else self.q
        self.busy.append(controller.busy or out.busy)
        self.path.append(self.q)
        self.now += DT

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / DT)):
            self.tick()

    def ask(self, verb: Verb, value: object) -> Refusal | None:
        return self.moves.ask(verb, value, self.now)  # type: ignore[arg-type]

    def tip(self, q: tuple[float, ...] | None = None) -> Frame:
        return compose(inverse(VIEW), KINEMATICS.forward(self.q if q is None else q))


def moved(frame: Frame, way: tuple[float, float, float], turn: float = 0.0) -> Frame:
    p = (frame.p[0] + way[0], frame.p[1] + way[1], frame.p[2] + way[2])
    return Frame(p, product(axis_rotation((0.0, 0.0, 1.0), turn), frame.r))


def test_move_cp_is_a_straight_line_at_home_speed_and_busy_until_there() -> None:
    bench = Bench()
    start = bench.tip()
    goal = moved(start, (0.02, 0.01, -0.015), 0.5)
    assert bench.ask(Verb.MOVE_CP, goal) is None
    bench.run(3.0)
    assert distance(bench.tip().p, goal.p) < 1e-5 and angle_between(bench.tip().r, goal.r) < 1e-4
    assert bench.busy[1] and not bench.busy[-1] and not bench.moves.active and not bench.why
    assert sum(a != b for a, b in pairwise(bench.busy)) == 1  # busy once, without a gap
    way = tuple(b - a for a, b in zip(start.p, goal.p, strict=True))
    worst = 0.0
    for q in bench.path:
        off = tuple(x - a for a, x in zip(start.p, bench.tip(q).p, strict=True))
        worst = max(worst, norm(cross(off, way)) / norm(way))
    assert worst < 3e-4  # of a line of 27 mm; a joint move of the same tips bows further (next line)
    middle = bench.tip(between_joints(PSM.home, bench.q, 0.5)).p
    bow = tuple(x - a for a, x in zip(start.p, middle, strict=True))
    assert norm(cross(bow, way)) / norm(way) > worst
    speeds = [distance(bench.tip(a).p, bench.tip(b).p) / DT for a, b in pairwise(bench.path)]
    assert max(speeds) < 1.1 * PSM.tip_speed * PSM.home_speed


def test_move_cp_out_of_reach_is_refused_before_it_moves() -> None:
    bench = Bench()
    assert bench.ask(Verb.MOVE_CP, moved(bench.tip(), (0.0, 0.0, 0.5))) is Refusal.UNREACHABLE
    assert bench.ask(Verb.MOVE_CP, moved(bench.tip(), (math.nan, 0.0, 0.0))) is Refusal.NOT_NUMBERS
    bench.run(0.2)
    assert bench.q == pytest.approx(PSM.home, abs=2e-6)


def test_relative_and_absolute_joint_moves_end_where_asked() -> None:
    bench = Bench()
    way = (0.1, -0.1, 0.02, 0.3, 0.2, -0.2)
    goal = tuple(a + b for a, b in zip(PSM.home, way, strict=True))
    for verb, value in ((Verb.MOVE_JR, way), (Verb.MOVE_JP, PSM.home), (Verb.SERVO_JR, way), (Verb.SERVO_JP, PSM.home)):
        assert bench.ask(verb, value) is None
        bench.run(2.0)
        assert bench.q == pytest.approx(goal if verb in (Verb.MOVE_JR, Verb.SERVO_JR) else PSM.home, abs=1e-5), verb
        assert not bench.moves.active and not bench.controller.busy


def test_a_goal_beyond_the_range_is_counted() -> None:
    bench = Bench()
    assert bench.ask(Verb.MOVE_JP, (9.0, *PSM.home[1:])) is None
    assert bench.controller.counts["clamped_move_jp"] == 1
    bench.run(8.0)
    assert bench.q[0] == pytest.approx(PSM.limits.upper[0], abs=1e-5) and not bench.moves.active


@pytest.mark.parametrize("rate", [10.0, 25.0, 50.0])
def test_interpolate_cp_from_a_slow_sender_never_stops_between_targets(rate: float) -> None:
    bench = Bench()
    start, speed = bench.tip(), 0.01
    every = round(1.0 / rate / DT)
    for tick in range(round(2.0 / DT)):
        if tick % every == 0:
            assert bench.ask(Verb.INTERPOLATE_CP, moved(start, (speed * tick * DT, 0.0, 0.0))) is None
        bench.tick()
    late = bench.path[-round(1.0 / DT) :]
    steps = [distance(bench.tip(a).p, bench.tip(b).p) / DT for a, b in pairwise(late)]
    assert min(steps) > 0.5 * speed and max(steps) < 1.5 * speed
    assert not any(bench.busy)


@pytest.mark.parametrize("verb", [Verb.SERVO_JV, Verb.SERVO_CV])
def test_a_speed_is_followed_and_dropped_when_it_grows_old(verb: Verb) -> None:
    bench = Bench()
    start = bench.tip()
    for _ in range(round(1.0 / DT)):
        assert bench.ask(verb, (0.01, 0.0, 0.0, 0.0, 0.0, 0.0)) is None
        bench.tick()
    if verb is Verb.SERVO_CV:
        assert bench.tip().p[0] - start.p[0] == pytest.approx(0.01, abs=5e-4)
    else:
        assert bench.q[0] - PSM.home[0] == pytest.approx(0.01, abs=5e-4)
    bench.run(0.3)
    at = bench.q
    bench.run(0.5)
    assert bench.q == pytest.approx(at, abs=1e-9) and not bench.moves.active


@pytest.mark.parametrize("verb", [verb for verb in Verb if verb is not Verb.JAW_MOVE_JP])
def test_losing_the_leave_ends_every_motion_for_good(verb: Verb) -> None:
    bench = Bench()
    value = moved(bench.tip(), (0.03, 0.0, 0.0)) if verb in TIP_VERBS and verb is not Verb.SERVO_CV else (0.05,) * 6
    value = (0.3, 0.3, 0.2, 0.3, 0.3, 0.3) if verb in (Verb.MOVE_JP, Verb.SERVO_JP, Verb.INTERPOLATE_JP) else value
    assert bench.ask(verb, value) is None
    bench.run(0.04)
    bench.local = False
    bench.run(0.5)
    at = bench.q
    assert bench.why == [Refusal.LOST_LEAVE]
    assert bench.ask(verb, value) is Refusal.NOT_LOCAL
    bench.local = True
    bench.run(0.5)
    assert bench.q == at and not bench.moves.active


def test_every_refusal_by_its_reason() -> None:
    counts = Bench().controller.counts
    good = MoveInputs(True, True, True, PSM.home, VIEW)
    rows = (
        (replace(good, local=False), Verb.MOVE_JP, SIX, Refusal.NOT_LOCAL),
        (replace(good, ready=False), Verb.MOVE_JP, SIX, Refusal.NOT_ENABLED),
        (replace(good, setpoint=()), Verb.MOVE_JP, SIX, Refusal.NOT_ENABLED),
        (replace(good, homed=False), Verb.SERVO_JP, SIX, Refusal.NOT_HOMED),
        (replace(good, homed=False), Verb.MOVE_JP, PSM.home, None),
        (replace(good, view=None), Verb.MOVE_CP, IDENTITY, Refusal.NO_VIEW),
        (good, Verb.MOVE_JP, SIX[:5], Refusal.NOT_NUMBERS),
        (good, Verb.MOVE_JP, (math.inf, *SIX[1:]), Refusal.NOT_NUMBERS),
        (good, Verb.JAW_MOVE_JP, (0.1, 0.2), Refusal.NOT_NUMBERS),
    )
    for inputs, verb, value, wanted in rows:
        moves = LocalMotion(KINEMATICS, PSM, KINEMATICS, counts)
        moves.update(inputs, 0.0)
        assert moves.ask(verb, value, 0.0) is wanted, (verb, wanted)
    four = LocalMotion(KINEMATICS, PSM, None, counts)
    four.update(good, 0.0)
    assert four.ask(Verb.MOVE_CP, IDENTITY, 0.0) is Refusal.NO_POSE


def test_a_motion_before_the_first_tick_is_refused() -> None:
    moves = LocalMotion(KINEMATICS, PSM, KINEMATICS, Bench().controller.counts)
    assert moves.ask(Verb.MOVE_JP, PSM.home, 0.0) is Refusal.NOT_ENABLED


def test_slerp_goes_the_short_way_at_even_speed() -> None:
    a = Frame((0.0, 0.0, 0.0), axis_rotation((0.0, 0.0, 1.0), 2.9))
    b = Frame((1.0, 0.0, 0.0), axis_rotation((0.0, 0.0, 1.0), -2.9))
    turns = [angle_between(a.r, between(a, b, share).r) for share in (0.25, 0.5, 0.75, 1.0)]
    whole = 2.0 * (math.pi - 2.9)
    assert turns == pytest.approx([0.25 * whole, 0.5 * whole, 0.75 * whole, whole], abs=1e-9)


def test_a_smoother_is_continuous_when_the_period_changes() -> None:
    path, before = Smoother((0.0,), between_joints), 0.0
    for tick in range(1000):
        now = tick * 0.001
        if tick in (0, 50, 60, 200, 203, 700):
            path.aim((now,), now)
        at = path.at(now)[0]
        assert abs(at - before) < 0.03
        before = at


@pytest.mark.parametrize("q", postures(PSM.limits, 5))
def test_jacobians_are_the_twist_in_their_frames(q: tuple[float, ...]) -> None:
    v = (0.3, -0.2, 0.05, 0.7, -0.4, 0.9)
    linear, angular = KINEMATICS.twist(q, v)
    tip = KINEMATICS.forward(q)
    body, spatial = ([sum(row[i] * v[i] for i in range(6)) for row in make(KINEMATICS, q)] for make in (body_jacobian, spatial_jacobian))
    assert rotate(tip.r, tuple(body[:3])) == pytest.approx(linear, abs=1e-12)
    assert rotate(tip.r, tuple(body[3:])) == pytest.approx(angular, abs=1e-12)
    assert spatial[3:] == pytest.approx(angular, abs=1e-12)
    swing = cross(tuple(spatial[3:]), tip.p)
    assert [a + b for a, b in zip(spatial[:3], swing, strict=True)] == pytest.approx(linear, abs=1e-12)


def test_the_table_names_each_command_once_and_does_or_refuses_it() -> None:
    names = [(entry.name, entry.way is Way.SERVICE) for entry in FACE]
    assert len(names) == len(set(names))
    assert {entry.verb for entry in FACE if entry.verb is not None} == set(Verb)
    own = {"state_command", "hold", "servo_cp", "jaw/servo_jp"}  # arm_ports.py and the states
    for entry in FACE:
        if entry.way is Way.COMMAND:
            assert (entry.verb is not None) + (entry.refused is not None) + (entry.name in own) == 1, entry.name


def test_a_rest_is_an_update_in_which_nothing_was_asked() -> None:
    """Also for the first tick after it: a speed asked for then leads as far as it would have."""
    rested, updated = Bench(), Bench()
    for bench in (rested, updated):
        bench.run(0.02)
    inputs = MoveInputs(True, True, True, updated.controller.setpoint, VIEW)
    for number in range(5):
        now = updated.now + 0.004 * number
        assert rested.moves.rest(now) == updated.moves.update(inputs, now) == MoveOutput()
    outputs = []
    for bench in (rested, updated):
        bench.moves.see(inputs)
        assert bench.moves.ask(Verb.SERVO_JV, (0.1,) * 6, now + 0.004) is None
        outputs.append(bench.moves.update(inputs, now + 0.007))
    assert outputs[0] == outputs[1] and outputs[0].joints is not None
