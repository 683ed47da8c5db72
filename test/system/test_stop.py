"""Bar 3 of issue 2: kill any node, or cut both paths, in motion: the tool stops within 350 ms and stays, until a new pedal press."""

import signal

import pytest
from rig import BEFORE, STOP_WITHIN, motion, stopped_after

from telesurgery_nodes.core.values import Phase

WATCH = 5.0  # long enough for the 2 s of health after which a session may be resumed, were it allowed to
NODES = [
    "master_input", "teleop_bridge_surgeon", "stereo_viewer", "link_emulator", "teleop_bridge_patient", "stereo_camera", "arm_control",
    "safety_watchdog",
]  # fmt: skip


def kills(node):
    return lambda running: running.starter.kill(node)


def tells(node, number):
    return lambda running: running.starter.tell(node, number)


def check(tapes, event):
    assert stopped_after(tapes, event) <= STOP_WITHIN
    assert motion(tapes, event + STOP_WITHIN, event + WATCH - BEFORE) <= 1.0


@pytest.mark.parametrize("node", NODES)
def test_kill_a_node(session, node):
    check(*session().strike(kills(node), watch=WATCH))


def test_a_dead_robot_takes_the_leave_away(session):
    """Its tool cannot be watched any more: what counts is that nobody is told that it follows."""
    running = session()
    running.follow()
    event = running.starter.kill("simulation")
    running.wait(WATCH)
    safety = running.tapes()["safety_watchdog.safety"]
    after = safety["t"] > event + STOP_WITHIN
    assert safety["phase"][-1] == Phase.PAUSED
    assert after.any() or safety["t"][-1] > event
    assert not safety["motion"][after].any()
    assert safety["motion"][-1] == 0.0


@pytest.mark.parametrize("node", ["arm_control", "safety_watchdog", "master_input"])
def test_a_hung_node_stops_the_arm_as_well(session, node):
    tapes, event, woken = session().strike(tells(node, signal.SIGSTOP), tells(node, signal.SIGCONT), watch=WATCH)
    check(tapes, event)
    # It woke up with old permits or commands in its hands: nothing may move.
    assert motion(tapes, woken, woken + WATCH - BEFORE) <= 1.0


@pytest.mark.parametrize("preset", ["lan", "casablanca_shanghai"])
def test_cut_both_paths_then_restore(session, preset):
    cut, restore = (tells("link_emulator", number) for number in (signal.SIGUSR1, signal.SIGUSR2))
    tapes, event, restored = session(preset=preset).strike(cut, restore, watch=WATCH)
    check(tapes, event)
    # The link is back and well, and the pedal still down: no new press, no motion.
    assert motion(tapes, restored, restored + WATCH - BEFORE) <= 1.0


def test_mujoco_brakes_itself_when_arm_control_dies(session):
    pytest.importorskip("mujoco")
    check(*session(robot="mujoco").strike(kills("arm_control"), watch=WATCH))


def test_a_new_pedal_press_moves_it_again(session):
    """The other half of bar 3: after the hold a simulated operator who presses anew gets the arm back."""
    running = session(reengage=True)
    running.follow()
    event = running.starter.tell("link_emulator", signal.SIGUSR1)
    running.wait(2.0)
    restored = running.starter.tell("link_emulator", signal.SIGUSR2)
    running.wait(12.0)
    tapes = running.tapes()
    assert motion(tapes, event + STOP_WITHIN, restored) <= 1.0
    assert motion(tapes, restored, restored + 11.0) > 1.0
