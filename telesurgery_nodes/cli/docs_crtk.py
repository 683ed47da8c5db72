"""Generated tables of docs/crtk.md, from the table of names."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..core.arm.face import FACE, Entry, Way
from ..core.arm.moves import Refusal


def rows(chosen: Callable[[Entry], bool], cells: Callable[[Entry], Iterable[object]]) -> list[list[object]]:
    """Rows of the names that are ``chosen``."""
    return [[f"`{entry.name}`", entry.type, *cells(entry)] for entry in FACE if chosen(entry)]


def _type(entry: Entry) -> str:
    return f"{entry.crtk}, else {entry.type}" if entry.crtk else entry.type


def _said(entry: Entry) -> list[object]:
    return [f"`{entry.name}`", _type(entry), entry.what, entry.who.value]


def queries() -> list[list[object]]:
    """What is published."""
    return [_said(entry) for entry in FACE if entry.way is Way.QUERY]


def commands() -> list[list[object]]:
    """What is done."""
    chosen = (entry for entry in FACE if entry.way is Way.COMMAND and entry.refused is None)
    return [[*_said(entry)[:3], "local" if entry.verb is not None else "-", entry.who.value] for entry in chosen]


def refused() -> list[list[object]]:
    """What is not done."""
    return rows(lambda entry: entry.refused is not None, lambda entry: [entry.refused.value if entry.refused is not None else ""])


def reasons() -> list[list[object]]:
    """Reasons of the moment."""
    static = {entry.refused for entry in FACE}
    return [[f"`{reason.name.lower()}`", reason.value] for reason in Refusal if reason not in static]


def services() -> list[list[object]]:
    """Services."""
    return rows(lambda entry: entry.way is Way.SERVICE, lambda entry: [entry.what, entry.who.value])


NAME = ("name", "type")
CRTK_BLOCKS: dict[str, tuple[tuple[str, ...], Callable[[], list[list[object]]]]] = {
    "crtk-queries": ((*NAME, "what", "who"), queries),
    "crtk-commands": ((*NAME, "what", "road", "who"), commands),
    "crtk-refused": ((*NAME, "why"), refused),
    "crtk-reasons": (("reason", "what is said"), reasons),
    "crtk-services": ((*NAME, "what", "who"), services),
}
