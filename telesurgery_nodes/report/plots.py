"""Figures of a session as inline SVG. Every function returns None where there is nothing to draw."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from ..core.values import TELEOP_PAIRS, FloatArray, Phase
from . import ledgers, tables
from .metrics import find_delay, sample_at, segments
from .tables import Tapes

MAX_POINTS = 3000  # per line: more only makes the page heavy
MM, MS = 1000.0, 1000.0
AXES = ("x", "y", "z")
BINS = 60


def _figure(rows: int, height: float) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot.subplots(rows, 1, sharex=True, figsize=(10.0, height * rows), squeeze=False)


def _svg(figure: Any) -> str:
    from matplotlib import pyplot

    figure.tight_layout()
    out = io.StringIO()
    figure.savefig(out, format="svg")
    pyplot.close(figure)
    text = out.getvalue()
    return text[text.index("<svg"):]


def thin(values: FloatArray) -> FloatArray:
    """Every k-th row so that at most MAX_POINTS stay."""
    return np.asarray(values[:: max(1, -(-len(values) // MAX_POINTS))])


def hand_on_tool(t: FloatArray, tool: FloatArray, hand_t: FloatArray, hand: FloatArray, following: Any, scale: float) -> FloatArray:
    """Scaled hand positions (n, 3) at the tool's times, moved onto the tool where each stretch of following begins (the anchor)."""
    at_tool = scale * sample_at(hand_t, hand[:, :3], t)
    placed = np.full((len(t), 3), np.nan)
    for first, last in segments(following):
        placed[first:last] = at_tool[first:last] - at_tool[first] + tool[first]
    return placed


def hand_against_tool(tapes: Tapes, zero: float, scale: float) -> dict[str, str]:
    """Per instrument: hand (scaled, anchored), command and tool, for each axis."""
    found = tables.hands(tapes)
    drawn = {}
    for master, name in TELEOP_PAIRS.items():
        arm = tables.arm(tapes, name)
        if arm is None:
            continue
        figure, axes = _figure(len(AXES), 2.2)
        placed = None
        if found is not None and master in found[1] and len(found[0]) > 1:
            placed = hand_on_tool(arm.t, arm.measured[:, :3], found[0], found[1][master], arm.following, scale)
        for index, axis in enumerate(axes[:, 0]):
            if placed is not None:
                axis.plot(thin(arm.t - zero), MM * thin(placed[:, index]), label="hand x scale, anchored", linewidth=0.8)
            axis.plot(thin(arm.t - zero), MM * thin(arm.wanted[:, index]), label="command", linewidth=0.8)
            axis.plot(thin(arm.t - zero), MM * thin(arm.measured[:, index]), label="tool", linewidth=0.8)
            axis.set_ylabel(f"{AXES[index]} [mm]")
        axes[0, 0].legend(loc="upper right", fontsize=8)
        axes[-1, 0].set_xlabel("time [s]")
        drawn[f"{master} hand against {name} tool, per axis (view frame)"] = _svg(figure)
    return drawn


