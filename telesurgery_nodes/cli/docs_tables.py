"""The generated tables of docs/*.md, each made from the table in the code that runs. A new one is a function with ``@block("NAME")``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, Field, fields
from functools import partial
from importlib import import_module
from typing import Any

import yaml

from ..channels import CHANNELS, Channel
from ..core.arm.config import arm_config
from ..core.kinematics.obstacles import LEFT_OUT
from ..core.kinematics.reasons import REASONS, name_of
from ..core.link.impair import Impairment
from ..core.link.layouts import DSCP, DSCP_NAMES, LAYOUTS, STREAMS
from ..core.safety.causes import CAUSES, NEVER, TIMINGS, Cause, Tier, limits
from ..core.safety.config import safety_config
from ..core.safety.gate_motor import BAD_ROW, HOLD_ONLY
from ..core.safety.machine import CALM_TIME, ORDERS, RULES
from ..core.safety.motor import CAUSE_OF, WHAT, Refusal
from ..core.safety.motor_limits import motor_limits
from ..core.values import Phase
from ..resources import find_resource
from ..session import MODULE, TABLE, Of, Row
from .docs_crtk import CRTK_BLOCKS

BLOCKS: dict[str, Callable[[], str]] = {}
FORCES = {Tier.CLEAR: "-", Tier.NOTE: "told only", Tier.HOLD: "hold", Tier.LATCH: "PAUSED", Tier.FAULT: "FAULT"}
CHANNEL_SITES = ("surgeon", "patient", "both")
NODES = tuple(dict.fromkeys(row.executable for row in TABLE if row.ros))


def block(name: str) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """Register the maker of a generated block."""

    def register(make: Callable[[], str]) -> Callable[[], str]:
        BLOCKS[name] = make
        return make

    return register


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _ms(seconds: float) -> str:
    if seconds == NEVER:
        return "-"
    return "at once" if seconds < 0.0 else f"{seconds * 1000.0:.0f}"


@block("causes")
def causes() -> str:
    """Every cause with its times under both timing profiles."""
    head = ["code", "cause", "what is said", "hold after [ms] realtime / shared", "latch after [ms]", "leads to", "acts", "ends", "alarm"]
    rows = []
    for cause in Cause:
        row = CAUSES[cause]
        pairs = [limits(cause, TIMINGS[name]) for name in ("realtime", "shared")]
        hold, latch = (" / ".join(dict.fromkeys(_ms(pair[index]) for pair in pairs)) for index in (0, 1))
        told = (FORCES[row.forces], row.scope.value, row.clear.value, row.alarm.value)
        rows.append([int(cause), cause.name, row.sentence, hold, latch, *told])
    return table(head, rows)


@block("reasons")
def reasons() -> str:
    """Every reason why a set point is not what was asked for."""
    rows = [[int(reason), f"`{name_of(reason)}`", row.kind.value, row.sentence] for reason, row in REASONS.items()]
    return table(["bit", "counter", "what it is", "what is said"], rows)


@block("left-out")
def left_out() -> str:
    """Pairs the collision guard does not watch."""
    return table(("not watched", "why"), LEFT_OUT.items())


@block("rules")
def rules() -> str:
    """Transitions in the order they are tried."""
    every = frozenset(Phase)
    rows = []
    for number, rule in enumerate(RULES, 1):
        missing = every - rule.sources
        sources = f"all but {_names(missing)}" if len(missing) == 1 else _names(rule.sources)
        rows.append([number, sources, rule.when, rule.target.name])
    return table(["#", "from", "when", "to"], rows)


@block("orders")
def orders() -> str:
    """Local orders."""
    rows = []
    for name, order in ORDERS.items():
        target = "-" if order.target is None else order.target.name
        rows.append([f"`safety/{name}`", _names(order.sources), order.effect, target])
    return table(["service (std_srvs/Trigger)", "valid in", "effect", "goes at once to"], rows)


@block("gate")
def gate() -> str:
    """The gate's limits under both profiles."""
    shipped = _yaml("config/safety.yaml")
    made = {name: safety_config({**shipped, "timing": name}).gate for name in TIMINGS}
    fields = {
        "permit older than: hold [ms]": lambda g: f"{g.permit_valid * 1000:.0f}",
        "permit older than, while it allowed motion: latch [ms]": lambda g: f"{g.permit_latch * 1000:.0f}",
        "no command for: hold [ms]": lambda g: f"{g.command_hold * 1000:.0f}",
        "no command for, while motion is allowed: latch [ms]": lambda g: f"{g.command_latch * 1000:.0f}",
        "target further from the set point than: refuse [mm]": lambda g: f"{g.jump_m * 1000:.0f}",
        "target turned further than: refuse [deg]": lambda g: f"{math.degrees(g.jump_rad):.0f}",
        "refused commands that latch": lambda g: f"{g.bad_count} in {g.bad_window:.0f} s",
        "calm before following may begin again [s]": lambda _: f"{CALM_TIME:.0f}",
    }
    return table(["limit", *made], [[text, *(show(limit) for limit in made.values())] for text, show in fields.items()])


