"""The watchdog on timelines of reports: fake time, one fault each, and what the permit says."""

import math
from dataclasses import replace

import pytest

from telesurgery_nodes.core.safety.causes import CAUSES, TIMINGS, Cause
from telesurgery_nodes.core.safety.watchdog import Watchdog
from telesurgery_nodes.core.values import ArmReport, Pedals, Phase, RemoteReport

TICK = 0.02
REMOTE = RemoteReport(
    boot_id=1, seq=0, surgeon_session=5, epoch=1, press_count=0, pedals=Pedals(head=True), follow=False, aligning=False, hands_fresh=True,
    command_age=0.005, picture_age=0.2, video_age=0.04, round_trip=0.21, paths_up=2, paths=2, paths_ready=2, stop=False,
    stop_count=0,
)  # fmt: skip
ARM = ArmReport(boot_id=2, seq=0, homed=True, robot_age=0.005, robot_enabled=True, tracking_fault=False, bad_commands=0)
PRESSED = {"press_count": 1, "pedals": Pedals(head=True, engage=True), "follow": True}


class Site:
    """A watchdog with both reporters, 50 Hz each, on fake time."""

    def __init__(self, timing="realtime"):
        self.dog = Watchdog(boot_id=7, timing=TIMINGS[timing])
        self.now, self.remote, self.arm, self.bridge_alive, self.arm_alive = 10.0, REMOTE, ARM, True, True

    def run(self, seconds=TICK, **remote):
        self.remote = replace(self.remote, **remote)
        for _ in range(max(1, round(seconds / TICK))):
            self.now += TICK
            if self.bridge_alive:
                self.remote = replace(self.remote, seq=self.remote.seq + 1)
                self.dog.remote(self.remote, self.now)
            if self.arm_alive:
                self.arm = replace(self.arm, seq=self.arm.seq + 1)
                self.dog.arm(self.arm, self.now)
            verdict = self.dog.update(self.now)
        return verdict

    def following(self):
        self.run()
        self.dog.command("enable", self.now)
        self.run(2.1)
        verdict = self.run(**PRESSED)
        assert verdict.permit.motion
        return self


def test_from_start_to_following():
    site = Site()
    first = site.dog.update(site.now)
    assert (first.permit.phase, first.permit.motion, first.causes) == (Phase.SELFTEST, False, (Cause.STARTUP,))
    assert site.run().permit.phase is Phase.STANDBY
    assert site.dog.command("enable", site.now)[0]
    assert site.run(2.1).permit.phase is Phase.HOLDING
    permit = site.run(**PRESSED).permit
    assert (permit.phase, permit.motion, permit.motion_epoch, permit.cause) == (Phase.FOLLOWING, True, 1, 0)


def test_every_permit_is_newer_and_signed_with_our_boot_id():
    site = Site().following()
    one, two = site.run().permit, site.run().permit
    assert two.seq == one.seq + 1
    assert one.boot_id == two.boot_id == 7


