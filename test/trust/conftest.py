"""Fixtures of these tests."""

import os

import pytest


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk():
    """No power cut happens here, and a sync takes most of the time of a test."""
    with pytest.MonkeyPatch.context() as patch:  # not that of the test, which may undo its own
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield
