"""What the safety nodes share on the ROS side: reading safety.yaml, thread priority, the verdict as a message."""

from __future__ import annotations

from pathlib import Path

import yaml
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from ..core.safety.causes import CAUSES, Cause
from ..core.safety.config import SafetyConfig, safety_config
from ..core.safety.watchdog import Verdict
from ..core.values import Phase
from ..errors import ConfigError
from ..resources import find_resource

SAFETY_FILE = "config/safety.yaml"
OK, WARN, ERROR = 0, 1, 2


def read_safety_config(name: str = SAFETY_FILE) -> SafetyConfig:
    """The safety configuration: a file of this package, or an absolute path. ConfigError when it cannot be used."""
    path = Path(name) if Path(name).is_absolute() else find_resource(name)
    try:
        return safety_config(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: wanted a safety configuration; got {error}") from error


def verdict_level(verdict: Verdict) -> int:
    """Diagnostic level of a verdict."""
    if verdict.permit.phase in {Phase.PAUSED, Phase.FAULT}:
        return ERROR
    return WARN if verdict.causes else OK


def verdict_to_msg(verdict: Verdict, stamp: Time) -> DiagnosticArray:
    """One status: the sentence, the phase, and every cause that bites with its alarm priority."""
    permit = verdict.permit
    values = {"phase": permit.phase.name, "cause": Cause(permit.cause).name, "motion": permit.motion, "motion_epoch": permit.motion_epoch}
    alarms = {cause.name: CAUSES[cause].alarm.value for cause in verdict.causes}
    status = DiagnosticStatus(level=bytes([verdict_level(verdict)]), name="safety", message=verdict.sentence, hardware_id="patient side")
    status.values = [KeyValue(key=key, value=str(value)) for key, value in {**values, **alarms}.items()]
    array = DiagnosticArray(status=[status])
    array.header.stamp = stamp
    return array
