"""stereo_camera in process: what it publishes, when, and when it must not."""

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy")
from geometry_msgs.msg import Pose, PoseArray
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, JointState

from telesurgery_nodes.core.video.marks import SENT, read_marks
from telesurgery_nodes.nodes.stereo_camera import EYES, StereoCamera
from telesurgery_nodes.registry import load
from telesurgery_nodes.ros.messages import seconds


@pytest.fixture
def camera(graph):
    node = graph.make(StereoCamera, codec="mjpeg", width=160, height=120, fps=25)
    tester = graph.plain()
    got = []
    tester.create_subscription(CompressedImage, "endoscope/stereo/video", got.append, qos_profile_sensor_data)
    joints = tester.create_publisher(JointState, "joint_states", 1)
    names = list(node.camera.missing_joints)

    def feed(positions=None):
        values = dict.fromkeys(names, 0.1) | (positions or {})
        joints.publish(JointState(name=list(values), position=[float(value) for value in values.values()]))

    assert graph.spin_until(lambda: joints.get_subscription_count() == 1)
    return node, tester, got, feed


def spin_feeding(graph, feed, condition, timeout=10.0):
    for _ in range(int(timeout / 0.05)):
        feed()
        if graph.spin_until(condition, 0.05):
            return True
    return False


def test_no_joints_no_picture(graph, camera):
    node, _, got, _ = camera
    graph.spin_for(0.3)
    assert not got and node.counters["no_source"] > 0
    assert node.diagnose()["level"] == 1


def test_pictures_with_capture_time_and_decodable(graph, camera):
    node, _, got, feed = camera
    assert spin_feeding(graph, feed, lambda: len(got) >= 3)
    assert got[0].format.startswith("mjpeg; sbs")
    assert 0.0 <= node.ros_now() - seconds(got[-1].header.stamp) < 1.0
    marks = read_marks(got[-1].format)
    assert set(marks.times) == {"camera", "encode", SENT} and not marks.broken
    inside = marks.times[SENT] - seconds(got[-1].header.stamp)
    assert marks.times["camera"] > 0.0 and marks.times["encode"] > 0.0
    assert marks.times["camera"] + marks.times["encode"] == pytest.approx(inside, abs=2e-3), "by two clocks of this machine"
    left, right = load("codecs", "mjpeg")().decode(bytes(got[-1].data))
    assert left.shape == right.shape == (120, 160, 3)
    assert np.abs(left.astype(int) - right).mean() > 0.5, "the eyes must differ"


def test_each_stage_lies_between_its_own_two_readings_of_the_clocks(graph, camera, monkeypatch):
    node, _, got, feed = camera
    assert spin_feeding(graph, feed, lambda: len(got) >= 1)
    now, steps = node.now(), iter([(5.0, 100.0), (5.020, 100.021), (5.050, 100.052)])
    graph.executor.remove_node(node)
    sent = []
    monkeypatch.setattr(node, "now", lambda: now)
    monkeypatch.setattr(node, "both_clocks", lambda: next(steps))
    monkeypatch.setattr(node._video, "publish", sent.append)
    node.capture()
    graph.executor.add_node(node)
    assert read_marks(sent[0].format).times == pytest.approx({"camera": 0.021, "encode": 0.030, SENT: 100.052})
    assert seconds(sent[0].header.stamp) == pytest.approx(100.0)


def test_a_silent_robot_stops_the_picture(graph, camera):
    _, _, got, feed = camera
    assert spin_feeding(graph, feed, lambda: len(got) >= 2)
    graph.spin_for(0.6)
    count = len(got)
    graph.spin_for(0.4)
    assert len(got) == count, "an old scene was published with a fresh stamp"


def test_bad_joints_are_counted_and_not_taken(graph, camera):
    node, _, _, feed = camera
    feed({"ECM_yaw": float("nan")})
    assert graph.spin_until(lambda: node.counters["bad_joint_states"] > 0)
    assert "ECM_yaw" in node.camera.missing_joints


def test_bad_objects_are_counted(graph, camera):
    node, tester, _, _ = camera
    objects = tester.create_publisher(PoseArray, "robot/objects", 1)
    assert graph.spin_until(lambda: objects.get_subscription_count() == 1)
    bad = Pose()
    bad.orientation.w = 0.0
    objects.publish(PoseArray(poses=[bad]))
    assert graph.spin_until(lambda: node.counters["bad_objects"] == 1)


def test_raw_and_info_only_for_listeners_and_share_the_stamp(graph, camera):
    _, tester, _, feed = camera
    raw, info, jpeg = [], [], []
    tester.create_subscription(Image, "endoscope/right/image_raw", raw.append, qos_profile_sensor_data)
    tester.create_subscription(CameraInfo, "endoscope/right/camera_info", info.append, qos_profile_sensor_data)
    tester.create_subscription(CompressedImage, "endoscope/right/image_raw/compressed", jpeg.append, qos_profile_sensor_data)
    assert spin_feeding(graph, feed, lambda: len(raw) > 2 and len(info) > 2 and len(jpeg) > 2)
    stamps = [{seconds(msg.header.stamp) for msg in msgs} for msgs in (raw, info)]
    assert stamps[0] & stamps[1]
    assert raw[0].header.frame_id == info[0].header.frame_id == EYES["right"]
    assert info[0].p[3] == pytest.approx(-info[0].p[0] * 0.005)
    assert cv2.imdecode(np.frombuffer(jpeg[0].data, np.uint8), cv2.IMREAD_COLOR).shape == (120, 160, 3)
