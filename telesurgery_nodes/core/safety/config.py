"""config/safety.yaml as a frozen value. Strict: an unknown or missing key refuses the start (dVRK once lost a time-out to a typo)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from telesurgery_nodes.core.safety.causes import TIMINGS, Cause, Timing, limits
from telesurgery_nodes.core.safety.force import ForceLimits
from telesurgery_nodes.core.safety.gate import GateLimits, gate_limits
from telesurgery_nodes.errors import ConfigError

KEYS = ("timing", "jump_mm", "jump_deg", "force_sensor", "force_warn_n", "force_stop_n")
JUMP_MM = (0.5, 50.0)  # [mm] below 0.5 normal work is refused, above 50 it protects nobody
JUMP_DEG = (1.0, 45.0)
FORCE_N = (0.1, 50.0)  # [N] below 0.1 noise stops the arm, above 50 no instrument survives
FORCE_SENSOR = {"required": True, "none": False}


@dataclass(frozen=True)
class SafetyConfig:
    """The host's timing profile, the gate's limits that follow from it, and how hard a tool may push."""

    timing: Timing
    gate: GateLimits
    force: ForceLimits


def safety_config(content: object) -> SafetyConfig:
    """Check the parsed YAML ``content`` and turn it into limits."""
    if not isinstance(content, Mapping) or set(content) != set(KEYS):
        got = sorted(map(str, content)) if isinstance(content, Mapping) else content
        raise ConfigError(f"safety configuration: wanted exactly the keys {', '.join(KEYS)}; got {got}")
    name = content["timing"]
    if not isinstance(name, str) or name not in TIMINGS:
        raise ConfigError(f"safety configuration: timing: wanted one of {', '.join(TIMINGS)}; got {name!r}")
    jump_m = _number(content, "jump_mm", JUMP_MM) / 1000.0  # millimetres in the file, metres inside
    jump_rad = math.radians(_number(content, "jump_deg", JUMP_DEG))
    return SafetyConfig(TIMINGS[name], gate_limits(TIMINGS[name], jump_m, jump_rad), _force(content, TIMINGS[name]))


def _force(content: Mapping[object, object], timing: Timing) -> ForceLimits:
    sensor, warn, stop = content["force_sensor"], _number(content, "force_warn_n", FORCE_N), _number(content, "force_stop_n", FORCE_N)
    if not isinstance(sensor, str) or sensor not in FORCE_SENSOR:
        raise ConfigError(f"safety configuration: force_sensor: wanted one of {', '.join(FORCE_SENSOR)}; got {sensor!r}")
    if warn > stop:
        raise ConfigError(f"safety configuration: wanted force_warn_n at most force_stop_n; got {warn} and {stop}")
    return ForceLimits(warn, stop, limits(Cause.ROBOT_SILENT, timing)[1], FORCE_SENSOR[sensor])


def _number(content: Mapping[object, object], key: str, valid: tuple[float, float]) -> float:
    value = content[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not valid[0] <= value <= valid[1]:
        raise ConfigError(f"safety configuration: {key}: wanted a number from {valid[0]} to {valid[1]}; got {value!r}")
    return float(value)
