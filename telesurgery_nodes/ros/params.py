"""One declaration per parameter: a frozen dataclass field carries default, sentence, range or choices.

rclpy silently ignores a misspelt override, and a parameter changed at run time would bypass what was checked at start. So an
unknown name is refused and every parameter is read-only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node

from ..errors import ConfigError

# Declared by rclpy itself or by a launch file for every node.
ROS_OWN = ("use_sim_time", "start_type_description_service")
ROS_OWN_PREFIX = "qos_overrides."
P = TypeVar("P", bound="NodeParams")


def param(default: Any, what: str, low: float | None = None, high: float | None = None, choices: tuple[str, ...] = ()) -> Any:
    """A dataclass field that is a ROS parameter: ``what`` is a sentence with the unit, the rest what is valid."""
    meta = {"what": what, "low": low, "high": high, "choices": choices}
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=meta)
    return field(default=default, metadata=meta)


@dataclass(frozen=True)
class NodeParams:
    """Parameters every node has."""

    tape_dir: str = param("", "folder for raw sample tapes; empty writes none")


def _default(spec: Any) -> Any:
    return spec.default_factory() if spec.default is MISSING else spec.default


def _descriptor(spec: Any) -> ParameterDescriptor:
    meta = spec.metadata
    descriptor = ParameterDescriptor(description=meta["what"], read_only=True)
    if meta["choices"]:
        descriptor.additional_constraints = f"one of: {', '.join(meta['choices'])}"
    if meta["low"] is None:
        return descriptor
    if isinstance(_default(spec), float):
        descriptor.floating_point_range = [FloatingPointRange(from_value=float(meta["low"]), to_value=float(meta["high"]))]
    else:
        descriptor.integer_range = [IntegerRange(from_value=int(meta["low"]), to_value=int(meta["high"]), step=1)]
    return descriptor


def _declare_one(node: Node, spec: Any) -> Any:
    default = _default(spec)
    descriptor = _descriptor(spec)
    # rclpy takes an empty list for a byte array, so a list of strings is declared untyped and checked here.
    descriptor.dynamic_typing = isinstance(default, list)
    try:
        value = node.declare_parameter(spec.name, default, descriptor).value
    except (InvalidParameterTypeException, InvalidParameterValueException) as error:
        raise ConfigError(f"parameter {spec.name}: {error}") from error
    _chosen(spec, value)
    return _strings(spec.name, value) if isinstance(default, list) else value


def _strings(name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f"parameter {name}: wanted a list of strings, got {value!r}")
    return list(value)


def check(kind: type[NodeParams], given: Mapping[str, Any]) -> None:
    """Refuse, before there is a node, what its `declare` would: an unknown name, another type, a value out of range, no choice."""
    specs = _specs(kind)
    _known(specs, given)
    for name, value in given.items():
        meta, wanted = specs[name].metadata, type(_default(specs[name]))
        if type(value) is not wanted:
            raise ConfigError(f"parameter {name}: wanted {wanted.__name__}, got {value!r}")
        if meta["low"] is not None and not meta["low"] <= value <= meta["high"]:
            raise ConfigError(f"parameter {name}: got {value}, valid: {meta['low']:g} to {meta['high']:g} ({meta['what']})")
        _chosen(specs[name], value)
        if wanted is list:
            _strings(name, value)


def _specs(kind: type[NodeParams]) -> dict[str, Any]:
    return {spec.name: spec for spec in fields(kind) if "what" in spec.metadata}


def _known(specs: Mapping[str, Any], given: Iterable[str]) -> None:
    unknown = sorted(name for name in set(given) - set(specs) if not name.startswith(ROS_OWN_PREFIX))
    if unknown:
        raise ConfigError(f"unknown parameter {', '.join(unknown)}; this node has: {', '.join(sorted(specs))}")


def _chosen(spec: Any, value: Any) -> None:
    choices = spec.metadata["choices"]
    if choices and value not in choices:
        raise ConfigError(f"parameter {spec.name}: got {value!r}, valid: {', '.join(choices)}")


def declare(node: Node, kind: type[P]) -> P:
    """Declare every field of ``kind`` on ``node`` and return the values. Unknown overrides are a ConfigError that lists the names."""
    specs = _specs(kind)
    # The only place that reads rclpy's private table: there is no public way to see overrides nobody declared.
    _known(specs, set(node._parameter_overrides) - set(ROS_OWN))
    return kind(**{name: _declare_one(node, spec) for name, spec in specs.items()})
