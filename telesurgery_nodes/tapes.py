"""Raw sample tapes: the truth of a session, written by the nodes and read by the report and the tests.

A tape is ``<node>.<table>.tape``: one JSON line {"node", "table", "columns"}, then little-endian float64 rows. The first column
is ``t``, CLOCK_MONOTONIC [s], which all processes of one machine share. A killed process leaves a whole tape but for the last rows.
"""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from .errors import ConfigError

SUFFIX = ".tape"
BYTES_PER_VALUE = 8
# Rows kept in memory before they are written: at 250 Hz about a fifth of a second may be lost when a node is killed.
ROWS_PER_WRITE = 50


@dataclass(frozen=True)
class Tape:
    """A tape as read: ``rows`` shape (n, len(columns))."""

    columns: tuple[str, ...]
    rows: NDArray[np.float64]

    def __getitem__(self, column: str) -> NDArray[np.float64]:
        """One column, shape (n,). ConfigError lists the columns."""
        if column not in self.columns:
            raise ConfigError(f"no column {column!r} on this tape; it has: {', '.join(self.columns)}")
        return self.rows[:, self.columns.index(column)]


class TapeWriter:
    """Appends rows. Without a folder it does nothing."""

    def __init__(self, folder: str, node: str, table: str, columns: tuple[str, ...], rows_per_write: int = ROWS_PER_WRITE) -> None:
        """Open ``folder/node.table.tape``; an empty ``folder`` makes a writer that drops rows."""
        self._file: BinaryIO | None = None
        self._width = len(columns)
        self._limit = rows_per_write * self._width
        self._pending = array("d")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self._file = (Path(folder) / f"{node}.{table}{SUFFIX}").open("wb")
            self._file.write(json.dumps({"node": node, "table": table, "columns": columns}).encode() + b"\n")
            self._file.flush()

    def row(self, *values: float) -> None:
        """Append one row. ConfigError where the number of values is not the number of columns."""
        if self._file is None:
            return
        if len(values) != self._width:
            raise ConfigError(f"a tape row wants {self._width} values, got {len(values)}")
        self._pending.extend(values)
        if len(self._pending) >= self._limit:
            self.flush()

    def flush(self) -> None:
        """Write what is pending."""
        if self._file is not None:
            self._file.write(self._pending.tobytes())
            self._file.flush()
            del self._pending[:]

    def close(self) -> None:
        """Write what is pending and close."""
        self.flush()
        if self._file is not None:
            self._file.close()
            self._file = None


def read_tape(path: Path) -> Tape:
    """Read one tape; a half-written last row is left out. ConfigError where it is not a tape."""
    data = path.read_bytes()
    head, _, body = data.partition(b"\n")
    try:
        columns = tuple(json.loads(head)["columns"])
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} is not a tape: its first line must be JSON with 'columns'") from error
    whole = len(body) // (BYTES_PER_VALUE * len(columns))
    rows = np.frombuffer(body, dtype="<f8", count=whole * len(columns)).reshape(whole, len(columns))
    return Tape(columns, rows)


def read_tapes(folder: Path) -> dict[str, Tape]:
    """Every tape of a folder by ``node.table``."""
    return {path.name[: -len(SUFFIX)]: read_tape(path) for path in sorted(folder.glob(f"*{SUFFIX}"))}
