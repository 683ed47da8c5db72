"""The clutch machine as a table: states, events, transitions, and a sentence for each event. Nothing else decides a state change.

A pair that is not in TRANSITIONS leads to DISABLED: deny by default.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping


class State(enum.IntEnum):
    """Surgeon-side state of the teleoperation."""

    DISABLED = 0
    ALIGNING = 1
    READY = 2
    FOLLOWING = 3
    CLUTCHED = 4
    CAMERA = 5


class Event(enum.Enum):
    """What one update found: at most one per update, the most severe first."""

    BAD_INPUT = enum.auto()
    SWITCHED_OFF = enum.auto()
    NO_PAIR = enum.auto()
    HEAD_OUT = enum.auto()
    HANDS_STALE = enum.auto()
    TOOLS_STALE = enum.auto()
    PATIENT_STOPPED = enum.auto()
    PATIENT_LEFT = enum.auto()
    PATIENT_NOT_HOLDING = enum.auto()
    REFUSED = enum.auto()
    PICTURE_OLD = enum.auto()
    ENGAGE_UP = enum.auto()
    SWAPPED = enum.auto()
    ALIGN = enum.auto()
    MISALIGNED = enum.auto()
    UNPROVED = enum.auto()
    PROVED = enum.auto()
    PRESSED = enum.auto()
    CLUTCH_DOWN = enum.auto()
    CLUTCH_UP = enum.auto()
    CAMERA_DOWN = enum.auto()
    CAMERA_AREA = enum.auto()
    CAMERA_UP = enum.auto()
    REALIGN = enum.auto()
    STEADY = enum.auto()


CAUSES: Mapping[Event, str] = {
    Event.BAD_INPUT: "a hand, tool, clock or scale value is not usable",
    Event.SWITCHED_OFF: "teleoperation is switched off",
    Event.NO_PAIR: "no hand is paired with an instrument",
    Event.HEAD_OUT: "put your head into the console",
    Event.HANDS_STALE: "no fresh data from the master hands",
    Event.TOOLS_STALE: "no fresh state of the instruments from the patient side",
    Event.PATIENT_STOPPED: "the patient side is stopped or paused",
    Event.PATIENT_LEFT: "the patient side stopped following: release the pedal and press again",
    Event.PATIENT_NOT_HOLDING: "waiting for the patient side to hold",
    Event.REFUSED: "refused by patient side: release the pedal and press again",
    Event.PICTURE_OLD: "the picture is too old to operate on",
    Event.ENGAGE_UP: "pedal released",
    Event.SWAPPED: "other arms: align, and squeeze or roll",
    Event.ALIGN: "aligning the hands with the instruments",
    Event.MISALIGNED: "turn the hand until it is aligned with the instrument",
    Event.UNPROVED: "squeeze or roll both hands to show that you are there",
    Event.PROVED: "ready: press the pedal to follow",
    Event.PRESSED: "pedal pressed",
    Event.CLUTCH_DOWN: "clutched: the instruments hold",
    Event.CLUTCH_UP: "clutch released",
    Event.CAMERA_DOWN: "both hands hold the picture: the instruments hold",
    Event.CAMERA_AREA: "both hands must be apart and in the work area to move the camera",
    Event.CAMERA_UP: "camera released: aligning the hands with the instruments",
    Event.REALIGN: "rotation released: turn the hand until it is aligned with the instrument",
    Event.STEADY: "",
}

# What a state says while nothing happens.
STEADY_SENTENCE: Mapping[State, str] = {
    State.DISABLED: "disabled",
    State.ALIGNING: CAUSES[Event.ALIGN],
    State.READY: CAUSES[Event.PROVED],
    State.FOLLOWING: "following",
    State.CLUTCHED: CAUSES[Event.CLUTCH_DOWN],
    State.CAMERA: CAUSES[Event.CAMERA_DOWN],
}

TRANSITIONS: Mapping[tuple[State, Event], State] = {
    (State.DISABLED, Event.STEADY): State.DISABLED,
    (State.DISABLED, Event.ALIGN): State.ALIGNING,
    (State.ALIGNING, Event.SWAPPED): State.ALIGNING,
    (State.ALIGNING, Event.STEADY): State.ALIGNING,
    (State.ALIGNING, Event.MISALIGNED): State.ALIGNING,
    (State.ALIGNING, Event.UNPROVED): State.ALIGNING,
    (State.ALIGNING, Event.PRESSED): State.ALIGNING,
    (State.ALIGNING, Event.PROVED): State.READY,
    (State.READY, Event.STEADY): State.READY,
    (State.READY, Event.PICTURE_OLD): State.READY,
    (State.READY, Event.SWAPPED): State.ALIGNING,
    (State.READY, Event.MISALIGNED): State.ALIGNING,
    (State.READY, Event.PRESSED): State.FOLLOWING,
    (State.FOLLOWING, Event.STEADY): State.FOLLOWING,
    (State.FOLLOWING, Event.CLUTCH_DOWN): State.CLUTCHED,
    (State.FOLLOWING, Event.SWAPPED): State.CLUTCHED,
    (State.FOLLOWING, Event.REALIGN): State.CLUTCHED,
    (State.FOLLOWING, Event.CAMERA_AREA): State.CLUTCHED,
    (State.FOLLOWING, Event.CAMERA_DOWN): State.CAMERA,
    (State.CLUTCHED, Event.STEADY): State.CLUTCHED,
    (State.CLUTCHED, Event.MISALIGNED): State.CLUTCHED,
    (State.CLUTCHED, Event.SWAPPED): State.CLUTCHED,
    (State.CLUTCHED, Event.UNPROVED): State.CLUTCHED,
    (State.CLUTCHED, Event.CAMERA_AREA): State.CLUTCHED,
    (State.CLUTCHED, Event.CAMERA_DOWN): State.CAMERA,
    (State.CLUTCHED, Event.CLUTCH_UP): State.FOLLOWING,
    (State.CAMERA, Event.STEADY): State.CAMERA,
    (State.CAMERA, Event.SWAPPED): State.CLUTCHED,
    (State.CAMERA, Event.CLUTCH_DOWN): State.CLUTCHED,
    (State.CAMERA, Event.CAMERA_AREA): State.CLUTCHED,
    (State.CAMERA, Event.CAMERA_UP): State.CLUTCHED,
}


def next_state(state: State, event: Event) -> State:
    """Where ``event`` leads from ``state``; DISABLED where the table does not say."""
    return TRANSITIONS.get((state, event), State.DISABLED)
