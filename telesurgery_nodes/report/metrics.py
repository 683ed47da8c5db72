"""Numbers from arrays: path error with the delay removed, motion without leave, statistics. No files, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.values import FloatArray

MAX_DELAY = 0.5  # [s] a tool later than this does not follow
COARSE_STEP, FINE_STEP = 0.004, 0.0005  # [s] grid of the delay search: one 250 Hz tick, then an eighth of it
MIN_SAMPLES = 50  # a fifth of a second at 250 Hz: less is no path
MOVED_ANGLE = float(np.deg2rad(0.1))  # [rad] issue 2: motion is more than 0.1 degree
MOVED_LENGTH = 1e-4  # [m] or more than 0.1 mm
BRAKE_TIME = 0.35  # [s] bar 3: a tool may need this long to stop on a busy machine
PERMIT_VALID = 0.06  # [s] life of one permit (DESIGN.md section 8)

Segment = tuple[int, int]


@dataclass(frozen=True)
class PathError:
    """Tool path against commanded path. ``delay`` [s] removed; ``rms_m`` [m], ``rms_deg`` and the worst of each; ``samples`` compared."""

    delay: float
    rms_m: float
    max_m: float
    rms_deg: float
    max_deg: float
    samples: int


def segments(mask: NDArray[np.bool_]) -> list[Segment]:
    """Half-open index ranges where ``mask`` (n,) holds without a break."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def rotation_angle_deg(first: FloatArray, second: FloatArray) -> FloatArray:
    """Angle between unit quaternions w-x-y-z, shape (n, 4) each -> (n,) [deg]. q and -q are the same rotation.

    By atan2 of the relative rotation's vector part, as arccos loses everything below 0.02 deg in float64.
    """
    w = np.sum(first * second, axis=1)
    vector = first[:, :1] * second[:, 1:] - second[:, :1] * first[:, 1:] - np.cross(first[:, 1:], second[:, 1:])
    return np.rad2deg(2.0 * np.arctan2(np.linalg.norm(vector, axis=1), np.abs(w)))


def continuous(quaternions: FloatArray) -> FloatArray:
    """Signs chosen so that neighbours (n, 4) lie on one side and can be interpolated."""
    flips = np.sum(quaternions[1:] * quaternions[:-1], axis=1) < 0.0
    return np.asarray(quaternions * np.where(np.concatenate(([0], np.cumsum(flips))) % 2, -1.0, 1.0)[:, None])


def sample_at(t: FloatArray, values: FloatArray, when: FloatArray) -> FloatArray:
    """Linear interpolation of columns ``values`` (n, k) at times ``when`` (m,) -> (m, k)."""
    return np.stack([np.interp(when, t, values[:, column]) for column in range(values.shape[1])], axis=1)


def _pairs(t: FloatArray, wanted: FloatArray, got: FloatArray, parts: Sequence[Segment], delay: float) -> tuple[FloatArray, FloatArray]:
    """Wanted and got ``delay`` later, inside each part only: before and after it the arm does not follow."""
    left, right = [], []
    for first, last in parts:
        when = t[first:last]
        inside = when + delay <= when[-1]
        left.append(wanted[first:last][inside])
        right.append(sample_at(when, got[first:last], when[inside] + delay))
    return np.concatenate(left), np.concatenate(right)


def _rms(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(values**2))) if len(values) else float("nan")


def find_delay(t: FloatArray, wanted: FloatArray, got: FloatArray, parts: Sequence[Segment], limit: float = MAX_DELAY) -> float:
    """Delay [s] that makes ``got`` (n, 3) lie best on ``wanted`` (n, 3). The same delay for the whole run: not a free fit per point."""
    def cost(delay: float) -> float:
        left, right = _pairs(t, wanted, got, parts, delay)
        return _rms(np.linalg.norm(left - right, axis=1))

    def best(grid: FloatArray) -> float:
        costs = np.array([cost(float(delay)) for delay in grid])
        return float(grid[int(np.nanargmin(costs))])

    coarse = best(np.arange(0.0, limit, COARSE_STEP))
    return best(np.arange(max(0.0, coarse - COARSE_STEP), coarse + COARSE_STEP, FINE_STEP))


