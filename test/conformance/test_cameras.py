"""Stereo sources: what devices/protocols.StereoSource promises, and that the drawn picture is the camera CameraInfo describes."""

import math
from dataclasses import replace

import numpy as np
import pytest

from telesurgery_nodes.core.values import Pose
from telesurgery_nodes.core.video import meshes
from telesurgery_nodes.core.video.geometry import StereoGeometry, project
from telesurgery_nodes.core.video.view import in_view, seen_by
from telesurgery_nodes.devices.cameras import canvas, rasteriser, simulated
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
exactly = pytest.mark.skipif(not rasteriser.EXACT, reason="hidden surfaces are approximate without triangleRasterize")
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


@exactly
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("depth", [0.1, 1.9])
@pytest.mark.parametrize("pixel", [(0, 0), (160, 120), (7, 200), (319, 239)])
def test_a_mesh_of_one_pixel_lies_at_the_pixel_of_the_geometry(side, depth, pixel):
    """Half a pixel off, where cv2 and StereoGeometry count differently, would light another pixel."""
    half = 0.4 * depth / MODEL.focal
    projection = (MODEL.left_projection, MODEL.right_projection)[side]
    middle = np.linalg.solve(projection[:, :3], depth * np.array([*pixel, 1.0]) - projection[:, 3])
    assert project(projection, middle[None])[0] == pytest.approx(pixel)
    corners = middle + half * np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    white = np.ones((4, 3))
    mesh = meshes.Mesh(corners, white, white, np.array([[0, 1, 2], [0, 2, 3]], np.int32))
    eye = Pose(np.array([side * MODEL.baseline, 0.0, 0.0]), np.eye(3))
    color, far = np.zeros((MODEL.height, MODEL.width, 3), np.float32), np.full((MODEL.height, MODEL.width), rasteriser.FARTHEST, np.float32)
    rasteriser.draw(seen_by(mesh, white, eye, MODEL), MODEL, color, far)
    assert np.argwhere(color[:, :, 0] > 0.5).tolist() == [[pixel[1], pixel[0]]]


def test_a_shaft_through_the_near_plane_is_not_lost(camera):
    empty = look(camera, slide=9.0)
    frame = look(camera, slide=9.0, out=0.0)
    changed = np.abs(frame.left.astype(int) - empty.left).sum(axis=2) > 10
    assert changed[120, -1], "the shaft comes in from the edge of the picture"


@exactly
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


def ring(x, z=0.09, y=0.012):
    return (x, y, z, 1.0, 0.2, 0.1, 0.0)


# Joints and rings of one picture after the other; the ball goes through the first ring, and the shaft stands in front of the second.
STORY = [
    ({}, [ring(0.0), ring(0.02)]),
    ({"slide": -0.01}, [ring(0.0), ring(0.02)]),
    ({"slide": -0.005, "out": -0.01}, [ring(0.0), ring(0.02)]),
    ({"slide": 0.0, "out": -0.01}, [ring(0.003, 0.085), ring(0.02)]),  # a ring is carried ...
    ({"slide": 0.005, "out": -0.01}, [ring(0.006, 0.1), ring(0.02)]),
    ({"slide": 0.006, "out": -0.01}, [ring(0.006, 0.1), ring(0.02)]),  # ... and stays where it was put
    ({"slide": 0.012, "out": -0.01}, [ring(0.006, 0.1), ring(0.02)]),
    ({"slide": 0.012, "out": -0.01, "ECM_insertion": 0.01}, [ring(0.006, 0.1), ring(0.02)]),
    ({"slide": 0.012, "out": -0.01, "ECM_insertion": -0.02}, [ring(0.006, 0.1), ring(0.01)]),  # the camera and a ring
    ({"slide": 0.012, "out": -0.02, "ECM_insertion": -0.02}, [ring(0.006, 0.1)]),  # one ring less
    ({"slide": 9.0, "out": 9.0, "ECM_insertion": -0.02}, []),  # nothing but the wall
    ({"slide": 0.012, "out": -0.02, "ECM_insertion": -0.02}, [ring(0.006, 0.1), ring(0.01), ring(-0.02)]),
    ({}, [ring(0.0), ring(0.02)]),
]


def told(camera, joints, rings):
    camera.set_objects(rings)
    return look(camera, **joints)


def odd_pixels(one, other):
    """How many differ by more than rounding; where two surfaces have one depth to the last bit, the order of drawing decides."""
    return sum(int((np.abs(getattr(one, eye).astype(int) - getattr(other, eye)).max(axis=2) > 1).sum()) for eye in ("left", "right"))


@exactly
def test_what_is_kept_from_picture_to_picture_changes_nothing(camera):
    for number, (joints, rings) in enumerate(STORY):
        assert odd_pixels(told(camera, joints, rings), told(SimulatedStereo(MODEL, URDF), joints, rings)) <= 2, f"picture {number}"


@exactly
@pytest.mark.parametrize("seed", range(4))
def test_the_same_for_any_order_of_moving_and_resting(camera, seed):
    rng = np.random.default_rng(seed)
    joints, rings = {"slide": 0.0, "out": 0.0, "ECM_insertion": 0.0}, [ring(0.0), ring(0.01), ring(-0.02)]
    for number in range(25):
        for name in [name for name in joints if rng.random() < 0.3]:
            joints[name] = rng.uniform(-0.03, 0.03)
        rings = [ring(rng.uniform(-0.02, 0.02), rng.uniform(0.07, 0.12)) if rng.random() < 0.3 else old for old in rings]
        assert odd_pixels(told(camera, joints, rings), told(SimulatedStereo(MODEL, URDF), joints, rings)) <= 2, f"picture {number}"


def test_what_stands_still_is_not_drawn_again(camera, monkeypatch):
    drawn = []
    draw = rasteriser.draw
    monkeypatch.setattr(canvas.ras, "draw", lambda *what: (drawn.append(what[0]), draw(*what)))
    rings = [ring(0.0), ring(0.02)]

    def draws(joints, rings):
        drawn.clear()
        told(camera, joints, rings)
        return len(drawn)

    assert draws({}, rings) == 2 * 4, "wall, ball and two rings for each eye; the shaft is away"
    assert draws({}, rings) == 0
    trembling = [(x + 1e-6, *rest) for x, *rest in rings]
    assert draws({"slide": 0.01}, trembling) == 2 * 3, "the ball is taken from under the rings once"
    assert draws({"slide": 0.02}, rings) == 2
    moved = [ring(0.001), rings[1]]
    assert draws({"slide": 0.02}, moved) == 2 * 3, "so is a ring that begins to move"
    assert draws({"slide": 0.02}, [ring(0.002), rings[1]]) == 2
    assert draws({"slide": 0.02, "ECM_insertion": 0.01}, moved) == 2 * 4


@exactly
@pytest.mark.parametrize("out", [0.0, -0.023, -0.0265, -0.0275, -0.03, -0.033, -0.04])
def test_backs_are_left_out_only_where_nobody_sees_them(camera, monkeypatch, out):
    """The shaft in front of, beside and around the eyes, against all triangles drawn (on an outline back and front have one depth)."""
    frame = told(camera, {"out": out}, [ring(0.0)])
    monkeypatch.setattr(simulated, "in_view", lambda *what: replace(in_view(*what), closed=False))
    assert odd_pixels(frame, told(SimulatedStereo(MODEL, URDF), {"out": out}, [ring(0.0)])) <= 10


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
