"""The words of a coded picture's `format`: "h264; sbs; key; camera=0.012000; encode=0.004500; sent=1732547.123456".

First the codec; `key` for a key frame; then times as name=value in seconds, so that a picture's ledger needs no message type of its own.
`sent` is the ROS time at which the picture was handed to the middleware, every other one the duration of a stage (ledger_picture.py).
Words nobody knows are left alone. A time that is none, or a name given twice, makes all times of that picture unknown: they are counted
as broken and never guessed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

SENT = "sent"
KEY = "key"
BOTH_EYES = "sbs"  # side by side
NAME = re.compile(r"[a-z_]+")
DECIMALS = 6  # microseconds


@dataclass(frozen=True)
class Marks:
    """``times``: name -> [s]. ``broken``: there were times, and they could not be read."""

    codec: str
    key: bool
    times: Mapping[str, float] = field(default_factory=dict)
    broken: bool = False


def write_marks(codec: str, key: bool, times: Mapping[str, float]) -> str:
    """The format string. A time that is not finite is left out: it is not known."""
    words = [codec, BOTH_EYES, *([KEY] if key else [])]
    return "; ".join([*words, *(f"{name}={value:.{DECIMALS}f}" for name, value in times.items() if math.isfinite(value))])


def read_marks(text: str) -> Marks:
    """Whatever was sent gives marks; at worst an empty codec and no times."""
    codec, *words = (word.strip() for word in text.split(";"))
    times: dict[str, float] = {}
    for word in words:
        if "=" in word:
            name, _, value = word.partition("=")
            seconds = _seconds(value)
            if not NAME.fullmatch(name) or name in times or not math.isfinite(seconds):
                return Marks(codec, KEY in words, broken=True)
            times[name] = seconds
    return Marks(codec, KEY in words, times)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
