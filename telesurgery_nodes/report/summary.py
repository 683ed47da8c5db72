"""The summary of a session from its tapes: plain dict, ready for JSON; None means not measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.kinematics.reasons import REASONS, name_of
from ..core.values import REDUNDANT_PATHS, FloatArray, Phase
from . import ledgers, paces, tables
from .metrics import (
    joint_limits,
    leave_times,
    moved_without_leave,
    path_error,
    rate,
    scaled,
    segments,
    spread,
    steady_rate,
)
from .tables import Tapes

MM, MS = 1000.0, 1000.0
REFUSED = "refused_"  # columns of an arm's tape (nodes/arm_motors.py)
SITES = ("surgeon", "patient")
FOLLOWING_GAP = 0.35  # [s] commands further apart: the arms did not follow in between


def tracking(tapes: Tapes) -> dict[str, dict[str, Any]]:
    """Per instrument: RMS of tool against command with the delay removed, trocar error, limit violations."""
    found: dict[str, dict[str, Any]] = {}
    for name, arm in tables.arms(tapes).items():
        error = path_error(arm.t, arm.wanted, arm.measured, arm.following)
        table = f"arm_control.arm_{name}"
        trocar, violations = tables.column(tapes, table, "trocar_error_m"), tables.column(tapes, table, "limit_violation")
        finite = trocar[np.isfinite(trocar)] if trocar is not None else np.empty(0)
        following = arm.wanted[arm.following]
        found[name] = {
            "rms_mm": error.rms_m * MM if error else None,
            "max_mm": error.max_m * MM if error else None,
            "rms_deg": error.rms_deg if error else None,
            "max_deg": error.max_deg if error else None,
            "delay_ms": error.delay * MS if error else None,
            "path_mm": path_length(following) * MM if len(following) > 1 else None,
            "trocar_max_mm": float(finite.max()) * MM if len(finite) else None,
            "limit_violations": int(np.nansum(violations > 0.0)) if violations is not None else None,
            "force_max_n": strongest(tapes, table),
            "refused": refused(tapes, table),
        }
    return found


def strongest(tapes: Tapes, table: str) -> float | None:
    """Largest force on a tip [N], None where none was measured."""
    if not tables.has(tapes, table, "force_x", "force_y", "force_z"):
        return None
    force = np.linalg.norm(np.stack([tapes[table][f"force_{axis}"] for axis in "xyz"], axis=1), axis=1)
    return float(np.nanmax(force)) if np.isfinite(force).any() else None


def refused(tapes: Tapes, table: str) -> dict[str, int] | None:
    """Set points that did not reach the motors, by reason; only reasons that occurred."""
    if table not in tapes or not tapes[table].rows.size:
        return None
    names = [name for name in tapes[table].columns if name.startswith(REFUSED)]
    counts = {name.removeprefix(REFUSED): int(np.nanmax(tapes[table][name])) for name in names}
    return {name: count for name, count in counts.items() if count} if names else None


def limits(tapes: Tapes) -> dict[str, dict[str, Any]]:
    """Per instrument every reason that clamped, slowed or held it: share of the tape's rows [%], how often it began, and its sentence."""
    found: dict[str, dict[str, Any]] = {}
    for name in tables.arms(tapes):
        flags = tables.column(tapes, f"arm_control.arm_{name}", "limit_flags")
        if flags is None:
            continue
        numbers = flags.astype(np.int64)
        masks = {reason: (numbers & int(reason)) != 0 for reason in REASONS}
        found[name] = {
            name_of(reason): {
                "percent": 100.0 * float(mask.mean()), "began": len(segments(mask)),
                "kind": REASONS[reason].kind.value, "sentence": REASONS[reason].sentence,
            }
            for reason, mask in masks.items() if mask.any()
        }  # fmt: skip
    return found


def collision(tapes: Tapes) -> dict[str, Any]:
    """Smallest distance less margin, of the nearest pair at that moment; smallest distance per two bodies; slow-downs and stops."""
    table = "arm_control.collision"
    if not tables.has(tapes, table, "t", "distance_m", "margin_m", "slow", "stop", "unknown"):
        return {"clearance_mm": None, "distance_mm": None, "slow": None, "stop": None, "unknown_s": None, "groups_mm": {}}
    tape = tapes[table]
    distance, clear = tape["distance_m"], tape["distance_m"] - tape["margin_m"]
    known = np.isfinite(clear)
    at = int(np.argmin(np.where(known, clear, np.inf))) if known.any() else None
    groups = {name[2:]: tape[name] for name in tape.columns if name.startswith("d_")}
    return {
        "clearance_mm": float(clear[at]) * MM if at is not None else None,
        "distance_mm": float(distance[at]) * MM if at is not None else None,
        "slow": int(tape["slow"].max(initial=0.0)),
        "stop": int(tape["stop"].max(initial=0.0)),
        "unknown_s": float(np.sum(np.diff(tape["t"]) * (tape["unknown"][:-1] > 0.0))),
        "groups_mm": {name: float(np.nanmin(values)) * MM for name, values in groups.items() if np.isfinite(values).any()},
    }


