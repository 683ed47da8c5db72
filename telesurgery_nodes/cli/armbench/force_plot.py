"""The picture of the force bench: observed energy of every mode, the hands, and how far the naive loop went."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...core.values import FloatArray

COLOURS = {"tdpa": "tab:blue", "wave": "tab:green", "naive": "tab:red"}
LABELS = {"tdpa": "time-domain passivity", "wave": "wave variables", "naive": "naive position-force"}
MAX_POINTS = 4000
HANDS_S = 40.0  # of the hands that are drawn
LINEAR_MJ = 1.0  # around zero the energy axis is linear
MM, MJ = 1e3, 1e3


def draw(tables: Mapping[str, FloatArray], diverged: Mapping[str, float], allowed_mj: float, path: Path) -> None:
    """``tables``: mode -> rows of time [s], hand, tool [m], force [N], observed energy [J]; writes a PNG to ``path``."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (top, low, hands) = pyplot.subplots(3, 1, figsize=(10.0, 9.0))
    for mode, rows in tables.items():
        name = LABELS[mode] + (f", diverges at {diverged[mode]:.1f} s" if math.isfinite(diverged[mode]) else "")
        thin, least = _thin(rows), _lowest(rows)
        top.plot(thin[:, 0], MJ * thin[:, 4], color=COLOURS[mode], label=name)
        low.plot(least[:, 0], MJ * least[:, 1], color=COLOURS[mode])
        early = rows[rows[:, 0] <= HANDS_S]
        hands.plot(early[:, 0], MM * early[:, 1], color=COLOURS[mode], linewidth=0.8)
    top.set_yscale("symlog", linthresh=LINEAR_MJ)
    top.set_ylabel("observed energy [mJ]")
    top.legend(loc="lower right")
    low.axhline(allowed_mj, color="black", linestyle="--", linewidth=0.8)
    low.set_ylim(4.0 * allowed_mj, 1.0)
    low.set_ylabel("lowest so far [mJ]\n(dashed: the bar)")
    low.set_xlabel("time [s]")
    hands.set_ylim(-60.0, 80.0)
    hands.set_ylabel("hand [mm]")
    hands.set_xlabel(f"time [s], the first {HANDS_S:.0f}")
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    pyplot.close(figure)


def _thin(rows: FloatArray) -> FloatArray:
    return np.asarray(rows[:: max(1, len(rows) // MAX_POINTS)])


def _lowest(rows: FloatArray) -> FloatArray:
    return _thin(np.stack([rows[:, 0], np.minimum.accumulate(rows[:, 4])], axis=1))
