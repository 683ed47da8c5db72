"""The records of force and force feedback, behind those of arms and tools (wire.py)."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import LocalLinkError, RemoteLinkError
from ..values import INSTRUMENTS, ArmMotion, FeedbackMode, PortSays, ToolState, Touch
from .layouts import LAYOUTS
from .packing import checked, finite, pack, unpack, vector

PORT, TOUCH = LAYOUTS["port"].made(), LAYOUTS["touch"].made()


def feedback_of(number: int) -> FeedbackMode:
    """A mode that came."""
    if number not in FeedbackMode._value2member_map_:
        raise RemoteLinkError(f"force feedback {number}; valid: 0 to {len(FeedbackMode) - 1}")
    return FeedbackMode(number)


def pack_port(motion: ArmMotion, mode: FeedbackMode) -> bytes:
    """The port record of an arm; nothing where force feedback is off."""
    if mode is FeedbackMode.OFF:
        return b""
    if motion.port is None:
        raise LocalLinkError(f"force feedback {mode.name}: wanted what the hand's end says with every arm, got none")
    return pack(PORT, *checked((*motion.port.wave, motion.port.credit)))


def take_port(payload: bytes, offset: int, mode: FeedbackMode) -> tuple[PortSays | None, int]:
    """The port record at ``offset``, and where it ends."""
    if mode is FeedbackMode.OFF:
        return None, offset
    values = finite(unpack(PORT, payload, offset))
    return PortSays(vector(values), values[3]), offset + PORT.size


def touched_mask(tools: Mapping[str, ToolState]) -> int:
    """Which tools' force is known."""
    return sum(1 << bit for bit, name in enumerate(INSTRUMENTS) if name in tools and tools[name].touch is not None)


def pack_touch(touch: Touch | None) -> bytes:
    """The touch record of a tool; nothing where its force is not known."""
    if touch is None:
        return b""
    return pack(TOUCH, *checked((*touch.force, *touch.wave, touch.credit)), touch.epoch)


def take_touch(payload: bytes, offset: int, follows: bool) -> tuple[Touch | None, int]:
    """The touch record at ``offset`` where one ``follows``, and where it ends."""
    if not follows:
        return None, offset
    *values, epoch = unpack(TOUCH, payload, offset)
    values = list(finite(values))
    return Touch(vector(values), vector(values[3:6]), values[6], epoch), offset + TOUCH.size
