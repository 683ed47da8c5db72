"""The ledger of a picture, from its capture to the surgeon's eyes, and of the whole loop: hand to eyes.

Every stage is measured where it happens by the clock it happens on, none is what is left over. `path_video` alone compares two clocks, as
the picture's age itself does. The whole loop needs neither: from the sample of the hand to the display of the first picture captured
after the robot had that set point in force, both by the surgeon's clock.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass

from ...errors import LocalLinkError, RemoteLinkError
from ..values import RobotState
from .layouts import LAYOUTS
from .ledger import STAGES, LoopEntry, own_cost

LAP, TRIP = LAYOUTS["lap"].made(), LAYOUTS["trip"].made()
# In travel order. camera .. hop_coded by the patient's ROS clock, pace by its bridge, join by the surgeon's bridge, the rest by the viewer.
SENDER_STAGES: tuple[str, ...] = ("camera", "encode", "hop_coded")
BRIDGE_STAGES: tuple[str, ...] = (*SENDER_STAGES, "pace", "path_video", "join")
PICTURE_STAGES: tuple[str, ...] = (*BRIDGE_STAGES, "hop_viewer", "decode", "display")
HAND_STAGES: tuple[str, ...] = STAGES[: STAGES.index("hop_out")]
EYE_STAGES: tuple[str, ...] = (*HAND_STAGES, "wait", *PICTURE_STAGES)
KEPT_LOOPS, KEPT_PICTURES = 256, 64  # 10 s of traces, 2.5 s of pictures: beyond any delay with which arms still move


@dataclass(frozen=True)
class Trip:
    """In front of every coded picture. ``taken``: by the patient's bridge [s, its steady clock]; ``stages``: known SENDER_STAGES [s]."""

    taken: float
    stages: Mapping[str, float]


def encode_trip(trip: Trip) -> bytes:
    """The record; what is not known travels as NaN."""
    if not math.isfinite(trip.taken):
        raise LocalLinkError(f"a picture taken at {trip.taken}; wanted a finite time")
    return TRIP.pack(trip.taken, *(trip.stages.get(name, math.nan) for name in SENDER_STAGES))


def split_trip(data: bytes) -> tuple[Trip, bytes]:
    """Record and coded picture of a reassembled one."""
    if len(data) <= TRIP.size:
        raise RemoteLinkError(f"picture of {len(data)} B; wanted more than the {TRIP.size} B in front of it")
    taken, *values = TRIP.unpack_from(data)
    if not math.isfinite(taken):
        raise RemoteLinkError(f"picture taken at {taken}; wanted a finite time")
    known = {name: value for name, value in zip(SENDER_STAGES, values, strict=True) if math.isfinite(value)}
    return Trip(taken, known), data[TRIP.size :]


def split_lap(payload: bytes) -> tuple[float, bytes]:
    """How long the picture was held [s], and the fragment, of a stream 3 payload."""
    if len(payload) < LAP.size:
        raise RemoteLinkError(f"video payload of {len(payload)} B; wanted at least {LAP.size}")
    held = LAP.unpack_from(payload)[0]
    if not math.isfinite(held):
        raise RemoteLinkError(f"a picture held for {held} s; wanted a finite time")
    return held, payload[LAP.size :]


@dataclass(frozen=True)
class PictureEntry:
    """One picture shown. ``age`` [s] measured when it was handed to the screen; ``stages`` in the order of PICTURE_STAGES [s]."""

    age: float
    stages: tuple[float, ...]

    @property
    def own_cost(self) -> float:
        """Everything but the path [s]."""
        return own_cost(PICTURE_STAGES, self.stages)


class PictureLedger:
    """One entry per picture whose stages are all known; ``unknown`` counts the others."""

    def __init__(self) -> None:
        self.unknown = 0

    def update(self, stages: Mapping[str, float], age: float) -> PictureEntry | None:
        """``stages`` as far as they are known, ``age`` at display."""
        values = tuple(stages.get(name, math.nan) for name in PICTURE_STAGES)
        if not all(map(math.isfinite, (age, *values))):
            self.unknown += 1
            return None
        return PictureEntry(age, values)


@dataclass(frozen=True)
class InForce:
    """A hand sample taken at ``sample`` [s, surgeon's clock] whose set point the robot had at ``at`` [s, patient's clock].

    ``stages`` in the order of HAND_STAGES.
    """

    seq: int
    sample: float
    at: float
    stages: tuple[float, ...]


def in_force(entry: LoopEntry, state: RobotState, arrival: float) -> InForce:
    """What a closed loop says about it: the state that closed it came at ``arrival``."""
    return InForce(entry.seq, arrival - entry.loop, state.stamp - state.held["hop_out"], entry.stages[: len(HAND_STAGES)])


@dataclass(frozen=True)
class Shown:
    """A picture ``captured`` [s, patient's clock] was on the screen at ``displayed`` [s, surgeon's clock]; ``stages`` None: not known."""

    captured: float
    displayed: float
    stages: tuple[float, ...] | None


@dataclass(frozen=True)
class EyeEntry:
    """Hand to eyes, measured by the surgeon's clock alone: ``loop`` [s]; ``stages`` in the order of EYE_STAGES [s]."""

    seq: int
    loop: float
    stages: tuple[float, ...]

    @property
    def own_cost(self) -> float:
        """Everything but the two paths and the wait for the next picture [s]."""
        return own_cost(EYE_STAGES, self.stages)


class HandToEyes:
    """Finds for every set point in force the first picture shown that was captured after it. News comes in any order."""

    def __init__(self) -> None:
        self._loops: OrderedDict[int, InForce] = OrderedDict()
        self._pictures: deque[Shown] = deque(maxlen=KEPT_PICTURES)
        self.unknown = 0

    def update(self, loop: InForce | None = None, picture: Shown | None = None) -> tuple[EyeEntry, ...]:
        """Loops that this news closes."""
        if picture is not None:
            self._pictures.append(picture)
        if loop is not None:
            self._loops[loop.seq] = loop
            while len(self._loops) > KEPT_LOOPS:
                self._loops.popitem(last=False)
        # A loop that stands here already found none among the older pictures: only a new picture can close it.
        news = list(self._loops.values()) if picture is not None else [loop] if loop is not None else []
        found = [(one, self._first(one.at)) for one in news]
        closed = [self._close(one, shown) for one, shown in found if shown is not None]
        return tuple(entry for entry in closed if entry is not None)

    def forget(self) -> None:
        """Another patient, another clock."""
        self._loops.clear()
        self._pictures.clear()

    def _first(self, at: float) -> Shown | None:
        return next((shown for shown in self._pictures if shown.captured >= at), None)

    def _close(self, loop: InForce, shown: Shown) -> EyeEntry | None:
        del self._loops[loop.seq]
        if shown.stages is None or shown is self._pictures[0]:
            self.unknown += 1  # the oldest picture kept need not have been the first
            return None
        wait = shown.captured - loop.at
        return EyeEntry(loop.seq, shown.displayed - loop.sample, (*loop.stages, wait, *shown.stages))
