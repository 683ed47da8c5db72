"""Writes the generated tables of docs/*.md: ``python -m telesurgery_nodes.cli.docs`` (``--check`` only says what is out of date).

A table sits between ``<!-- generated: NAME -->`` and ``<!-- end -->``; docs_tables.py makes them.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import ConfigError
from .docs_tables import BLOCKS

DOCS = Path(__file__).resolve().parents[2] / "docs"
MARKED = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)


def render(text: str) -> str:
    """``text`` with every generated block made anew."""

    def fill(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in BLOCKS:
            raise ConfigError(f"docs: wanted a generated block of {', '.join(sorted(BLOCKS))}; got {name!r}")
        return f"{found[1]}\n{BLOCKS[name]()}\n{found[4]}"

    return MARKED.sub(fill, text)


def stale(folder: Path = DOCS) -> dict[Path, str]:
    """Pages that differ from what they would be, with the text they should have."""
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))}
    fresh = {path: render(text) for path, text in pages.items()}
    return {path: text for path, text in fresh.items() if text != pages[path]}


def main(argv: Sequence[str] | None = None) -> int:
    """Rewrite, or with --check only name, the pages that are out of date."""
    parser = argparse.ArgumentParser(prog="python -m telesurgery_nodes.cli.docs", description="generate the tables of docs/*.md")
    parser.add_argument("--check", action="store_true", help="change nothing; exit status 1 when a page is out of date")
    check = parser.parse_args(argv).check
    found = stale()
    for path, text in found.items():
        print(f"{path.name}: {'out of date' if check else 'rewritten'}")
        if not check:
            path.write_text(text, encoding="utf-8")
    return int(check and bool(found))


if __name__ == "__main__":
    sys.exit(main())
