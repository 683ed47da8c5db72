"""When force feedback pushes, how hard, and how both ends begin and end together. Fake time."""

from dataclasses import replace

import numpy as np
import pytest

from telesurgery_nodes.core.haptics.feedback import (
    FADE_S,
    LATER_WORD,
    OFF_WORD,
    ON_WORD,
    RAMP_S,
    UNKNOWN_WORD,
    WAITING_WORD,
    FeedbackInputs,
    FeedbackLimits,
    HandsFeedback,
    ToolsFeedback,
)
from telesurgery_nodes.core.haptics.wave import ROOT
from telesurgery_nodes.core.values import ArmMotion, FeedbackMode, MotionCommand, Pedals, PortSays, Pose, ToolState, Touch

DT, SCALE = 0.004, 0.2
MODES = [FeedbackMode.TDPA, FeedbackMode.WAVE]


def motion(x=0.0):
    return ArmMotion(np.array([x, 0.0, 0.0]), np.eye(3), 0.1)


def tool(force=(0.0, 0.0, 0.0), epoch=1, credit=0.0, wave=(0.0, 0.0, 0.0)):
    return ToolState(Pose(np.zeros(3), np.eye(3)), 0.1, 0.0, Touch(np.array(force), np.array(wave), credit, epoch))


class Desk:
    """The surgeon's end, tick by tick."""

    def __init__(self, mode=FeedbackMode.TDPA, **limits):
        self.feedback, self.now = HandsFeedback(FeedbackLimits(**limits)), 5.0
        self.inputs = FeedbackInputs(mode, 1, {"PSM1": motion()}, {"PSM1": tool()}, True, 0.02, SCALE)

    def tick(self, x=None, ticks=1, **changes):
        for _ in range(ticks):
            self.now += DT
            if x is not None:
                changes["arms"] = {"PSM1": motion(x)}
            out = self.feedback.update(replace(self.inputs, **changes), self.now)
        return out


def test_off_changes_nothing():
    desk = Desk(FeedbackMode.OFF)
    out = desk.tick()
    assert (out.mode, out.word, out.forces) == (FeedbackMode.OFF, OFF_WORD, {}) and out.arms is desk.inputs.arms


@pytest.mark.parametrize("mode", MODES)
def test_a_pressing_tool_is_felt_against_its_push_and_within_the_limit(mode):
    desk = Desk(mode, most=0.5)
    for tick in range(round(2.0 * RAMP_S / DT)):  # the surroundings push back along -x; the wave of 4 N for so long
        wave = (-4.0 / ROOT * DT * tick, 0.0, 0.0)
        credit = 0.02 + 0.5 * (4.0 / ROOT) ** 2 * DT * tick
        out = desk.tick(tools={"PSM1": tool(force=(-4.0, 0.0, 0.0), credit=credit, wave=wave)})
    assert out.word == ON_WORD and out.mode is mode and out.forces["PSM1"][0] < -0.3
    assert np.linalg.norm(out.forces["PSM1"]) <= 0.5 + 1e-9
    assert np.isfinite(out.arms["PSM1"].port.wave).all() and out.arms["PSM1"].port.credit >= 0.0


def test_the_force_on_the_hand_is_the_tools_times_the_scale():
    out = Desk(most=9.0).tick(tools={"PSM1": tool(force=(-4.0, 0.0, 0.0), credit=1.0)}, ticks=round(2.0 * RAMP_S / DT))
    assert out.forces["PSM1"] == pytest.approx([-SCALE * 4.0, 0.0, 0.0])


def test_it_rises_from_nothing():
    desk, sizes = Desk(most=0.5), []
    for _ in range(round(RAMP_S / DT) + 2):
        sizes.append(np.linalg.norm(desk.tick(tools={"PSM1": tool(force=(-9.0, 0.0, 0.0), credit=1.0)}).forces["PSM1"]))
    assert sizes[0] < 0.01 and sizes == sorted(sizes) and sizes[-1] == pytest.approx(0.5)


@pytest.mark.parametrize("changes", [{"arms": {}}, {"mode": FeedbackMode.OFF}])
def test_not_following_or_switched_off_is_no_force_at_once(changes):
    desk = Desk()
    desk.tick(tools={"PSM1": tool(force=(-4.0, 0.0, 0.0), credit=1.0)}, ticks=300)
    out = desk.tick(**changes)
    assert not out.forces and out.mode is FeedbackMode.OFF and out.word in (WAITING_WORD, OFF_WORD)
    again = desk.tick()
    assert (again.mode, again.word, again.forces) == (FeedbackMode.OFF, LATER_WORD, {}), "the accounts of this epoch are closed"
    assert desk.tick(epoch=2).word == ON_WORD


def test_stale_tools_are_no_force_at_once():
    desk = Desk()
    pressing = {"PSM1": tool(force=(-4.0, 0.0, 0.0), credit=1.0)}
    assert desk.tick(tools=pressing, ticks=300).forces["PSM1"].any()
    assert not desk.tick(tools=pressing, tools_fresh=False).forces["PSM1"].any()


