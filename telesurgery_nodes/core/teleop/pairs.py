"""Which master drives which instrument: two masters, three instruments, and never two masters on one arm.

A pair is named as dVRK names its teleoperations, "MTML_PSM3"; "MTML-PSM3" is understood too.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import ConfigError
from ..values import INSTRUMENTS, MASTERS, TELEOP_PAIRS

PAIRS: Mapping[str, tuple[str, str]] = {f"{master}_{arm}": (master, arm) for master in MASTERS for arm in INSTRUMENTS}


def pair_name(master: str, arm: str) -> str:
    """Name of a pair."""
    return f"{master}_{arm}"


def parse_pair(text: str) -> str:
    """Name of the pair meant by ``text``. ConfigError lists the valid ones."""
    name = text.strip().replace("-", "_")
    if name not in PAIRS:
        raise ConfigError(f"pair {text!r}; valid: {', '.join(PAIRS)}")
    return name


def valid_pairs(pairs: Mapping[str, str]) -> bool:
    """True where every pair is one of the table and no arm has two masters."""
    known = all(pair_name(master, arm) in PAIRS for master, arm in pairs.items())
    return known and len(set(pairs.values())) == len(pairs)


def selected_with(pairs: Mapping[str, str], name: str) -> dict[str, str]:
    """``pairs`` after selecting ``name``: whatever shares its master or its arm is unselected, as in dVRK."""
    master, arm = PAIRS[name]
    kept = {m: a for m, a in pairs.items() if m != master and a != arm}
    return {**kept, master: arm}


def selected_without(pairs: Mapping[str, str], name: str) -> dict[str, str]:
    """``pairs`` after unselecting ``name``."""
    master, arm = PAIRS[name]
    return {m: a for m, a in pairs.items() if (m, a) != (master, arm)}


def default_pairs() -> dict[str, str]:
    """What is selected at the start."""
    return dict(TELEOP_PAIRS)
