"""The latency ledger: where every millisecond between the hand's sample and the robot's echo at the surgeon went.

The loop is measured at the surgeon: arrival of the state that echoes a command, minus the stamp of the master sample behind it. The stages
are measured on their own: path_up and path_down by the two sides' independent clock estimates, not as what is left over. So the sum of
the stages against the loop is a real check.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..values import RobotState
from .clock import ClockEstimate
from .wire import HELD_STAGES

STAGES: tuple[str, ...] = ("input", "pack", *HELD_STAGES, "path_down")
KEPT = 2048  # commands remembered: 8 s at 250 Hz, far beyond any loop
MICRO = 1_000_000


@dataclass(frozen=True)
class LoopEntry:
    """One closed loop. ``stages`` in the order of STAGES [s]."""

    seq: int
    loop: float
    stages: tuple[float, ...]

    @property
    def own_cost(self) -> float:
        """What the software adds: everything but the two path stages [s]."""
        return own_cost(STAGES, self.stages)


def is_ours(stage: str) -> bool:
    """Whether a stage is our cost: neither a path nor the wait for the next picture."""
    return not stage.startswith("path_") and stage != "wait"


def own_cost(names: Sequence[str], stages: Sequence[float]) -> float:
    """What the software and its computers add [s]."""
    return sum(value for name, value in zip(names, stages, strict=True) if is_ours(name))


class SurgeonLedger:
    """Remembers the commands sent and closes a loop when a state echoes a new one."""

    def __init__(self) -> None:
        self._sent: OrderedDict[int, tuple[float, float, float]] = OrderedDict()
        self._echoed = 0

    def sent(self, seq: int, sample: float, began: float, stamp: float) -> None:
        """Command ``seq`` of master sample ``sample``; work began at ``began``, the datagram is stamped ``stamp`` (steady [s])."""
        self._sent[seq] = (sample, began, stamp)
        while len(self._sent) > KEPT:
            self._sent.popitem(last=False)

    def returned(self, state: RobotState, arrival: float, clock: ClockEstimate) -> LoopEntry | None:
        """The loop this state closes, or None: no new echo, stages missing, or the clocks not yet compared."""
        if state.echo_seq == self._echoed or state.echo_seq not in self._sent:
            return None
        if not clock.samples or any(name not in state.held for name in HELD_STAGES):
            return None
        self._echoed = state.echo_seq
        sample, began, stamp = self._sent[state.echo_seq]
        path_down = arrival - (state.stamp - clock.offset)
        stages = (began - sample, stamp - began, *(state.held[name] for name in HELD_STAGES), path_down)
        return LoopEntry(state.echo_seq, arrival - sample, stages)


@dataclass(frozen=True)
class _Served:
    seq: int
    path_up: float
    arrival: float
    published: float
    playout: float


class PatientLedger:
    """Matches arm control's traces with the commands they belong to, by the stamp on servo_cp."""

    def __init__(self) -> None:
        self._served: OrderedDict[int, _Served] = OrderedDict()
        self._echo: tuple[_Served, tuple[float, float, float]] | None = None

    def served(
        self, seq: int, command_stamp: float, arrival: float, published: float, ros_stamp: float, clock: ClockEstimate, playout: float = 0.0
    ) -> None:
        """Command ``seq`` (stamped on the surgeon's clock) arrived, waited ``playout``, went out as servo_cp stamped ``ros_stamp``."""
        path_up = arrival - (command_stamp - clock.offset)
        self._served[_key(ros_stamp)] = _Served(seq, path_up, arrival, published, playout)
        while len(self._served) > KEPT:
            self._served.popitem(last=False)

    def traced(self, ros_stamp: float, hop_in: float, kinematics: float, robot: float) -> bool:
        """Arm control's trace of one command; False where it is nobody's."""
        key = _key(ros_stamp)
        served = self._served.get(key) or self._served.get(key - 1) or self._served.get(key + 1)  # a rounding apart
        if served is None:
            return False
        if self._echo is None or served.seq > self._echo[0].seq:
            self._echo = served, (hop_in, kinematics, robot)
        return True

    def forget(self) -> None:
        """A new surgeon session counts from the beginning."""
        self._served.clear()
        self._echo = None

    def echo(self, now: float) -> tuple[int, Mapping[str, float]]:
        """Newest echoed command and its stages for a state sent at ``now``; (0, {}) before the first."""
        if self._echo is None:
            return 0, {}
        served, inner = self._echo
        unpack = served.published - served.arrival - served.playout
        hop_out = now - served.published - sum(inner)
        return served.seq, dict(zip(HELD_STAGES, (served.path_up, unpack, served.playout, *inner, hop_out), strict=True))


def _key(ros_stamp: float) -> int:
    """Stamps cross as float seconds; a double resolves 0.2 us at today's ROS time, commands are 1 ms or more apart."""
    return round(ros_stamp * MICRO)
