"""What was seen of an arm: samples of its topics and what it did when asked."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Verdict(enum.Enum):
    """Of one point."""

    CONFORMANT = "conformant"
    DIVERGENT = "divergent"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class Finding:
    """One point, what was found, in a sentence."""

    point: str
    verdict: Verdict
    sentence: str


@dataclass(frozen=True)
class Sample:
    """One message: ``at`` arrival [s, steady], ``arrived`` [s, ROS clock], ``stamp`` [s, ROS clock; 0: invalid], ``values`` numbers.

    ``values``: joint positions [rad or m], or x y z [m] and a quaternion w x y z. ``speeds``: joint speeds where sent. ``word``: a state.
    """

    at: float
    arrived: float
    stamp: float
    frame: str
    values: tuple[float, ...] = ()
    speeds: tuple[float, ...] = ()
    word: str = ""


@dataclass(frozen=True)
class Topic:
    """Samples of one name. ``type`` as ROS says it ('' absent); offered QoS of every publisher."""

    name: str
    type: str = ""
    reliable: bool = False
    latched: bool = False
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True)
class Reaction:
    """One active step: what was asked, whether what was wanted came within ``after`` [s].

    ``excuse``: why the arm said it would not; an arm that says so is not at fault.
    """

    asked: str
    wanted: str
    seen: str
    held: bool
    after: float
    excuse: str = ""


@dataclass(frozen=True)
class Evidence:
    """Everything. ``seconds`` listened; ``clock`` ROS clocks of both are one machine's; ``model_gap`` largest |measured_cp - FK| [m]."""

    seconds: float
    topics: dict[str, Topic] = field(default_factory=dict)
    model_gap_m: float | None = None
    model_gap_rad: float | None = None
    ranges: tuple[tuple[float, float], ...] = ()
    prismatic: tuple[bool, ...] = ()
    late_state: bool | None = None
    reactions: tuple[Reaction, ...] = ()

    def samples(self, name: str) -> tuple[Sample, ...]:
        """Of one topic."""
        return self.topics[name].samples if name in self.topics else ()
