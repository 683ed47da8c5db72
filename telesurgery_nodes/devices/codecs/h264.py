"""H.264 through PyAV: one side-by-side picture, no frame held in encoder or decoder (reference/video.md 4.2).

PyAV is an extra, because its wheel bundles the GPL x264.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import cv2
import numpy as np

from ...core.values import StereoFrame
from ...core.video.geometry import pack_side_by_side, split_side_by_side
from ...errors import ConfigError, DeviceError
from ..protocols import ImageArray

DEFAULT_FPS = 25
DEFAULT_BITRATE = 4_000_000  # [bit/s] 42 dB at 1280x480 (reference/video.md 4.1)
BUFFER_FRAMES = 2  # rate-control buffer: bounds the largest frame to twice the average
SLICE_BYTES = 1050  # one slice fits one fragment of core/video/fragments.py
IDR_START = re.compile(rb"\x00\x00\x01[\x05\x25\x45\x65]")  # start code + NAL type 5 (IDR), any nal_ref_idc
I_PICTURE = 1  # AV_PICTURE_TYPE_I


def _pyav() -> Any:
    try:
        import av
    except ImportError as error:
        raise ConfigError(
            "codec 'h264' needs PyAV, which is not installed; valid: pip install 'telesurgery_nodes[video]', or codec 'mjpeg'"
        ) from error
    return av


class H264Codec:
    """Stereo frames <-> H.264 packets with zero frames held. Encoder and decoder start at their first use."""

    name = "h264"

    def __init__(self, fps: int = DEFAULT_FPS, bitrate: int = DEFAULT_BITRATE) -> None:
        self._av = _pyav()
        self._fps = fps
        self._bitrate = bitrate
        self._encoder: Any = None
        self._decoder: Any = None
        self._pts = 0
        self._waiting_for_key = True

    def encode(self, frame: StereoFrame, force_key: bool = False) -> tuple[bytes, bool]:
        """One packet per frame and whether it is a key frame. A new picture size starts a new encoder."""
        picture = pack_side_by_side(frame.left, frame.right)
        height, width = picture.shape[:2]
        if self._encoder is None or (self._encoder.width, self._encoder.height) != (width, height):
            self._encoder = self._new_encoder(width, height)
        raw = self._av.VideoFrame.from_ndarray(cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420), format="yuv420p")
        raw.pts = self._pts
        self._pts += 1
        if force_key:
            raw.pict_type = I_PICTURE
        packets = self._encoder.encode(raw)
        if len(packets) != 1:
            raise DeviceError(f"the H.264 encoder must give 1 packet per frame, got {len(packets)}: it holds frames back")
        data = bytes(packets[0])
        # PyAV flags the start of every refresh wave too; only an IDR lets a new viewer begin
        return data, IDR_START.search(data) is not None

    def decode(self, data: bytes) -> tuple[ImageArray, ImageArray] | None:
        """Both eyes, or None while no key frame has been seen. Corrupt: DeviceError, and the next key frame starts afresh."""
        if self._waiting_for_key and IDR_START.search(data) is None:
            return None
        if self._decoder is None:
            self._decoder = self._new_decoder()
        try:
            frames = self._decoder.decode(self._av.Packet(data))
        except self._av.FFmpegError as error:
            self._restart_decoder()
            raise DeviceError(f"not a decodable H.264 packet of {len(data)} B: {error}") from error
        if not frames:
            self._restart_decoder()
            raise DeviceError(f"the H.264 decoder gave no picture for a packet of {len(data)} B")
        self._waiting_for_key = False
        picture = cv2.cvtColor(_planar(frames[-1]), cv2.COLOR_YUV2RGB_I420)
        return split_side_by_side(np.asarray(picture, dtype=np.uint8))

    def _restart_decoder(self) -> None:
        self._decoder = None
        self._waiting_for_key = True

    def _new_encoder(self, width: int, height: int) -> Any:
        encoder = self._av.CodecContext.create("libx264", "w")
        encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
        encoder.time_base = Fraction(1, self._fps)
        encoder.framerate = Fraction(self._fps, 1)
        encoder.bit_rate = self._bitrate
        encoder.thread_count = 1
        encoder.thread_type = "SLICE"  # frame threads would hold one frame back
        encoder.options = {
            # 3.7 ms a picture of 1280x480 where superfast takes 6.0, at the same size (15.9 kB) and PSNR; CAVLC is cheaper to decode too
            "preset": "ultrafast",
            "tune": "zerolatency",
            # as AVOptions, not x264-params: only so can the rate be changed in place later (reference/video.md 4.2)
            "maxrate": str(self._bitrate),
            "bufsize": str(self._bitrate * BUFFER_FRAMES // self._fps),
            "forced-idr": "1",
            "x264-params": f"keyint={self._fps}:scenecut=0:intra-refresh=1:slice-max-size={SLICE_BYTES}:repeat-headers=1",
        }
        return encoder

    def _new_decoder(self) -> Any:
        decoder = self._av.CodecContext.create("h264", "r")
        decoder.thread_count = 1
        decoder.thread_type = "SLICE"
        decoder.flags |= self._av.codec.context.Flags.low_delay
        return decoder


def _planar(frame: Any) -> ImageArray:
    """The decoded frame as one I420 array (1.5 h, w)."""
    if frame.format.name not in ("yuv420p", "yuvj420p"):
        raise DeviceError(f"wanted 4:2:0 video, got pixel format {frame.format.name}")
    return np.asarray(frame.to_ndarray(), dtype=np.uint8)
