"""Messages of the stereo camera: calibration and coded pictures."""

from __future__ import annotations

from array import array
from typing import Any

from sensor_msgs.msg import CameraInfo, CompressedImage

from ..core.video.geometry import StereoGeometry

NO_DISTORTION = [0.0] * 5  # plumb_bob k1 k2 p1 p2 k3
NO_RECTIFICATION = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]


def camera_info_msg(geometry: StereoGeometry, right: bool, stamp: Any, frame_id: str) -> CameraInfo:
    """CameraInfo of one eye; both carry P in the left optical frame (REP 104)."""
    projection = geometry.right_projection if right else geometry.left_projection
    msg = CameraInfo(width=geometry.width, height=geometry.height, distortion_model="plumb_bob", d=NO_DISTORTION, r=NO_RECTIFICATION)
    msg.header.stamp, msg.header.frame_id = stamp, frame_id
    msg.k, msg.p = geometry.camera_matrix.ravel(), projection.ravel()
    return msg


def packed_msg(data: bytes, mark: str, stamp: Any, frame_id: str) -> CompressedImage:
    """CompressedImage with ``mark`` as its format. array('B'): see ros/messages.image_msg."""
    msg = CompressedImage(format=mark, data=array("B", data))
    msg.header.stamp, msg.header.frame_id = stamp, frame_id
    return msg
