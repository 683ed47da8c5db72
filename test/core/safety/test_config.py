"""safety.yaml: strict, or no start."""

import math
from pathlib import Path

import pytest
import yaml

from telesurgery_nodes.core.safety.config import safety_config
from telesurgery_nodes.errors import ConfigError

GOOD = {"timing": "realtime", "jump_mm": 10.0, "jump_deg": 10, "force_sensor": "required", "force_warn_n": 3.0, "force_stop_n": 5}
SHIPPED = Path(__file__).parents[3] / "config" / "safety.yaml"


def test_good_becomes_limits():
    config = safety_config(GOOD)
    assert config.timing.name == "realtime"
    assert (config.gate.jump_m, config.gate.jump_rad) == pytest.approx((0.010, math.radians(10.0)))


def test_the_shipped_file_is_valid():
    assert safety_config(yaml.safe_load(SHIPPED.read_text())).gate.command_hold == pytest.approx(0.1)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        {},
        {**GOOD, "timming": "shared"},
        {key: value for key, value in GOOD.items() if key != "jump_mm"},
        {**GOOD, "timing": "fast"},
        {**GOOD, "timing": ["shared"]},
        {**GOOD, "jump_mm": math.nan},
        {**GOOD, "force_sensor": "maybe"},
        {**GOOD, "force_sensor": True},
        {**GOOD, "force_warn_n": 5.1},
        {**GOOD, "force_stop_n": 0.0},
        {**GOOD, "force_stop_n": math.nan},
        {**GOOD, "jump_mm": True},
        {**GOOD, "jump_mm": "10"},
        {**GOOD, "jump_deg": 0.5},
        {**GOOD, "jump_mm": 51.0},
    ],
)
def test_anything_else_refuses_the_start(bad):
    with pytest.raises(ConfigError, match="wanted"):
        safety_config(bad)


def test_force_limits_and_their_age():
    force = safety_config(GOOD).force
    assert (force.warn, force.stop, force.required) == (3.0, 5.0, True) and force.age == pytest.approx(0.15)
    assert not safety_config({**GOOD, "force_sensor": "none"}).force.required
    assert safety_config({**GOOD, "timing": "shared", "force_warn_n": 5.0}).force.age == pytest.approx(0.25)
