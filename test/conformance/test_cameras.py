"""Stereo sources: what devices/protocols.StereoSource promises, and that the drawn picture is the camera CameraInfo describes."""

import math

import numpy as np
import pytest

from telesurgery_nodes.core.video.geometry import StereoGeometry, project
from telesurgery_nodes.devices.cameras import rasteriser
from telesurgery_nodes.devices.cameras.simulated import SimulatedStereo
from telesurgery_nodes.errors import ConfigError

MODEL = StereoGeometry(320, 240)
BALL = 0.004
URDF = f"""<robot name="small"><link name="base"/>
<link name="wall"><visual><geometry><box size="1 1 0.01"/></geometry></visual></link>
<joint name="w" type="fixed"><parent link="base"/><child link="wall"/><origin xyz="0 0 0.4"/></joint>
<link name="ball"><visual><geometry><sphere radius="{BALL}"/></geometry></visual></link>
<joint name="slide" type="prismatic"><parent link="base"/><child link="ball"/><origin xyz="0 0.01 0.1"/><axis xyz="1 0 0"/>
  <limit lower="-1" upper="1"/></joint>
<link name="shaft"><visual><geometry><cylinder radius="0.004" length="0.5"/></geometry></visual></link>
<joint name="out" type="prismatic"><parent link="base"/><child link="shaft"/><origin xyz="0.03 0 0"/><axis xyz="1 0 0"/>
  <limit lower="-1" upper="1"/></joint>
<link name="scope"/>
<joint name="ECM_insertion" type="prismatic"><parent link="base"/><child link="scope"/><axis xyz="0 0 1"/>
  <limit lower="-1" upper="1"/></joint>
<link name="endoscope_left_optical_frame"/><link name="endoscope_right_optical_frame"/>
<joint name="l" type="fixed"><parent link="scope"/><child link="endoscope_left_optical_frame"/></joint>
<joint name="r" type="fixed"><parent link="scope"/><child link="endoscope_right_optical_frame"/><origin xyz="{MODEL.baseline} 0 0"/></joint>
</robot>"""
AWAY = {"slide": 0.0, "out": 9.0, "ECM_insertion": 0.0}


@pytest.fixture
def camera():
    made = SimulatedStereo(MODEL, URDF)
    yield made
    made.close()


def look(camera, **joints):
    camera.set_joints(AWAY | joints)
    return camera.read(0.0)


def spot(picture, empty):
    """Middle [px] of what differs from the empty scene."""
    rows, columns = np.nonzero(np.abs(picture.astype(int) - empty).sum(axis=2) > 10)
    return np.array([(columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2])


def test_no_picture_until_every_joint_is_known(camera):
    assert camera.read(0.0) is None
    camera.set_joints({"slide": 0.0})
    assert camera.read(0.0) is None and camera.missing_joints == ("ECM_insertion", "out")
    first, second = look(camera), look(camera)
    assert first.left.shape == first.right.shape == (240, 320, 3) and first.left.dtype == np.uint8
    assert second.seq == first.seq + 1


@pytest.mark.parametrize("x", [-0.03, 0.0, 0.011, 0.04])
def test_both_eyes_see_a_point_where_their_projection_says(camera, x):
    empty = look(camera, slide=9.0)
    frame = look(camera, slide=x)
    wanted = [project(projection, np.array([[x, 0.01, 0.1]]))[0] for projection in (MODEL.left_projection, MODEL.right_projection)]
    assert spot(frame.left, empty.left) == pytest.approx(wanted[0], abs=0.8)
    assert spot(frame.right, empty.right) == pytest.approx(wanted[1], abs=0.8)


def test_a_shaft_through_the_near_plane_is_not_lost(camera):
    empty = look(camera, slide=9.0)
    frame = look(camera, slide=9.0, out=0.0)
    changed = np.abs(frame.left.astype(int) - empty.left).sum(axis=2) > 10
    assert changed[120, -1], "the shaft comes in from the edge of the picture"


@pytest.mark.skipif(not rasteriser.EXACT, reason="hidden surfaces are approximate without triangleRasterize")
def test_the_wall_hides_what_is_behind_it(camera):
    empty = look(camera, slide=9.0)
    camera.set_objects([(0, 0, 0.6, 1, 0, 0, 0)])
    assert (look(camera, slide=9.0).left == empty.left).all()
    camera.set_objects([(0, 0, 0.2, 1, 0, 0, 0)])
    assert (look(camera, slide=9.0).left != empty.left).any()


def test_still_scene_is_drawn_once_per_camera_pose_and_moving_back_gives_the_same_picture(camera):
    before = look(camera)
    for x in (0.01, 0.02):
        look(camera, slide=x)
    assert camera.static_draws == 1
    assert (look(camera).left == before.left).all(), "something stayed behind in the kept picture"
    look(camera, ECM_insertion=0.01)
    assert camera.static_draws == 2


def test_without_the_rasteriser_a_painted_picture_says_so(camera, monkeypatch):
    monkeypatch.setattr(rasteriser, "EXACT", False)
    empty = look(camera, slide=9.0)
    frame = look(camera, slide=0.0)
    assert not camera.exact
    assert spot(frame.left, empty.left) == pytest.approx(project(MODEL.left_projection, np.array([[0, 0.01, 0.1]]))[0], abs=1.0)


def test_nonsense_is_refused_and_nothing_is_taken(camera):
    look(camera)
    with pytest.raises(ConfigError, match="slide"):
        camera.set_joints({"slide": math.nan, "out": 0.0})
    for pose in [(0, 0, 0), (0, 0, math.inf, 1, 0, 0, 0), (0, 0, 0, 0, 0, 0, 0)]:
        with pytest.raises(ConfigError, match="pose"):
            camera.set_objects([pose])
    with pytest.raises(ConfigError, match="ring"):
        SimulatedStereo(MODEL, URDF, 0.001, 0.002)
