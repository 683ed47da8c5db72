"""Further ROS topics a user lets cross the link: the rows of a topics file, checked, and how often each may send.

Both sites have the same file. A topic's number on the wire is made from its row, so a receiver takes only what its own file lists with
the same name, type, direction and priority: deny by default, without a negotiation that could be forged or fail.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

from ...errors import ConfigError
from .seal import Role

MAX_TOPICS = 64  # each newest-wins topic may hold four open messages at the receiver
FASTEST = 1000.0  # [Hz]
TABLE = 0  # number of the message in which the sites tell each other their files
DIRECTIONS: Mapping[str, Role] = {"to_patient": Role.SURGEON, "to_surgeon": Role.PATIENT}
PRIORITIES = ("reliable", "latest")
NAME = re.compile(r"/?[A-Za-z_]\w*(/[A-Za-z_]\w*)*", re.ASCII)
TYPE = re.compile(r"[a-z]\w*/msg/[A-Z]\w*", re.ASCII)


@dataclass(frozen=True)
class Topic:
    """One row. ``rate``: at most so many messages a second."""

    name: str
    type: str
    direction: str
    priority: str
    rate: float

    @property
    def sender(self) -> Role:
        """The side that hears it in ROS and sends it."""
        return DIRECTIONS[self.direction]

    @property
    def number(self) -> int:
        """32 bit, the same at both sites where the rows agree (the rate may differ); never TABLE."""
        words = " ".join((self.name, self.type, self.direction, self.priority))
        return int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "big") or 1


COLUMNS = tuple(field.name for field in fields(Topic))


def topics_from(data: object, refused: Callable[[str], str]) -> tuple[Topic, ...]:
    """Topics of a parsed file ``{topics: [...]}``. ``refused(name)`` says why a name must not cross, or "". ConfigError otherwise."""
    rows = data.get("topics") if isinstance(data, Mapping) and set(data) == {"topics"} else None
    if not isinstance(rows, list) or len(rows) > MAX_TOPICS:
        raise ConfigError(f"topics file: wanted one key `topics` with a list of at most {MAX_TOPICS} rows, got {data!r:.200}")
    topics = tuple(_row(number, row, refused) for number, row in enumerate(rows, 1))
    for what in ("name", "number"):
        seen = [getattr(topic, what) for topic in topics]
        twice = [topic.name for topic in topics if seen.count(getattr(topic, what)) > 1]
        if twice:
            raise ConfigError(f"topics file: {', '.join(twice)} share a {what}; a topic crosses once, in one direction")
    return topics


def _row(number: int, row: object, refused: Callable[[str], str]) -> Topic:
    where = f"topics file, row {number}"
    if not isinstance(row, Mapping) or set(row) != set(COLUMNS):
        raise ConfigError(f"{where}: wanted exactly {', '.join(COLUMNS)}; got {row!r:.200}")
    valid = {"direction": tuple(DIRECTIONS), "priority": PRIORITIES}
    for column, choices in valid.items():
        if row[column] not in choices:
            raise ConfigError(f"{where}: {column} {row[column]!r}; valid: {', '.join(choices)}")
    for column, form, example in (("name", NAME, "/room/temperature"), ("type", TYPE, "std_msgs/msg/String")):
        if not isinstance(row[column], str) or not form.fullmatch(row[column]):
            raise ConfigError(f"{where}: {column} {row[column]!r}; wanted the form of {example}")
    rate = row["rate"]
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0.0 < rate <= FASTEST:
        raise ConfigError(f"{where}: rate {rate!r}; valid: above 0 to {FASTEST:g} messages a second")
    name = "/" + str(row["name"]).lstrip("/")
    why = refused(name)
    if why:
        raise ConfigError(f"{where}: {name} must not cross as a further topic: {why}")
    return Topic(name, str(row["type"]), str(row["direction"]), str(row["priority"]), float(rate))


def disagreements(own: tuple[Topic, ...], peer: tuple[tuple[str, ...], ...]) -> list[str]:
    """A sentence for each topic that will not be carried. ``peer``: name, type, direction, priority of each row of its file."""
    mine = {topic.name: (topic.name, topic.type, topic.direction, topic.priority) for topic in own}
    theirs = {row[0]: row for row in peer}
    found = []
    for name in sorted(mine.keys() | theirs.keys()):
        here, there = mine.get(name), theirs.get(name)
        if here != there:
            words = ["not listed" if row is None else " ".join(row[1:]) for row in (here, there)]
            found.append(f"topic {name} is not carried: here {words[0]}; at the other site {words[1]}")
    return found


class RateGate:
    """Lets at most ``rate`` events a second through, ``burst`` at once."""

    def __init__(self, rate: float, burst: float = 1.0) -> None:
        self._rate, self._burst = rate, max(1.0, burst)
        self._credit, self._at = self._burst, -math.inf

    def open(self, now: float) -> bool:
        """Whether one may pass at ``now``; if so it has."""
        self._credit = min(self._burst, self._credit + (now - self._at) * self._rate)
        self._at = now
        if self._credit < 1.0:
            return False
        self._credit -= 1.0
        return True
