"""What the safety nodes share on the ROS side: reading safety.yaml, thread priority, the verdict as a message."""

from __future__ import annotations

import os
import threading
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
FIFO_PRIORITY = 50  # as measured in safety.md 4.1
NICE = -15
OK, WARN, ERROR = 0, 1, 2


def read_safety_config(name: str = SAFETY_FILE) -> SafetyConfig:
    """The safety configuration: a file of this package, or an absolute path. ConfigError when it cannot be used."""
    path = Path(name) if Path(name).is_absolute() else find_resource(name)
    try:
        return safety_config(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: wanted a safety configuration; got {error}") from error


def raise_priority() -> str:
    """Real-time priority for the calling thread where the system lets us; says what it got."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(FIFO_PRIORITY))
    except OSError as refused:
        return _nice(refused)
    return f"SCHED_FIFO {FIFO_PRIORITY}"


def _nice(refused: OSError) -> str:
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
    except OSError:
        return f"normal (SCHED_FIFO: {refused.strerror}): holds may come late under load, see docs/safety.md"
    return f"nice {NICE} (SCHED_FIFO: {refused.strerror})"


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
