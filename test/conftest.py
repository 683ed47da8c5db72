"""What tests of several folders share."""

from datetime import datetime, timezone
from pathlib import Path

import pytest

from telesurgery_nodes.trust.demo import ensure_demo

HERE = Path(__file__).parent
# Processes, threads and sockets in real time: on a machine that is busy with something else one in thousands may come too late. It is
# tried once more, and told (RERUN). All other tests know no time, and the stops of whole sessions (the rest of system/) get one try only.
REAL_TIME = {HERE / name for name in ("cli", "devices", "launch", "nodes", "ros", "system/test_demo.py")}


def pytest_collection_modifyitems(config, items):
    """One more try for what runs in real time, where pytest-rerunfailures is installed."""
    if not config.pluginmanager.hasplugin("rerunfailures"):
        return
    for item in items:
        if not REAL_TIME.isdisjoint((item.path, *item.path.parents)):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def identities(tmp_path_factory):
    """Role -> folder of a device, of one consortium made for this test run."""
    made = ensure_demo(tmp_path_factory.mktemp("identities"), datetime.now(timezone.utc))
    return {role: str(folder) for role, folder in made.items()}
