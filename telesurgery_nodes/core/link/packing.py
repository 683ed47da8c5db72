"""What every layout's packing shares: a value that does not fit is ours, a payload that does not is the peer's."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import LocalLinkError, RemoteLinkError
from ..values import FloatArray


def vector(values: Sequence[float]) -> FloatArray:
    """The first three, shape (3,)."""
    return np.array(values[:3])


def checked(values: Sequence[float]) -> Sequence[float]:
    """Finite numbers to send."""
    if not all(map(math.isfinite, values)):
        raise LocalLinkError(f"values {tuple(values)} are not all finite; they must not leave this site")
    return values


def finite(values: Sequence[float]) -> Sequence[float]:
    """Finite numbers that came."""
    if not all(map(math.isfinite, values)):
        raise RemoteLinkError(f"values {tuple(values)} are not all finite")
    return values


def pack(layout: struct.Struct, *values: object) -> bytes:
    """Bytes of a layout."""
    try:
        return layout.pack(*values)
    except (struct.error, OverflowError) as error:
        raise LocalLinkError(f"values {values} do not fit the layout {layout.format}: {error}") from error


def unpack(layout: struct.Struct, payload: bytes, offset: int, *, exact: bool = False) -> tuple[Any, ...]:
    """Values of a layout at ``offset``; ``exact``: nothing may follow."""
    have = len(payload) - offset
    if have < layout.size or (exact and have != layout.size):
        raise RemoteLinkError(f"{have} B left for a layout of {layout.size} B")
    return layout.unpack_from(payload, offset)
