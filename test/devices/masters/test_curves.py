"""The spline through recorded samples."""

from __future__ import annotations

import numpy as np
import pytest

from telesurgery_nodes.devices.masters.curves import Spline, _second_differences


@pytest.mark.parametrize("count", [2, 3, 20])
def test_every_piece_is_its_cubic_and_outside_it_stays_at_the_ends(count):
    rows, period = np.random.default_rng(count).normal(size=(count, 13)), 1.0 / 30.0
    spline, bend = Spline(rows, period), _second_differences(rows)
    for place in np.linspace(-1.0, count, 97):
        inside = min(max(place, 0.0), count - 1.0)
        index = min(int(inside), count - 2)
        right, left = inside - index, 1.0 - (inside - index)
        bent = (left**3 - left) * bend[index] + (right**3 - right) * bend[index + 1]
        wanted = left * rows[index] + right * rows[index + 1] + bent / 6.0
        assert np.abs(spline.at(place * period) - wanted).max() < 1e-12
    assert spline.duration == pytest.approx((count - 1) * period)