def path_error(t: FloatArray, wanted: FloatArray, got: FloatArray, following: NDArray[np.bool_]) -> PathError | None:
    """Compare poses (n, 7) = position [m] and quaternion w-x-y-z while ``following`` (n,). None: too little to compare."""
    usable = following & np.isfinite(wanted).all(axis=1) & np.isfinite(got).all(axis=1)
    parts = [part for part in segments(usable) if part[1] - part[0] >= MIN_SAMPLES]
    if not parts:
        return None
    delay = find_delay(t, wanted[:, :3], got[:, :3], parts)
    smooth = np.concatenate([got[:, :3], _continuous_parts(got[:, 3:], parts)], axis=1)
    left, right = _pairs(t, wanted, smooth, parts, delay)
    quaternion = right[:, 3:] / np.linalg.norm(right[:, 3:], axis=1, keepdims=True)
    distance = np.linalg.norm(left[:, :3] - right[:, :3], axis=1)
    angle = rotation_angle_deg(left[:, 3:], quaternion)
    return PathError(delay, _rms(distance), float(distance.max()), _rms(angle), float(angle.max()), len(distance))


def _continuous_parts(quaternions: FloatArray, parts: Sequence[Segment]) -> FloatArray:
    out = quaternions.copy()
    for first, last in parts:
        out[first:last] = continuous(quaternions[first:last])
    return out


def leave_times(t: FloatArray, motion: FloatArray, valid: float = PERMIT_VALID) -> list[tuple[float, float]]:
    """Spans [s] in which leave to move was in force. The watchdog writes a row per change, so a row with motion lasts until the next
    one, and ``valid`` longer; the last row lasts until the end of the tape, which is the end of the session.
    """
    until = np.append(t, np.inf)
    return [(float(t[first]), float(until[last]) + valid) for first, last in segments(motion > 0.0)]


def moved_without_leave(
    t: FloatArray, joints: FloatArray, limits: FloatArray, leave: Sequence[tuple[float, float]], brake: float = BRAKE_TIME
) -> tuple[float, int] | None:
    """First (time [s], joint column) that moved more than ``limits`` (k,) while no leave was in force for longer than ``brake``.

    ``joints`` (n, k) are measured at ``t`` (n,). Each stretch without leave is compared with where it began (after braking), so
    a slow creep counts as well as a jump.
    """
    may_move = np.zeros(len(t), dtype=bool)
    for begin, end in leave:
        may_move |= (t >= begin) & (t <= end + brake)
    for first, last in segments(~may_move):
        off = np.abs(joints[first:last] - joints[first]) > limits
        if off.any():
            row = int(np.flatnonzero(off.any(axis=1))[0])
            return float(t[first + row]), int(np.flatnonzero(off[row])[0])
    return None


def stop_time(t: FloatArray, joints: FloatArray, limits: FloatArray, event: float) -> float:
    """Seconds after ``event`` until every joint is, and stays, within ``limits`` of where it ends; 0 when it never moved."""
    after = t >= event
    if not after.any():
        return float("nan")
    off = (np.abs(joints[after] - joints[after][-1]) > limits).any(axis=1)
    return float(t[after][np.flatnonzero(off)[-1]] - event) if off.any() else 0.0


def joint_limits(columns: Sequence[str]) -> FloatArray:
    """Smallest change that counts as motion, per joint column: 0.1 mm for an insertion (joint 3 of an arm), 0.1 deg for the rest."""
    return np.array([MOVED_LENGTH if "insertion" in name or name.endswith(("_q3", ".q3")) else MOVED_ANGLE for name in columns])


def spread(values: FloatArray) -> dict[str, float] | None:
    """Median, 95th and 99th percentile and worst of the finite ``values``; None where there are none."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    p50, p95, p99 = np.percentile(finite, [50, 95, 99])
    return {"p50": float(p50), "p95": float(p95), "p99": float(p99), "max": float(finite.max()), "samples": len(finite)}


def scaled(values: dict[str, float] | None, factor: float) -> dict[str, float] | None:
    """A spread in another unit."""
    if values is None:
        return None
    return {name: value if name == "samples" else value * factor for name, value in values.items()}


def rate(t: FloatArray) -> float | None:
    """Mean number of rows per second."""
    return float((len(t) - 1) / (t[-1] - t[0])) if len(t) > 1 and t[-1] > t[0] else None


def steady_rate(t: FloatArray, longest_gap: float) -> float | None:
    """Rows per second over the stretches without a gap longer than ``longest_gap`` [s]: what was paused in between does not count."""
    steps = np.diff(t)
    inside = steps[(steps > 0.0) & (steps <= longest_gap)]
    return float(len(inside) / inside.sum()) if len(inside) else None


def ledger_difference(loop: FloatArray, stages: FloatArray) -> FloatArray:
    """|sum of ``stages`` (n, k) - ``loop`` (n,)| [s]: what the ledger cannot account for. NaN rows are left out."""
    difference = np.abs(np.sum(stages, axis=1) - loop)
    return np.asarray(difference[np.isfinite(difference)])
