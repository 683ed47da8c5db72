"""stereo_viewer in process: the age it tells and the picture it shows."""

import math

import numpy as np
import pytest

pytest.importorskip("rclpy")
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Float64, Float64MultiArray

from telesurgery_nodes.core.link.ledger_picture import BRIDGE_STAGES, PICTURE_STAGES
from telesurgery_nodes.core.values import StereoFrame
from telesurgery_nodes.core.video.marks import SENT, write_marks
from telesurgery_nodes.core.video.monitor import PictureReport, PictureState
from telesurgery_nodes.devices.cameras.screen import paint
from telesurgery_nodes.devices.codecs.mjpeg import MjpegCodec
from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.nodes.stereo_viewer import StereoViewer
from telesurgery_nodes.ros.messages import stamp_from
from telesurgery_nodes.ros.pictures import packed_msg

EYE = np.full((120, 160, 3), 120, np.uint8)


@pytest.fixture
def viewer(graph, tmp_path):
    node = graph.make(StereoViewer, snapshot_dir=str(tmp_path / "shots"), snapshot_period=0.1)
    tester = graph.plain()
    ages = []
    tester.create_subscription(Float64, "console/picture_age", lambda msg: ages.append(msg.data), 10)
    video = tester.create_publisher(CompressedImage, "endoscope/stereo/video", 1)
    assert graph.spin_until(lambda: video.get_subscription_count() == 1 and len(ages) > 0)

    def send(age=0.0, mark="mjpeg; sbs", data=None, stamp=None):
        stamp = node.ros_now() - age if stamp is None else stamp
        coded = MjpegCodec().encode(StereoFrame(0, stamp, EYE, EYE))[0] if data is None else data
        video.publish(packed_msg(coded, mark, stamp_from(stamp), "x"))

    return node, ages, send, tester


def test_nothing_yet_is_an_infinite_age_told_at_25_hz(graph, viewer):
    _, ages, _, _ = viewer
    ages.clear()
    graph.spin_for(1.0)
    assert len(ages) >= 20 and all(math.isinf(age) for age in ages)


def test_age_comes_from_the_capture_stamp_and_grows_in_silence(graph, viewer):
    node, ages, send, _ = viewer
    send(age=0.12)
    assert graph.spin_until(lambda: node.counters["pictures"] == 1)
    assert graph.spin_until(lambda: math.isfinite(ages[-1]))
    ages.clear()
    graph.spin_for(0.7)
    assert 0.12 <= ages[0] < 0.5
    assert ages == sorted(ages) and ages[-1] > ages[0] + 0.5
    assert node.diagnose()["message"] == "STALE"


def test_repeated_capture_stamp_is_frozen(graph, viewer):
    node, ages, send, _ = viewer
    stamp = node.ros_now()
    for count in (1, 2, 3):
        send(stamp=stamp)
        assert graph.spin_until(lambda count=count: node.counters["pictures"] == count)
    assert node.diagnose()["message"] == "FROZEN"
    assert graph.spin_until(lambda: math.isinf(ages[-1]))
    send()
    assert graph.spin_until(lambda: node.diagnose()["message"] == "LIVE")


def test_garbage_and_unknown_formats_are_counted_and_do_not_refresh_the_age(graph, viewer):
    node, ages, send, _ = viewer
    send(data=b"garbage")
    assert graph.spin_until(lambda: node.counters["decode_errors"] == 1)
    send(mark="theora; sbs")
    assert graph.spin_until(lambda: node.counters["unknown_format"] == 1)
    assert math.isinf(ages[-1])


def test_snapshots_and_raw_for_listeners(graph, viewer, tmp_path):
    node, _, send, tester = viewer
    raw = []
    tester.create_subscription(Image, "endoscope/left/image_raw", raw.append, qos_profile_sensor_data)
    assert graph.spin_until(lambda: node._raw["left"].get_subscription_count() == 1)
    shots = tmp_path / "shots"
    for _ in range(30):
        send()
        if graph.spin_until(lambda: len(raw) > 0 and any(shots.glob("*_live.png")), 0.05):
            break
    assert raw[0].width == 160 and raw[0].header.frame_id == "endoscope_left_optical_frame"
    assert any(shots.glob("*_no_signal.png")) and any(shots.glob("*_live.png"))


def test_window_without_a_screen_is_refused(graph, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(ConfigError, match="snapshot_dir"):
        graph.make(StereoViewer, window=True)


def test_paint_marks_both_eyes_and_greys_what_is_not_to_be_trusted():
    red = np.zeros((120, 320, 3), np.uint8)
    red[..., 0] = 200
    live, old = (paint((red, red), PictureReport(state, 0.1)) for state in (PictureState.LIVE, PictureState.STALE))
    assert live.shape == (120, 640, 3)
    assert tuple(live[10, 10]) == (200, 0, 0) and len(set(old[10, 10].tolist())) == 1
    for eye in (slice(0, 320), slice(320, 640)):
        assert (live[-20:, eye] > 200).all(axis=-1).sum() > 20, "no text on this eye"
    assert paint(None, PictureReport(PictureState.NO_SIGNAL, math.inf)).shape == (480, 1280, 3)


def test_a_picture_on_the_screen_closes_its_ledger_and_one_without_times_says_what_is_not_known(graph, viewer):
    node, _, send, tester = viewer
    traces = []
    tester.create_subscription(Float64MultiArray, "console/picture_trace", lambda msg: traces.append(list(msg.data)), 10)
    assert graph.spin_until(lambda: node._trace.get_subscription_count() == 1)
    known = dict.fromkeys(BRIDGE_STAGES, 0.01)
    for mark, unknown in ((write_marks("mjpeg", True, {**known, SENT: node.ros_now()}), 0), ("mjpeg; sbs", 1), ("mjpeg; sbs; pace=x", 2)):
        before = len(traces)
        send(age=0.06, mark=mark)
        assert graph.spin_until(lambda before=before: len(traces) > before)
        assert node.diagnose()["unknown_stages"] == unknown
    stages = dict(zip(PICTURE_STAGES, traces[0][2:], strict=True))
    assert traces[0][1] > 0.06 and all(stages[name] == pytest.approx(0.01) for name in BRIDGE_STAGES)
    assert stages["decode"] >= 0.0 and stages["display"] >= 0.0 and traces[0][1] < 1.0
    assert [math.isnan(value) for value in traces[1][2:]] == [name in (*BRIDGE_STAGES, "hop_viewer") for name in PICTURE_STAGES]
    assert node.counters["broken_marks"] == 1


def test_decode_and_display_are_measured_and_add_up_from_the_arrival(graph, viewer, monkeypatch):
    node, _, send, _ = viewer
    entries, steps = [], iter((10.0, 10.004))
    monkeypatch.setattr(node._ledger, "update", lambda stages, age: entries.append((stages, age)))
    monkeypatch.setattr(node, "both_clocks", lambda: (next(steps), 2.0))
    real = node.now
    monkeypatch.setattr(node, "now", lambda: 10.003 if not entries else real())
    send(stamp=1.9, mark=write_marks("mjpeg", True, {SENT: 1.998}))
    assert graph.spin_until(lambda: entries)
    stages, age = entries[0]
    assert {name: round(stages[name], 6) for name in ("hop_viewer", "decode", "display")} == {
        "hop_viewer": 0.002, "decode": 0.003, "display": 0.001,
    }  # fmt: skip
    assert age == pytest.approx(0.1)
