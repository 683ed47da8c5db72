"""The tremor filter's curve, measured on the running filter: ``python -m telesurgery_nodes.cli.armbench.tremor --out docs/tremor.png``.

One position sample of 1 mm more than the others goes through `TremorFilter` as it runs in the bridge; what comes out is its impulse
response h, and the transforms of h and of n h give gain and group delay at every frequency.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.teleop.filters import STOP_BAND, STOP_DB, WANTED, TremorFilter, least_delay
from ...core.values import FloatArray, Pose

RATE = 250.0  # [Hz] of the surgeon's bridge
SAMPLES = 4096
IMPULSE = 1e-3  # [m]
SLOWEST = 0.1  # [Hz] below it there is nothing but the delay at rest
DELAY_MS = 15.0
MILLI = 1e3


@dataclass(frozen=True)
class Curve:
    """Frequencies [Hz], gain [dB], group delay [s]; step response, its overshoot [1] and time to stay within 5 % [s]."""

    frequency: FloatArray
    gain: FloatArray
    delay: FloatArray
    step: FloatArray
    overshoot: float
    settled: float

    @property
    def attenuation(self) -> float:
        """Least over 8-12 Hz [dB]."""
        band = (self.frequency >= STOP_BAND[0]) & (self.frequency <= STOP_BAND[1])
        return float(-self.gain[band].max())

    @property
    def longest(self) -> float:
        """Longest group delay below 2 Hz [s]."""
        return float(self.delay[self.frequency <= WANTED].max())


def impulse_response(rate: float = RATE) -> FloatArray:
    """What the running filter makes of one sample, shape (SAMPLES,)."""
    tremor, out = TremorFilter(rate), []
    for tick in range(SAMPLES + 1):  # the first sample is where the filter begins
        place = np.array([IMPULSE if tick == 1 else 0.0, 0.0, 0.0])
        out.append(tremor.update(Pose(place, np.eye(3)), tick / rate).position[0] / IMPULSE)
    return np.array(out[1:])


def measure(rate: float = RATE) -> Curve:
    """The curve from 0.1 to 30 Hz."""
    return _curve(impulse_response(rate), rate)


def _curve(h: FloatArray, rate: float) -> Curve:
    n, frequency = np.arange(len(h)), np.round(np.arange(SLOWEST, 30.0, 0.05), 2)
    turn = np.exp(-2j * math.pi * np.outer(frequency, n) / rate)
    value, moment = turn @ h, turn @ (n * h)
    step = np.cumsum(h)
    late = np.nonzero(np.abs(step - 1.0) > 0.05)[0]
    gain = 20.0 * np.log10(np.abs(value))
    return Curve(frequency, gain, np.real(moment / value) / rate, step, float(step.max() - 1.0), float((late[-1] + 1) / rate))


def text(curve: Curve) -> str:
    """The figures in words."""
    return (
        f"tremor filter at {RATE:g} Hz: at least {curve.attenuation:.1f} dB over {STOP_BAND[0]:g}-{STOP_BAND[1]:g} Hz, "
        f"at most {MILLI * curve.longest:.1f} ms below {WANTED:g} Hz (no filter of this kind can go below {MILLI * least_delay():.1f} ms), "
        f"highest gain {curve.gain.max():.2f} dB, step overshoot {100.0 * curve.overshoot:.0f} %, within 5 % after "
        f"{MILLI * curve.settled:.0f} ms"
    )


def designs(rate: float = RATE) -> str:
    """Text-book filters that reach the attenuation, and what they cost (needs scipy, which the suite itself does not)."""
    from scipy import signal

    rows = {
        "Butterworth low-pass, order 2, 2.5 Hz": signal.butter(2, 2.5, fs=rate, output="sos"),
        "one notch, widened (inverse Chebyshev, order 1)": signal.cheby2(1, STOP_DB, STOP_BAND, "bandstop", fs=rate, output="sos"),
        "elliptic stop band, order 3, 0.5 dB, 7-13.5 Hz": signal.ellip(3, 0.5, STOP_DB, (7.0, 13.5), "bandstop", fs=rate, output="sos"),
    }
    for order in (3, 8):
        rows[f"inverse Chebyshev stop band, order {order}"] = signal.cheby2(order, STOP_DB, STOP_BAND, "bandstop", fs=rate, output="sos")
    impulse = np.zeros(SAMPLES)
    impulse[0] = 1.0
    found = [(name, _curve(signal.sosfilt(sos, impulse), rate)) for name, sos in rows.items()]
    found.append(("in use", measure(rate)))
    return "\n".join(f"{name:50} {curve.attenuation:6.1f} dB {MILLI * curve.longest:7.1f} ms" for name, curve in found)


def draw(curve: Curve, path: str) -> None:
    """Gain, delay and step response with their limits."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(12.0, 3.6), layout="constrained")
    _panel(axes[0], "gain [dB]", curve.frequency, curve.gain)
    axes[0].axvspan(*STOP_BAND, color="tab:orange", alpha=0.25, label="tremor, 8-12 Hz")
    axes[0].axhline(-STOP_DB, color="tab:red", linestyle="--", label=f"-{STOP_DB:g} dB")
    axes[0].set_ylim(-60.0, 5.0)
    below = curve.frequency <= 6.0
    _panel(axes[1], "group delay [ms]", curve.frequency[below], MILLI * curve.delay[below])
    axes[1].plot((0.0, WANTED), (DELAY_MS, DELAY_MS), color="tab:red", linestyle="--", label=f"{DELAY_MS:g} ms below {WANTED:g} Hz")
    axes[1].axhline(MILLI * least_delay(), color="tab:gray", linestyle=":", label="no filter goes below, at rest")
    axes[1].set_ylim(0.0, 40.0)
    time = np.arange(len(curve.step)) / RATE
    _panel(axes[2], "step response", MILLI * time[time <= 1.0], curve.step[time <= 1.0])
    axes[2].axhline(1.0, color="tab:gray", linestyle=":")
    for axis, label in zip(axes, ("frequency [Hz]", "frequency [Hz]", "time [ms]"), strict=True):
        axis.set_xlabel(label)
        if axis.get_legend_handles_labels()[0]:
            axis.legend(fontsize="small")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _panel(axis: Any, title: str, x: FloatArray, y: FloatArray) -> None:
    axis.plot(x, y, color="tab:blue")
    axis.set_title(title)
    axis.grid(alpha=0.3)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures, and draw them where asked to."""
    parser = argparse.ArgumentParser(prog="python -m telesurgery_nodes.cli.armbench.tremor", description="measure the tremor filter")
    parser.add_argument("--out", default="", metavar="FILE", help="draw the curve into this picture (needs matplotlib)")
    parser.add_argument("--designs", action="store_true", help="compare with text-book filters (needs scipy)")
    given = parser.parse_args(argv)
    curve = measure()
    print(text(curve))
    if given.designs:
        print(designs())
    if given.out:
        draw(curve, given.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
