"""Find a device class by name through entry points, so that another package can add one.

In a source tree that was never installed there are no entry points; the table in setup.py is not readable then either, so an
installed (also editable) package is required, which both `make` and colcon give.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from .errors import ConfigError


def names(group: str) -> list[str]:
    """Sorted names of the devices known in ``group`` (masters, robots, cameras, codecs, paths)."""
    return sorted({entry.name for entry in entry_points(group=f"telesurgery_nodes.{group}")})


def load(group: str, name: str) -> Any:
    """Class or factory of device ``name``. ConfigError lists the known names."""
    found = [entry for entry in entry_points(group=f"telesurgery_nodes.{group}") if entry.name == name]
    if not found:
        raise ConfigError(f"no {group.rstrip('s')} called {name!r}; known: {', '.join(names(group)) or 'none (is the package installed?)'}")
    return found[0].load()
