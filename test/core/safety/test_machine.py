"""The state machine: every phase with every cause and guard, every way from phase to phase, every order."""

import copy
import itertools
from dataclasses import replace

import pytest
from machine_bench import HANDS, HARD, IDLE, SEEN, Bench

from telesurgery_nodes.core.safety.causes import Cause, Tier
from telesurgery_nodes.core.safety.machine import CALM_TIME, ENABLED, MOVING, ORDERS, RULES, Wish, in_scope
from telesurgery_nodes.core.values import Phase


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_can_be_reached(phase):
    assert Bench().to(phase).machine.phase is phase


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("cause", SEEN)
@pytest.mark.parametrize("tier", Tier)
def test_every_phase_with_every_cause_at_every_tier(phase, cause, tier):
    bench = Bench().to(phase)
    before = bench.machine.motion_epoch
    state = bench.tick(replace(HANDS, press_count=2), {cause: tier})
    assert state.motion == (state.phase is Phase.FOLLOWING)
    if tier >= Tier.HOLD:
        assert not state.motion
        assert state.motion_epoch == before
        assert state.cause is not Cause.NONE
    if tier is Tier.LATCH and in_scope(cause, phase) and phase in ENABLED:
        assert state.phase is Phase.PAUSED
    if tier is Tier.FAULT and in_scope(cause, phase):
        assert state.phase is Phase.FAULT


BITS = ("head", "engage", "clutch", "follow", "aligning")


@pytest.mark.parametrize("phase", Phase)
def test_motion_needs_every_single_guard(phase):
    """I1 over all boolean guards: 2^5 wish bits x press x ready x heard x (none | hold | latch)."""
    ready_made = Bench().to(phase)
    for bits in itertools.product((False, True), repeat=len(BITS)):
        wish = dict(zip(BITS, bits, strict=True))
        for press, ready, heard, tier in itertools.product((0, 1, 2), (False, True), (False, True), (Tier.CLEAR, Tier.HOLD, Tier.LATCH)):
            bench = copy.deepcopy(ready_made)
            tiers = {Cause.COMMAND_SILENT: tier} if tier else {}
            state = bench.tick(Wish(**wish, press_count=press), tiers, heard=heard, ready=ready)
            if state.motion:
                assert wish["head"] and wish["engage"] and wish["follow"] and not wish["clutch"] and not tier
                assert phase in MOVING | {Phase.HOLDING, Phase.ALIGNING}
                fresh = press > (1 if phase in MOVING else 0)
                assert fresh != (phase in MOVING), "a fresh press begins, the same press goes on"


@pytest.mark.parametrize("phase", Phase)
def test_stop_reaches_fault_at_once_from_everywhere(phase):
    """I3; and only a local reset leaves it, to STANDBY, without motion (I7)."""
    bench = Bench().to(phase)
    assert bench.machine.order("stop")[0]
    assert bench.machine.state.phase is Phase.FAULT
    assert bench.machine.state.cause is Cause.LOCAL_STOP
    for order in set(ORDERS) - {"stop", "reset"}:
        assert not bench.machine.order(order)[0]
    assert bench.tick(HANDS, seconds=5.0).phase is Phase.FAULT
    assert bench.machine.order("reset")[0]
    assert bench.machine.phase is Phase.STANDBY
    assert bench.tick(replace(HANDS, press_count=9), seconds=5.0).phase is Phase.STANDBY


def test_reset_waits_for_the_fault_to_end():
    bench = Bench().to(Phase.FOLLOWING)
    assert bench.tick(HANDS, {Cause.TRACKING: Tier.FAULT}).cause is Cause.TRACKING
    accepted, why = bench.machine.order("reset")
    assert not accepted and "set point" in why
    bench.tick(HANDS)
    assert bench.machine.state.cause is Cause.TRACKING, "the cause stays shown"
    assert bench.machine.order("reset")[0]


def test_following_begins_only_with_a_press_and_counts_epochs():
    bench = Bench().to(Phase.HOLDING)
    assert not bench.tick(replace(HANDS, press_count=0)).motion
    assert bench.tick(HANDS).motion_epoch == 1
    assert bench.tick(replace(HANDS, engage=False)).phase is Phase.HOLDING
    assert bench.tick(HANDS).phase is Phase.HOLDING, "the old press is used up"
    state = bench.tick(replace(HANDS, press_count=2))
    assert (state.phase, state.motion_epoch) == (Phase.FOLLOWING, 2)


