"""Bench `road`: one session over casablanca_shanghai against the bars of issue 2."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from ..resources import find_resource
from . import demo
from .bench import Bar, BenchArguments, Result, at_least, at_most

DURATION, QUICK_DURATION = 60.0, 20.0  # [s] of following; --quick has 60 s for everything
RECORDING = "data/jigsaws/Suturing_B001.txt"
RMS_MM, RMS_DEG, TROCAR_MM, LEDGER_MS = 0.5, 1.0, 0.1, 2.0
REAL_TIME, FRAMES, COMMANDS = 0.99, 25.0, 250.0
# A rate is a count over a time: one sample more or less at the ends of 20 s is 0.02 %, and timers keep their mean to that.
RATE_TOLERANCE = 0.99
ELSEWHERE = {
    "road.1": ("a fresh clone ends `make demo` with status 0 and passes `make test`", "measured by .ci/run, not by a session"),
    "road.3": ("slowest stop after kill -9 or both paths cut", "measured by `pytest test/system`, not by a session"),
    "road.5": ("core branch coverage", "measured by `make test` and test_architecture.py"),
    "road.6": ("failures under ros2 launch", "needs launch_testing, which comes only with ROS 2"),
}
ELSEWHERE_LIMITS = {"road.1": (0.0, ""), "road.3": (350.0, "ms"), "road.5": (95.0, "%"), "road.6": (0.0, "")}


def recording(given: str) -> str | None:
    """The recorded hands: the file given, or the shared data beside the source tree."""
    if given:
        return given
    candidate = find_resource("urdf").parent.parent / "shared" / RECORDING
    return str(candidate) if candidate.is_file() else None


def _worst(summary: dict[str, Any], name: str) -> float | None:
    """The worst of both arms; None when one of them was not measured: half a measurement is none."""
    found = [arm.get(name) for arm in summary["tracking"].values()]
    return None if len(found) < 2 or any(value is None for value in found) else float(max(found))


def _nested(summary: dict[str, Any], *names: str) -> float | None:
    value: Any = summary
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def bars(summary: dict[str, Any], recorded: bool, rate: float = COMMANDS) -> list[Bar]:
    """The bars of issue 2 that a session can measure, then the others with where they are measured. ``rate`` [Hz] of its control loops."""
    why = "the session left no such samples"
    hands = "recorded" if recorded else "scripted"
    usual = rate == COMMANDS
    commands = _nested(summary, "commands", "commands_hz") if usual else None
    other = why if usual else f"loops at {rate:g} Hz; the bar is of {COMMANDS:g}"
    found = [
        at_most("road.2.rms", f"tool against command, RMS, {hands} hands", _worst(summary, "rms_mm"), RMS_MM, "mm", why),
        at_most("road.2.angle", f"tool against command, RMS, {hands} hands", _worst(summary, "rms_deg"), RMS_DEG, "deg", why),
        at_most("road.2.trocar", "worst trocar error", _worst(summary, "trocar_max_mm"), TROCAR_MM, "mm", why),
        at_most("road.2.limits", "joint-limit violations", _worst(summary, "limit_violations"), 0.0, "", why),
        at_most("road.2.ledger", "worst |sum of stages - loop|", _nested(summary, "ledger", "difference_ms", "max"), LEDGER_MS, "ms", why),
        at_least("road.4.rtf", "real-time factor", _nested(summary, "robot", "real_time_factor"), REAL_TIME, "", why),
        at_least("road.4.fps", "stereo frames shown", _nested(summary, "picture", "fps"), FRAMES * RATE_TOLERANCE, "Hz", why),
        at_least("road.4.rate", "commands that reach the arms", commands, COMMANDS * RATE_TOLERANCE, "Hz", other),
    ]
    elsewhere = [Bar(id, what, None, *ELSEWHERE_LIMITS[id], None, reason) for id, (what, reason) in ELSEWHERE.items()]
    return sorted([*found, *elsewhere], key=lambda bar: bar.id)


def run(arguments: BenchArguments) -> Result:
    """Play the session and judge it."""
    file = recording(arguments.file)
    with tempfile.TemporaryDirectory(prefix="telesurgery_road_") as scratch:
        parser = argparse.ArgumentParser()
        demo.add_arguments(parser)
        duration = QUICK_DURATION if arguments.quick else DURATION
        words = ["--headless", "--input", file or "scripted", "--duration", str(duration), "--seed", str(arguments.seed)]
        # The bars are those of the usual rate, whatever this machine keeps up with, unless the user names another.
        rate = COMMANDS if arguments.rate is None else arguments.rate
        words += ["--rate", str(rate)]
        options, notes = demo.choose(parser.parse_args([*words, "--out", arguments.out or str(Path(scratch) / "session")]))
        summary = demo.execute(options, notes)
    found = bars(summary, file is not None, rate)
    session = Bar("road.session", "the session held", float(bool(summary["ok"])), 1.0, "", bool(summary["ok"]), summary["why"] or "")
    if file is None:
        print("bench road: no recording found; scripted hands stand in (give one with --file)", file=sys.stderr)
    return Result([session, *found], {"summary": summary})
