"""Read and check a JIGSAWS kinematics file (76 numbers a row, 30 rows a second). Every refusal names file, row and column."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from ...core.rotations import orthonormal
from ...core.values import FloatArray
from ...errors import ConfigError
from .curves import Spline

COLUMNS = 76
RATE = 30.0
# 0-based first column of each master's block: position 3, rotation 9 (row-major), velocities 6, gripper 1.
FIRST_COLUMN = {"MTML": 0, "MTMR": 19}
ROTATION_START, GRIPPER_AT = 3, 18
# Columns this suite keeps for each hand, in this order: position, rotation, gripper.
KEPT = (*range(12), GRIPPER_AT)
# Six decimals of text leave an error near 1e-3; ten times that is no rotation any more.
ROTATION_TOLERANCE = 0.01
LEAST_ROWS = 2


def load(path: str) -> dict[str, Spline]:
    """Master name -> C2 spline over 13 columns: position [m], rotation row-major, gripper [rad] as recorded."""
    table = _numbers(path, _text(path))
    for master, first in FIRST_COLUMN.items():
        _make_proper(path, table, master, first + ROTATION_START)
    return {master: Spline(table[:, [first + column for column in KEPT]], 1.0 / RATE) for master, first in FIRST_COLUMN.items()}


def _text(path: str) -> str:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: wanted a readable JIGSAWS kinematics file, got: {error.strerror or error}") from error
    try:
        return data.decode("ascii")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: wanted plain ASCII text, got binary data at byte {error.start}") from error


def _numbers(path: str, text: str) -> FloatArray:
    lines = text.rstrip().splitlines()
    if len(lines) < LEAST_ROWS:
        raise ConfigError(f"{path}: wanted at least {LEAST_ROWS} rows of {COLUMNS} numbers, got {len(lines)} rows")
    return np.array([_row(path, number, line) for number, line in enumerate(lines, start=1)])


def _row(path: str, number: int, line: str) -> list[float]:
    for delimiter in ",;":
        if delimiter in line:
            raise ConfigError(f"{path}: row {number}: wanted numbers separated by spaces, got {delimiter!r} between them")
    words = line.split()
    if len(words) != COLUMNS:
        raise ConfigError(f"{path}: row {number}: wanted {COLUMNS} columns, got {len(words)}")
    return [_number(path, number, column, word) for column, word in enumerate(words, start=1)]


def _number(path: str, row: int, column: int, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ConfigError(f"{path}: row {row}, column {column}: wanted a finite number, got {word!r}")
    return value


def _make_proper(path: str, table: FloatArray, master: str, first: int) -> None:
    """Refuse what is no rotation, and remove the rounding of the rest, in place."""
    matrices = table[:, first : first + 9].reshape(-1, 3, 3)
    error = np.abs(matrices @ matrices.transpose(0, 2, 1) - np.eye(3)).max(axis=(1, 2))
    bad = (error > ROTATION_TOLERANCE) | (np.linalg.det(matrices) <= 0.0)
    if bad.any():
        row = int(np.argmax(bad))
        raise ConfigError(
            f"{path}: row {row + 1}, columns {first + 1}-{first + 9} ({master}): wanted a right-handed rotation matrix, "
            f"orthogonal within {ROTATION_TOLERANCE}, got error {error[row]:.3g} and determinant {np.linalg.det(matrices[row]):.3g}"
        )
    table[:, first : first + 9] = np.array([orthonormal(matrix) for matrix in matrices]).reshape(-1, 9)
