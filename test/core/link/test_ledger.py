"""The stages of a made-up loop add up to the loop; what cannot be matched is no entry."""

import pytest

from telesurgery_nodes.core.link.clock import UNKNOWN, ClockEstimate
from telesurgery_nodes.core.link.ledger import KEPT, STAGES, PatientLedger, SurgeonLedger
from telesurgery_nodes.core.values import Phase, RobotState

SKEW = 500.0  # patient clock minus surgeon clock
SURGEON_CLOCK, PATIENT_CLOCK = ClockEstimate(SKEW, 0.1, 0.2, 9), ClockEstimate(-SKEW, 0.1, 0.2, 9)
ROS = 1_700_000_000.123456


def state(echo, held, stamp):
    return RobotState(1, stamp, echo, held, Phase.FOLLOWING, 0, 1, {})


def loop():
    surgeon, patient = SurgeonLedger(), PatientLedger()
    surgeon.sent(7, 10.0, 10.002, 10.003)
    patient.served(7, 10.003, 10.108 + SKEW, 10.109 + SKEW, ROS, PATIENT_CLOCK)
    assert patient.traced(ROS + 2e-7, 0.001, 0.002, 0.003)
    echo, held = patient.echo(10.120 + SKEW)
    return surgeon, state(echo, held, 10.120 + SKEW)


def test_the_stages_are_what_was_made_up_and_add_up():
    surgeon, returned = loop()
    entry = surgeon.returned(returned, 10.230, SURGEON_CLOCK)
    wanted = (0.002, 0.001, 0.105, 0.001, 0.0, 0.001, 0.002, 0.003, 0.005, 0.11)
    assert STAGES == ("input", "pack", "path_up", "unpack", "playout", "hop_in", "kinematics", "robot", "hop_out", "path_down")
    assert entry.stages == pytest.approx(wanted, abs=1e-9)
    assert entry.loop == pytest.approx(0.230) == pytest.approx(sum(entry.stages))
    assert entry.own_cost == pytest.approx(0.015)


def test_the_wait_for_playout_is_a_stage_of_its_own_and_they_still_add_up():
    surgeon, patient = SurgeonLedger(), PatientLedger()
    surgeon.sent(7, 10.0, 10.002, 10.003)
    patient.served(7, 10.003, 10.108 + SKEW, 10.139 + SKEW, ROS, PATIENT_CLOCK, 0.030)
    patient.traced(ROS, 0.001, 0.002, 0.003)
    echo, held = patient.echo(10.150 + SKEW)
    entry = surgeon.returned(state(echo, held, 10.150 + SKEW), 10.260, SURGEON_CLOCK)
    stages = dict(zip(STAGES, entry.stages, strict=True))
    assert (stages["unpack"], stages["playout"]) == pytest.approx((0.001, 0.030), abs=1e-9)
    assert entry.loop == pytest.approx(0.260) == pytest.approx(sum(entry.stages))


def test_a_wrong_clock_shows_as_a_difference():
    surgeon, returned = loop()
    entry = surgeon.returned(returned, 10.230, ClockEstimate(SKEW + 0.004, 0.1, 0.2, 9))
    assert sum(entry.stages) - entry.loop == pytest.approx(0.004)


def test_an_echo_closes_one_loop():
    surgeon, returned = loop()
    assert surgeon.returned(returned, 10.23, SURGEON_CLOCK) and surgeon.returned(returned, 10.24, SURGEON_CLOCK) is None


def test_what_cannot_be_matched_is_no_entry():
    surgeon, returned = loop()
    assert surgeon.returned(returned, 10.23, UNKNOWN) is None
    assert surgeon.returned(state(7, {"unpack": 0.1}, 1.0), 10.23, SURGEON_CLOCK) is None
    assert surgeon.returned(state(8, returned.held, 1.0), 10.23, SURGEON_CLOCK) is None
    patient = PatientLedger()
    assert not patient.traced(ROS, 0, 0, 0) and patient.echo(1.0) == (0, {})


def test_an_older_trace_does_not_go_back_and_a_new_session_forgets():
    patient = PatientLedger()
    for seq in (1, 2):
        patient.served(seq, 0.0, 0.0, 0.0, ROS + seq, PATIENT_CLOCK)
    assert patient.traced(ROS + 2, 0, 0, 0) and patient.traced(ROS + 1, 0, 0, 0) and patient.echo(1.0)[0] == 2
    patient.forget()
    assert patient.echo(1.0)[0] == 0 and not patient.traced(ROS + 2, 0, 0, 0)


def test_memory_is_bounded():
    surgeon, patient = SurgeonLedger(), PatientLedger()
    for seq in range(1, KEPT + 3):
        surgeon.sent(seq, 0.0, 0.0, 0.0)
        patient.served(seq, 0.0, 0.0, 0.0, ROS + seq, PATIENT_CLOCK)
    assert not patient.traced(ROS + 1, 0, 0, 0) and len(surgeon._sent) == KEPT
