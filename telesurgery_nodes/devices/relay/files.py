"""Traces (CSV) and scripts (YAML) from files. An error names the file, the line, what was wanted and what came."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import yaml

from ...core.link.trace import Trace, TraceRow, fault
from ...errors import ConfigError

WANTED = ("t_s", "delay_ms")
LOST = "lost"
NOT_LOST, IS_LOST = "0", "1"
COMMENT = "#"
MS = 1e-3


def read_trace(file: Path, end: str) -> Trace:
    """The trace of a CSV file with the columns ``t_s``, ``delay_ms`` and, where it has one, ``lost``; others are left alone."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"trace {file}: cannot be read: {error}") from error
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith(COMMENT)]
    rows: list[TraceRow] = []
    for number, cells in _cells(file, numbered):
        row = _row(f"{file} line {number}", cells, rows[-1] if rows else None)
        rows.append(row)
    if not rows:
        raise ConfigError(f"{file}: wanted a line of column names and at least one row below it")
    return Trace(rows, end)


def _cells(file: Path, numbered: list[tuple[int, str]]) -> Iterator[tuple[int, dict[str, str]]]:
    head: list[str] = []
    for number, line in numbered:
        cells = [cell.strip() for cell in next(csv.reader([line]))]
        if not head:
            head = cells
            if not set(WANTED) <= set(head):
                raise ConfigError(f"{file} line {number}: wanted the columns {', '.join(WANTED)} and optionally {LOST}; got {line!r}")
            continue
        if len(cells) != len(head):
            raise ConfigError(f"{file} line {number}: wanted {len(head)} cells ({', '.join(head)}); got {len(cells)}")
        yield number, dict(zip(head, cells, strict=True))


def _row(where: str, cells: dict[str, str], before: TraceRow | None) -> TraceRow:
    lost = cells.get(LOST, NOT_LOST)
    if lost not in (NOT_LOST, IS_LOST):
        raise ConfigError(f"{where}: {LOST} {lost!r}; wanted {NOT_LOST} or {IS_LOST}")
    unknown = lost == IS_LOST and not cells["delay_ms"]  # what is lost has no delay: the last one stands, for those behind it
    delay = (before.delay if before else 0.0) if unknown else MS * _number(where, cells, "delay_ms")
    row = TraceRow(_number(where, cells, "t_s"), delay, lost == IS_LOST)
    if wrong := fault(before, row):
        raise ConfigError(f"{where}: {wrong}")
    return row


def _number(where: str, cells: dict[str, str], column: str) -> float:
    try:
        return float(cells[column])
    except ValueError as error:
        raise ConfigError(f"{where}: {column} {cells[column]!r}; wanted a number") from error


def read_script(file: Path) -> object:
    """The rows of a script, not yet checked."""
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"script {file}: wanted a YAML list of rows: {error}") from error
