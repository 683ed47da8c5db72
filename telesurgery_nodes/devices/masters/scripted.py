"""A scripted surgeon: minimum-jerk reaches of both hands, wrist turns, grasps, tremor, a clutch now and then. Same seed, same motion."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...core.rotations import exp, vector_of
from ...core.teleop.mapping import valid_scale
from ...core.teleop.tool_pace import SPEED, PaceLimits
from ...core.values import MASTERS, FloatArray, Hand, Pose
from ...errors import ConfigError
from .base import SimulatedMaster, calm_speed
from .curves import minimum_jerk, reach_time

# Hand motion the tools see stays in +-40 mm, clutching shifts the hand by +-20 mm: the hand stays in a comfortable +-60 mm.
TOOL_BOX = 0.040
CLUTCH_BOX = 0.020
# Peak speeds of reaches; JIGSAWS surgeons: median 4-11 mm/s, 99th percentile 0.10-0.16 m/s.
SLOWEST, FASTEST = 0.05, 0.15
SHORTEST_REACH = 0.5
TURN = math.radians(25.0)
GRIPPERS = (math.radians(2.0), math.radians(25.0), math.radians(40.0))
REACHES_BETWEEN_CLUTCHES = (4, 8)
# The foot is down this long before the hand moves and after it has stopped.
CLUTCH_DWELL = 0.2
# Physiological tremor 8-12 Hz; three tones per axis that add up to about 0.1 mm.
TREMOR_BAND = (8.0, 12.0)
TREMOR_TONES = 3
TREMOR = 0.1e-3 / TREMOR_TONES
# Where the hands rest in the display frame: x left, y up, z away [m].
REST: Mapping[str, tuple[float, float, float]] = {"MTML": (0.10, -0.05, 0.30), "MTMR": (-0.10, -0.05, 0.30)}


@dataclass(frozen=True, eq=False)
class Key:
    """One hand at the end of a phrase: position [m], rotation vector [rad], gripper [rad]."""

    position: FloatArray
    turn: FloatArray
    gripper: float


@dataclass(frozen=True)
class Phrase:
    """One movement of both hands: from the last keys to ``keys`` in ``duration`` [s] after ``dwell`` [s] of rest."""

    keys: Mapping[str, Key]
    duration: float
    clutch: bool
    dwell: float


class ScriptedMaster(SimulatedMaster):
    """Endless bimanual motion, deterministic by ``seed``; it goes on only while the tools follow.

    ``scale`` and ``tool_speed`` [m/s] are the console's: a surgeon who reaches for something goes no faster than the tool he sees.
    """

    def __init__(self, seed: int = 1, reengage: bool = True, scale: float = 0.2, tool_speed: float = SPEED) -> None:
        super().__init__(reengage)
        if not valid_scale(scale):
            raise ConfigError(f"scripted: wanted a scale in (0, 1], got {scale!r}")
        self._fastest = min(FASTEST, calm_speed(scale, PaceLimits(speed=tool_speed).speed))
        self._random = random.Random(seed)
        self._keys = {name: Key(np.array(REST[name]), np.zeros(3), GRIPPERS[1]) for name in MASTERS}
        self._shift = {name: np.zeros(3) for name in MASTERS}
        self._tones = {name: self._make_tremor() for name in MASTERS}
        self._until_clutch = self._random.randint(*REACHES_BETWEEN_CLUTCHES)
        self._phrase = self._next_phrase()
        self._time = 0.0

    def _advance(self, now: float, dt: float) -> tuple[Mapping[str, Hand], bool]:
        phrase = self._phrase
        if self.engaged if phrase.clutch else self.moving:
            self._time += dt
        elif phrase.clutch and self._time < phrase.dwell:
            self._time = 0.0
        if self._time >= phrase.duration + 2.0 * phrase.dwell:
            self._keys, self._time = dict(phrase.keys), 0.0  # first: the next phrase begins where this one ended
            self._phrase = self._next_phrase()
        share = minimum_jerk((self._time - self._phrase.dwell) / self._phrase.duration)
        return {name: self._hand(name, share, now) for name in MASTERS}, self._phrase.clutch

    def _hand(self, name: str, share: float, now: float) -> Hand:
        old, new = self._keys[name], self._phrase.keys[name]
        ends = zip(vector_of(old.position), vector_of(new.position), self._tremor(name, now), strict=True)
        position = [begin + share * (end - begin) + shake for begin, end, shake in ends]
        turn = [begin + share * (end - begin) for begin, end in zip(vector_of(old.turn), vector_of(new.turn), strict=True)]
        return Hand(Pose(np.array(position), exp(np.array(turn))), old.gripper + share * (new.gripper - old.gripper))

    def _next_phrase(self) -> Phrase:
        if self._until_clutch == 0:
            self._until_clutch = self._random.randint(*REACHES_BETWEEN_CLUTCHES)
            return self._clutch_phrase()
        self._until_clutch -= 1
        return self._phrase_to({name: self._reach(name) for name in MASTERS}, clutch=False, dwell=0.0)

    def _reach(self, name: str) -> Key:
        target = np.array(REST[name]) + self._shift[name] + self._vector(TOOL_BOX)
        return Key(target, self._vector(TURN / math.sqrt(3.0)), self._random.choice(GRIPPERS))

    def _clutch_phrase(self) -> Phrase:
        keys = {}
        for name in MASTERS:
            shift = self._vector(CLUTCH_BOX)
            keys[name] = Key(self._keys[name].position + shift - self._shift[name], self._keys[name].turn, self._keys[name].gripper)
            self._shift[name] = shift
        return self._phrase_to(keys, clutch=True, dwell=CLUTCH_DWELL)

    def _phrase_to(self, keys: Mapping[str, Key], clutch: bool, dwell: float) -> Phrase:
        far = max(float(np.linalg.norm(key.position - self._keys[name].position)) for name, key in keys.items())
        speed = self._random.uniform(min(SLOWEST, self._fastest), self._fastest)
        return Phrase(keys, reach_time(far, speed, SHORTEST_REACH), clutch, dwell)

    def _vector(self, half: float) -> FloatArray:
        return np.array([self._random.uniform(-half, half) for _ in range(3)])

    def _make_tremor(self) -> list[list[tuple[float, float]]]:
        """Angular rate [rad/s] and phase of each tone, for each axis."""
        rates = [[2.0 * math.pi * self._random.uniform(*TREMOR_BAND) for _ in range(TREMOR_TONES)] for _ in range(3)]
        phases = [[self._random.uniform(0.0, 2.0 * math.pi) for _ in range(TREMOR_TONES)] for _ in range(3)]
        return [list(zip(*axis, strict=True)) for axis in zip(rates, phases, strict=True)]

    def _tremor(self, name: str, now: float) -> list[float]:
        return [TREMOR * sum(math.sin(rate * now + phase) for rate, phase in tones) for tones in self._tones[name]]
