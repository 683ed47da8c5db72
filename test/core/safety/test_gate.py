"""The gate: nothing passes unless everything says so. Times are fake; every limit is tried on both sides."""

import math
from dataclasses import replace

import pytest

from telesurgery_nodes.core.safety.causes import TIMINGS, Cause
from telesurgery_nodes.core.safety.gate import Gate, GateLimits, GateRequest, gate_limits
from telesurgery_nodes.core.values import Permit, Phase

LIVE = Permit(boot_id=1, seq=10, motion_epoch=1, phase=Phase.FOLLOWING, motion=True, cause=0)
GOOD = GateRequest(
    permit=LIVE, permit_age=0.0, command_age=0.0, command_new=True, finite=True, jump_m=0.0, jump_rad=0.0,
    enabled=True, homed=True, motion_started_age=1.0,
)  # fmt: skip
NO_MOTION = replace(LIVE, motion=False, phase=Phase.HOLDING)


def ask(gate, now=0.0, **changes):
    return gate.admit(replace(GOOD, **changes), now)


def test_everything_good_moves():
    decision = ask(Gate())
    assert (decision.motion, decision.cause, decision.latched) == (True, Cause.NONE, False)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"permit": None, "permit_age": math.inf}, Cause.PERMIT_LOST),
        ({"permit": None}, Cause.PERMIT_LOST),
        ({"permit_age": 0.061}, Cause.PERMIT_LOST),
        ({"permit_age": math.nan}, Cause.PERMIT_LOST),
        ({"permit_age": -0.001}, Cause.PERMIT_LOST),
        ({"permit": NO_MOTION}, Cause.NO_PERMISSION),
        ({"command_age": 0.051}, Cause.COMMAND_SILENT),
        ({"command_age": math.nan}, Cause.COMMAND_SILENT),
        ({"finite": False}, Cause.BAD_COMMAND),
        ({"jump_m": 0.0101}, Cause.JUMP),
        ({"jump_rad": math.radians(10.1)}, Cause.JUMP),
        ({"jump_m": math.nan}, Cause.JUMP),
        ({"enabled": False}, Cause.ROBOT_NOT_READY),
        ({"homed": False}, Cause.ROBOT_NOT_READY),
    ],
)
def test_each_single_fault_holds_and_names_its_cause(changes, cause):
    decision = ask(Gate(), **changes)
    assert not decision.motion
    assert decision.cause is cause


@pytest.mark.parametrize(
    "changes",
    [{"permit_age": 0.060}, {"command_age": 0.050}, {"jump_m": 0.010}, {"jump_rad": math.radians(10.0)}],
)
def test_just_inside_each_limit_moves(changes):
    assert ask(Gate(), **changes).motion


def test_a_jump_is_judged_only_when_a_command_is_offered():
    assert ask(Gate(), command_new=False, jump_m=1.0, finite=False).motion


def test_a_short_permit_gap_holds_and_goes_on():
    gate = Gate()
    assert ask(gate, 0.0).motion
    held = ask(gate, 0.1, permit_age=0.150)
    assert (held.motion, held.latched) == (False, False)
    assert ask(gate, 0.11, permit=replace(LIVE, seq=11)).motion


def test_a_long_permit_gap_while_moving_needs_a_larger_motion_epoch():
    gate = Gate()
    assert ask(gate, 0.0).motion
    assert ask(gate, 0.2, permit_age=0.151).latched
    back = ask(gate, 0.3, permit=replace(LIVE, seq=11))
    assert (back.motion, back.cause, back.latched) == (False, Cause.PERMIT_LOST, True)
    assert ask(gate, 0.4, permit=replace(LIVE, seq=12, motion_epoch=2)).motion


def test_permit_gone_altogether_while_moving_latches():
    gate = Gate()
    ask(gate, 0.0)
    assert ask(gate, 0.2, permit=None, permit_age=math.inf).latched


def test_a_long_permit_gap_at_rest_does_not_latch():
    gate = Gate()
    ask(gate, 0.0, permit=NO_MOTION)
    assert not ask(gate, 5.0, permit=NO_MOTION, permit_age=5.0).latched
    assert ask(gate, 5.1, permit=replace(LIVE, seq=11)).motion


