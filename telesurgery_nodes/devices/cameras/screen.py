"""What the surgeon looks at: both eyes with state and age on them, and whether a window can be opened here."""

from __future__ import annotations

import os

import cv2
import numpy as np

from ...core.video.geometry import ImageArray, pack_side_by_side
from ...core.video.legend import TRUSTED, legend
from ...core.video.monitor import PictureReport

BAR_HEIGHT = 24  # [px]
NO_PICTURE_SIZE = (480, 640, 3)
TEXT_SCALE = 0.5
WHITE = (255, 255, 255)


def has_window_system() -> bool:
    """Whether OpenCV was built with a GUI and there is a screen to open a window on."""
    lines = [line for line in cv2.getBuildInformation().splitlines() if line.strip().startswith("GUI:")]
    return "NONE" not in "".join(lines) and bool(lines) and bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def paint(eyes: tuple[ImageArray, ImageArray] | None, report: PictureReport) -> ImageArray:
    """Both eyes side by side, each with a bar that says state and age; an untrusted picture is greyed."""
    blank = np.zeros(NO_PICTURE_SIZE, np.uint8)
    picture = pack_side_by_side(*(eyes or (blank, blank)))
    if report.state not in TRUSTED:
        picture = np.asarray(cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB) // 2, dtype=np.uint8)
    text, color = legend(report)
    picture[-BAR_HEIGHT:] = color
    for offset in (0, picture.shape[1] // 2):
        at = (offset + BAR_HEIGHT // 2, picture.shape[0] - BAR_HEIGHT // 3)
        cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, TEXT_SCALE, WHITE, 1, cv2.LINE_AA)
    return picture
