"""Tapes: what a node writes is what a reader gets, also after a kill in mid-row."""

from __future__ import annotations

import numpy as np
import pytest

from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.tapes import TapeWriter, read_tape, read_tapes


def test_round_trip(tmp_path):
    writer = TapeWriter(str(tmp_path), "node", "table", ("t", "x"), rows_per_write=2)
    for index in range(5):
        writer.row(index, index * 2.0)
    writer.close()
    tape = read_tapes(tmp_path)["node.table"]
    assert np.array_equal(tape["x"], [0, 2, 4, 6, 8])


def test_half_a_row_is_left_out(tmp_path):
    writer = TapeWriter(str(tmp_path), "n", "t", ("t", "x"))
    writer.row(1.0, 2.0)
    writer.close()
    path = tmp_path / "n.t.tape"
    path.write_bytes(path.read_bytes() + b"\x00" * 11)
    assert read_tape(path).rows.tolist() == [[1.0, 2.0]]


def test_without_folder_nothing_is_written():
    TapeWriter("", "n", "t", ("t",)).row(1.0)


def test_wrong_width_and_column_are_named(tmp_path):
    writer = TapeWriter(str(tmp_path), "n", "t", ("t", "x"))
    with pytest.raises(ConfigError, match="2 values, got 1"):
        writer.row(1.0)
    writer.close()
    with pytest.raises(ConfigError, match="t, x"):
        read_tape(tmp_path / "n.t.tape")["y"]


def test_a_file_that_is_no_tape_is_refused(tmp_path):
    (tmp_path / "a.b.tape").write_bytes(b"nonsense\n")
    with pytest.raises(ConfigError, match="not a tape"):
        read_tapes(tmp_path)
