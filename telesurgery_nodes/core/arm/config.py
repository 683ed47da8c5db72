"""Arm configuration: the mapping read from config/arms/*.yaml, checked and frozen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import ConfigError
from ..kinematics.limits import JointLimits, Joints

JOINT_KEYS = ("lower", "upper", "velocity", "acceleration", "margin", "home")


@dataclass(frozen=True)
class ArmConfig:
    """Limits and thresholds of one kind of arm. ``jaw`` is None where the arm has none."""

    joint_names: tuple[str, ...]
    limits: JointLimits
    home: Joints
    home_speed: float  # share of the joint speeds for home and move_jp
    tip_speed: float  # [m/s]
    tip_turn: float  # [rad/s]
    tracking_m: float  # tip error between set point and measured that is no longer tracking [m]
    tracking_rad: float  # the same for its orientation [rad]
    tracking_time: float  # for how long [s]
    tracking_lag: float  # the motors' own time constant: set point speed times this is allowed on top [s]
    jaw: JointLimits | None
    geometry: Mapping[str, float]


def arm_config(raw: Mapping[str, Any]) -> ArmConfig:
    """Check and freeze one arms/*.yaml mapping. ConfigError names the key that is missing or wrong."""
    joints = _mapping(raw, "joints")
    names = tuple(str(name) for name in joints)
    rows = [_mapping(joints, name) for name in names]
    columns = {key: tuple(_number(row, key) for row in rows) for key in JOINT_KEYS}
    limits = _limits(columns)
    home = columns["home"]
    if not limits.inside(home):
        raise ConfigError(f"arm config: home {home} outside the joint range {limits.lower}..{limits.upper}")
    tip, tracking = _mapping(raw, "tip"), _mapping(raw, "tracking")
    return ArmConfig(
        joint_names=names,
        limits=limits,
        home=home,
        home_speed=_positive(raw, "home_speed"),
        tip_speed=_positive(tip, "speed"),
        tip_turn=_positive(tip, "turn"),
        tracking_m=_positive(tracking, "position"),
        tracking_rad=_positive(tracking, "rotation"),
        tracking_time=_positive(tracking, "time"),
        tracking_lag=_positive(tracking, "lag"),
        jaw=_jaw(_mapping(raw, "jaw")) if "jaw" in raw else None,
        geometry={key: _number(raw["geometry"], key) for key in _mapping(raw, "geometry")},
    )


def _jaw(raw: Mapping[str, Any]) -> JointLimits:
    return _limits({key: (_number(raw, key),) for key in JOINT_KEYS if key != "home"})


def _limits(columns: Mapping[str, Joints]) -> JointLimits:
    return JointLimits(columns["lower"], columns["upper"], columns["velocity"], columns["acceleration"], columns["margin"])


def _mapping(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    if not isinstance(value, Mapping):
        raise ConfigError(f"arm config: a mapping wanted at {key!r}, got {value!r}; keys there: {sorted(map(str, raw))}")
    return value


def _number(raw: Mapping[str, Any], key: str) -> float:
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ConfigError(f"arm config: a finite number wanted at {key!r}, got {value!r}; keys there: {sorted(map(str, raw))}")
    return float(value)


def _positive(raw: Mapping[str, Any], key: str) -> float:
    value = _number(raw, key)
    if value <= 0.0:
        raise ConfigError(f"arm config: a number above 0 wanted at {key!r}, got {value}")
    return value
