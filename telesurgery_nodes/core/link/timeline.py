"""A script of outages and changes: rows in, checked wholly before anything runs; then what is due at a time.

    - {at: 10, path: fibre, direction: both, cut: 2.5}     # loses everything for 2.5 s
    - {at: 20, path: second, up: {rate_mbit: 10}}          # from then on; other values stay
    - {at: 30, path: all, both: {loss: 0.05, burst: 4}}

``at`` and ``cut`` are seconds, ``at`` since the start; ``path`` a name, a number from 1, ``path1`` or ``all``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...errors import ConfigError
from .impair import Impairment, values_from

WAYS = ("up", "down")  # surgeon to patient, patient to surgeon
DIRECTIONS: Mapping[str, tuple[str, ...]] = {"up": ("up",), "down": ("down",), "both": WAYS}
KEYS = ("at", "path", "direction", "cut", *DIRECTIONS)
EVERY_PATH = "all"
NUMBERED = "path"

Specs = Mapping[tuple[int, str], Impairment]


@dataclass(frozen=True)
class Step:
    """At ``at`` [s since the start] on each of ``legs`` (path from 0, way): an outage of ``cut`` [s], 0 for none, and new values."""

    at: float
    legs: tuple[tuple[int, str], ...]
    cut: float = 0.0
    change: Mapping[str, float] = field(default_factory=dict)


class Timeline:
    """Steps in the order of their time, whatever their order in the script; stepped by ``update``."""

    def __init__(self, steps: Sequence[Step] = ()) -> None:
        self._steps = sorted(steps, key=lambda step: step.at)
        self._next = 0

    @property
    def next_at(self) -> float:
        """When [s since the start] the next step is due; inf after the last."""
        return self._steps[self._next].at if self._next < len(self._steps) else math.inf

    def update(self, now: float) -> tuple[Step, ...]:
        """Steps that became due up to ``now`` [s since the start], each given once."""
        first = self._next
        while self.next_at <= now:
            self._next += 1
        return tuple(self._steps[first : self._next])


def path_numbers(text: object, names: Sequence[str]) -> tuple[int, ...]:
    """Paths from 0 that ``text`` names. ConfigError lists what is valid."""
    word = str(text)
    if word in names:
        return (names.index(word),)
    if word == EVERY_PATH:
        return tuple(range(len(names)))
    digits = word[len(NUMBERED) :] if word.startswith(NUMBERED) else word
    if digits.isdecimal() and 1 <= int(digits) <= len(names):
        return (int(digits) - 1,)
    raise ConfigError(f"no path {word!r}; valid: 1 to {len(names)}, {', '.join(names)} or {EVERY_PATH}")


def steps_from(rows: object, names: Sequence[str], specs: Specs) -> list[Step]:
    """Steps of a script for paths ``names`` that begin as ``specs``. ConfigError names the row, what was wanted and what came."""
    if not isinstance(rows, (list, tuple)):
        raise ConfigError(f"a script is a list of rows, got {type(rows).__name__}")
    found: list[tuple[int, Step]] = []
    for number, row in enumerate(rows, 1):
        try:
            found += [(number, step) for step in _steps_of(row, names)]
        except ConfigError as error:
            raise ConfigError(f"row {number}: {error}") from error
    _check_values(found, dict(specs))
    return [step for _, step in found]


def _steps_of(row: object, names: Sequence[str]) -> list[Step]:
    if not isinstance(row, Mapping):
        raise ConfigError(f"{row!r}; wanted keys and values")
    wrong = [str(key) for key in row if key not in KEYS]
    if wrong:
        raise ConfigError(f"unknown {', '.join(wrong)}; valid: {', '.join(KEYS)}")
    if "at" not in row or "path" not in row:
        raise ConfigError("wanted `at` and `path`")
    at, paths = _seconds(row, "at", 0.0), path_numbers(row["path"], names)
    steps = [Step(at, _legs(paths, way), change=_values(row[way], way)) for way in DIRECTIONS if way in row]
    if "cut" in row:
        steps.append(Step(at, _legs(paths, str(row.get("direction", "both"))), _seconds(row, "cut", math.nextafter(0.0, 1.0), math.inf)))
    elif "direction" in row:
        raise ConfigError("`direction` belongs to `cut`; values stand in `up`, `down` or `both`")
    if not steps:
        raise ConfigError(f"nothing to do; wanted `cut`, or values in one of {', '.join(DIRECTIONS)}")
    return steps


def _legs(paths: tuple[int, ...], direction: str) -> tuple[tuple[int, str], ...]:
    if direction not in DIRECTIONS:
        raise ConfigError(f"direction {direction!r}; valid: {', '.join(DIRECTIONS)}")
    return tuple((path, way) for path in paths for way in DIRECTIONS[direction])


def _values(found: object, way: str) -> dict[str, float]:
    if not isinstance(found, Mapping) or not found:
        raise ConfigError(f"{way} {found!r}; wanted values such as {{loss: 0.01}}")
    return values_from(found)


def _seconds(row: Mapping[object, object], key: str, least: float, most: float = math.nextafter(math.inf, 0.0)) -> float:
    value = row[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise ConfigError(f"{key} {value!r}; wanted seconds, {'0 or more' if least == 0.0 else 'more than 0'}")
    return float(value)


def _check_values(found: Sequence[tuple[int, Step]], specs: dict[tuple[int, str], Impairment]) -> None:
    """Apply every change in its order, so that one that makes no sense is refused before the start."""
    for number, step in sorted(found, key=lambda one: one[1].at):
        for leg in step.legs if step.change else ():
            try:
                specs[leg] = replace(specs[leg], **step.change)
            except ConfigError as error:
                raise ConfigError(f"row {number}: {error}") from error
