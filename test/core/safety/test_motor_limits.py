"""Hard limits from the shipped files: outside what the controller keeps, or no start."""

import math
from pathlib import Path

import pytest
import yaml

from telesurgery_nodes.core.arm.config import arm_config
from telesurgery_nodes.core.safety.config import safety_config
from telesurgery_nodes.core.safety.motor_limits import KEYS, motor_limits
from telesurgery_nodes.errors import ConfigError

CONFIG = Path(__file__).parents[3] / "config"
SAFETY = safety_config(yaml.safe_load((CONFIG / "safety.yaml").read_text()))


def shipped(name):
    return yaml.safe_load((CONFIG / "arms" / f"{name}.yaml").read_text())


def made(raw, senses=True):
    return motor_limits(raw, arm_config(raw), SAFETY, 0.02, senses)


def test_the_instrument_arm():
    raw = shipped("psm")
    config, limits = arm_config(raw), made(raw)
    assert limits.has_jaw and len(limits.joints.lower) == 7 and limits.tip_speed == 0.1  # safety.md section 3: 100 mm/s hard
    assert limits.joints.lower == (*config.limits.lower, config.jaw.lower[0])
    assert limits.joints.velocity == pytest.approx([1.05 * v for v in (*config.limits.velocity, *config.jaw.velocity)])
    assert limits.joints.acceleration[2] == pytest.approx(1.05 * config.limits.acceleration[2])
    assert limits.force.required and (limits.force.warn, limits.force.stop) == (3.0, 5.0)
    assert (limits.permit_valid, limits.command_hold) == (SAFETY.gate.permit_valid, SAFETY.gate.command_hold)
    assert limits.brake > max(v / a for v, a in zip(config.limits.velocity, config.limits.acceleration, strict=True))


def test_the_endoscope_arm_has_no_jaw_and_measures_no_force():
    limits = made(shipped("ecm"), senses=False)
    assert not limits.has_jaw and len(limits.joints.lower) == 4 and not limits.force.required


@pytest.mark.parametrize("name", ["psm", "ecm"])
@pytest.mark.parametrize(("key", "value"), [("share", 0.99), ("tip_speed", 0.01), ("tip_turn", 0.1), *((key, bad) for key in KEYS for bad in
                                            (0.0, -1.0, math.nan, math.inf, True, "1", None))])  # fmt: skip
def test_limits_that_are_none_refuse_the_start(name, key, value):
    raw = shipped(name)
    with pytest.raises(ConfigError, match="hard"):
        made({**raw, "hard": {**raw["hard"], key: value}})


def test_missing_or_unknown_keys_refuse_the_start():
    raw = shipped("psm")
    for hard in (None, [], {}, {**raw["hard"], "tip_sped": 1.0}, {key: raw["hard"][key] for key in KEYS[1:]}):
        with pytest.raises(ConfigError, match="exactly"):
            made({**raw, "hard": hard})
