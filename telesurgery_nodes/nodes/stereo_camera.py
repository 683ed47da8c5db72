"""stereo_camera: draws or captures both eyes, codes them as one picture and publishes it with its capture time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
from rclpy.publisher import Publisher

from ..core.values import StereoFrame
from ..core.video.geometry import StereoGeometry
from ..core.video.marks import SENT, write_marks
from ..core.video.scene import LEFT_EYE, RIGHT_EYE
from ..description import rings, robot_description
from ..devices.codecs import CODEC_NAMES, choose
from ..errors import ConfigError, DeviceError
from ..registry import load
from ..ros.messages import image_msg, stamp_from
from ..ros.node import SuiteNode
from ..ros.params import NodeParams, param
from ..ros.pictures import camera_info_msg, packed_msg

EYES = {"left": LEFT_EYE, "right": RIGHT_EYE}
KEY_PERIOD = 1.0  # [s] a new viewer, or one that lost a picture, waits at most this long for a key frame
MAX_SOURCE_AGE = 0.25  # [s] without news of the joints there is no picture: an old scene must not get a fresh stamp
TAPE_COLUMNS = ("t", "render_s", "encode_s", "bytes")
JPEG_FORMAT = "rgb8; jpeg compressed bgr8"


@dataclass(frozen=True)
class StereoCameraParams(NodeParams):
    """Parameters of stereo_camera."""

    camera: str = param("simulated", "camera device (entry-point group telesurgery_nodes.cameras)")
    codec: str = param("auto", "auto takes h264 where PyAV is installed", choices=("auto", *CODEC_NAMES))
    width: int = param(640, "width of one eye [px], even", low=64, high=3840)
    height: int = param(480, "height of one eye [px], even", low=64, high=2160)
    fps: int = param(25, "pictures per second", low=1, high=60)
    bitrate: int = param(4_000_000, "rate of the coded stereo picture [bit/s]; mjpeg does not keep it", low=100_000, high=100_000_000)


class StereoCamera(SuiteNode):
    """Timer -> joints and objects -> read -> encode -> publish."""

    NAME = "stereo_camera"
    PARAMS = StereoCameraParams

    def __init__(self, urdf: str | None = None, **node_args: Any) -> None:
        """``urdf``: another scene than the suite's cart."""
        super().__init__(**node_args)
        cv2.setNumThreads(1)  # two cores are shared by eight processes: OpenCV's threads would take turns with the arms
        wanted = self.params
        self.geometry = StereoGeometry(wanted.width, wanted.height)
        scene = urdf if urdf is not None else robot_description()
        self.camera = load("cameras", wanted.camera)(self.geometry, scene, rings().centre_radius, rings().tube_radius)
        self.codec = load("codecs", choose(wanted.codec))(fps=wanted.fps, bitrate=wanted.bitrate)
        self._heard_at = self._key_at = float("-inf")
        self._tape = self.tape("camera", TAPE_COLUMNS)
        self._video = self.publisher("video")
        self._eyes = {eye: tuple(self.publisher(key, eye=eye) for key in ("camera_info", "image_raw", "image_compressed")) for eye in EYES}
        self._scene = self.mailbox()  # only the newest is drawn
        self._scene.subscribe("joint_states", self._on_joints)
        self._scene.subscribe("robot_objects", self._on_objects)
        self.every(1.0 / wanted.fps, self.capture)

    def _on_joints(self, msg: Any) -> None:
        try:
            self.camera.set_joints(dict(zip(msg.name, msg.position, strict=True)))
        except ValueError:  # ConfigError is one
            self.count("bad_joint_states")
            return
        self._heard_at = self.now()

    def _on_objects(self, msg: Any) -> None:
        try:
            self.camera.set_objects([_pose_values(pose) for pose in msg.poses])
        except ConfigError:
            self.count("bad_objects")

    def capture(self) -> None:
        """One stereo picture, or none where the source is silent."""
        self._scene.read()
        now = self.now()
        if now - self._heard_at > MAX_SOURCE_AGE:
            self.count("no_source")
            return
        begin, stamp = self.both_clocks()
        frame = self.camera.read(stamp)
        if frame is None:
            self.count("no_picture")
            return
        drawn, drawn_at = self.both_clocks()
        key_due = now - self._key_at >= KEY_PERIOD
        try:
            data, key = self.codec.encode(frame, force_key=key_due)
        except DeviceError:
            self.count("encode_errors")
            return
        coded, sent = self.both_clocks()
        times = {"camera": drawn_at - frame.stamp, "encode": coded - drawn, SENT: sent}
        self._video.publish(packed_msg(data, write_marks(self.codec.name, key, times), stamp_from(frame.stamp), EYES["left"]))
        if key:
            self._key_at = now
        self._tape.row(now, drawn - begin, coded - drawn, float(len(data)))
        self._publish_eyes(frame)

    def _publish_eyes(self, frame: StereoFrame) -> None:
        stamp = stamp_from(frame.stamp)
        self.count("pictures")
        for eye, picture in (("left", frame.left), ("right", frame.right)):
            info, raw, packed = self._eyes[eye]
            if _heard(info, raw, packed):
                info.publish(camera_info_msg(self.geometry, eye == "right", stamp, EYES[eye]))
            if _heard(raw):
                raw.publish(image_msg(picture, stamp, EYES[eye]))
            if _heard(packed):
                jpeg = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1]
                packed.publish(packed_msg(jpeg.tobytes(), JPEG_FORMAT, stamp, EYES[eye]))

    def diagnose(self) -> dict[str, object]:
        """Missing joints and an inexact renderer are warnings."""
        missing: Sequence[str] = getattr(self.camera, "missing_joints", ())
        exact = getattr(self.camera, "exact", True)
        values: dict[str, object] = {"codec": self.codec.name, "hidden_surfaces": "exact" if exact else "approximate: OpenCV 5 is not here"}
        if missing:
            values.update(level=1, message=f"no picture: waiting for joints {', '.join(missing)}")
        return values

    def close(self) -> None:
        """Release the camera, then the node."""
        self.camera.close()
        super().close()


def _heard(*publishers: Publisher) -> bool:
    return any(publisher.get_subscription_count() > 0 for publisher in publishers)


def _pose_values(pose: Any) -> tuple[float, ...]:
    at, turn = pose.position, pose.orientation
    return at.x, at.y, at.z, turn.w, turn.x, turn.y, turn.z


def main() -> int:
    """Console script."""
    from ..ros.main import run

    return run(StereoCamera)
