"""The session folder: summary.json, report.html, samples.npz beside tapes, snapshots and logs."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ..session import SessionOptions
from ..tapes import Tape, read_tapes
from .conditions import busy_note, conditions
from .page import page
from .plots import all_figures
from .summary import build, judge

MAX_SHOTS = 3  # pictures in the page; all of them stay in snapshots/


def save_samples(path: Path, tapes: dict[str, Tape]) -> None:
    """Every tape in one compressed file: ``<node>.<table>`` rows and ``<node>.<table>.columns`` names."""
    arrays: dict[str, Any] = {}
    for name, tape in tapes.items():
        arrays[name] = tape.rows
        arrays[f"{name}.columns"] = np.array(tape.columns)
    np.savez_compressed(path, **arrays)


def plain(value: Any) -> Any:
    """The same with NaN and infinity as None: JSON knows neither."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def _some(paths: list[Path]) -> list[Path]:
    """A few spread over the session, the last one among them."""
    if len(paths) <= MAX_SHOTS:
        return paths
    return [paths[round(i * (len(paths) - 1) / (MAX_SHOTS - 1))] for i in range(MAX_SHOTS)]


def write_session(options: SessionOptions, run: Any, notes: list[str]) -> dict[str, Any]:
    """Read the tapes, judge, write the files. ``run`` is what the starter saw (cli.demo.Run). Returns the summary."""
    folder = Path(options.out)
    tapes = read_tapes(folder / "tapes")
    why = judge(tapes, run.failures, run.following_at is not None)
    extra = ["stopped by the user"] if run.interrupted else []
    extra += [f"on stopping, {sentence}" for sentence in run.complaints if sentence not in run.failures]
    given = conditions(options.seed)
    extra += busy_note(run.cpu, given["cores"])
    summary = plain({
        "ok": why is None, "why": why, "notes": [*notes, *extra],
        "began": f"{datetime.now():%Y-%m-%d %H:%M}",
        "seconds_to_following": None if run.following_at is None else run.following_at - run.began,
        "options": asdict(options), "conditions": given, "cpu": run.cpu, **build(tapes),
        "last_status": run.last_status, "report": str(folder / "report.html"),
    })
    (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    save_samples(folder / "samples.npz", tapes)
    shots = _some(sorted((folder / "snapshots").glob("*.png")))
    (folder / "report.html").write_text(page(summary, all_figures(tapes, options.scale), shots))
    return dict(summary)
