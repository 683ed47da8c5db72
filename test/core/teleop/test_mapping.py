"""Laws of the clutch-epoch mapping."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telesurgery_nodes.core.rotations import exp
from telesurgery_nodes.core.teleop.mapping import Anchor, valid_scale
from telesurgery_nodes.core.values import Pose
from telesurgery_nodes.errors import ConfigError

VECTORS = st.tuples(*[st.floats(-0.5, 0.5)] * 3).map(np.array)
POSES = st.builds(lambda p, r: Pose(p, exp(r)), VECTORS, VECTORS)
SCALES = st.floats(0.01, 1.0)


@settings(max_examples=60, deadline=None)
@given(POSES, SCALES)
def test_an_epoch_begins_with_exactly_nothing(hand, scale):
    anchor = Anchor(hand, scale)
    assert np.array_equal(anchor.displacement(hand), np.zeros(3))
    assert np.array_equal(anchor.rotation(hand), np.eye(3))


@settings(max_examples=60, deadline=None)
@given(POSES, POSES, SCALES)
def test_displacement_scales_and_rotation_does_not(start, hand, scale):
    full, part = Anchor(start, 1.0), Anchor(start, scale)
    assert part.displacement(hand) == pytest.approx(scale * full.displacement(hand), abs=1e-15)
    assert full.displacement(hand) == pytest.approx(hand.position - start.position)
    assert part.rotation(hand) @ start.rotation == pytest.approx(hand.rotation, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(POSES, st.lists(POSES, min_size=2, max_size=6), SCALES, st.data())
def test_losing_samples_changes_no_later_one(start, hands, scale, data):
    anchor = Anchor(start, scale)
    everything = [anchor.displacement(hand) for hand in hands]
    kept = data.draw(st.lists(st.booleans(), min_size=len(hands), max_size=len(hands)))
    again = Anchor(start, scale)
    for hand, keep, wanted in zip(hands, kept, everything, strict=True):
        if keep:
            assert np.array_equal(again.displacement(hand), wanted)


@pytest.mark.parametrize("scale", [0.0, -0.2, 1.01, math.nan, math.inf])
def test_a_scale_outside_0_1_is_refused(scale):
    assert not valid_scale(scale)
    with pytest.raises(ConfigError, match="motion scale"):
        Anchor(Pose(np.zeros(3), np.eye(3)), scale)
