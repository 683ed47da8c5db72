"""Does a test notice when one thing in a file is wrong? Mutants of a source file against its tests. Needs a source tree with its tests."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..resources import PACKAGE, find_resource

HELPERS = "test/helpers"  # what several test folders share
TIMEOUT_S = 60.0  # a mutant that hangs is noticed
OPERATORS: dict[type[ast.AST], type[Any]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot,
    ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


@dataclass
class Mutation:
    """How many mutants were made and noticed; the survivors as file:line what."""

    made: int = 0
    killed: int = 0
    survivors: list[str] = field(default_factory=list)


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """(line, what was changed, source) of every mutant."""
    tree = ast.parse(source)
    idle = set(_idle(tree))
    for node in [node for node in ast.walk(tree) if node not in idle]:
        for owner, name, value, line, what in [*_values(node), *_statements(node)]:
            before = getattr(owner, name)
            setattr(owner, name, value)
            yield line, what, ast.unparse(ast.fix_missing_locations(tree))
            setattr(owner, name, before)


def _idle(tree: ast.AST) -> Iterator[ast.AST]:
    """What nothing could notice: annotations are never evaluated."""
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            if getattr(node, name, None) is not None:
                yield from ast.walk(getattr(node, name))
        if isinstance(node, ast.keyword) and node.arg == "strict":  # of a zip: only rows of unequal length would tell
            yield node.value


def _values(node: ast.AST) -> Iterator[tuple[Any, str, Any, int, str]]:
    """Changes of an operator, a condition, a number or a result."""
    line = getattr(node, "lineno", 0)
    if isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)) and type(node.op) in OPERATORS:
        other = OPERATORS[type(node.op)]
        yield node, "op", other(), line, f"{type(node.op).__name__} -> {other.__name__}"
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS:
        other = OPERATORS[type(node.ops[0])]
        yield node, "ops", [other(), *node.ops[1:]], line, f"{type(node.ops[0]).__name__} -> {other.__name__}"
    if isinstance(node, (ast.If, ast.IfExp)):
        yield node, "test", ast.UnaryOp(ast.Not(), node.test), line, "condition negated"
    if isinstance(node, ast.Constant) and type(node.value) in (int, bool):
        yield node, "value", (not node.value) if isinstance(node.value, bool) else node.value + 1, line, f"{node.value!r} changed"
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield node, "value", ast.Constant(None), line, "returns None"


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _statements(node: ast.AST) -> Iterator[tuple[Any, str, Any, int, str]]:
    """Statements of a function left out."""
    body = getattr(node, "body", None)
    if not isinstance(body, list) or isinstance(node, (ast.Module, ast.ClassDef)):
        return
    for index, child in enumerate(body):
        docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
        if isinstance(child, (ast.Assign, ast.AugAssign, ast.Expr, ast.Raise)) and not docstring:
            yield node, "body", [*body[:index], ast.Pass(), *body[index + 1 :]], child.lineno, "left out: " + ast.unparse(child)[:60]


@dataclass(frozen=True)
class Subject:
    """What is mutated: ``targets`` files of the package; ``tests`` folder of the tree and the ``files`` in it, those that are there."""

    targets: tuple[str, ...]
    tests: str
    files: tuple[str, ...]


def measure(subject: Subject) -> Mutation:
    """Run the tests against every mutant, each in a process and a tree of its own copy. ConfigError without tests."""
    tests, package, helpers = find_resource(subject.tests), find_resource(PACKAGE), find_resource(HELPERS)
    result = Mutation()
    with tempfile.TemporaryDirectory(prefix="telesurgery_mutants_") as folder:
        tree = Path(folder)
        for source, name in ((package, PACKAGE), (tests, "tests"), (helpers, "helpers"), (find_resource("config"), "config")):
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        if not _pass(tree, subject.files):
            raise AssertionError(f"{subject.tests}: the tests fail without any mutation")
        for target in subject.targets:
            _try_all(tree, target, subject.files, result)
    return result


def _try_all(tree: Path, target: str, files: Sequence[str], result: Mutation) -> None:
    file = tree / PACKAGE / target
    source = file.read_text(encoding="utf-8")
    for line, what, changed in mutants(source):
        file.write_text(changed, encoding="utf-8")
        result.made += 1
        if _pass(tree, files):
            result.survivors.append(f"{target}:{line} {what}")
        else:
            result.killed += 1
    file.write_text(source, encoding="utf-8")


def _pass(tree: Path, names: Sequence[str]) -> bool:
    files = [f"tests/{name}" for name in names if (tree / "tests" / name).exists()]
    without = [word for name in ("cacheprovider", "launch_testing", "launch_ros") for word in ("-p", f"no:{name}")]
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", *without, *files]
    environment = {**os.environ, "PYTHONPATH": f"{tree}{os.pathsep}{tree / 'helpers'}", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.run(command, cwd=tree, env=environment, capture_output=True, timeout=TIMEOUT_S, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False
