"""Arm configuration: the mapping read from config/arms/*.yaml, checked and frozen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import ConfigError
from ..kinematics.frames import Vector
from ..kinematics.limits import JointLimits, Joints
from ..kinematics.slowing import Zone

JOINT_KEYS = ("lower", "upper", "velocity", "acceleration", "margin", "jerk", "home")
KINDS = ("psm", "ecm", "general")
GENERAL = "general"
MECHANICAL, SOFTWARE = "mechanical", "software"
TOOLS = ("straight", "wristed")


@dataclass(frozen=True)
class Rcm:
    """How the trocar is kept: the z axis of link ``shaft`` passes through it. Link names without the arm's name and underscore.

    ``trocar`` None: by the mechanism, at the origin of the base link. A point in the base link's frame [m]: by software.
    """

    shaft: str
    trocar: Vector | None


@dataclass(frozen=True)
class Description:
    """What of the URDF is this arm. ``straight``: a tool without a wrist follows a position and its roll, not a whole pose."""

    kind: str
    base: str
    tip: str
    straight: bool
    rcm: Rcm


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
    singularity: Zone
    description: Description


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
    zone, description = _mapping(raw, "singularity"), _description(raw)
    geometry = {} if description.kind == GENERAL else _mapping(raw, "geometry")
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
        geometry={key: _number(geometry, key) for key in geometry},
        singularity=Zone(_positive(zone, "slow"), _positive(zone, "stop")),
        description=description,
    )


def _description(raw: Mapping[str, Any]) -> Description:
    links, rcm = _mapping(raw, "links"), _mapping(raw, "rcm")
    kind, how, tool = _word(raw, "kinematics", KINDS), _word(rcm, "kind", (MECHANICAL, SOFTWARE)), _word(raw, "tool", TOOLS)
    if how == SOFTWARE and kind != GENERAL:
        raise ConfigError(f"arm config: rcm kind software wants kinematics general, got {kind!r}: closed forms hold the trocar themselves")
    point = _mapping(rcm, "trocar") if how == SOFTWARE else None
    trocar = (_number(point, "x"), _number(point, "y"), _number(point, "z")) if point is not None else None
    return Description(kind, _word(links, "base"), _word(links, "tip"), tool == TOOLS[0], Rcm(_word(rcm, "shaft"), trocar))


def _word(raw: Mapping[str, Any], key: str, valid: tuple[str, ...] = ()) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value or (valid and value not in valid):
        wanted = f"one of {', '.join(valid)}" if valid else "a name"
        raise ConfigError(f"arm config: {wanted} wanted at {key!r}, got {value!r}; keys there: {sorted(map(str, raw))}")
    return value


def _jaw(raw: Mapping[str, Any]) -> JointLimits:
    return _limits({key: (_number(raw, key),) for key in JOINT_KEYS if key != "home"})


def _limits(columns: Mapping[str, Joints]) -> JointLimits:
    return JointLimits(*(columns[key] for key in JOINT_KEYS if key != "home"))


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
