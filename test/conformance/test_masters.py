"""One suite for every master (devices/protocols.MasterDevice), then what each simulated one promises on its own."""

import itertools
import math

import numpy as np
import pytest
from master_loop import FOLLOWING, HOLDING, TICK, Loop, far, jigsaws_rows, play, write

from telesurgery_nodes.core.rotations import angle, exp, is_rotation
from telesurgery_nodes.core.teleop.table import State
from telesurgery_nodes.core.teleop.tool_pace import PaceLimits
from telesurgery_nodes.core.values import MASTERS, ConsoleState, Phase
from telesurgery_nodes.devices.masters.jigsaws import JigsawsMaster
from telesurgery_nodes.devices.masters.joy import JoyMaster
from telesurgery_nodes.devices.masters.scripted import ScriptedMaster
from telesurgery_nodes.errors import ConfigError, DeviceError

SPEED_MAX = 0.6
WRIST_MAX = math.radians(60.0)


@pytest.fixture
def recording(tmp_path):
    return write(tmp_path / "trial.txt", jigsaws_rows())


class Pad(JoyMaster):
    """A JoyMaster whose pad is heard at each poll, sticks moving."""

    def poll(self, now):
        self.joy([0.7 * math.sin(now), 0.5, 1.0, -0.5, math.cos(now), 0.0], [0, 0, 0, 0, int(now) % 2, 0], now)
        return super().poll(now)


@pytest.fixture(params=["scripted", "jigsaws", "joy"])
def master(request, recording):
    made = {"scripted": ScriptedMaster, "jigsaws": lambda: JigsawsMaster(recording), "joy": Pad}[request.param]()
    yield made
    made.close()


def test_samples_are_numbered_stamped_finite_and_proper(master):
    samples = play(master, 4.0)
    assert [b.seq - a.seq for a, b in itertools.pairwise(samples)] == [1] * (len(samples) - 1)
    assert samples[-1].stamp == pytest.approx(4.0 - TICK)
    for sample in samples:
        assert set(sample.hands) == set(MASTERS)
        for hand in sample.hands.values():
            assert np.isfinite(hand.pose.position).all() and math.isfinite(hand.gripper)
            assert is_rotation(hand.pose.rotation, 1e-6)


def test_hands_move_like_hands(master):
    samples = play(master, 20.0)
    for name in MASTERS:
        path = np.array([sample.hands[name].pose.position for sample in samples])
        speed = np.linalg.norm(np.diff(path, axis=0), axis=1) / TICK
        assert 0.01 < speed.max() < (0.17 if isinstance(master, ScriptedMaster) else SPEED_MAX)
        turns = [angle(b.hands[name].pose.rotation @ a.hands[name].pose.rotation.T) for a, b in itertools.pairwise(samples)]
        assert max(turns) / TICK < math.radians(500.0)


def test_wrists_turn_to_the_goals_at_a_bounded_rate_and_stay(master):
    goals = {"MTML": exp(np.array([0.5, -0.9, 0.2])), "MTMR": exp(np.array([0.0, 0.0, 2.0]))}
    still = ConsoleState(Phase.ALIGNING, False, goals)
    master.poll(0.0)
    samples = play(master, 4.0, still)
    for name, goal in goals.items():
        assert angle(goal @ samples[-1].hands[name].pose.rotation.T) < math.radians(1.0)
        if not isinstance(master, Pad):  # a pad's sticks turn the hand as well
            turns = [angle(b.hands[name].pose.rotation @ a.hands[name].pose.rotation.T) for a, b in itertools.pairwise(samples)]
            assert max(turns) <= WRIST_MAX * TICK + 1e-6


def test_close_is_idempotent_and_ends_the_samples(master):
    assert master.poll(0.0) is not None
    master.close()
    master.close()
    master.feedback(HOLDING)
    assert master.poll(1.0) is None


def test_a_time_that_stands_or_runs_backwards_moves_nothing(master):
    play(master, 1.0)
    there, again = master.poll(1.0), master.poll(1.0)
    assert again.seq == there.seq + 1
    back = master.poll(0.5)
    assert np.abs(back.hands["MTMR"].pose.position - there.hands["MTMR"].pose.position).max() < 1e-3  # tremor only
    with pytest.raises(DeviceError, match="finite"):
        JoyMaster().poll(math.nan)


@pytest.mark.parametrize("kind", ["scripted", "jigsaws"])
def test_a_delayed_start_loses_no_motion(kind, recording):
    def make():
        return ScriptedMaster(seed=3) if kind == "scripted" else JigsawsMaster(recording)

    prompt, late = make(), make()
    first = play(prompt, 3.0)[-1]
    play(late, 5.0, HOLDING)
    second = play(late, 3.0, start=5.0)[-1]
    for name in MASTERS:
        assert second.hands[name].pose.position == pytest.approx(first.hands[name].pose.position, abs=3e-3)