def path_length(poses: Any) -> float:
    """Length of the path of the positions of ``poses`` (n, >= 3) [m]; gaps (NaN) count nothing."""
    return float(np.nansum(np.linalg.norm(np.diff(poses[:, :3], axis=0), axis=1)))


def paths(tapes: Tapes) -> dict[str, dict[str, Any]]:
    """Per path: round trip and jitter [ms], loss and duplicates [fraction], lost in a row [datagrams], what it carried whole [B], and the
    other site's clock as this path estimates it."""
    link = "teleop_bridge_surgeon.link"
    found: dict[str, dict[str, Any]] = {}
    for name in tables.path_names(tapes):
        rtt, jitter, loss = (tables.column(tapes, link, f"{name}_{what}") for what in ("rtt", "jitter", "loss"))
        found[name] = {
            "rtt_ms": scaled(spread(rtt), MS) if rtt is not None else None,
            "jitter_ms": scaled(spread(jitter), MS) if jitter is not None else None,
            "loss_mean": _of(np.mean, loss),
            "duplicates_mean": _of(np.mean, tables.column(tapes, link, f"{name}_duplicates")),
            "longest_burst": _of(np.max, tables.column(tapes, link, f"{name}_longest_burst")),
            "mtu": _of(np.max, tables.column(tapes, link, f"{name}_mtu")),
            "estimated_clock_offset_s": _last(tables.column(tapes, link, f"{name}_offset")),
            "clock_bound_ms": _last(tables.column(tapes, link, f"{name}_bound"), MS),
        }
    return found


def _of(what: Callable[[FloatArray], Any], values: FloatArray | None) -> float | None:
    finite = values[np.isfinite(values)] if values is not None else np.empty(0)
    return float(what(finite)) if len(finite) else None


def redundancy(tapes: Tapes) -> dict[str, dict[str, Any] | None]:
    """Per site, for what it receives: after every path could be relied on for the first time, how often and how long not all could [s].

    ``all_at_s`` is when that was; None: never, and then there is nothing to lose. A site without a tape: None.
    """
    found: dict[str, dict[str, Any] | None] = {}
    for site in SITES:
        table = tables.paths_ready(tapes, site)
        count = len(tables.path_names(tapes, site))
        found[site] = _redundancy(*table, count) if table else None
    return found


def _redundancy(t: FloatArray, ready: FloatArray, count: int) -> dict[str, Any]:
    whole = np.flatnonzero(ready >= count)
    if count < REDUNDANT_PATHS or not len(whole):
        return {"paths": count, "all_at_s": None, "lost_s": None, "losses": None}
    lost = (ready < count)[whole[0] :]
    spent = np.diff(t[whole[0] :], append=t[-1])
    return {"paths": count, "all_at_s": float(t[whole[0]] - t[0]), "lost_s": float(spent[lost].sum()), "losses": len(segments(lost))}
def _last(values: Any, factor: float = 1.0) -> float | None:
    finite = values[np.isfinite(values)] if values is not None else np.empty(0)
    return float(finite[-1]) * factor if len(finite) else None


def clock_difference(tapes: Tapes) -> dict[str, float] | None:
    """Widest difference of the paths' clock offsets over time [ms]: half the difference of their asymmetries. None with one path."""
    columns = [tables.column(tapes, "teleop_bridge_surgeon.link", f"{name}_offset") for name in tables.path_names(tapes)]
    offsets = [values for values in columns if values is not None]
    return scaled(spread(np.ptp(np.stack(offsets), axis=0)), MS) if len(offsets) > 1 else None


def stops(tapes: Tapes) -> dict[str, Any]:
    """Stops pressed at the surgeon [ms]: until the patient's answer came back, and at the patient from its arrival to no leave."""
    columns = (("teleop_bridge_surgeon.stop", "confirmed_after"), ("teleop_bridge_patient.stop", "acted_after"))
    confirmed, acted = (tables.column(tapes, table, name) for table, name in columns)
    return {
        "confirmed_ms": scaled(spread(confirmed), MS) if confirmed is not None else None,
        "acted_ms": scaled(spread(acted), MS) if acted is not None else None,
    }


def robot(tapes: Tapes) -> dict[str, Any]:
    """Real-time factor over the whole run and the ticks that came too late."""
    factor, missed = tables.column(tapes, "simulation.sim", "rtf"), tables.column(tapes, "simulation.sim", "missed")
    finite = factor[np.isfinite(factor)] if factor is not None else np.empty(0)
    return {
        "real_time_factor": float(finite.mean()) if len(finite) else None,
        "real_time_factor_min": float(finite.min()) if len(finite) else None,
        "missed_ticks": int(np.nanmax(missed)) if missed is not None else None,
    }


