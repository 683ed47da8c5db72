"""config/safety.yaml as a frozen value. Strict: an unknown or missing key refuses the start (dVRK once lost a time-out to a typo)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from telesurgery_nodes.core.safety.causes import TIMINGS, Timing
from telesurgery_nodes.core.safety.gate import GateLimits, gate_limits
from telesurgery_nodes.errors import ConfigError

KEYS = ("timing", "jump_mm", "jump_deg")
JUMP_MM = (0.5, 50.0)  # [mm] below 0.5 normal work is refused, above 50 it protects nobody
JUMP_DEG = (1.0, 45.0)


@dataclass(frozen=True)
class SafetyConfig:
    """The host's timing profile and the gate's limits that follow from it."""

    timing: Timing
    gate: GateLimits


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
    return SafetyConfig(TIMINGS[name], gate_limits(TIMINGS[name], jump_m, jump_rad))


def _number(content: Mapping[object, object], key: str, valid: tuple[float, float]) -> float:
    value = content[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not valid[0] <= value <= valid[1]:
        raise ConfigError(f"safety configuration: {key}: wanted a number from {valid[0]} to {valid[1]}; got {value!r}")
    return float(value)