@pytest.mark.parametrize(
    ("change", "hold_ms", "latch_ms", "cause"),
    [
        ({"hands_fresh": False}, 20, 140, Cause.MASTER_STALE),
        ({"paths_up": 0}, 80, 180, Cause.PATHS_DOWN),
        ({"command_age": 0.06}, 20, None, Cause.COMMAND_SILENT),
        ({"command_age": math.inf}, None, 20, Cause.COMMAND_SILENT),
        ({"command_age": math.nan}, None, 20, Cause.COMMAND_SILENT),
        ({"command_age": -0.01}, None, 20, Cause.COMMAND_SILENT),
        ({"picture_age": 0.49}, None, None, Cause.PICTURE_OLD),
        ({"picture_age": 0.51}, None, 20, Cause.PICTURE_STALE),
        ({"picture_age": math.nan}, None, 20, Cause.PICTURE_STALE),
        ({"video_age": 0.2}, 20, None, Cause.VIDEO_SILENT),
        ({"video_age": 0.31}, None, 20, Cause.VIDEO_SILENT),
        ({"round_trip": 0.51}, None, 20, Cause.ROUND_TRIP),
        ({"round_trip": math.nan}, None, 20, Cause.ROUND_TRIP),
        ({"surgeon_session": 6}, None, 20, Cause.PEER_RESTART),
        ({"boot_id": 99}, None, 20, Cause.BRIDGE_RESTART),
        ({"paths_up": 1, "paths_ready": 1}, None, None, Cause.PATH_LOST),
        ({"paths_ready": 1}, None, None, Cause.PATH_LOST),
        ({"paths_up": 1, "paths": 1, "paths_ready": 1}, None, None, Cause.ONE_PATH),
    ],
)
def test_each_fault_on_the_surgeon_side_has_its_timeline(change, hold_ms, latch_ms, cause):
    """hold_ms / latch_ms: the tick from which the phase must be at least COAST_HOLD / PAUSED; None: not at all within 200 ms."""
    site = Site().following()
    start, held, latched = site.now, None, None
    for step in range(10):
        verdict = site.run(**change)
        ms = round((site.now - start) * 1000)
        if step == 0 and cause is not Cause.PATHS_DOWN:
            assert cause in verdict.causes
        if verdict.permit.phase is Phase.COAST_HOLD and held is None:
            held = ms
        if verdict.permit.phase is Phase.PAUSED and latched is None:
            latched = ms
            assert verdict.permit.cause == cause
        assert verdict.permit.motion == (held is None and latched is None)
    assert (held, latched) == (hold_ms, latch_ms)
    assert CAUSES[cause].sentence in verdict.sentence or hold_ms is latch_ms is None or cause.name.endswith("RESTART")


@pytest.mark.parametrize(
    ("change", "phase", "cause"),
    [
        ({"robot_age": 0.06}, Phase.COAST_HOLD, Cause.ROBOT_SILENT),
        ({"robot_age": 0.2}, Phase.PAUSED, Cause.ROBOT_SILENT),
        ({"homed": False}, Phase.COAST_HOLD, Cause.ROBOT_NOT_READY),
        ({"robot_enabled": False}, Phase.COAST_HOLD, Cause.ROBOT_NOT_READY),
        ({"tracking_fault": True}, Phase.FAULT, Cause.TRACKING),
        ({"bad_commands": 3}, Phase.PAUSED, Cause.BAD_COMMAND),
        ({"bad_commands": 2}, Phase.FOLLOWING, Cause.NONE),
        ({"boot_id": 98}, Phase.PAUSED, Cause.ARM_RESTART),
    ],
)
def test_each_fault_of_the_arm(change, phase, cause):
    site = Site().following()
    site.arm = replace(site.arm, **change)
    permit = site.run().permit
    assert (permit.phase, permit.cause, permit.motion) == (phase, cause, phase is Phase.FOLLOWING)


def test_bad_commands_spread_over_time_do_not_pause():
    site = Site().following()
    for count in range(1, 8):
        site.arm = replace(site.arm, bad_commands=count)
        assert site.run(0.6).permit.motion


def test_a_restarted_arm_counts_bad_commands_from_zero():
    site = Site().following()
    site.arm = replace(site.arm, bad_commands=2)
    site.run(1.5)
    site.arm = replace(site.arm, boot_id=98, bad_commands=1)
    assert Cause.BAD_COMMAND not in site.run().causes
    site.arm = replace(site.arm, boot_id=97, bad_commands=2)
    assert Cause.BAD_COMMAND in site.run().causes, "1 + 2 in a second; the counter of the new process began at zero"


def test_a_condition_that_ended_starts_its_time_anew():
    site = Site().following()
    for _ in range(4):
        assert site.run(0.08, hands_fresh=False).permit.phase is Phase.COAST_HOLD
        assert site.run(hands_fresh=True).permit.phase is Phase.FOLLOWING