@pytest.mark.parametrize(("reengage", "presses"), [(True, 3), (False, 0)])
def test_the_operator_presses_again_only_if_asked_to(reengage, presses):
    master = ScriptedMaster(reengage=reengage)
    aligning = ConsoleState(Phase.HOLDING, False, {name: np.eye(3) for name in MASTERS})

    def engage(seconds, console, start):
        return [sample.pedals.engage for sample in play(master, seconds, console, start)]

    def count(pedals):
        return sum(now and not before for before, now in itertools.pairwise(pedals))

    tries = engage(5.0, aligning, 0.0)
    assert count(tries) == 3, "until it has followed once, an operator tries again"
    assert tries.index(True) * TICK == pytest.approx(0.6, abs=0.02)
    engage(4.0, FOLLOWING, 5.0)
    assert count(engage(6.0, aligning, 9.0)) == presses


def test_the_operator_lets_go_while_paused_and_waits_for_holding():
    master = ScriptedMaster()
    aligning = ConsoleState(Phase.HOLDING, False, {name: np.eye(3) for name in MASTERS})
    assert play(master, 0.8, aligning)[-1].pedals.engage
    assert play(master, 1.0, FOLLOWING, 0.8)[-1].pedals.engage
    paused = play(master, 5.0, ConsoleState(Phase.PAUSED, False), 1.8)
    assert [sample.pedals.engage for sample in (paused[200], paused[300], paused[-1])] == [True, False, False]
    assert play(master, 1.0, aligning, 6.8)[-1].pedals.engage


def test_scripted_is_deterministic_by_seed():
    one, same, other = (play(ScriptedMaster(seed=seed), 2.0)[-1].hands["MTML"].pose.position for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.allclose(one, other)


def test_scripted_operator_gets_through_the_clutch_machine_and_clutches():
    loop = Loop(ScriptedMaster())
    reach = 0.0
    for part in range(20):
        loop.run(2.0, start=2.0 * part)
        reach = max(reach, far(loop))
    states = [out.state for out in loop.outs]
    assert states.index(State.FOLLOWING) * TICK < 4.0
    assert loop.outs[-1].epoch > 1 and loop.outs[-1].press_count == 1
    assert 0.002 < reach < 0.2 * 0.040 * math.sqrt(3.0) * 1.02


def test_a_scripted_operator_goes_no_faster_than_the_tools_he_sees():
    slow, same = ScriptedMaster(scale=1.0, tool_speed=0.04), ScriptedMaster(scale=0.2)
    loop = Loop(slow, scale=1.0, pace=PaceLimits(speed=0.04))
    loop.run(30.0)
    assert all(counts.slipped < 1e-3 for counts in loop.teleop.paces.values()), "tremor only"
    assert np.array_equal(play(same, 2.0)[-1].hands["MTMR"].pose.position, play(ScriptedMaster(), 2.0)[-1].hands["MTMR"].pose.position)
    with pytest.raises(ConfigError, match="scripted: wanted a scale"):
        ScriptedMaster(scale=0.0)


def pad(engage=0, left=0.0, trigger=1.0, shoulder=0):
    return [left, 0.0, trigger, 0.0, 0.0, 1.0], [engage, 0, 0, 0, shoulder, 0]


def test_joy_says_nothing_until_heard_and_nothing_moves_on_a_silent_pad():
    master = JoyMaster()
    assert master.poll(0.0) is None
    master.joy(*pad(), 0.0)
    master.joy(*pad(engage=1, left=1.0), 0.05)
    moving = [master.poll(0.1 + i * 0.01) for i in range(80)]
    x = [sample.hands["MTML"].pose.position[0] for sample in moving]
    assert x[20] - x[0] == pytest.approx(0.1 * 0.2, rel=0.05)
    assert x[-1] == x[40]
    assert moving[5].pedals.engage and moving[5].pedals.head
    assert not moving[-1].pedals.engage and not moving[-1].pedals.head
    master.joy(*pad(engage=1), 1.0)
    assert not master.poll(1.0).pedals.engage, "a held button is no fresh press after silence"
    master.joy(*pad(engage=0), 1.1)
    master.joy(*pad(engage=1), 1.2)
    assert master.poll(1.2).pedals.engage


def test_joy_trigger_and_shoulder():
    master = JoyMaster()
    master.joy(*pad(left=1.0, trigger=-1.0, shoulder=1), 0.0)
    for i in range(11):
        sample = master.poll(i * 0.01)
    assert sample.hands["MTML"].gripper == 0.0
    assert sample.hands["MTML"].pose.rotation == pytest.approx(exp(np.array([0.0, 0.0, math.radians(4.5)])))


def test_a_master_presses_no_stop_by_itself(master):
    assert not any(sample.pedals.stop for sample in play(master, 4.0))


def test_joys_fourth_button_is_the_stop_and_a_silent_pad_presses_nothing():
    master, (axes, up) = JoyMaster(), pad()
    master.joy(axes, [*up[:3], 1, *up[4:]], 0.0)
    assert master.poll(0.0).pedals.stop
    assert not master.poll(1.0).pedals.stop, "what is latched is latched at the console"


@pytest.mark.parametrize("axes", [[0.0] * 3, [math.nan] * 6, [1.5] * 6])
def test_joy_refuses_what_is_no_pad(axes):
    master = JoyMaster()
    with pytest.raises(DeviceError, match="wanted"):
        master.joy(axes, [0] * 6, 0.0)
    assert master.poll(0.0) is None