@block("motor-gate")
def motor_gate() -> str:
    """Why a set point does not go to the motors, in the order of judgement."""
    causes = {refusal: CAUSE_OF.get(refusal, Cause.BAD_COMMAND).name for refusal in Refusal}
    rows = [[f"`{refusal.value}`", WHAT[refusal], causes[refusal], "-" if refusal in HOLD_ONLY else "yes"] for refusal in Refusal]
    return table(["refusal", "what is wrong", "told as", f"{BAD_ROW} in a row latch"], rows)


@block("motor-limits")
def motor_limits_table() -> str:
    """The gate's hard limits of each kind of arm, as shipped."""
    safety = safety_config(_yaml("config/safety.yaml"))
    raw = {name: _yaml(f"config/arms/{name}.yaml") for name in ("psm", "ecm")}
    made = {name.upper(): motor_limits(one, arm_config(one), safety, 1.0, name == "psm") for name, one in raw.items()}
    fields = {
        "speeds and accelerations, share of config/arms": lambda m, name: f"{raw[name.lower()]['hard']['share']:g}",
        "speed of the tip [mm/s]": lambda m, _: f"{m.tip_speed * 1000:.0f}",
        "turn of the tip [rad/s]": lambda m, _: f"{m.tip_turn:g}",
        "tip to remote centre [mm]": lambda m, _: f"{m.workspace.near * 1000:.0f} to {m.workspace.far * 1000:.0f}",
        "half angle around the way into the patient [deg]": lambda m, _: f"{math.degrees(m.workspace.cone):.0f}",
        "force on the tip: told, stops [N]": lambda m, _: f"{m.force.warn:g}, {m.force.stop:g}" if m.force.required else "not measured",
        "first set point from the measured arm [mm], [deg]": lambda m, _: f"{m.start_m * 1000:.0f}, {math.degrees(m.start_rad):.0f}",
        "coming to rest without leave takes at most [ms]": lambda m, _: f"{m.brake * 1000:.0f}",
    }
    return table(["limit", *made], [[text, *(show(limit, name) for name, limit in made.items())] for text, show in fields.items()])


def _yaml(name: str) -> Any:
    return yaml.safe_load(find_resource(name).read_text(encoding="utf-8"))


def topics(site: str) -> str:
    """Every topic of a site. QoS: what a publisher offers, and what the suite's own subscribers ask for where that is less."""
    rows = []
    for key, channel in CHANNELS.items():
        if channel.site == site:
            rate = f"{channel.rate:g}" if channel.rate else "on change"
            rows.append([f"`{key}`", f"`{channel.name}`", channel.type, rate, _qos(channel), channel.what])
    return table(["key", "topic", "type", "rate [Hz]", "QoS", "what"], rows)


def _qos(channel: Channel) -> str:
    from ..ros.endpoints import offered, requested

    offer, ask = (profile.reliability.name.lower().replace("_", " ") for profile in (offered(channel), requested(channel)))
    words = [offer if offer == ask else f"{offer}, asked {ask}", f"newest {channel.depth}", *(["latched"] if channel.latched else [])]
    return ", ".join(words)