def test_a_tool_without_a_known_force_or_of_another_epoch_pushes_nothing():
    desk = Desk()
    out = desk.tick(tools={"PSM1": replace(tool(), touch=None)}, ticks=300)
    assert out.word == UNKNOWN_WORD and not out.forces["PSM1"].any()
    assert not desk.tick(tools={"PSM1": tool(force=(-4.0, 0.0, 0.0), credit=1.0, epoch=2)}, ticks=300).forces["PSM1"].any()
    assert not desk.tick(tools={}, ticks=3).forces["PSM1"].any()


@pytest.mark.parametrize("trip", [0.0501, 0.3, float("nan"), float("inf")])
def test_over_a_long_link_it_is_refused_with_a_word_for_the_rest_of_the_epoch(trip):
    desk = Desk()
    assert desk.tick(round_trip=0.05).word == ON_WORD
    out = desk.tick(round_trip=trip)
    assert "refused: round trip" in out.word and "at most 50 ms" in out.word and out.mode is FeedbackMode.OFF and not out.forces
    assert "refused" in desk.tick().word and desk.feedback.refused == 1
    assert desk.tick(epoch=2).word == ON_WORD
    assert Desk(anyway=True).tick(round_trip=trip).word == ON_WORD


# the patient's end


def command(x, mode, epoch=1, port=True, credit=1.0, wave=(0.0, 0.0, 0.0)):
    says = PortSays(np.array(wave), credit) if port else None
    arms = {"PSM1": replace(motion(x), port=says)}
    return MotionCommand(1, 0.0, 0.0, epoch, 1, Pedals(), True, False, True, 0.1, arms, feedback=mode)


def felt(x=0.0, age=0.0):
    return {"PSM1": (np.array([x, 0.0, 0.0]), age)}


def at(command):
    return float(command.arms["PSM1"].displacement[0])


def test_off_leaves_commands_as_they_are():
    tools = ToolsFeedback()
    assert at(tools.update(1, command(0.003, FeedbackMode.OFF, port=False), felt(), 1.0)) == 0.003
    assert tools.touch("PSM1", felt(2.0)["PSM1"]).force[0] == 2.0 and tools.touch("PSM1", felt()["PSM1"]).credit == 0.0


@pytest.mark.parametrize("bad", [None, (np.zeros(3), 0.2), (np.zeros(3), -1.0), (np.full(3, np.nan), 0.0)])
@pytest.mark.parametrize("mode", MODES)
def test_without_a_known_force_commands_stay_as_they_are_and_nothing_is_told(mode, bad):
    tools, forces = ToolsFeedback(), {} if bad is None else {"PSM1": bad}
    assert at(tools.update(1, command(0.003, mode), forces, 1.0)) == 0.003
    assert tools.touch("PSM1", bad) is None


def test_a_tool_in_free_space_follows_and_one_against_a_wall_presses_only_with_what_was_paid():
    for force, reached in ((0.0, True), (-4.0, False)):
        tools = ToolsFeedback()
        for tick in range(100):
            moved = tools.update(1, command(2e-5 * tick, FeedbackMode.TDPA, credit=0.0), felt(force), DT * tick)
        assert (at(moved) == pytest.approx(2e-5 * 99)) is reached and (tools.limited > 0) is not reached
        assert at(moved) < 0.5e-3 or reached
    touch = tools.touch("PSM1", felt(-4.0)["PSM1"])
    assert touch.epoch == 1 and touch.force[0] == -4.0


@pytest.mark.parametrize("leave", ["off", "unknown"])
def test_leaving_does_not_leap_and_the_account_stays_closed(leave):
    tools, now = ToolsFeedback(), 0.0
    for tick in range(100):
        now = DT * tick
        moved = tools.update(1, command(1e-4 * tick, FeedbackMode.TDPA, credit=0.0), felt(-4.0), now)
    behind = at(moved) - 1e-4 * 99
    assert behind < -5e-3
    mode, forces = (FeedbackMode.OFF, felt()) if leave == "off" else (FeedbackMode.TDPA, {})
    first = tools.update(1, command(1e-4 * 99, mode, port=leave != "off"), forces, now + DT)
    assert abs(at(first) - at(moved)) < 2e-4
    for tick in range(round(8.0 * FADE_S / DT)):
        last = tools.update(1, command(1e-4 * 99, mode, port=leave != "off"), forces, now + DT * (tick + 2))
    assert at(last) == pytest.approx(1e-4 * 99, abs=1e-5)
    tools.update(1, command(1e-4 * 99, FeedbackMode.TDPA), felt(), now + 9.0)
    assert tools.touch("PSM1", felt()["PSM1"]).epoch == 0, "closed until the next epoch"
    tools.update(1, command(0.0, FeedbackMode.TDPA, epoch=2), felt(), now + 9.1)
    assert tools.touch("PSM1", felt()["PSM1"]).epoch == 2


def test_a_port_that_begins_in_mid_epoch_begins_where_the_tool_is():
    tools = ToolsFeedback()
    tools.update(1, command(0.02, FeedbackMode.TDPA), {}, 0.0)
    assert at(tools.update(1, command(0.02, FeedbackMode.TDPA), felt(), DT)) == pytest.approx(0.02)


def test_another_session_begins_anew():
    tools = ToolsFeedback()
    for tick in range(50):
        tools.update(1, command(1e-4 * tick, FeedbackMode.TDPA, credit=0.0), felt(-4.0), DT * tick)
    assert at(tools.update(2, command(0.0, FeedbackMode.TDPA), felt(), 1.0)) == 0.0
