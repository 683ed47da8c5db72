"""The shipped YAML is read; each kind of mistake is named."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import yaml
from arm_samples import CONFIG

from telesurgery_nodes.core.arm.config import arm_config
from telesurgery_nodes.errors import ConfigError

RAW = yaml.safe_load((CONFIG / "psm.yaml").read_text())


def test_shipped_files() -> None:
    psm = arm_config(RAW)
    ecm = arm_config(yaml.safe_load((CONFIG / "ecm.yaml").read_text()))
    assert psm.limits.lower[2] == 0.045 and psm.jaw is not None and len(psm.home) == 6
    serial = arm_config(yaml.safe_load((CONFIG / "serial7.yaml").read_text()))
    assert serial.description.rcm.trocar == (0.45, 0.0, 0.25) and serial.description.straight and not serial.geometry
    assert psm.description.rcm.trocar is None and psm.limits.rise_time == pytest.approx(0.01)
    assert ecm.jaw is None and len(ecm.home) == 4


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("joints", "yaw", "lower"), "x", "lower"),
        (("joints", "yaw", "lower"), True, "lower"),
        (("joints", "yaw", "home"), 9.0, "home"),
        (("joints", "yaw", "upper"), math.inf, "upper"),
        (("joints",), None, "joints"),
        (("tip", "speed"), 0.0, "above 0"),
        (("geometry",), None, "geometry"),
        (("joints", "yaw", "jerk"), None, "jerk"),
        (("singularity", "stop"), 1.0, "stop < slow"),
        (("kinematics",), "scara", "psm, ecm, general"),
        (("rcm", "kind"), "software", "general"),
        (("rcm", "shaft"), 3, "shaft"),
        (("links",), None, "links"),
        (("tool",), None, "straight, wristed"),
    ],
)
def test_mistakes_are_named(path: tuple[str, ...], value: Any, says: str) -> None:
    raw = copy.deepcopy(RAW)
    place = raw
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(ConfigError, match=says):
        arm_config(raw)
