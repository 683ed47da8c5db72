"""Bench `arm`: the bars of issue 4, one part a module: ``run(arguments) -> (bars, details)``; ``details["text"]`` is printed."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from ..bench import BenchArguments, Result, chosen
from . import collision, crtk, force, gate, limiter, press, replay, targets, teleop

PARTS: tuple[ModuleType, ...] = (targets, replay, limiter, collision, gate, press, teleop, force, crtk)


def run(arguments: BenchArguments) -> Result:
    """The parts asked for, in order."""
    bars, found, texts = [], dict[str, Any](), []
    for part in chosen(PARTS, arguments.parts):
        more, details = part.run(arguments)
        name = part.__name__.rpartition(".")[2]
        bars, found[name] = bars + more, details
        texts.append(str(details.get("text", "")))
    return Result(bars, found, "\n".join(text for text in texts if text))