def test_head_out_stops_and_needs_a_new_press():
    bench = Bench().to(Phase.FOLLOWING)
    assert bench.tick(replace(HANDS, head=False)).phase is Phase.HOLDING
    assert bench.tick(HANDS, seconds=1.0).phase is Phase.HOLDING


def test_a_release_hidden_between_two_reports_is_still_seen():
    bench = Bench().to(Phase.FOLLOWING)
    again = replace(HANDS, press_count=2)
    assert bench.tick(again).phase is Phase.HOLDING
    assert bench.tick(again).motion_epoch == 2


def test_clutch_comes_back_without_a_press_in_the_same_epoch():
    bench = Bench().to(Phase.CLUTCHED)
    assert bench.tick(replace(HANDS, follow=False, aligning=True)).phase is Phase.CLUTCHED, "until aligned again"
    state = bench.tick(HANDS)
    assert (state.phase, state.motion_epoch) == (Phase.FOLLOWING, 1)


def test_clutched_leaves_on_release_and_waits_while_blocked():
    bench = Bench().to(Phase.CLUTCHED)
    assert bench.tick(HANDS, {Cause.COMMAND_SILENT: Tier.HOLD}).phase is Phase.CLUTCHED
    assert bench.tick(replace(HANDS, engage=False, clutch=True)).phase is Phase.HOLDING


def test_coast_goes_on_by_itself_or_ends():
    bench = Bench().to(Phase.COAST_HOLD)
    assert bench.tick(HANDS, {Cause.COMMAND_SILENT: Tier.HOLD}).phase is Phase.COAST_HOLD
    assert bench.tick(HANDS).phase is Phase.FOLLOWING
    assert bench.machine.motion_epoch == 1
    assert Bench().to(Phase.COAST_HOLD).tick(replace(HANDS, follow=False)).phase is Phase.HOLDING
    assert Bench().to(Phase.COAST_HOLD).tick(replace(HANDS, clutch=True)).phase is Phase.CLUTCHED
    assert Bench().to(Phase.COAST_HOLD).tick(replace(HANDS, engage=False)).phase is Phase.HOLDING
    assert Bench().to(Phase.COAST_HOLD).tick(HANDS, {Cause.COMMAND_SILENT: Tier.LATCH}).phase is Phase.PAUSED


@pytest.mark.parametrize("cause", [cause for cause in HARD if cause is not Cause.LOCAL_PAUSE])
def test_a_latched_pause_needs_calm_a_release_and_a_new_press(cause):
    bench = Bench().to(Phase.FOLLOWING)
    assert bench.tick(HANDS, {cause: Tier.LATCH}).cause is cause
    held = replace(HANDS, press_count=2)
    assert bench.tick(held, seconds=3 * CALM_TIME).phase is Phase.PAUSED, "pedal never released"
    assert bench.machine.state.cause is cause, "the cause stays shown after it ended"
    assert bench.tick(replace(held, engage=False)).phase is Phase.HOLDING
    assert bench.tick(held, seconds=1.0).phase is Phase.HOLDING, "a press made while paused is spent"
    assert bench.tick(replace(held, press_count=3)).phase is Phase.FOLLOWING


def test_calm_means_two_seconds_without_any_cause():
    bench = Bench().to(Phase.FOLLOWING)
    bench.tick(IDLE, {Cause.COMMAND_SILENT: Tier.LATCH})
    bench.tick(IDLE, seconds=1.9)
    bench.tick(IDLE, {Cause.COMMAND_SILENT: Tier.HOLD})
    assert bench.tick(IDLE, seconds=1.9).phase is Phase.PAUSED
    assert bench.tick(IDLE, seconds=0.2).phase is Phase.HOLDING


def test_an_outage_while_holding_does_not_pause_but_spends_presses_and_asks_for_calm():
    bench = Bench().to(Phase.HOLDING)
    assert bench.tick(HANDS, {Cause.COMMAND_SILENT: Tier.LATCH}).phase is Phase.HOLDING
    assert bench.tick(HANDS, seconds=5.0).phase is Phase.HOLDING
    bench.tick(HANDS, {Cause.COMMAND_SILENT: Tier.LATCH})
    again = replace(HANDS, press_count=2)
    assert bench.tick(again, seconds=1.9).phase is Phase.HOLDING
    assert bench.tick(again, seconds=0.2).phase is Phase.FOLLOWING


