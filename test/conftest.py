"""What tests of several folders share."""

from datetime import datetime, timezone

import pytest

from telesurgery_nodes.trust.demo import ensure_demo


@pytest.fixture(scope="session")
def identities(tmp_path_factory):
    """Role -> folder of a device, of one consortium made for this test run."""
    made = ensure_demo(tmp_path_factory.mktemp("identities"), datetime.now(timezone.utc))
    return {role: str(folder) for role, folder in made.items()}
