"""`telesurgery demo`: both sites, two paths between them, a bimanual session, a report."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

from ..errors import ConfigError
from ..session import CODECS, RATES, ROBOTS, SessionOptions, layout, pick_domains
from .inputs import check_input, one_machine, window_possible
from .pace import machine_rate
from .starter import Starter
from .status import LiveLine, StatusReader, is_following, status_line

FOLLOW_TIMEOUT = 40.0  # [s] eight processes starting on two busy cores, then clock, clutch and alignment
LISTEN = 0.1  # [s] between two looks at the processes
NANO = 1e-9


@dataclass
class Run:
    """What the starter saw."""

    began: float
    following_at: float | None = None
    failures: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    cpu: dict[str, float] = field(default_factory=dict)
    last_status: dict[str, Any] = field(default_factory=dict)
    interrupted: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of a session."""
    base = SessionOptions()
    hands = "whose hands: scripted (default), a gamepad (joy), or a JIGSAWS kinematics file"
    parser.add_argument("--input", default=base.input, metavar="scripted|joy|FILE", help=hands)
    parser.add_argument("--preset", default=base.preset, metavar="NAME", help=f"link preset in config/links (default {base.preset})")
    parser.add_argument("--duration", type=float, default=base.duration, help="seconds of session after following began (default 60)")
    parser.add_argument("--out", default="", metavar="DIR", help="session folder (default sessions/<time>)")
    parser.add_argument("--headless", action="store_true", help="no window; PNG snapshots instead")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.add_argument("--robot", choices=ROBOTS, default=None, help="physics engine (default mujoco where installed)")
    parser.add_argument("--codec", choices=CODECS, default=None, help="video codec (default h264 where PyAV is installed)")
    parser.add_argument("--seed", type=int, default=base.seed, help="seed of link and scripted hands (default 1)")
    parser.add_argument("--scale", type=float, default=base.scale, help="tool motion per hand motion (default 0.2)")
    parser.add_argument("--width", type=int, default=base.width, help="pixels of one eye (default 640)")
    parser.add_argument("--height", type=int, default=base.height, help="pixels of one eye (default 480)")
    parser.add_argument("--fps", type=int, default=base.fps, help="stereo frames per second (default 25)")
    low, high = RATES
    slow = f"control loops per second, from hands to motors; {low:g} to {high:g} (default {base.rate:g}, or {low:g} on slow processors)"
    parser.add_argument("--rate", type=float, default=None, metavar="HZ", help=slow)
    first = "what stands between hands and motors runs before everything else (SCHED_FIFO; docs/safety.md)"
    parser.add_argument("--realtime", action="store_true", help=first)
    parser.add_argument("--identities", default="", metavar="DIR", help="certificates of both sites, made at first start (default: user's)")
    parser.add_argument("--no-go", default="", metavar="FILE", help="volumes no arm may enter or leave (docs/collision.md)")
    parser.add_argument("--no-reengage", action="store_true", help="the scripted operator does not press the pedal again after a hold")


def _installed(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None


def choose(args: argparse.Namespace) -> tuple[SessionOptions, list[str]]:
    """Options from arguments, and what was decided for the user."""
    notes = []
    robot, codec = args.robot, args.codec
    if robot is None:
        robot = "mujoco" if _installed("mujoco") else "kinematic"
        if robot == "kinematic":
            notes.append("MuJoCo is not installed: the kinematic robot stands in. `pip install mujoco xacro` adds physics.")
    if codec is None:
        codec = "h264" if _installed("av") else "mjpeg"
        if codec == "mjpeg":
            notes.append("PyAV is not installed: motion JPEG stands in. `pip install av` adds H.264.")
    rate = args.rate
    if rate is None:
        rate, slow = machine_rate()
        notes += [slow] if slow else []
    headless = args.headless
    if not headless and not window_possible():
        headless = True
        notes.append("no window can be opened here (no display, or an OpenCV without GUI): snapshots go to the session folder.")
    out = args.out or f"sessions/{datetime.now():%Y%m%d-%H%M%S}"
    options = SessionOptions(
        preset=args.preset, input=args.input, robot=robot, seed=args.seed, scale=args.scale, duration=args.duration, codec=codec,
        width=args.width, height=args.height, fps=args.fps, rate=rate, realtime=args.realtime, domains=pick_domains(),
        out=out, headless=headless, reengage=not args.no_reengage, no_go_file=args.no_go,
    )
    return options, notes


def check(options: SessionOptions) -> None:
    """Refuse what cannot run before anything is started."""
    if not 0.0 < options.duration < float("inf"):
        raise ConfigError(f"duration: got {options.duration}, valid: seconds above 0")
    if Path(options.out).exists() and any(Path(options.out).iterdir()):
        raise ConfigError(f"out: {options.out} is not empty; give a new folder, old samples are never overwritten")
    check_input(options)


class _Terminated:
    """SIGTERM and SIGINT ask the run to end in order instead of at once."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True


def _watch(starter: Starter, reader: StatusReader, options: SessionOptions, stop: _Terminated, run: Run) -> None:
    """Until the duration is over, a node dies, following never comes, or the user stops it."""
    line = LiveLine()
    while not stop.asked:
        reader.spin(LISTEN)
        now = time.monotonic()
        run.last_status = reader.newest
        if run.following_at is None and is_following(reader.newest):
            run.following_at = now
        line.show(status_line(reader.newest, now - run.began), now)
        run.failures += [ended.sentence() for ended in starter.dead()]
        if run.failures:
            break
        if run.following_at is None and now - run.began > FOLLOW_TIMEOUT:
            break  # the verdict says it
        if run.following_at is not None and now - run.following_at >= options.duration:
            break
    line.end()
    run.interrupted = stop.asked


def play(options: SessionOptions) -> Run:
    """Start everything, watch, stop everything."""
    processes = layout(options)
    surgeon = next(process.domain for process in processes if process.site == "surgeon")
    stop, run = _Terminated(), Run(began=time.monotonic())
    # Children first: fork() is safe only while this process has no threads, and rclpy starts some.
    with Starter(processes, Path(options.out)) as starter:
        reader = StatusReader(int(surgeon or 0))
        try:
            _watch(starter, reader, options, stop, run)
        finally:
            reader.close()
        run.cpu = starter.measure_cpu()
        starter.stop()
        run.complaints = [ended.sentence() for ended in starter.unclean()]
    return run


def execute(options: SessionOptions, notes: list[str], identities: str = "") -> dict[str, Any]:
    """A whole session: check, play, judge, write the folder. Returns the summary. ``identities``: folder, empty for the user's."""
    from ..report.folder import write_session

    check(options)
    options = one_machine(options, identities)
    Path(options.out).mkdir(parents=True, exist_ok=True)
    return write_session(options, play(options), notes)


def run(args: argparse.Namespace) -> int:
    """The sub-command."""
    from ..report.text import summary_text

    options, notes = choose(args)
    for note in notes:
        print(note, file=sys.stderr)
    summary = execute(options, notes, args.identities)
    print(json.dumps(summary, indent=2) if args.json else summary_text(summary))
    if not summary["ok"]:
        print(f"telesurgery demo: {summary['why']}", file=sys.stderr)
    return 0 if summary["ok"] else 1
