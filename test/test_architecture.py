"""The rings and the house rules, checked on the source itself."""

import ast
import random
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "telesurgery_nodes"
SOURCES = sorted(PACKAGE.rglob("*.py"))
FOLDERS = ("telesurgery_nodes", "test", "launch", "benchmarks")
EVERYTHING = sorted([ROOT / "setup.py", *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))])
MAX_LINES = 300

# Everything the core may import from outside. A clock, a thread, a file, a socket, ROS: none of them is here.
# pink and pinocchio (extra "ik") compute a joint step from joints and targets and nothing else; core/kinematics/general.py loads them late.
PURE = {
    "__future__", "bisect", "collections", "cryptography", "dataclasses", "enum", "functools", "hashlib", "heapq", "hmac", "itertools",
    "json", "math", "numpy", "operator", "pink", "pinocchio", "random", "re", "struct", "transforms3d", "types", "typing", "xml",
}  # fmt: skip
# Built-ins, and functions of pure modules, that reach a file, the terminal or hidden state all the same.
IMPURE_CALLS = {"open", "input", "print", "exec", "eval", "__import__", "compile"}
IMPURE_ATTRIBUTES = {
    "numpy": {"load", "save", "savez", "savez_compressed", "loadtxt", "savetxt", "genfromtxt", "fromfile", "memmap", "random"},
    "json": {"load", "dump"},
    "ElementTree": {"parse", "ElementTree", "iterparse"},
    "random": set(dir(random)) - {"Random"},  # the module's own functions share one hidden state
}
ALIASES = {"np": "numpy", "ET": "ElementTree"}

# ring -> what of this package it may import. Modules beside the rings are "base": facts both sides of a ring share.
BASE = {"agreement", "channels", "description", "errors", "free_ports", "real_time", "registry", "resources", "session", "tapes"}
ALLOWED = {
    "core": {"core", "errors"},
    "base": {"core", *BASE},
    "devices": {"core", "devices", "trust", *BASE} - {"session", "channels"},
    "ros": {"core", "ros", *BASE} - {"session"},
    "nodes": {"core", "devices", "ros", "nodes", "trust", *BASE} - {"session"},
    "report": {"core", "report", *BASE},
    "trust": {"core", "trust", *BASE},
    "cli": {"core", "devices", "ros", "nodes", "report", "trust", "cli", *BASE},
}


def name_of(path):
    return str(path.relative_to(ROOT))


def package_of(path):
    """Dotted names of the package a file lies in."""
    return path.relative_to(ROOT).with_suffix("").parts[:-1]


def imports(text, package):
    """Absolute names of everything a source imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            found |= {f"{module}.{alias.name}" for alias in node.names} | {module}
    return found


def ring(path):
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else "base"


def impure(text, package):
    """What a core source may not have: foreign imports, and calls that reach out through a pure module."""
    names = imports(text, package)
    found = {name.split(".")[0] for name in names} - PURE - {PACKAGE.name}
    for name in names:
        owner, _, taken = name.rpartition(".")
        if taken in IMPURE_ATTRIBUTES.get(owner.split(".")[-1], ()):
            found.add(name)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
            found.add(f"{node.func.id}() in line {node.lineno}")
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = ALIASES.get(node.value.id, node.value.id)
            if node.attr in IMPURE_ATTRIBUTES.get(owner, ()):
                found.add(f"{owner}.{node.attr} in line {node.lineno}")
    return found


def outward(text, package, ring):
    """Names of rings a source of ``ring`` imports and may not."""
    inner = {name.split(".")[1] for name in imports(text, package) if name.startswith(f"{PACKAGE.name}.")}
    return inner - ALLOWED[ring] - {"__version__"}


def overlong(text):
    return max(0, len(text.splitlines()) - MAX_LINES)


CORE_PACKAGE = (PACKAGE.name, "core", "safety")
REFUSED_IN_CORE = (
    "import time", "from time import monotonic", "import threading", "import asyncio", "import socket", "import os", "import pathlib",
    "import rclpy", "from std_msgs.msg import String", "import cv2", "def f():\n    import subprocess", "import yaml", "import datetime",
    "open('x')", "print(1)", "import numpy as np\nnp.load('x')", "import numpy as np\nnp.random.rand()", "import random\nrandom.random()",
    "from random import uniform", "from numpy import load",
    "import xml.etree.ElementTree as ET\nET.parse('x')",
)  # fmt: skip


@pytest.mark.parametrize("text", REFUSED_IN_CORE)
def test_the_check_sees_what_is_not_pure(text):
    assert impure(text, CORE_PACKAGE)


PASSED_IN_CORE = ("import math", "from ..values import Pose", "import random\nrandom.Random(1)", "import numpy as np\nnp.eye(3)")


@pytest.mark.parametrize("text", PASSED_IN_CORE)
def test_the_check_lets_the_pure_pass(text):
    assert not impure(text, CORE_PACKAGE) and not outward(text, CORE_PACKAGE, "core")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("from ...ros import params", "core"),
        ("from ...channels import CHANNELS", "core"),
        ("from ... import devices", "core"),
        ("import telesurgery_nodes.nodes.arm_control", "core"),
        ("def f():\n    from ...ros.params import param", "devices"),
        ("from ...nodes import arm_control", "devices"),
        ("from ...cli import main", "nodes"),
        ("from ...devices import protocols", "ros"),
        ("from ...nodes import arm_control", "report"),
        ("from ...devices import protocols", "trust"),
        ("from ...ros import node", "base"),
    ],
)
def test_the_check_sees_an_import_that_points_outward(text, where):
    assert outward(text, CORE_PACKAGE, where)


def test_the_check_sees_a_long_file():
    assert overlong("\n" * (MAX_LINES + 1)) == 1 and not overlong("\n" * MAX_LINES)


def test_every_ring_is_known_and_has_files():
    assert {ring(path) for path in SOURCES} == set(ALLOWED)
    assert {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"} == BASE, "a new module beside the rings goes into BASE above"


@pytest.mark.parametrize("path", [path for path in SOURCES if ring(path) == "core"], ids=name_of)
def test_core_is_pure(path):
    assert not impure(path.read_text(), package_of(path))


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_imports_point_inward(path):
    assert not outward(path.read_text(), package_of(path), ring(path))


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_no_long_file(path):
    assert not overlong(path.read_text())


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


def test_no_two_test_files_have_one_name():
    """pytest imports them by name: the second one would not be collected."""
    names = [path.name for path in (ROOT / "test").rglob("test_*.py")]
    assert not {name for name in names if names.count(name) > 1}