def ledger(tapes: Tapes, zero: float, which: ledgers.Ledger) -> str | None:
    """Stages stacked over time, with what was measured at once on top."""
    found = ledgers.read(tapes, which)
    if found is None:
        return None
    t, total, stages, names = found
    figure, axes = _figure(1, 4.0)
    colors = _colors()
    axes[0, 0].stackplot(thin(t - zero), MS * np.nan_to_num(thin(stages)).T, labels=names, colors=[colors(i) for i in range(len(names))])
    axes[0, 0].plot(thin(t - zero), MS * thin(total), "k-", linewidth=0.7, label=f"measured {which.total}")
    axes[0, 0].set(xlabel="time [s]", ylabel="[ms]")
    axes[0, 0].legend(fontsize=7, ncols=2, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return _svg(figure)


def ledger_bars(tapes: Tapes) -> str | None:
    """p50 and p95 of every stage of every ledger."""
    figure, axes = _figure(1, 4.5)
    drawn = ledgers.bars(axes[0, 0], ledgers.build(tapes), _colors())
    text = _svg(figure)
    return text if drawn else None


def _colors() -> Any:
    from matplotlib import pyplot

    return pyplot.get_cmap("tab20")


def path_health(tapes: Tapes, zero: float) -> str | None:
    """Round trip, jitter and loss of each path."""
    names, link = tables.path_names(tapes), "teleop_bridge_surgeon.link"
    if not names or not tables.has(tapes, link, "t"):
        return None
    figure, axes = _figure(3, 2.0)
    t = thin(tapes[link]["t"] - zero)
    for row, (what, factor, label) in enumerate((("rtt", MS, "rtt [ms]"), ("jitter", MS, "jitter [ms]"), ("loss", 100.0, "loss [%]"))):
        for name in names:
            values = tables.column(tapes, link, f"{name}_{what}")
            if values is not None:
                axes[row, 0].plot(t, factor * thin(values), label=name, linewidth=0.8)
        axes[row, 0].set_ylabel(label)
    axes[0, 0].legend(loc="upper right", fontsize=8)
    axes[-1, 0].set_xlabel("time [s]")
    return _svg(figure)


def states(tapes: Tapes, zero: float) -> str | None:
    """Phase of the patient side over time."""
    found = tables.phases(tapes)
    if found is None:
        return None
    t, phase = found
    # Changes only, both ends of each step: thinning would hide a short hold, the very thing to be seen.
    keep = np.flatnonzero(np.concatenate(([True], (np.diff(phase) != 0.0)))) if len(phase) > 1 else np.array([0])
    figure, axes = _figure(1, 3.0)
    axes[0, 0].step(np.append(t[keep], t[-1]) - zero, np.append(phase[keep], phase[-1]), where="post")
    axes[0, 0].set_yticks([int(item) for item in Phase], [item.name for item in Phase])
    axes[0, 0].set_xlabel("time [s]")
    return _svg(figure)


def tracking_histogram(tapes: Tapes) -> str | None:
    """Distance between tool and command with each arm's delay removed, while following."""
    figure = axes = None
    for name, arm in tables.arms(tapes).items():
        usable = arm.following & np.isfinite(arm.wanted).all(axis=1) & np.isfinite(arm.measured).all(axis=1)
        parts = [part for part in segments(usable) if part[1] - part[0] > 1]
        if not parts:
            continue
        delay = find_delay(arm.t, arm.wanted[:, :3], arm.measured[:, :3], parts)
        inside = usable & (arm.t + delay <= arm.t[parts[-1][1] - 1])
        later = sample_at(arm.t, arm.measured[:, :3], arm.t[inside] + delay)
        if figure is None:
            figure, axes = _figure(1, 3.0)
        distance = MM * np.linalg.norm(later - arm.wanted[inside, :3], axis=1)
        axes[0, 0].hist(distance, bins=BINS, alpha=0.6, label=f"{name} ({MS * delay:.1f} ms removed)")
    if figure is None:
        return None
    axes[0, 0].set(xlabel="tool against command [mm]", ylabel="samples")
    axes[0, 0].legend(fontsize=8)
    return _svg(figure)


def all_figures(tapes: Tapes, scale: float) -> dict[str, str | None]:
    """Every figure by title."""
    starts = [tape["t"][0] for tape in tapes.values() if len(tape.rows) and "t" in tape.columns]
    zero = float(min(starts)) if starts else 0.0
    return {
        **(hand_against_tool(tapes, zero, scale) or {"Hand against tool": None}),
        "Latency ledgers by stage (stages seldom have their p95 together: their bar is longer than the mark)": ledger_bars(tapes),
        **{f"Latency ledger over time, {one.title}: {one.what}": ledger(tapes, zero, one) for one in ledgers.LEDGERS},
        "Health of both paths": path_health(tapes, zero),
        "States over time": states(tapes, zero),
        "Tracking error": tracking_histogram(tapes),
    }
