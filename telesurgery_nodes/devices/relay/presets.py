"""Presets: the paths of real operations in config/links, with their sources; or of a file of one's own; or changed by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from ...core.link.impair import Impairment, impairment_from, values_from
from ...core.link.timeline import WAYS, path_numbers
from ...core.link.trace import ENDS, Trace
from ...errors import ConfigError
from ...resources import find_resource
from .files import read_trace

FOLDER = "config/links"
CLEAR = "clear"  # the preset without a file: as many paths as there are addresses, and nothing wrong with them
SUFFIXES = (".yaml", ".yml")
TRACE_KEYS = ("trace", "trace_end")


@dataclass(frozen=True)
class PathSpec:
    """One path of a preset: name, surgeon to patient, patient to surgeon; a recorded delay for either."""

    name: str
    up: Impairment
    down: Impairment
    up_trace: Trace | None = None
    down_trace: Trace | None = None

    def way(self, way: str) -> Impairment:
        """One direction."""
        return self.up if way == WAYS[0] else self.down

    def trace(self, way: str) -> Trace | None:
        """Recorded delay of one direction."""
        return self.up_trace if way == WAYS[0] else self.down_trace

    def other(self, way: str, spec: Impairment, trace: Trace | None) -> PathSpec:
        """The same with one direction replaced."""
        if way == WAYS[0]:
            return replace(self, up=spec, up_trace=trace)
        return replace(self, down=spec, down_trace=trace)


@dataclass(frozen=True)
class Preset:
    """Paths, and where their numbers come from."""

    name: str
    sources: tuple[str, ...]
    paths: tuple[PathSpec, ...]


def preset_names() -> list[str]:
    """Every preset shipped."""
    return sorted(file.stem for file in find_resource(FOLDER).glob("*.yaml"))


def read_preset(name: str) -> Preset:
    """config/links/``name``.yaml, or a file given by its path. ConfigError says what is wrong in it."""
    if not name.endswith(SUFFIXES) and name not in preset_names():
        raise ConfigError(f"no preset {name!r}; valid: {', '.join(preset_names())}, {CLEAR}, or a file ending in .yaml")
    file = Path(name) if name.endswith(SUFFIXES) else find_resource(f"{FOLDER}/{name}.yaml")
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        paths = tuple(_path(row, file.parent) for row in found["paths"])
        names = [path.name for path in paths]
        if not paths or len(set(names)) != len(names):
            raise ConfigError(f"wanted at least one path, each with a name of its own; got {', '.join(names) or 'none'}")
        return Preset(file.stem, tuple(str(source) for source in found.get("sources", ())), paths)
    except ConfigError as error:
        raise ConfigError(f"link preset {file}: {error}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"link preset {file}: wanted paths with name, up and down: {error!r}") from error


def load_preset(name: str) -> list[PathSpec]:
    """Paths of a preset by name or file."""
    return list(read_preset(name).paths)


def clear_paths(count: int) -> list[PathSpec]:
    """Paths that do nothing: what `--set` starts from without a file."""
    return [PathSpec(f"path{number}", Impairment(), Impairment()) for number in range(1, count + 1)]


def _path(row: Mapping[str, Any], folder: Path) -> PathSpec:
    specs = {way: impairment_from({key: value for key, value in row[way].items() if key not in TRACE_KEYS}) for way in WAYS}
    return PathSpec(str(row["name"]), specs["up"], specs["down"], *(_trace(row[way], folder) for way in WAYS))


def _trace(row: Mapping[str, Any], folder: Path) -> Trace | None:
    if "trace" not in row:
        if "trace_end" in row:
            raise ConfigError("trace_end without trace")
        return None
    return read_trace(folder / str(row["trace"]), str(row.get("trace_end", ENDS[0])))


def with_values(paths: Sequence[PathSpec], texts: Sequence[str]) -> list[PathSpec]:
    """``paths`` with values such as ``path1.up.delay_ms=80``, or for both directions ``fibre.loss=0.02``."""
    changed = list(paths)
    for text in texts:
        where, equals, value = text.partition("=")
        parts = where.split(".")
        if not equals or len(parts) not in (2, 3) or (len(parts) == 3 and parts[1] not in WAYS):
            raise ConfigError(f"--set {text!r}; wanted PATH[.up|.down].VALUE=NUMBER, for example path1.up.delay_ms=80")
        try:
            numbers = path_numbers(parts[0], [path.name for path in paths])
            change = values_from({parts[-1]: _number(value)})
            for number in numbers:
                for way in parts[1:-1] or WAYS:
                    path = changed[number]
                    changed[number] = path.other(way, replace(path.way(way), **change), path.trace(way))
        except ConfigError as error:
            raise ConfigError(f"--set {text!r}: {error}") from error
    return changed


def with_traces(paths: Sequence[PathSpec], texts: Sequence[str], end: str) -> list[PathSpec]:
    """``paths`` with recorded delays such as ``path1.up=FILE``, in place of the delay and jitter the preset gives that direction."""
    changed = list(paths)
    for text in texts:
        where, equals, file = text.partition("=")
        parts = where.split(".")
        if not equals or not file or len(parts) > 2 or (len(parts) == 2 and parts[1] not in WAYS):
            raise ConfigError(f"--trace {text!r}; wanted PATH[.up|.down]=FILE.csv")
        trace = read_trace(Path(file), end)
        for number in path_numbers(parts[0], [path.name for path in paths]):
            for way in parts[1:] or WAYS:
                spec = replace(changed[number].way(way), delay_ms=0.0, jitter_ms=0.0)
                changed[number] = changed[number].other(way, spec, trace)
    return changed


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text  # values_from says what was wanted
