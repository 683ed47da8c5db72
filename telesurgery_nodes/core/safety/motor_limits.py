"""The gate's hard limits of one kind of arm, from config/arms/*.yaml (`hard`) and config/safety.yaml."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from telesurgery_nodes.core.arm.config import ArmConfig
from telesurgery_nodes.core.kinematics.limits import JointLimits
from telesurgery_nodes.core.safety.config import SafetyConfig
from telesurgery_nodes.core.safety.motor import MotorLimits, Workspace
from telesurgery_nodes.errors import ConfigError

KEYS = ("share", "tip_speed", "tip_turn", "near", "far", "cone")
MEASURED_AGE = 0.1  # [s] of the joints a first set point is compared with
BRAKE_SPARE = 0.1  # [s] ticks may come late while an arm comes to rest, and a limited jerk takes its time


def motor_limits(raw: Mapping[str, Any], config: ArmConfig, safety: SafetyConfig, max_tick: float, senses: bool = True) -> MotorLimits:
    """Hard limits of an arm. ``senses`` False: nobody measures the force on this arm's tip (it follows no hand).

    ConfigError where `hard` is incomplete, or does not lie outside what the controller keeps.
    """
    hard = _hard(raw)
    if not (hard["share"] >= 1.0 and hard["tip_speed"] > config.tip_speed and hard["tip_turn"] > config.tip_turn):
        raise ConfigError(f"arm config: hard limits wanted beyond tip {config.tip_speed} m/s and {config.tip_turn} rad/s, got {hard}")
    joints = _joints(config, hard["share"])
    stop = max(speed / rate for speed, rate in zip(joints.velocity, joints.acceleration, strict=True))
    force = safety.force if senses else safety.force.unrequired()
    return MotorLimits(
        joints=joints,
        has_jaw=config.jaw is not None,
        tip_speed=hard["tip_speed"],
        tip_turn=hard["tip_turn"],
        workspace=Workspace(hard["near"], hard["far"], hard["cone"]),
        force=force,
        start_m=config.tracking_m,
        start_rad=config.tracking_rad,
        permit_valid=safety.gate.permit_valid,
        command_hold=safety.gate.command_hold,
        brake=stop + BRAKE_SPARE,
        max_tick=max_tick,
        measured_age=MEASURED_AGE,
    )


def _hard(raw: Mapping[str, Any]) -> dict[str, float]:
    rows = raw.get("hard")
    if not isinstance(rows, Mapping) or set(rows) != set(KEYS):
        raise ConfigError(f"arm config: wanted at 'hard' exactly {', '.join(KEYS)}; got {rows!r}")
    for key, value in rows.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 < value < math.inf:
            raise ConfigError(f"arm config: hard: {key}: wanted a finite number above 0, got {value!r}")
    return {key: float(rows[key]) for key in KEYS}


def _joints(config: ArmConfig, share: float) -> JointLimits:
    """Ranges as the controller keeps them, speeds and accelerations a ``share`` of its own; the jaw comes last."""
    parts = [config.limits, *([config.jaw] if config.jaw is not None else [])]
    rows = {spec.name: tuple(x for part in parts for x in getattr(part, spec.name)) for spec in fields(JointLimits)}
    for name in ("velocity", "acceleration"):
        rows[name] = tuple(share * x for x in rows[name])
    return JointLimits(**rows)
