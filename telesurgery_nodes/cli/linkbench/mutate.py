"""Bar 7: does a test notice when one thing in the seal or the window is wrong? Needs a source tree with its tests."""

from __future__ import annotations

from ..mutate import Mutation, Subject, mutants
from ..mutate import measure as measure_subject

__all__ = ["LINK", "Mutation", "measure", "mutants"]

LINK = Subject(
    ("core/link/seal.py", "core/link/window.py", "core/link/epochs.py"),
    "test/core/link",
    ("test_window.py", "test_session.py", "test_seal.py", "test_epochs.py"),
)


def measure() -> Mutation:
    """The tests of the link against every mutant of the seal and the window."""
    return measure_subject(LINK)