@block("session")
def session() -> str:
    """Every process of a session in start order."""
    rows = [[f"`{row.name}`", row.site, row.what, ", ".join(row.needs) or "-", _given(row)] for row in TABLE]
    return table(["process", "site", "what it does", "starts after", "what the session sets"], rows)


def _given(row: Row) -> str:
    """Names of the parameters; a fixed one with its value, a screen's in place of the one without."""
    words = []
    for name, value in {**row.parameters, **row.display}.items():
        text = name if isinstance(value, Of) else f"{name}={_value(value)}"
        words.append(f"`{text}`" + (" with a screen" if name in row.display else ""))
    return ", ".join(words)


@block("parameters-every-node")
def shared_parameters() -> str:
    """Parameters every node has."""
    from ..ros.params import NodeParams

    return _parameters(fields(NodeParams))


def parameters(node: str) -> str:
    """A node's own parameters, read off its dataclass."""
    from ..ros.params import NodeParams

    shared = {spec.name for spec in fields(NodeParams)}
    module = import_module(MODULE + node)
    own = [kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__]
    (kind,) = (kind for kind in own if issubclass(kind, NodeParams))
    return _parameters(spec for spec in fields(kind) if spec.name not in shared)


def _parameters(specs: Iterable[Field[Any]]) -> str:
    rows = []
    for spec in specs:
        default = spec.default_factory() if spec.default_factory is not MISSING else spec.default
        rows.append([f"`{spec.name}`", f"`{_value(default)}`", _valid(spec, default), spec.metadata["what"]])
    return table(["parameter", "default", "valid", "what"], rows)


def _valid(spec: Field[Any], default: object) -> str:
    meta = spec.metadata
    if meta["choices"]:
        return ", ".join(meta["choices"])
    if meta["low"] is not None:
        return f"{meta['low']} to {meta['high']}"
    return {bool: "true, false", int: "whole number", float: "number", str: "text", list: "list of text"}[type(default)]


@block("preflight")
def preflight() -> str:
    """The rows of `telesurgery preflight`."""
    from .preflight_checks import CHECKS

    return table(["check", "good when"], [[check.name, check.what] for check in CHECKS])


@block("wire-streams")
def streams() -> str:
    """Streams in order of priority."""
    rows = [[int(stream), stream.name, f"{DSCP_NAMES[DSCP[stream]]} ({DSCP[stream]})", what] for stream, what in STREAMS.items()]
    return table(["stream", "name", "DSCP", "what"], rows)


def layout(name: str) -> str:
    """One layout, field by field."""
    rows, offset = [], 0
    for spec in LAYOUTS[name].fields:
        rows.append([offset, spec.size, f"`{spec.name}`", spec.kind if spec.count == 1 else f"{spec.count} x {spec.kind}", spec.what])
        offset += spec.size
    return table(["offset", "bytes", "field", "type", "meaning"], [*rows, ["", offset, "", "", LAYOUTS[name].where]])


@block("impairments")
def impairments() -> str:
    """What a direction of an emulated path may be given."""
    rows = [[f"`{spec.name}`", f"{spec.default:g}", spec.metadata["what"]] for spec in fields(Impairment)]
    return table(["value", "default", "meaning"], rows)


def _value(value: object) -> str:
    """A value as one writes it on a command line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return str(value) or "''"


def _names(phases: Iterable[Phase]) -> str:
    return ", ".join(phase.name for phase in sorted(phases))


BLOCKS.update({f"topics-{site}": partial(topics, site) for site in CHANNEL_SITES})
BLOCKS.update({f"parameters-{node}": partial(parameters, node) for node in NODES})
BLOCKS.update({f"wire-{name}": partial(layout, name) for name in LAYOUTS})
BLOCKS.update({name: lambda head=head, rows=rows: table(head, rows()) for name, (head, rows) in CRTK_BLOCKS.items()})  # type: ignore[misc]
