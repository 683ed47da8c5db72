"""Motion JPEG through OpenCV: always there, every picture a key frame, about five times the rate of H.264."""

from __future__ import annotations

import cv2
import numpy as np

from ...core.values import StereoFrame
from ...core.video.geometry import pack_side_by_side, split_side_by_side
from ...errors import ConfigError, DeviceError
from ..protocols import ImageArray

DEFAULT_QUALITY = 80  # reference/video.md section 3: 30 KB an eye at 640x480
QUALITY_RANGE = (1, 100)


class MjpegCodec:
    """Stereo frames <-> JPEG. ``fps`` and ``bitrate`` are accepted for the common constructor; the quality rules the rate."""

    name = "mjpeg"

    def __init__(self, fps: int = 0, bitrate: int = 0, quality: int = DEFAULT_QUALITY) -> None:
        low, high = QUALITY_RANGE
        if not low <= quality <= high:
            raise ConfigError(f"JPEG quality must be {low}..{high}, got {quality}")
        self._quality = quality

    def encode(self, frame: StereoFrame, force_key: bool = False) -> tuple[bytes, bool]:
        """One JPEG per stereo frame; each is a key frame."""
        picture = cv2.cvtColor(pack_side_by_side(frame.left, frame.right), cv2.COLOR_RGB2BGR)
        done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, self._quality])
        if not done:
            raise DeviceError(f"OpenCV could not encode a picture of {picture.shape}")
        return data.tobytes(), True

    def decode(self, data: bytes) -> tuple[ImageArray, ImageArray] | None:
        """Left and right eye. Corrupt: DeviceError."""
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        if picture is None or picture.shape[1] % 2:
            raise DeviceError(f"not a side-by-side JPEG: {len(data)} B")
        return split_side_by_side(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8))