def test_command_silence_latches_while_motion_is_permitted():
    gate = Gate()
    assert not ask(gate, command_age=0.150).latched
    assert ask(gate, command_age=0.151).latched
    decision = ask(gate)
    assert (decision.motion, decision.cause) == (False, Cause.COMMAND_SILENT)


def test_the_silence_timer_starts_when_motion_is_permitted():
    gate = Gate()
    decision = ask(gate, command_age=math.inf, motion_started_age=0.149)
    assert (decision.motion, decision.latched) == (False, False)
    assert ask(gate, command_age=math.inf, motion_started_age=0.151).latched


def test_silence_without_leave_to_move_never_latches():
    gate = Gate()
    assert not ask(gate, permit=NO_MOTION, command_age=math.inf, motion_started_age=9.0).latched


@pytest.mark.parametrize(("changes", "cause"), [({"finite": False}, Cause.BAD_COMMAND), ({"jump_m": 1.0}, Cause.JUMP)])
def test_three_bad_commands_in_a_second_latch(changes, cause):
    gate = Gate()
    assert not ask(gate, 0.0, **changes).latched
    assert not ask(gate, 0.5, **changes).latched
    assert ask(gate, 1.0, **changes).latched
    assert ask(gate, 1.1).cause is cause
    assert gate.refused == 3


def test_slow_bad_commands_do_not_latch_but_are_counted():
    gate = Gate()
    assert not any(ask(gate, 0.6 * step, finite=False).latched for step in range(9))
    assert gate.refused == 9


def test_the_first_latch_names_the_cause():
    gate = Gate()
    ask(gate, command_age=0.2)
    for step in range(4):
        ask(gate, 0.01 * step, finite=False)
    assert ask(gate, 0.1).cause is Cause.COMMAND_SILENT


def test_a_new_motion_epoch_forgets_old_bad_commands():
    gate = Gate()
    ask(gate, 0.0, finite=False)
    ask(gate, 0.1, finite=False)
    assert not ask(gate, 0.2, finite=False, permit=replace(LIVE, seq=11, motion_epoch=2)).latched


@pytest.mark.parametrize("old", [{"seq": 9}, {"motion_epoch": 0, "seq": 11}])
def test_an_old_permit_delivered_again_is_no_permit(old):
    gate = Gate()
    assert ask(gate).motion
    assert ask(gate, permit=replace(LIVE, **old)).cause is Cause.PERMIT_LOST


def test_a_restarted_watchdog_cannot_go_on_where_the_old_one_stopped():
    gate = Gate()
    assert ask(gate).motion
    other = replace(LIVE, boot_id=2, seq=0, motion_epoch=7)
    assert ask(gate, permit=other).cause is Cause.WATCHDOG_RESTART
    assert not ask(gate, permit=replace(other, seq=1)).motion
    assert not ask(gate, permit=replace(LIVE, seq=99, motion_epoch=99)).motion, "the old watchdog's permits are dead"
    assert ask(gate, permit=replace(other, seq=2, motion_epoch=8)).motion


def test_limits_come_from_the_table_of_causes_and_stretch_on_a_shared_host():
    assert gate_limits() == GateLimits()
    shared = gate_limits(TIMINGS["shared"])
    assert (shared.permit_valid, shared.command_hold, shared.command_latch) == pytest.approx((0.12, 0.1, 0.25))
    assert ask(Gate(shared), command_age=0.09).motion


def test_an_arm_told_to_hold_owes_no_commands_but_does_not_move_and_takes_the_next_one():
    gate = Gate()
    for tick in range(100):
        decision = ask(gate, now=tick * 0.01, command_age=1.0 + tick * 0.01, command_new=False, released=True)
        assert (decision.motion, decision.cause, decision.latched) == (False, Cause.COMMAND_SILENT, False)
    assert ask(gate, now=1.0).motion
    assert ask(gate, now=1.2, command_age=0.2, command_new=False).latched, "after that, silence is a loss again"
    assert not ask(gate, now=1.3, command_age=0.2, command_new=False, released=True).motion
    assert ask(gate, now=1.4).latched, "holding does not open a latch"


def test_being_told_to_hold_does_not_outlive_the_permit():
    gate = Gate()
    ask(gate, released=True)
    assert ask(gate, now=1.0, permit_age=0.2, command_new=False, released=True).cause is Cause.PERMIT_LOST
