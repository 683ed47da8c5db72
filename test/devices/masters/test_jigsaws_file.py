"""What is refused as a JIGSAWS recording, and where the refusal points."""

import math

import numpy as np
import pytest

from telesurgery_nodes.core.rotations import exp, is_rotation
from telesurgery_nodes.devices.masters.jigsaws_file import load
from telesurgery_nodes.errors import ConfigError


def jigsaws_rows(count=30):
    """Rows in the format of the data set, both hands turning."""
    turn = [exp(np.array([0.3 * math.sin(i / 30.0), 0.2, 0.1])).ravel() for i in range(count)]
    return [[*(0.1, 0.0, 0.3), *turn[i], *[0.0] * 6, 0.4] * 4 for i in range(count)]


def write(path, rows):
    path.write_text("\n".join(" ".join(f"{value:.6f}" for value in row) for row in rows) + "\n")
    return str(path)


def test_a_good_recording_gives_proper_rotations_and_its_own_samples(tmp_path):
    splines = load(write(tmp_path / "good.txt", jigsaws_rows()))
    assert set(splines) == {"MTML", "MTMR"}
    row = splines["MTMR"].at(10 / 30.0)
    assert row[:3] == pytest.approx([0.1, 0.0, 0.3])
    assert row[12] == pytest.approx(0.4)
    assert is_rotation(row[3:12].reshape(3, 3), 1e-9)
    assert splines["MTML"].duration == pytest.approx(29 / 30.0)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda rows: [row[:-1] if i == 2 else row for i, row in enumerate(rows)], r"row 3: wanted 76 columns, got 75"),
        (lambda rows: [[math.nan, *row[1:]] if i == 4 else row for i, row in enumerate(rows)], r"row 5, column 1: .* 'nan'"),
        (lambda rows: [[*row[:40], math.inf, *row[41:]] if i == 1 else row for i, row in enumerate(rows)], r"row 2, column 41"),
        (lambda rows: [[*row[:22], 3.0, *row[23:]] if i == 6 else row for i, row in enumerate(rows)], r"row 7, columns 23-31 \(MTMR\)"),
        (lambda rows: [], r"at least 2 rows"),
        (lambda rows: rows[:1], r"at least 2 rows"),
    ],
)
def test_a_bad_recording_is_refused_with_its_place(tmp_path, spoil, words):
    path = write(tmp_path / "bad.txt", spoil(jigsaws_rows()))
    with pytest.raises(ConfigError, match=words) as caught:
        load(path)
    assert path in str(caught.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"1,2,3\n4,5,6\n", "separated by spaces"), (b"\x89PNG\xff\x00", "binary"), (b"a b\nc d\n", "76 columns"), (None, "readable")],
)
def test_a_file_that_is_no_recording_is_refused(tmp_path, data, words):
    path = tmp_path / "no.txt"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ConfigError, match=words):
        load(str(path))
