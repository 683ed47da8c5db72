"""Tremor filter of a hand: a stop band of at least 20 dB over 8-12 Hz that costs less than 15 ms below 2 Hz.

Physiological tremor is 8-12 Hz, wanted motion is below 2 Hz. A low-pass that reaches 20 dB at 8 Hz delays by 90 ms; a stop band can do
better, but not for free. For a stable causal filter whose zeros lie in the left half plane, Bode's relation gives the delay at zero
frequency from the attenuation A(u) [Np] alone,

    delay = (2 / pi) * integral of A(u) / u^2 du,

so 20 dB over 8-12 Hz and nothing elsewhere cost at least 9.7 ms, whatever the order (`least_delay`). Three second-order sections
(s^2 + 2 z wz s + wz^2) / (s^2 + 2 p wp s + wp^2), scaled to 1 at zero frequency, come to 14.8 ms with at most 0.4 dB of gain anywhere.
Their twelve numbers were found by minimising the longest delay below 2 Hz under both conditions (docs/teleoperation.md compares the
designs); `sections` turns them into digital ones by the bilinear rule, each frequency prewarped, at any rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...errors import ConfigError
from ..kinematics.frames import Quaternion
from ..rotations import quaternion_from_rotation, rotation_from_quaternion
from ..values import FloatArray, Pose

STOP_BAND = (8.0, 12.0)  # [Hz] physiological tremor
STOP_DB = 20.0
WANTED = 2.0  # [Hz] motion that is meant
SLOWEST_RATE = 100.0  # [Hz] four samples of the fastest stopped period at least
LONGEST_GAP = 0.05  # [s] after a longer one the filter begins anew: what it remembers belongs to another motion


@dataclass(frozen=True)
class Section:
    """One analogue section: zero and pole frequency [Hz] with their damping ratios."""

    zero: float
    zero_damping: float
    pole: float
    pole_damping: float


DESIGN: tuple[Section, ...] = (
    Section(8.0901, 0.0164, 7.5077, 0.0600),
    Section(9.2990, 0.0806, 8.1239, 0.2817),
    Section(11.6560, 0.0345, 14.0031, 0.1531),
)


def least_delay(decibel: float = STOP_DB, band: tuple[float, float] = STOP_BAND) -> float:
    """Delay [s] at zero frequency no minimum-phase filter can go below that attenuates ``band`` [Hz] and amplifies nothing."""
    low, high = (2.0 * math.pi * edge for edge in band)
    return 2.0 / math.pi * math.log(10.0) * decibel / 20.0 * (1.0 / low - 1.0 / high)


def sections(rate: float, design: tuple[Section, ...] = DESIGN) -> FloatArray:
    """Digital sections at ``rate`` [Hz], shape (n, 5): b0, b1, b2, a1, a2 of (b0 + b1 / z + b2 / z^2) / (1 + a1 / z + a2 / z^2)."""
    if not (math.isfinite(rate) and rate >= SLOWEST_RATE):
        raise ConfigError(f"tremor filter: wanted a rate of at least {SLOWEST_RATE} Hz, got {rate}")
    return np.array([_digital(section, rate) for section in design])


def _digital(section: Section, rate: float) -> FloatArray:
    top, zero = _bilinear(section.zero, section.zero_damping, rate)
    bottom, pole = _bilinear(section.pole, section.pole_damping, rate)
    top = top * (pole / zero) ** 2  # 1 at zero frequency
    return np.asarray(np.concatenate([top, bottom[1:]]) / bottom[0], dtype=np.float64)


def _bilinear(frequency: float, damping: float, rate: float) -> tuple[FloatArray, float]:
    """s^2 + 2 d w s + w^2 with s = k (1 - 1/z) / (1 + 1/z), times (1 + 1/z)^2; and the prewarped w [rad/s]."""
    k = 2.0 * rate
    w = k * math.tan(math.pi * frequency / rate)
    return np.array([k * k + 2.0 * damping * w * k + w * w, 2.0 * (w * w - k * k), k * k - 2.0 * damping * w * k + w * w]), w


def response(rate: float, frequency: float) -> complex:
    """Gain and phase at ``frequency`` [Hz], from the coefficients (the bench measures the running filter instead)."""
    turn = 2.0 * math.pi * frequency / rate
    z = complex(math.cos(turn), -math.sin(turn))
    value = 1.0 + 0.0j
    for b0, b1, b2, a1, a2 in sections(rate).tolist():
        value *= (b0 + b1 * z + b2 * z * z) / (1.0 + a1 * z + a2 * z * z)
    return value


def recursion(rate: float) -> FloatArray:
    """All sections as one matrix (2n + 1, 2n + 1): the value and every memory to the filtered value and every memory one sample later.

    Transposed direct form II: a section has two memories, and what comes out of it goes into the next.
    """
    rows = sections(rate).tolist()
    size = 1 + 2 * len(rows)
    step, out = np.zeros((size, size)), np.eye(size)[0]
    for number, (b0, b1, b2, a1, a2) in enumerate(rows):
        first, second = 1 + 2 * number, 2 + 2 * number
        x, out = out, b0 * out
        out[first] += 1.0
        step[first], step[second] = b1 * x - a1 * out, b2 * x - a2 * out
        step[first, second] += 1.0
    step[0] = out
    return step


class StopBand:
    """The filter on a vector of n values. It works on the difference from where it began, so it begins without a transient."""

    def __init__(self, rate: float) -> None:
        """``rate`` [Hz] at which `update` is called."""
        self._step = recursion(rate)
        self._start: FloatArray | None = None
        self._memory: FloatArray = np.zeros((0, 0))  # row 0 is the value

    def reset(self) -> None:
        """The next value is where it begins."""
        self._start = None

    def update(self, value: FloatArray) -> FloatArray:
        """Shape (n,) in and out. One product for all sections: numpy takes as long for a number as for a small matrix."""
        if self._start is None:
            self._start = value.copy()
            self._memory = np.zeros((len(self._step), len(value)))
            return self._start
        self._memory[0] = value - self._start
        self._memory = self._step @ self._memory
        out: FloatArray = self._start + self._memory[0]
        return out


class TremorFilter:
    """One hand's pose. Orientation goes through as a unit quaternion whose sign follows its predecessor, so nothing ever wraps."""

    def __init__(self, rate: float) -> None:
        """``rate`` [Hz] of the samples."""
        self._band = StopBand(rate)
        self._quaternion: Quaternion | None = None
        self._before: float | None = None

    def reset(self) -> None:
        """Begin anew: the next pose comes out as it went in."""
        self._band.reset()
        self._quaternion, self._before = None, None

    def update(self, pose: Pose, now: float) -> Pose:
        """The pose without its tremor at steady time ``now`` [s]."""
        if self._before is not None and not 0.0 <= now - self._before <= LONGEST_GAP:  # written so that NaN begins anew
            self.reset()
        self._before = now
        w, x, y, z = quaternion_from_rotation(pose.rotation)
        last = self._quaternion
        if last is not None and w * last[0] + x * last[1] + y * last[2] + z * last[3] < 0.0:
            w, x, y, z = -w, -x, -y, -z
        self._quaternion = w, x, y, z
        out = self._band.update(np.array((*pose.position.tolist(), w, x, y, z)))
        if last is None:
            return pose
        w, x, y, z = out[3:].tolist()
        norm = math.sqrt(w * w + x * x + y * y + z * z)
        return Pose(out[:3], rotation_from_quaternion(w / norm, x / norm, y / norm, z / norm))
