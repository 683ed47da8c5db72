"""config/collision.yaml as a frozen value. Strict: an unknown or missing key, a number out of range or NaN refuses the start."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...errors import ConfigError

PAIR_CLASSES = ("arm_arm", "shaft_shaft", "tip_shaft", "arm_table", "shaft_table", "shaft_port")
KEYS = ("classes", "approach_mm_s", "no_go_slow_mm", "port", "unknown_after_ms", "absent_arms")
DISTANCE_MM = (0.0, 200.0)
SPEED_MM_S = (1.0, 1000.0)
PORT_MM = (1.0, 100.0)
UNKNOWN_MS = (10.0, 2000.0)
MM, MS = 1e-3, 1e-3


@dataclass(frozen=True)
class Zone:
    """Surfaces nearer than ``slow`` [m] come nearer more slowly; at ``stop`` [m] not at all."""

    slow: float
    stop: float


@dataclass(frozen=True)
class CollisionConfig:
    """``zones`` per class of pairs; ``approach`` [m/s] allowed at ``slow``; ``port_*`` [m]; ``unknown_after`` [s]."""

    zones: Mapping[str, Zone]
    approach: float
    no_go_slow: float
    port_radius: float
    port_length: float
    unknown_after: float
    absent: tuple[str, ...]


def collision_config(content: object) -> CollisionConfig:
    """Check the parsed YAML ``content``."""
    raw = mapping(content, KEYS, "collision configuration")
    classes, port = mapping(raw["classes"], PAIR_CLASSES, "classes"), mapping(raw["port"], ("radius_mm", "length_mm"), "port")
    absent = raw["absent_arms"]
    if not isinstance(absent, Sequence) or isinstance(absent, str) or not all(isinstance(arm, str) for arm in absent):
        raise ConfigError(f"absent_arms: a list of arm names wanted, got {absent!r}")
    return CollisionConfig(
        zones={name: _zone(classes[name], f"classes: {name}") for name in PAIR_CLASSES},
        approach=number(raw, "approach_mm_s", SPEED_MM_S, "collision configuration") * MM,
        no_go_slow=number(raw, "no_go_slow_mm", DISTANCE_MM, "collision configuration") * MM,
        port_radius=number(port, "radius_mm", PORT_MM, "port") * MM,
        port_length=number(port, "length_mm", (0.0, PORT_MM[1]), "port") * MM,
        unknown_after=number(raw, "unknown_after_ms", UNKNOWN_MS, "collision configuration") * MS,
        absent=tuple(absent),
    )


def mapping(content: object, keys: Sequence[str], where: str) -> Mapping[str, object]:
    """``content`` where it is a mapping with exactly ``keys``; ConfigError otherwise."""
    if not isinstance(content, Mapping) or set(content) != set(keys):
        got = sorted(map(str, content)) if isinstance(content, Mapping) else repr(content)
        raise ConfigError(f"{where}: wanted exactly the keys {', '.join(keys)}; got {got}")
    return content


def number(raw: Mapping[str, object], key: str, valid: tuple[float, float], where: str) -> float:
    """A finite number in range; ConfigError otherwise."""
    value = raw[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not valid[0] <= value <= valid[1]:
        raise ConfigError(f"{where}: {key}: wanted a number from {valid[0]:g} to {valid[1]:g}; got {value!r}")
    return float(value)


def _zone(content: object, where: str) -> Zone:
    raw = mapping(content, ("slow_mm", "stop_mm"), where)
    zone = Zone(number(raw, "slow_mm", DISTANCE_MM, where) * MM, number(raw, "stop_mm", DISTANCE_MM, where) * MM)
    if not zone.stop < zone.slow:
        raise ConfigError(f"{where}: stop_mm below slow_mm wanted, got {raw}")
    return zone
