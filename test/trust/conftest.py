"""Fixtures of these tests."""

import os

import pytest
from consortium import NOW, OPEN, SURGEON, two_hospitals

from telesurgery_nodes.trust.issuing import Order, issue


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk():
    """No power cut happens here, and a sync takes most of the time of a test."""
    with pytest.MonkeyPatch.context() as patch:  # not that of the test, which may undo its own
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture
def store(tmp_path):
    """Two hospitals and no device."""
    return two_hospitals(tmp_path / "pki")


@pytest.fixture
def folder(store):
    """The surgeon's device."""
    return issue(store, SURGEON, NOW, OPEN, Order()).folder
