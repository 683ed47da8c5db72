"""Bar 2: recorded (or scripted) hands through the whole road in virtual time: trocar, tracking, limits, steps, refusals.

"At full speed" is the recording's own speed. The playing master clutches where a tool would leave its reach, as a surgeon does.
RMS is of the tool against the command. What a hand asked for beyond the console's figures (core/teleop/tool_pace.py) is no part of the
command, so it stands beside: how much of the hand's way slipped, and how often.
"""

from __future__ import annotations

import math
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.kinematics.frames import Frame, quaternion
from ...core.kinematics.general import libraries
from ...core.kinematics.reasons import REASONS, bits, name_of
from ...core.values import TELEOP_PAIRS, FloatArray
from ...devices.masters.base import SimulatedMaster
from ...devices.masters.jigsaws import JigsawsMaster
from ...devices.masters.scripted import ScriptedMaster
from ...errors import ConfigError
from ...report.metrics import path_error
from ..bench import Bar, BenchArguments, at_most
from .rig import PERIOD, Arm, Rig

# What the arm of the right hand is, and the scales: the example arm where it is fastest.
SCALES = {"psm": (0.2, 0.5, 1.0), "serial7": (1.0,)}
SCRIPTED_S, QUICK_S = 60.0, 15.0
LONGEST_S = 3600.0  # a recording that is not through by then has stuck
TROCAR_MM, RMS_MM, STEP_SHARE = 0.05, 0.2, 1.0
MM = 1e3
ROUNDING = 1e-9  # of a share
COLUMNS = (
    "trial", "scale", "arm", "s", "clutches, s", "rms mm", "free mm", "max mm", "deg", "delay ms", "slipped mm, % of way, % of time",
    "turn late %", "trocar um", "v, a, j, tip of limit", "reasons", "refused",
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One hand of one run. ``speed``, ``acceleration``, ``jerk`` of the worst joint and ``tip`` speed: shares of the set point's limits.

    Where the hand was faster than a tool may be: ``slipped_mm`` of its scaled way, also as a share of it, and the shares of the ticks in
    which it slipped and in which the rotation lagged [%].
    """

    trial: str
    scale: float
    arm: str
    seconds: float
    clutches: int
    clutched_s: float
    rms_mm: float | None
    max_mm: float | None
    rms_deg: float | None
    delay_ms: float | None
    free_rms_mm: float | None
    slipped_mm: float
    slipped_way: float
    slipped_time: float
    turned_late: float
    trocar_mm: float
    outside: int
    speed: float
    acceleration: float
    jerk: float
    tip: float
    reasons: dict[str, float]
    refused: dict[str, int]
    unexplained: int


def trials(given: str) -> list[str]:
    """Files of --file: names separated by commas, or folders of *.txt. Empty: none, scripted hands stand in."""
    found: list[str] = []
    for name in filter(None, given.split(",")):
        path = Path(name)
        more = sorted(map(str, path.glob("*.txt"))) if path.is_dir() else [name]
        if not more:
            raise ConfigError(f"--file: JIGSAWS files or a folder with *.txt wanted, got {name!r}")
        found += more
    return found


def play(trial: str, scale: float, kind: str, seconds: float, seed: int) -> list[Cell]:
    """Both hands. ``trial`` empty: scripted hands; ``seconds`` of at most this long (a recording ends by itself)."""
    master: SimulatedMaster = JigsawsMaster(trial, scale=scale) if trial else ScriptedMaster(seed, scale=scale)
    rig = Rig(master, scale, kind)
    while rig.now < seconds and rig.tick():
        if isinstance(master, JigsawsMaster) and master.rounds:
            break
    name = Path(trial).stem if trial else f"scripted, seed {seed}"
    return [_cell(name, arm, rig, one) for arm, one in rig.arms.items()]


def _pace(arm: str, rig: Rig, wanted: FloatArray, following: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """Of an arm's hand: slipped [mm], and the shares [%] of its way that slipped, of ticks that slipped, of ticks that lagged."""
    counts = rig.teleop.paces[next(master for master, paired in TELEOP_PAIRS.items() if paired == arm)]
    steps = np.linalg.norm(np.diff(wanted[:, :3], axis=0), axis=1)
    way = float(steps[following[1:] & following[:-1]].sum()) + counts.slipped
    share = 100.0 / rig.ticks
    return MM * counts.slipped, 100.0 * counts.slipped / way if way else 0.0, share * counts.slips, share * counts.lags


def _cell(trial: str, arm: str, rig: Rig, one: Arm) -> Cell:
    track, config = one.track, one.made.controller.config
    following, flags = np.array(track.following), np.array(track.flags)
    t = PERIOD * np.arange(len(flags))
    wanted, measured = _rows(track.wanted), _rows(track.measured)
    whole = path_error(t, wanted, measured, following)
    slow = np.isin(flags & _holding(), [0])
    free = path_error(t, wanted, measured, following & slow)
    used = _used(np.array(track.joints), config.limits)
    tips = np.array([one.made.controller.kinematics.forward(q).p for q in track.joints])
    tip = float(np.max(np.linalg.norm(np.diff(tips, axis=0), axis=1), initial=0.0)) / PERIOD / config.tip_speed
    counted = Counter(name_of(reason) for value in flags for reason in bits(int(value)))
    return Cell(
        trial, rig.scale, f"{arm} {rig.kinds[arm]}", rig.now, rig.clutches, rig.clutched * PERIOD,
        whole and MM * whole.rms_m, whole and MM * whole.max_m, whole and whole.rms_deg, whole and MM * whole.delay,
        free and MM * free.rms_m, *_pace(arm, rig, wanted, following), MM * track.trocar, track.outside, *used, tip,
        {name: 100.0 * ticks / len(flags) for name, ticks in counted.most_common()}, dict(track.refused), track.unexplained,
    )  # fmt: skip


def _holding() -> int:
    """Reasons that keep the tool away from where the hand is: everything but what only rounds the motion off."""
    rounding = {"acceleration", "jerk", "velocity"}
    return sum(int(reason) for reason in REASONS if name_of(reason) not in rounding)


def _rows(frames: list[Frame]) -> FloatArray:
    return np.array([(*frame.p, *quaternion(frame.r)) for frame in frames])


def _used(joints: FloatArray, limits: Any) -> tuple[float, float, float]:
    """Largest share of each joint's limit in speed, acceleration and jerk, by differences of the set points."""
    shares, rows = [], joints
    for most in (limits.velocity, limits.acceleration, limits.jerk):
        rows = np.diff(rows, axis=0) / PERIOD
        shares.append(float(np.max(np.abs(rows) / np.array(most), initial=0.0)))
    return shares[0], shares[1], shares[2]


def run(arguments: BenchArguments) -> tuple[list[Bar], dict[str, Any]]:
    """Bar 2, and the same for the serial arm with its software trocar in the right hand."""
    files = trials(arguments.file)
    longest = QUICK_S if arguments.quick else LONGEST_S if files else SCRIPTED_S
    try:
        libraries()
        kinds, missing = tuple(SCALES), ""
    except ConfigError as error:
        kinds, missing = ("psm",), str(error)
    jobs = [(kind, trial, scale) for kind in kinds for scale in reversed(SCALES[kind]) for trial in files or [""]]
    cells: dict[str, list[Cell]] = {kind: [] for kind in SCALES}
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:  # virtual time: the same samples however many at once
        runs = [pool.submit(play, trial, scale, kind, longest, arguments.seed) for kind, trial, scale in jobs]
        for (kind, _, _), run_ in zip(jobs, runs, strict=True):
            cells[kind] += run_.result()
    serial = [cell for cell in cells["serial7"] if cell.arm.endswith("serial7")]
    bars = _bars("arm.2", "PSM", cells["psm"], "") + _bars("arm.2s", "serial arm", serial, missing)
    found = {kind: [vars(cell) for cell in made] for kind, made in cells.items()}
    hands = "recorded" if files else "scripted"
    return bars, {"hands": hands, "cells": found, "text": table([cell for made in cells.values() for cell in made], hands)}


def _bars(id: str, what: str, cells: list[Cell], why: str) -> list[Bar]:
    def worst(values: list[float | None]) -> float | None:
        return None if not values or any(value is None for value in values) else max(value for value in values if value is not None)

    rms = worst([cell.rms_mm for cell in cells])
    at = next((f" ({cell.trial}, scale {cell.scale:g})" for cell in cells if cell.rms_mm == rms), "")
    calm = worst([cell.rms_mm for cell in cells if cell.scale < 1.0])
    free = worst([cell.free_rms_mm for cell in cells])
    speed, trocar = worst([cell.speed for cell in cells]), worst([cell.trocar_mm for cell in cells])
    speed = None if speed is None else speed - ROUNDING
    return [
        at_most(f"{id}.trocar", f"{what}: worst distance of the shaft from the trocar", trocar, TROCAR_MM, "mm", why),
        at_most(f"{id}.rms", f"{what}: tool against command, RMS, delay removed, worst{at}", rms, RMS_MM, "mm", why),
        at_most(f"{id}.rms05", f"{what}: the same at scales up to 0.5", calm, RMS_MM, "mm", why or "not played at these scales"),
        at_most(f"{id}.free", f"{what}: the same where no limit named in the table held the tool back", free, RMS_MM, "mm", why),
        at_most(f"{id}.limits", f"{what}: ticks outside a joint's range", worst([float(c.outside) for c in cells]), 0.0, "", why),
        at_most(f"{id}.step", f"{what}: largest set point step over v_max dt", speed, STEP_SHARE, "", why),
        at_most(f"{id}.refused", f"{what}: refusals without a reason", worst([float(c.unexplained) for c in cells]), 0.0, "", why),
    ]


def table(cells: list[Cell], hands: str) -> str:
    """For people."""
    title = (
        f"{hands} hands; RMS of the tool against the command; 'free': over the ticks in which nothing held the tool back; 'slipped': what "
        "the hand asked beyond the console's figures and did not get, of its scaled way; reasons in % of the ticks"
    )
    rows = [title, "", "| " + " | ".join(COLUMNS) + " |", "| --- " * len(COLUMNS) + "|"]
    for c in cells:
        reasons = ", ".join(f"{name} {share:.1f}" for name, share in c.reasons.items()) or "-"
        refused = ", ".join(f"{name} {count}" for name, count in c.refused.items()) or "0"
        errors = " | ".join(_number(value) for value in (c.rms_mm, c.free_rms_mm, c.max_mm, c.rms_deg, c.delay_ms))
        rows.append(
            f"| {c.trial} | {c.scale:g} | {c.arm} | {c.seconds:.0f} | {c.clutches}, {c.clutched_s:.0f} | {errors} | "
            f"{c.slipped_mm:.1f}, {c.slipped_way:.1f}, {c.slipped_time:.1f} | {c.turned_late:.2f} | {MM * c.trocar_mm:.3f} | "
            f"{c.speed:.2f}, {c.acceleration:.2f}, {c.jerk:.2f}, {c.tip:.3f} | {reasons} | {refused} |"
        )
    return "\n".join([*rows, ""])


def _number(value: float | None) -> str:
    return "-" if value is None or not math.isfinite(value) else f"{value:.3f}"
