"""Everything here is a system test; the fixture gives whole sessions and cleans them up."""

from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from rig import PATIENCE, Session


def pytest_collection_modifyitems(items):
    """Everything in this folder is a system test, and slower than others."""
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.fspath).parents:
            item.add_marker(pytest.mark.system)
            item.add_marker(pytest.mark.timeout(PATIENCE))


@pytest.fixture
def session(tmp_path):
    """A factory of sessions that cleans up."""
    opened = []

    def make(**options):
        made = Session(tmp_path, **options)
        opened.append(made)
        return made.__enter__()

    yield make
    for made in opened:
        made.__exit__()
