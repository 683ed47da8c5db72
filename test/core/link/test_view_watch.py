"""The camera's own motion: when it stands, when it has gone away, and what a silent one is."""

import numpy as np
import pytest

from telesurgery_nodes.core.link.release import AGAIN, Releases
from telesurgery_nodes.core.link.view_watch import FRESH, MOVED_M, MOVED_RAD, SETTLE, ViewWatch, further
from telesurgery_nodes.core.rotations import exp
from telesurgery_nodes.core.values import Pose

HERE = Pose(np.zeros(3), np.eye(3))


def turned(radians, metres=0.0):
    return Pose(np.array([metres, 0.0, 0.0]), exp(np.array([0.0, radians, 0.0])))


def test_it_stands_once_it_has_settled_and_noise_is_no_motion():
    watch = ViewWatch()
    assert watch.view(0.0) is None
    watch.update(HERE, 1.0)
    assert not watch.view(1.0).still and watch.view(1.0 + SETTLE).still
    for tick in range(20):
        watch.update(turned(1e-5 * (-1) ** tick, 1e-6 * (-1) ** tick), 1.2 + 0.04 * tick)
        assert watch.view(1.2 + 0.04 * tick).still


@pytest.mark.parametrize("step", [turned(0.003), turned(0.0, 0.0003)])
def test_a_step_is_motion_for_the_time_it_takes_to_settle(step):
    watch = ViewWatch()
    watch.update(HERE, 0.0)
    watch.update(step, 1.0)
    assert not watch.view(1.0 + 0.9 * SETTLE).still and watch.view(1.0 + SETTLE + 1e-9).still


def test_a_silent_camera_is_nowhere():
    watch = ViewWatch()
    watch.update(HERE, 0.0)
    gone = watch.view(FRESH * 1.1)
    assert not gone.still and further(gone.pose, HERE, 1e9, 1e9)


def test_far_is_either_far_or_turned():
    assert not further(turned(MOVED_RAD * 0.9, MOVED_M * 0.9), HERE, MOVED_M, MOVED_RAD)
    assert further(turned(MOVED_RAD * 1.1), HERE, MOVED_M, MOVED_RAD) and further(turned(0.0, MOVED_M * 1.1), HERE, MOVED_M, MOVED_RAD)


def test_arms_that_are_not_wanted_are_told_at_once_and_again():
    releases = Releases(("PSM1", "PSM2", "ECM"))
    assert releases.update({"PSM1", "PSM2"}, 0.0) == ["ECM"]
    assert releases.update({"PSM1", "PSM2"}, 0.5 * AGAIN) == [] and releases.update({"PSM1", "PSM2"}, AGAIN) == ["ECM"]
    assert releases.update({"ECM"}, AGAIN + 0.01) == ["PSM1", "PSM2"]
    assert releases.update(set(), AGAIN + 0.02) == ["ECM"], "taken and let go again: told at once"
