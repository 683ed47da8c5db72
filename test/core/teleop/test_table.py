"""The table: every state with every event, and what must never be in it."""

import itertools

import pytest

from telesurgery_nodes.core.teleop.table import CAUSES, STEADY_SENTENCE, TRANSITIONS, Event, State, next_state

STOPS = {
    Event.BAD_INPUT,
    Event.SWITCHED_OFF,
    Event.NO_PAIR,
    Event.HEAD_OUT,
    Event.HANDS_STALE,
    Event.TOOLS_STALE,
    Event.PATIENT_STOPPED,
    Event.PATIENT_LEFT,
    Event.PATIENT_NOT_HOLDING,
    Event.REFUSED,
    Event.ENGAGE_UP,
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_state_with_every_event(state, event):
    target = next_state(state, event)
    if event in STOPS or (state, event) not in TRANSITIONS:
        assert target is State.DISABLED
    if target is State.FOLLOWING and state is not State.FOLLOWING:
        assert (state, event) in {(State.READY, Event.PRESSED), (State.CLUTCHED, Event.CLUTCH_UP)}
    if target is State.CAMERA and state is not State.CAMERA:
        assert (state, event) in {(State.FOLLOWING, Event.CAMERA_DOWN), (State.CLUTCHED, Event.CAMERA_DOWN)}


def test_every_event_and_state_has_words():
    assert set(CAUSES) == set(Event)
    assert set(STEADY_SENTENCE) == set(State)
    assert all(CAUSES[event] for event in Event if event is not Event.STEADY)
