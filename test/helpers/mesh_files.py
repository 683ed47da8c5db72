"""STL files made of boxes."""

from __future__ import annotations

import struct
from pathlib import Path


def stl(path: Path, *boxes: tuple[tuple[float, float, float], tuple[float, float, float]]) -> str:
    """Boxes (low, high) [m] as a binary STL."""
    faces = (
        (0, 1, 3), (0, 3, 2), (4, 7, 5), (4, 6, 7), (0, 5, 1), (0, 4, 5), (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4), (1, 5, 7), (1, 7, 3),
    )  # fmt: skip
    data = b""
    for low, high in boxes:
        corners = [(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
        data += b"".join(struct.pack("<12fH", 0, 0, 0, *corners[a], *corners[b], *corners[c], 0) for a, b, c in faces)
    path.write_bytes(b" " * 80 + struct.pack("<I", 12 * len(boxes)) + data)
    return str(path)


def horseshoe(folder: Path) -> str:
    """Two legs and a back: its convex hull is full, itself is hollow between the legs."""
    legs = ((-0.03, -0.01, 0.0), (-0.02, 0.01, 0.1)), ((0.02, -0.01, 0.0), (0.03, 0.01, 0.1))
    return stl(folder / "shoe.stl", *legs, ((-0.03, -0.01, -0.01), (0.03, 0.01, 0.0)))
