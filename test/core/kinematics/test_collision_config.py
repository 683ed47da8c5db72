"""collision.yaml and the no-go file: what is not understood refuses the start."""

from __future__ import annotations

import math

import pytest
from collision_cart import rules, volume

from telesurgery_nodes.core.kinematics.collision_config import Zone, collision_config
from telesurgery_nodes.core.kinematics.no_go import no_go_volumes
from telesurgery_nodes.errors import ConfigError


@pytest.mark.parametrize(
    ("key", "value"),
    [("classes", {}), ("approach_mm_s", 0.0), ("approach_mm_s", math.nan), ("approach_mm_s", True), ("unknown_after_ms", "soon"),
     ("port", {"radius_mm": 1.0}), ("absent_arms", "PSM3"), ("no_go_slow_mm", None)],
)  # fmt: skip
def test_a_configuration_that_is_not_understood_is_refused(key: str, value: object) -> None:
    assert collision_config(rules()).zones["arm_arm"] == Zone(0.02, 0.005)
    with pytest.raises(ConfigError):
        collision_config({**rules(), key: value})
    with pytest.raises(ConfigError):
        collision_config({**rules(), "more": 1})
    swapped = {**rules()["classes"], "arm_arm": {"slow_mm": 5.0, "stop_mm": 5.0}}
    with pytest.raises(ConfigError, match="stop_mm below slow_mm"):
        collision_config({**rules(), "classes": swapped})


WRONG = (
    {"name": "two words"}, {"forbid": "maybe"}, {"shape": {"kind": "cone"}}, {"shape": {"kind": "sphere", "radius_mm": math.nan}},
    {"shape": {"kind": "sphere"}}, {"shape": {"kind": "box", "size_mm": [1.0, 2.0]}}, {"frame": "PSM1_tip"}, {"xyz_mm": [0.0, 0.0]},
    {"rpy_deg": [0.0, 0.0, math.inf]}, {"margin_mm": -1.0}, {"applies_to": "some"}, {"colour": "red"},
    {"shape": {"kind": "mesh", "file": "", "scale": 1.0}}, {"shape": {"kind": "mesh", "file": "a.stl", "scale": 1.0}, "forbid": "outside"},
)  # fmt: skip


@pytest.mark.parametrize("changes", WRONG, ids=str)
def test_a_volume_that_is_not_understood_is_refused(changes: dict) -> None:
    assert len(no_go_volumes({"volumes": [volume()]}, ["patient_cart"])) == 1
    with pytest.raises(ConfigError, match="no-go volume"):
        no_go_volumes({"volumes": [volume(**changes)]}, ["patient_cart"])


def test_a_no_go_file_that_is_none_is_refused() -> None:
    for content in (None, [], {"volume": []}, {"volumes": {}}, {"volumes": [volume(), volume()]}):
        with pytest.raises(ConfigError):
            no_go_volumes(content, ["patient_cart"])