def picture(tapes: Tapes) -> dict[str, Any]:
    """Frames shown per second and the age of the picture [ms]."""
    table = "stereo_viewer.picture"
    if not tables.has(tapes, table, "t", "age"):
        return {"fps": None, "age_ms": None, "frames": None}
    tape = tapes[table]
    sequence = tables.column(tapes, table, "frame_seq")
    t = tape["t"]
    if sequence is not None:  # one row per look, not per frame: only a new frame counts
        t = t[np.concatenate(([True], np.diff(sequence) != 0.0))]
    return {"fps": rate(t), "age_ms": scaled(spread(tape["age"]), MS), "frames": len(t)}


def commands(tapes: Tapes) -> dict[str, Any]:
    """Rates [Hz]: hands where they are made, commands where they reach the arms of the patient side while it follows."""
    found = tables.hands(tapes)
    served, published = (tables.column(tapes, "teleop_bridge_patient.commands", name) for name in ("t", "published"))
    arrived = served[published > 0.0] if served is not None and published is not None else np.empty(0)
    return {"hands_hz": rate(found[0]) if found else None, "commands_hz": steady_rate(arrived, FOLLOWING_GAP)}


def states(tapes: Tapes) -> dict[str, Any]:
    """Seconds in each phase, and how often following began."""
    found = tables.phases(tapes)
    if found is None:
        return {"seconds": None, "following_s": None, "following_starts": None, "interruptions": None}
    t, phase = found
    spent = np.diff(t, append=t[-1])
    seconds = {tables.phase_name(value): float(spent[phase == value].sum()) for value in np.unique(phase)}
    following = phase == float(Phase.FOLLOWING)
    return {"seconds": seconds, "following_s": seconds.get(Phase.FOLLOWING.name, 0.0), "following_starts": len(segments(following)),
            "interruptions": interruptions(tapes)}


def interruptions(tapes: Tapes) -> list[dict[str, Any]]:
    """Every time the patient side left FOLLOWING while there were hands: seconds since the tape began, into which phase, why."""
    tape = tapes["safety_watchdog.safety"]
    t, phase = tape["t"], tape["phase"]
    cause = tables.column(tapes, "safety_watchdog.safety", "cause")
    kept = (float(Phase.FOLLOWING), float(Phase.CLUTCHED))  # a clutch is the operator's own wish
    left = np.flatnonzero((phase[:-1] == kept[0]) & ~np.isin(phase[1:], kept)) + 1
    found = tables.hands(tapes)
    left = left[t[left] <= found[0][-1]] if found is not None else left  # the end of the session is no interruption
    words = [tables.cause_name(cause[row]) if cause is not None else None for row in left]
    return [
        {"at_s": float(t[row] - t[0]), "phase": tables.phase_name(phase[row]), "cause": why} for row, why in zip(left, words, strict=True)
    ]


def leave(tapes: Tapes) -> list[tuple[float, float]] | None:
    """Spans of leave to move as the watchdog gave it, or None where it left no tape."""
    if not tables.has(tapes, "safety_watchdog.safety", "t", "motion"):
        return None
    tape = tapes["safety_watchdog.safety"]
    return leave_times(tape["t"], tape["motion"])


def unpermitted_motion(tapes: Tapes) -> tuple[str | None, bool]:
    """(sentence when the arm moved without leave, else None; whether that could be judged at all)."""
    joints, spans = tables.robot_joints(tapes), leave(tapes)
    if joints is None or spans is None:
        return None, False
    t, positions, names = joints
    found = moved_without_leave(t, positions, joint_limits(names), spans)
    if found is None:
        return None, True
    when, joint = found
    return f"the arm moved without leave: {names[joint]}, {when - t[0]:.2f} s after the robot started", True


def build(tapes: Tapes) -> dict[str, Any]:
    """Everything the tapes say."""
    return {
        "tracking": tracking(tapes),
        "limits": limits(tapes),
        "hand_faster": paces.build(tapes),
        "collision": collision(tapes),
        **ledgers.build(tapes),
        "paths": paths(tapes),
        "redundancy": redundancy(tapes),
        "clock_difference_ms": clock_difference(tapes),
        "stops": stops(tapes),
        "robot": robot(tapes),
        "picture": picture(tapes),
        "commands": commands(tapes),
        "states": states(tapes),
    }


def judge(tapes: Tapes, failures: list[str], followed: bool) -> str | None:
    """One sentence why the session failed, or None. A dead node comes first: it explains the rest."""
    if failures:
        return failures[0]
    moved, judged = unpermitted_motion(tapes)
    if moved:
        return moved
    if not followed:
        return "the session never got to following"
    if not judged:
        return "nobody can say whether the arm moved without leave: the tape of the robot or of the watchdog is missing"
    return None
