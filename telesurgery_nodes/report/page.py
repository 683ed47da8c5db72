"""report.html: one file that needs nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from .ledgers import html_table
from .text import summary_text

STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222}
pre{background:#f4f4f4;padding:1em;white-space:pre-wrap;font-size:13px}svg,img{max-width:100%;height:auto}
table{border-collapse:collapse;font-size:13px}td,th{padding:.1em .8em;text-align:right}td:first-child,th:first-child{text-align:left}
.good{color:#0a6b2d}.bad{color:#a40000}"""


def _picture(path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    name = escape(path.name)
    return f'<figure><img alt="{name}" src="data:image/png;base64,{data}"><figcaption>{name}</figcaption></figure>'


def _section(title: str, figure: str | None) -> str:
    return f"<h2>{escape(title)}</h2>\n{figure or '<p>not measured in this session</p>'}"


def page(summary: dict[str, Any], figures: Mapping[str, str | None], snapshots: Sequence[Path]) -> str:
    """The whole page. ``figures``: title -> inline SVG or None; ``snapshots``: PNG files, put into the page."""
    verdict = '<p class="good">The session held.</p>' if summary["ok"] else f'<p class="bad">Failed: {escape(str(summary["why"]))}</p>'
    sections = [_section(title, figure) for title, figure in figures.items()]
    shots = [_picture(path) for path in snapshots]
    about = json.dumps({name: summary[name] for name in ("options", "conditions")}, indent=2)
    return "\n".join([
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>telesurgery session</title><style>{STYLE}</style></head><body>',
        f"<h1>Session {escape(summary['began'])}</h1>", verdict,
        "<p>Research and simulation; not a medical device.</p>",
        f"<pre>{escape(summary_text(summary))}</pre>", f"<h2>Where the time went</h2>{html_table(summary)}", *sections,
        "<h2>What the surgeon saw</h2>" if shots else "", *shots,
        f"<h2>Conditions</h2><pre>{escape(about)}</pre>",
        "</body></html>",
    ])
