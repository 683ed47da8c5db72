"""One suite for every video codec: what devices/protocols.VideoCodec promises."""

import cv2
import numpy as np
import pytest

from telesurgery_nodes.core.values import StereoFrame
from telesurgery_nodes.devices.codecs import h264
from telesurgery_nodes.devices.codecs.h264 import H264Codec
from telesurgery_nodes.devices.codecs.mjpeg import MjpegCodec
from telesurgery_nodes.errors import ConfigError, DeviceError

SIZE = (240, 320)
GOOD_DB = 30.0


def frame(seq, size=SIZE):
    """A smooth moving scene whose eyes differ by a shift."""
    height, width = size
    x, y = np.meshgrid(np.arange(width + 40), np.arange(height))
    waves = 128 + 80 * np.sin((x + 3 * seq) / 23), 90 + 60 * np.cos(y / 17), 60 + 40 * np.sin((x - y) / 31)
    picture = np.stack(waves, -1).astype(np.uint8)
    cv2.circle(picture, (60 + 4 * seq % width, 100), 25, (230, 230, 235), -1)
    return StereoFrame(seq, seq * 0.04, picture[:, :width].copy(), picture[:, 12 : width + 12].copy())


def psnr(a, b):
    return 10 * np.log10(255.0**2 / max(np.mean((a.astype(float) - b.astype(float)) ** 2), 1e-9))


def both(decoded, original):
    return min(psnr(decoded[0], original.left), psnr(decoded[1], original.right))


@pytest.fixture(params=[H264Codec, MjpegCodec], ids=lambda cls: cls.name)
def make(request):
    if request.param is H264Codec:
        pytest.importorskip("av")
    return request.param


def test_no_frame_is_held_and_the_first_is_a_key(make):
    sender, receiver = make(), make()
    for seq in range(30):
        original = frame(seq)
        data, key = sender.encode(original)
        assert key or seq > 0
        decoded = receiver.decode(data)
        assert decoded is not None, f"frame {seq} was held back"
        # against its own original: a codec one frame late would fall below, the scene moves
        assert both(decoded, original) > GOOD_DB
        assert decoded[0].shape == (*SIZE, 3) and decoded[0].dtype == np.uint8


def test_eyes_do_not_swap(make):
    original = frame(0)
    left, right = make().decode(make().encode(original)[0])
    assert psnr(left, original.left) > psnr(left, original.right) + 5
    assert psnr(right, original.right) > psnr(right, original.left) + 5


def test_key_on_request(make):
    sender = make()
    keys = [sender.encode(frame(seq), force_key=seq == 5)[1] for seq in range(8)]
    assert keys[0] and keys[5]


def test_late_viewer_sees_nothing_until_a_key_then_a_good_picture(make):
    sender, viewer = make(), make()
    stream = [(frame(seq), *sender.encode(frame(seq), force_key=seq == 6)) for seq in range(9)]
    for original, data, key in stream[2:]:
        decoded = viewer.decode(data)
        assert key or decoded is None or original.seq > 6
        if original.seq >= 6:
            assert both(decoded, original) > GOOD_DB


def test_lost_packet_heals_at_the_next_key(make):
    sender, viewer = make(), make()
    for seq in range(20):
        original = frame(seq)
        data, _ = sender.encode(original, force_key=seq == 12)
        if seq in (5, 6):
            continue
        decoded = viewer.decode(data)
        if seq >= 12:
            assert both(decoded, original) > GOOD_DB


def test_garbage_is_a_device_error_or_nothing_and_a_key_heals(make):
    sender, viewer = make(), make()
    viewer.decode(sender.encode(frame(0))[0])
    with pytest.raises(DeviceError):
        viewer.decode(b"\x00\x00\x01\x65 this is not video")
    data, _ = sender.encode(frame(1), force_key=True)
    assert both(viewer.decode(data), frame(1)) > GOOD_DB


def test_size_may_change(make):
    sender, viewer = make(), make()
    viewer.decode(sender.encode(frame(0))[0])
    small = frame(1, (120, 160))
    data, key = sender.encode(small)
    assert key
    assert both(viewer.decode(data), small) > GOOD_DB - 3


def test_eyes_of_two_sizes_are_refused(make):
    with pytest.raises(ConfigError):
        make().encode(StereoFrame(0, 0.0, frame(0).left, frame(0, (120, 160)).right))


def test_h264_heals_by_intra_refresh_without_a_key():
    pytest.importorskip("av")
    sender, viewer = H264Codec(fps=10), H264Codec(fps=10)
    keys = 0
    for seq in range(40):
        original = frame(seq)
        data, key = sender.encode(original)
        keys += key
        if seq == 5:
            continue
        decoded = viewer.decode(data)
    assert keys == 1, "intra refresh replaces periodic key frames"
    assert both(decoded, original) > GOOD_DB


def test_h264_rate_is_held():
    pytest.importorskip("av")
    sender = H264Codec(fps=25, bitrate=500_000)
    rng = np.random.default_rng(1)
    sizes = []
    for seq in range(60):
        noise = rng.integers(0, 255, (*SIZE, 3), dtype=np.uint8)
        sizes.append(len(sender.encode(StereoFrame(seq, 0.0, noise, noise))[0]))
    assert sum(sizes[10:]) * 8 / (50 / 25) < 500_000 * 1.6


def test_h264_without_pyav_says_what_to_do(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(ConfigError, match="mjpeg"):
        h264.H264Codec()


def test_mjpeg_refuses_a_bad_quality():
    with pytest.raises(ConfigError):
        MjpegCodec(quality=0)
