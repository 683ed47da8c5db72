"""The surgeon's stop at the patient: from every phase at once, reset only by the local team, and no way for the far end to keep it."""

from dataclasses import replace

import pytest
from machine_bench import HANDS, Bench
from test_watchdog import PRESSED, TICK, Site

from telesurgery_nodes.core.safety.causes import CAUSES, Cause, Clear, Scope, Tier
from telesurgery_nodes.core.safety.machine import ORDERS
from telesurgery_nodes.core.values import Pedals, Phase

STOP = {"stop": True, "stop_count": 1, "pedals": Pedals(head=True), "follow": False}


def test_the_rows_say_stop_at_once_from_everywhere_and_local_reset():
    row, held = CAUSES[Cause.REMOTE_STOP], CAUSES[Cause.REMOTE_STOP_HELD]
    assert (row.forces, row.scope, row.clear, row.latch_after < 0.0) == (Tier.FAULT, Scope.ALWAYS, Clear.RESET, True)
    assert (held.forces, held.scope, held.clear, held.hold_after < 0.0) == (Tier.HOLD, Scope.ALWAYS, Clear.ITSELF, True)


@pytest.mark.parametrize("phase", Phase)
def test_from_every_phase_in_one_tick_and_only_a_local_reset_leaves_it(phase):
    bench = Bench().to(phase)
    state = bench.tick(HANDS, {Cause.REMOTE_STOP: Tier.FAULT})
    assert (state.phase, state.motion) == (Phase.FAULT, False)
    assert state.cause is Cause.REMOTE_STOP or phase is Phase.FAULT
    assert bench.tick(replace(HANDS, press_count=9), seconds=5.0).phase is Phase.FAULT
    for order in set(ORDERS) - {"stop", "reset"}:
        assert not bench.machine.order(order)[0]
    assert bench.machine.order("reset")[0] and bench.machine.phase is Phase.STANDBY


def test_a_stop_while_following_takes_the_leave_in_the_same_tick_and_says_why():
    site = Site().following()
    verdict = site.run(**STOP)
    assert (verdict.permit.phase, verdict.permit.motion, verdict.permit.cause) == (Phase.FAULT, False, Cause.REMOTE_STOP)
    assert "stopped by the surgeon" in verdict.sentence and Cause.REMOTE_STOP_HELD in verdict.causes


def test_a_stop_already_let_go_when_it_is_heard_stops_as_well():
    site = Site().following()
    assert site.run(stop_count=1).permit.phase is Phase.FAULT


def test_the_same_stop_repeated_stops_once_and_the_next_one_again():
    site = Site().following()
    site.run(1.0, **STOP)
    assert site.dog.command("reset", site.now)[0]
    assert site.run(1.0).permit.phase is Phase.STANDBY, "the team may take over while the far stop is still latched"
    assert site.run(stop_count=2).permit.phase is Phase.FAULT


def test_while_the_far_stop_is_latched_the_local_team_is_free_and_the_surgeon_is_not():
    site = Site().following()
    site.run(0.1, **STOP)
    for order in ("reset", "enable"):
        assert site.dog.command(order, site.now)[0]
    assert site.run(3.0).permit.phase is Phase.HOLDING
    again = {**PRESSED, "press_count": 2}
    verdict = site.run(3.0, **again)
    assert verdict.permit.phase is Phase.HOLDING and not verdict.permit.motion and verdict.permit.cause == Cause.REMOTE_STOP_HELD


def test_after_release_reset_enable_and_a_fresh_press_it_follows_again_and_not_one_step_sooner():
    site = Site().following()
    site.run(**STOP)
    assert site.run(3.0, stop=False, **{**PRESSED, "press_count": 2}).permit.phase is Phase.FAULT, "releasing resets nothing"
    site.dog.command("reset", site.now)
    assert site.run(3.0).permit.phase is Phase.STANDBY
    site.dog.command("enable", site.now)
    assert site.run(3.0).permit.phase is Phase.HOLDING, "that press was spent"
    site.run(pedals=Pedals(head=True), follow=False)
    assert site.run(**{**PRESSED, "press_count": 3}).permit.motion


def test_a_stop_waits_out_a_dead_link_and_does_not_outlive_the_session():
    site = Site().following()
    site.run(0.1, **STOP)
    assert site.dog.command("reset", site.now)[0]
    site.run(1.0, paths_up=0)
    site.run(surgeon_session=0, stop=False, stop_count=0)
    verdict = site.run(surgeon_session=6)
    assert verdict.permit.phase is Phase.STANDBY and Cause.REMOTE_STOP not in verdict.causes
    assert site.run(stop_count=1).permit.phase is Phase.FAULT, "the first stop of the new session"


def test_a_watchdog_that_starts_under_a_stop_does_not_begin_as_if_there_were_none():
    site = Site()
    assert site.run(**STOP).permit.phase is Phase.FAULT


def test_an_old_report_delivered_again_does_not_stop_nor_let_go():
    site = Site().following()
    old = replace(site.remote, stop=True, stop_count=5)
    site.dog.remote(old, site.now)
    assert site.run().permit.motion
    site.run(**STOP)
    site.dog.remote(replace(old, stop=False, stop_count=0), site.now)
    assert Cause.REMOTE_STOP_HELD in site.dog.update(site.now + TICK).causes
