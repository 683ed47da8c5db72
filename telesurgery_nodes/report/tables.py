"""What the report needs from the tapes, by meaning. The only place that knows the nodes' tape and column names.

A missing tape or column gives None, never an error: a session in which a node died is exactly the one whose report matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.safety.causes import Cause
from ..core.values import FOLLOWING_ARMS, MASTERS, FloatArray, Phase
from ..tapes import Tape

Tapes = Mapping[str, Tape]
QUATERNION = ("qw", "qx", "qy", "qz")
POSES = (("px", "py", "pz", *QUATERNION), ("x", "y", "z", *QUATERNION))  # whatever order the tape has them in


@dataclass(frozen=True)
class ArmTable:
    """One instrument: poses (n, 7) commanded, set and measured; ``following`` (n,) leave to move in force."""

    t: FloatArray
    wanted: FloatArray
    set_point: FloatArray
    measured: FloatArray
    following: NDArray[np.bool_]


def has(tapes: Tapes, table: str, *columns: str) -> bool:
    """The tape is there, has rows and the columns."""
    return table in tapes and len(tapes[table].rows) > 0 and all(column in tapes[table].columns for column in columns)


def column(tapes: Tapes, table: str, name: str) -> FloatArray | None:
    """One column, or None."""
    return tapes[table][name] if has(tapes, table, name) else None


def block(tape: Tape, prefix: str) -> FloatArray | None:
    """Pose columns (n, 7) = position, quaternion w-x-y-z, from columns that begin with ``prefix``; or None."""
    for names in POSES:
        wanted = [prefix + name for name in names]
        if all(name in tape.columns for name in wanted):
            return np.stack([tape[name] for name in wanted], axis=1)
    return None


def arm(tapes: Tapes, name: str) -> ArmTable | None:
    """Tape of one instrument, or None."""
    table = f"arm_control.arm_{name}"
    if not has(tapes, table, "t", "motion"):
        return None
    tape = tapes[table]
    blocks = [block(tape, prefix) for prefix in ("cmd_", "set_", "meas_")]
    if any(part is None for part in blocks):
        return None
    wanted, set_point, measured = (np.asarray(part) for part in blocks)
    return ArmTable(tape["t"], wanted, set_point, measured, tape["motion"] > 0.0)


def arms(tapes: Tapes) -> dict[str, ArmTable]:
    """Every instrument that left a tape."""
    found = {name: arm(tapes, name) for name in FOLLOWING_ARMS}
    return {name: table for name, table in found.items() if table is not None}


def hands(tapes: Tapes) -> tuple[FloatArray, dict[str, FloatArray]] | None:
    """Times (n,) and, per master, poses (n, 7) of the hands."""
    if not has(tapes, "master_input.hands", "t"):
        return None
    tape = tapes["master_input.hands"]
    found = {master: block(tape, f"{master}_") for master in MASTERS}
    return tape["t"], {master: poses for master, poses in found.items() if poses is not None}


def joint_columns(tape: Tape) -> list[str]:
    """Joint columns of the simulation's tape, jaws left out: a jaw is held by a force, not by a position."""
    return [name for name in tape.columns if name.startswith(FOLLOWING_ARMS) and "jaw" not in name]


def robot_joints(tapes: Tapes) -> tuple[FloatArray, FloatArray, list[str]] | None:
    """Times (n,), measured joints (n, k) and their names, from the robot itself."""
    if not has(tapes, "simulation.sim", "t"):
        return None
    tape = tapes["simulation.sim"]
    names = joint_columns(tape)
    return (tape["t"], np.stack([tape[name] for name in names], axis=1), names) if names else None


def stages(tapes: Tapes, table: str, total: str) -> tuple[FloatArray, FloatArray, FloatArray, list[str]] | None:
    """Times (n,), what was measured at once (n,) [s], stages (n, k) [s] and their names, of a ledger's tape."""
    if not has(tapes, table, "t", total):
        return None
    tape = tapes[table]
    names = [name for name in tape.columns if name not in ("t", total)]
    return (tape["t"], tape[total], np.stack([tape[name] for name in names], axis=1), names) if names else None


def path_names(tapes: Tapes, site: str = "surgeon") -> list[str]:
    """Names of the paths on a site's link tape, from its ``<path>_rtt`` columns."""
    link = f"teleop_bridge_{site}.link"
    if link not in tapes:
        return []
    return [name[: -len("_rtt")] for name in tapes[link].columns if name.endswith("_rtt")]


def paths_ready(tapes: Tapes, site: str) -> tuple[FloatArray, FloatArray] | None:
    """Times (n,) and how many paths (n,) could be relied on, in the receiving direction of ``site``."""
    link = f"teleop_bridge_{site}.link"
    return (tapes[link]["t"], tapes[link]["paths_ready"]) if has(tapes, link, "t", "paths_ready") else None


def paces(tapes: Tapes, master: str) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray] | None:
    """Clutch state (n,) and, of one master since the start, updates that slipped and lagged (n,) each and the length slipped (n,) [m]."""
    names = ("state", *[f"{master}_{what}" for what in ("slips", "lags", "slipped")])
    if not has(tapes, "teleop_bridge_surgeon.state", *names):
        return None
    state, slips, lags, slipped = (tapes["teleop_bridge_surgeon.state"][name] for name in names)
    return state, slips, lags, slipped


def phases(tapes: Tapes) -> tuple[FloatArray, FloatArray] | None:
    """Times (n,) and phase numbers (n,) of the patient side."""
    for table in ("safety_watchdog.safety", "teleop_bridge_surgeon.state"):
        if has(tapes, table, "t", "phase"):
            return tapes[table]["t"], tapes[table]["phase"]
    return None


def phase_name(value: float) -> str:
    """Word of a phase number."""
    known = {int(phase): phase.name for phase in Phase}
    return known.get(int(value), f"phase {value:g}")


def cause_name(value: float) -> str:
    """Word of a cause number."""
    known = {int(cause): cause.name for cause in Cause}
    return known.get(int(value), f"cause {value:g}")
