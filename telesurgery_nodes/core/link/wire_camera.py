"""The camera record of a command: both hands on the picture."""

from __future__ import annotations

import math
import struct

import numpy as np

from ...errors import LocalLinkError, RemoteLinkError
from ..values import INSTRUMENTS, CameraMotion
from .layouts import LAYOUTS

CAMERA = LAYOUTS["camera"].made()
CAMERA_BIT = 1 << len(INSTRUMENTS)  # of a command's mask
LARGEST_TURN = math.pi  # [rad] a rotation vector beyond half a turn is another, shorter one


def encode_camera(camera: CameraMotion | None) -> bytes:
    """The record; nothing where there is none."""
    if camera is None:
        return b""
    values = (*camera.turn.tolist(), camera.insertion)
    if not all(map(math.isfinite, values)):
        raise LocalLinkError(f"camera motion {values} is not all finite; it must not leave this site")
    try:
        return CAMERA.pack(*values)
    except (struct.error, OverflowError) as error:
        raise LocalLinkError(f"camera motion {values} does not fit {CAMERA.format}: {error}") from error


def decode_camera(payload: bytes, offset: int, mask: int) -> tuple[CameraMotion | None, int]:
    """What ``mask`` says is there, and where it ends."""
    if not mask & CAMERA_BIT:
        return None, offset
    if len(payload) - offset < CAMERA.size:
        raise RemoteLinkError(f"{len(payload) - offset} B left for a camera record of {CAMERA.size} B")
    *turn, insertion = CAMERA.unpack_from(payload, offset)
    if not math.isfinite(insertion) or not math.hypot(*turn) <= LARGEST_TURN:  # written so that NaN is refused
        raise RemoteLinkError(f"camera turn {turn}, insertion {insertion}; valid: finite, at most {LARGEST_TURN} rad")
    return CameraMotion(np.array(turn), insertion), offset + CAMERA.size
