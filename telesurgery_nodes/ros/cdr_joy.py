"""A pedal as the bytes of its Joy message: five of them go out 20 times a second. See cdr.py."""

from __future__ import annotations

from struct import Struct
from typing import Any

from .cdr import ENCAPSULATION

# Encapsulation, stamp, an empty frame (its NUL, padded), no axes, one button.
_PEDAL = Struct("<4siIIIIIi")
_EMPTY_TEXT = (1, 0)


def pedal_cdr(pressed: bool, stamp: Any) -> bytes:
    """Joy of a pedal: buttons[0] 0 released, 1 pressed (messages.joy_msg in bytes)."""
    return _PEDAL.pack(ENCAPSULATION, stamp.sec, stamp.nanosec, *_EMPTY_TEXT, 0, 1, int(pressed))
