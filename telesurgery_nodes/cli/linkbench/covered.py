"""Bar 7: which branches of core/link its own tests reach. Needs a source tree with its tests, and pytest-cov."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from ...errors import ConfigError
from ...resources import PACKAGE, find_resource

TESTS, SOURCES = "test/core/link", f"{PACKAGE}/core/link"
TIMEOUT_S = 300.0


def measure() -> float:
    """Branch coverage [%] of core/link. ConfigError where it cannot be measured here."""
    tests = find_resource(TESTS)
    if find_spec("pytest_cov") is None:
        raise ConfigError("pytest-cov is not installed")
    root = tests.parents[2]
    with tempfile.TemporaryDirectory(prefix="telesurgery_coverage_") as folder:
        report = Path(folder) / "coverage.json"
        without = [word for name in ("cacheprovider", "launch_testing", "launch_ros") for word in ("-p", f"no:{name}")]
        reports = [f"--cov={root / SOURCES}", "--cov-branch", f"--cov-report=json:{report}"]
        command = [sys.executable, "-m", "pytest", "-q", *without, str(tests), *reports]
        environment = {**os.environ, "COVERAGE_FILE": str(Path(folder) / "data"), "PYTHONPATH": str(root)}
        ended = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        if ended.returncode != 0:
            raise ConfigError(f"the tests of the link fail: {ended.stdout[-300:]}")
        return float(json.loads(report.read_text(encoding="utf-8"))["totals"]["percent_covered"])
