"""One eye's picture as a pile of things drawn over each other, so that what stands still is drawn once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core.video.geometry import ImageArray, StereoGeometry
from ...core.video.view import EyeTriangles
from . import rasteriser as ras

BACKGROUND = (0.16, 0.05, 0.05)  # unlit tissue in the distance
WHITE = 255.0
Images = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]  # colour (float32), depth (float32), picture (uint8)
Thing = tuple[EyeTriangles, ...]  # what is drawn and taken away together


@dataclass(frozen=True, eq=False)
class _Patch:
    """What was at ``area`` of each image before something was drawn there."""

    area: tuple[slice, slice]
    under: Images


class Canvas:
    """Colour, depth and finished picture. Every thing on the pile remembers what it covers, so that the topmost can be taken away."""

    def __init__(self, geometry: StereoGeometry) -> None:
        size = geometry.height, geometry.width
        self._geometry = geometry
        color, depth = np.full((*size, 3), BACKGROUND, dtype=np.float32), np.full(size, ras.FARTHEST, dtype=np.float32)
        self._empty: Images = color, depth, _to_bytes(color, np.zeros((*size, 3), dtype=np.uint8))
        self._images: Images = color.copy(), depth.copy(), self._empty[2].copy()
        self._pile: list[tuple[Thing, list[_Patch]]] = []

    def show(self, things: Sequence[Thing]) -> ImageArray:
        """The picture of ``things``, lowest first. The very same objects as last time are left as they are, up to the first other one."""
        same = _same(things, [thing for thing, _ in self._pile])
        self._take_away(same)
        for thing in things[same:]:
            self._pile.append((thing, self._draw(thing)))
        return self._images[2].copy()

    def _take_away(self, left: int) -> None:
        """Everything above the lowest ``left`` things."""
        gone = self._pile[left:]
        del self._pile[left:]
        if not left:  # quicker than from patches the size of the picture
            for image, empty in zip(self._images, self._empty, strict=True):
                image[:] = empty
            return
        for patch in [patch for _, patches in reversed(gone) for patch in reversed(patches)]:
            for image, under in zip(self._images, patch.under, strict=True):
                image[patch.area] = under

    def _draw(self, thing: Thing) -> list[_Patch]:
        patches = []
        color, depth, picture = self._images
        for part in thing:
            area = part.roi.slices
            if self._pile:  # nothing is ever uncovered below the lowest thing
                patches.append(_Patch(area, (color[area].copy(), depth[area].copy(), picture[area].copy())))
            ras.draw(part, self._geometry, color, depth)
            _to_bytes(color[area], picture[area])
        return patches


def _same(some: Sequence[Thing], others: Sequence[Thing]) -> int:
    """How many are the same from the first on."""
    pairs = enumerate(zip(some, others, strict=False))
    return next((number for number, (one, other) in pairs if one != other), min(len(some), len(others)))


def _to_bytes(color: ras.FloatImage, picture: ImageArray) -> ImageArray:
    """0..1 floats as 0..255, written into ``picture``."""
    return np.asarray(cv2.convertScaleAbs(color, dst=picture, alpha=WHITE), dtype=np.uint8)
