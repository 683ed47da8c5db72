"""The rings and the house rules, checked on the source itself."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "telesurgery_nodes"
SOURCES = sorted(PACKAGE.rglob("*.py"))
EVERYTHING = sorted(path for folder in ("telesurgery_nodes", "test", "launch", "benchmarks") for path in (ROOT / folder).rglob("*.py"))
MAX_LINES = 300

NOT_PURE = {
    "rclpy", "cv2", "socket", "threading", "asyncio", "time", "os", "subprocess", "multiprocessing", "select", "signal", "mujoco", "av",
}  # fmt: skip
OUTER = {"nodes", "ros", "cli", "devices", "report", "session", "registry", "resources", "channels", "tapes"}
# ring -> sub-packages it must not import
FORBIDDEN = {
    "core": OUTER,
    "devices": {"nodes", "ros", "cli", "report", "session"},
    "ros": {"nodes", "cli", "report", "session", "devices"},
    "nodes": {"cli", "report", "session"},
    "report": {"nodes", "ros", "cli", "devices"},
}


def name_of(path):
    return str(path.relative_to(ROOT))


def imports(path):
    """Absolute names of everything a file imports, also inside functions."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            found |= {f"{module}.{alias.name}" for alias in node.names} | {module}
    return found


def ring(path):
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def test_the_check_sees_relative_imports():
    found = imports(PACKAGE / "session.py")
    assert "telesurgery_nodes.errors" in found
    assert "telesurgery_nodes.errors.ConfigError" in found


@pytest.mark.parametrize("path", [path for path in SOURCES if ring(path) == "core"], ids=name_of)
def test_core_is_pure(path):
    tops = {name.split(".")[0] for name in imports(path)}
    assert not tops & NOT_PURE
    assert not {top for top in tops if top.endswith("_msgs")}


@pytest.mark.parametrize("path", [path for path in SOURCES if ring(path) in FORBIDDEN], ids=name_of)
def test_imports_point_inward(path):
    inner = {name.split(".")[1] for name in imports(path) if name.startswith("telesurgery_nodes.")}
    assert not inner & FORBIDDEN[ring(path)]


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_no_long_file(path):
    assert len(path.read_text().splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_print_only_in_cli(path):
    if ring(path) == "cli":
        return
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    assert not [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_wall_clock(path):
    assert not re.search(r"\btime\.time\(", path.read_text())


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_swallowed_exception(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ExceptHandler):
            continue
        broad = node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
        assert not (broad and all(isinstance(item, ast.Pass) for item in node.body)), f"line {node.lineno}"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_the_events_executor_is_never_spun_for_ever(path):
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    spins = [call.lineno for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "spin" and not call.args]
    assert not spins, "its spin() hangs in the wheels: use spin_once in a loop"


@pytest.mark.parametrize("path", [path for path in SOURCES if ring(path) == "core"], ids=name_of)
def test_core_does_not_assert_on_input(path):
    assert not [node.lineno for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Assert)]
