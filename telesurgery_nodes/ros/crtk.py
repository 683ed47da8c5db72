"""crtk_msgs where it is installed (ros2.md section 2.7: hard to build, so it is never required), and words that fit either type."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from builtin_interfaces.msg import Time

NANO = 1_000_000_000
MISSING = (
    "crtk_msgs is not installed: operating_state and state_command are std_msgs/String here, and there are no kinematics services; "
    "CRTK's own client wants crtk_msgs (docs/crtk.md)"
)


def available() -> bool:
    """crtk_msgs can be used."""
    try:
        import_module("crtk_msgs.msg")
        import_module("crtk_msgs.srv")
    except ImportError:
        return False
    return True


def service_class(type: str) -> Any:
    """Class of a service type."""
    package, name = type.split("/")
    return getattr(import_module(f"{package}.srv"), name)


def text_of(msg: Any) -> str:
    """The word in a String, a StringStamped or an OperatingState."""
    for field in ("state", "string", "data"):
        if hasattr(msg, field):
            return str(getattr(msg, field))
    raise TypeError(f"wanted std_msgs/String, crtk_msgs/StringStamped or crtk_msgs/OperatingState, got {type(msg).__name__}")


def word_msg(kind: Any, word: str, stamp: Time, homed: bool = True, busy: bool = False) -> Any:
    """A message of ``kind`` that says ``word``; ``homed`` and ``busy`` where it has room for them."""
    msg = kind()
    if hasattr(msg, "is_homed"):
        msg.state, msg.is_homed, msg.is_busy = word, homed, busy
    elif hasattr(msg, "string"):
        msg.string = word
    else:
        msg.data = word
    if hasattr(msg, "header"):
        msg.header.stamp = stamp
    return msg


class Stamps:
    """Strictly increasing: CRTK's client throws away a state that is not newer than the last."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, now: Time) -> Time:
        """``now``, or a nanosecond after the last one."""
        self._last = max(now.sec * NANO + now.nanosec, self._last + 1)
        return Time(sec=self._last // NANO, nanosec=self._last % NANO)
