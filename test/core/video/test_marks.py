"""The words of a picture's format: what is written is read, and what cannot be read is never guessed."""

import math
import random

import pytest

from telesurgery_nodes.core.video.marks import Marks, read_marks, write_marks


@pytest.mark.parametrize("key", [True, False])
def test_what_is_written_is_read(key):
    times = {"camera": 0.012345, "encode": 0.0, "sent": 1732547.123456}
    text = write_marks("h264", key, times)
    assert text == f"h264; sbs; {'key; ' if key else ''}camera=0.012345; encode=0.000000; sent=1732547.123456"
    assert read_marks(text) == Marks("h264", key, times)


def test_what_is_not_known_is_not_written():
    assert write_marks("mjpeg", False, {"camera": math.nan, "encode": math.inf}) == "mjpeg; sbs"


@pytest.mark.parametrize("text", ["h264; sbs; key", "h264; key; sbs", " h264 ;key; something else"])
def test_words_alone_stay_what_they_were(text):
    assert read_marks(text) == Marks("h264", True)


@pytest.mark.parametrize(
    "word",
    ["camera=", "camera=nan", "camera=inf", "camera=1e999", "camera=0x1", "=0.1", "Camera=0.1", "a b=0.1", "==", "x=1; x=1"],
)
def test_one_broken_time_makes_all_unknown_and_says_so(word):
    marks = read_marks(f"h264; sbs; key; encode=0.004; {word}")
    assert (marks.codec, marks.key, marks.times, marks.broken) == ("h264", True, {}, True)


def test_nothing_raises():
    rng = random.Random(3)
    for _ in range(2000):
        marks = read_marks("".join(rng.choice("h264;sbkey=.01-e \x00é") for _ in range(rng.randint(0, 40))))
        assert all(map(math.isfinite, marks.times.values())) and not (marks.broken and marks.times)