def test_local_pause_needs_local_resume():
    bench = Bench().to(Phase.PAUSED)
    assert bench.tick(seconds=9.0).phase is Phase.PAUSED
    assert bench.machine.order("resume")[0]
    assert bench.machine.phase is Phase.PAUSED
    assert bench.tick(seconds=1.9).phase is Phase.PAUSED
    assert bench.tick(seconds=0.2).phase is Phase.HOLDING
    assert not bench.machine.order("resume")[0]


def test_resume_of_another_pause_is_refused_with_its_reason():
    bench = Bench().to(Phase.FOLLOWING)
    bench.tick(HANDS, {Cause.ROUND_TRIP: Tier.LATCH})
    accepted, why = bench.machine.order("resume")
    assert not accepted and "round trip" in why


def test_pause_waits_for_the_arm_to_be_homed():
    bench = Bench().to(Phase.PAUSED)
    bench.machine.order("resume")
    assert bench.tick(seconds=3.0, ready=False).phase is Phase.PAUSED
    assert bench.tick().phase is Phase.HOLDING


def test_enable_waits_in_standby_until_homed_and_disable_leaves():
    bench = Bench().to(Phase.STANDBY)
    assert bench.tick(seconds=1.0).phase is Phase.STANDBY
    assert bench.machine.order("enable")[0]
    assert bench.tick(ready=False, seconds=1.0).phase is Phase.STANDBY
    assert bench.tick().phase is Phase.HOLDING
    assert bench.machine.order("disable")[0]
    assert bench.tick(seconds=1.0).phase is Phase.STANDBY


def test_disable_before_the_first_report_stays_in_selftest():
    bench = Bench()
    assert bench.machine.order("disable")[0]
    assert bench.machine.phase is Phase.SELFTEST
    assert bench.tick(heard=False).phase is Phase.SELFTEST


def test_aligning_falls_back_when_the_wish_or_the_link_goes():
    wish = replace(HANDS, follow=False, aligning=True)
    assert Bench().to(Phase.ALIGNING).tick(wish).phase is Phase.ALIGNING
    assert Bench().to(Phase.ALIGNING).tick(IDLE).phase is Phase.HOLDING
    assert Bench().to(Phase.ALIGNING).tick(wish, {Cause.COMMAND_SILENT: Tier.HOLD}).phase is Phase.HOLDING
    assert Bench().to(Phase.ALIGNING).tick(HANDS).phase is Phase.FOLLOWING


def test_a_note_is_told_but_does_not_stop():
    state = Bench().to(Phase.FOLLOWING).tick(HANDS, {Cause.PICTURE_OLD: Tier.NOTE})
    assert (state.motion, state.cause) == (True, Cause.NONE)


def test_the_most_severe_wins_in_the_same_tick():
    bench = Bench().to(Phase.FOLLOWING)
    state = bench.tick(replace(HANDS, engage=False), {Cause.COMMAND_SILENT: Tier.LATCH, Cause.TRACKING: Tier.FAULT})
    assert (state.phase, state.cause) == (Phase.FAULT, Cause.TRACKING)


def test_orders_are_refused_with_a_reason():
    assert Bench().machine.order("dance") == (False, f"unknown order 'dance'; valid: {', '.join(ORDERS)}")
    for name, order in ORDERS.items():
        for phase in set(Phase) - order.sources:
            accepted, why = Bench().to(phase).machine.order(name)
            assert not accepted
            assert phase.name in why


def test_the_table_lets_nothing_into_following_from_paused_or_fault():
    """I2 read off the table itself."""
    for each in RULES:
        if each.target is Phase.FOLLOWING:
            assert each.sources <= {Phase.HOLDING, Phase.ALIGNING, Phase.CLUTCHED, Phase.COAST_HOLD}
        assert Phase.FAULT not in each.sources
    assert not any(order.target in MOVING for order in ORDERS.values())


def test_enable_in_a_pause_reaches_the_arms_but_leads_nowhere_by_itself():
    """A robot whose own brake tripped waits for it; leaving PAUSED still needs calm and a new pedal press."""
    bench = Bench().to(Phase.FOLLOWING)
    bench.machine.order("pause")
    assert bench.machine.order("enable")[0]
    assert bench.machine.state.phase is Phase.PAUSED