@pytest.mark.parametrize(
    ("who", "causes"),
    [("bridge_alive", {Cause.BRIDGE_SILENT, Cause.COMMAND_SILENT}), ("arm_alive", {Cause.ARM_SILENT})],
)
def test_a_silent_process_holds_then_pauses(who, causes):
    site = Site().following()
    setattr(site, who, False)
    phases = [site.run().permit for _ in range(9)]
    assert phases[0].motion
    assert not phases[3].motion and phases[3].phase is Phase.COAST_HOLD
    assert phases[8].phase is Phase.PAUSED
    assert Cause(phases[8].cause) in causes


def test_a_shared_host_is_more_patient_and_still_within_the_budget():
    site = Site("shared").following()
    site.bridge_alive = False
    history = [site.run().permit for _ in range(15)]
    assert history[3].motion and not history[5].motion, "100 ms"
    assert history[10].phase is Phase.COAST_HOLD and history[13].phase is Phase.PAUSED, "250 ms"


def test_the_picture_ages_while_the_bridge_is_silent():
    site = Site().following()
    site.bridge_alive = False
    assert Cause.PICTURE_STALE in site.run(0.34).causes


def test_old_samples_delivered_again_are_ignored():
    site = Site().following()
    old = replace(site.remote, follow=True, press_count=9)
    site.bridge_alive = False
    for _ in range(10):
        site.dog.remote(old, site.now)
        site.dog.arm(replace(ARM, seq=1, tracking_fault=True), site.now)
        verdict = site.run()
    assert verdict.permit.phase is Phase.PAUSED
    assert (site.dog.bridge.stale, site.dog.arms.stale) == (10, 10)


def test_a_dead_process_stays_dead():
    site = Site().following()
    site.run(boot_id=99)
    site.dog.remote(replace(REMOTE, boot_id=1, seq=10_000, press_count=50, **{"follow": True}), site.now)
    assert site.dog.bridge.stale == 1


def test_the_first_session_is_no_restart_and_silence_of_the_surgeon_neither():
    site = Site()
    assert Cause.PEER_RESTART not in site.run(surgeon_session=0).causes
    assert Cause.PEER_RESTART not in site.run(surgeon_session=5).causes
    assert Cause.PEER_RESTART not in site.run(surgeon_session=0).causes
    assert Cause.PEER_RESTART not in site.run(surgeon_session=5).causes
    assert Cause.PEER_RESTART in site.run(surgeon_session=6).causes


def test_a_new_session_starts_its_press_count_anew():
    site = Site().following()
    site.run(surgeon_session=6, press_count=0, pedals=Pedals(head=True), follow=False)
    assert site.run(2.1).permit.phase is Phase.HOLDING
    assert site.run(**PRESSED).permit.motion_epoch == 2


@pytest.mark.parametrize(("gap", "phase"), [(0.05, Phase.FOLLOWING), (0.1, Phase.COAST_HOLD), (0.2, Phase.PAUSED)])
def test_a_late_watchdog_tells_on_itself(gap, phase):
    site = Site().following()
    site.now += gap - TICK
    verdict = site.run()
    assert verdict.permit.phase is phase
    assert (Cause.WATCHDOG_OVERRUN in verdict.causes) == (phase is not Phase.FOLLOWING)


def test_the_camera_pedal_is_no_clutch_the_camera_arm_moves_then():
    """The instruments stand all the same: core/link/anchor.py moves nothing but the camera arm while this pedal is down."""
    site = Site().following()
    permit = site.run(pedals=Pedals(head=True, engage=True, camera=True)).permit
    assert permit.phase is Phase.FOLLOWING and permit.motion
    assert site.run(pedals=Pedals(head=True, engage=True, clutch=True, camera=True)).permit.phase is Phase.CLUTCHED


def test_orders_go_to_the_machine_and_the_sentence_says_why():
    site = Site().following()
    assert site.dog.command("pause", site.now)[0]
    verdict = site.run()
    assert verdict.permit.cause == Cause.LOCAL_PAUSE
    assert verdict.sentence.startswith("PAUSED: paused by the team at the patient")
    site.arm = replace(site.arm, robot_age=9.0)
    assert "also" in site.run(hands_fresh=False).sentence
    assert not site.dog.command("reset", site.now)[0]
