"""`telesurgery crtk-check NAMESPACE`: does this arm speak CRTK? Conformant, divergent or undetermined, point by point.

It only listens. With --active it also asks the arm for states and for a move of 2 mrad and back, after a question.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from ..core.crtk.evidence import Evidence, Finding, Verdict
from ..core.crtk.judge import judge
from ..core.crtk.model import gaps, ranges, slides
from ..core.kinematics.model import Chain, RobotModel
from ..errors import ConfigError

SECONDS = 5.0
QUESTION = "This will pause the arm and move its first joint by 2 mrad (2 mm where it slides) and back. Somebody must watch it. Type yes: "
MODEL_OF = ("local/measured_cp", "measured_cp")  # the first that is there: without a base frame, as a model is


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the sub-command."""
    parser.add_argument("namespace", metavar="NAMESPACE", help="of the arm, for instance PSM1")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"how long to listen (default {SECONDS:g})")
    parser.add_argument("--domain", type=int, default=None, help="ROS domain (default: as the environment says)")
    parser.add_argument("--urdf", default="", metavar="FILE", help="URDF or xacro of the arm: joint ranges and forward kinematics")
    parser.add_argument("--base", default="", help="link measured_cp is given in (default NAMESPACE_rcm)")
    parser.add_argument("--tip", default="", help="link measured_cp is of (default NAMESPACE_tip)")
    parser.add_argument("--active", action="store_true", help="also ask: enable, pause, resume, hold, and a move of 2 mrad and back")
    parser.add_argument("--yes", action="store_true", help="with --active: do not ask")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def model_of(args: argparse.Namespace) -> Chain | None:
    """The chain that --urdf names."""
    if not args.urdf:
        return None
    from ..nodes.arm_setup import read_urdf

    arm = args.namespace.strip("/").rpartition("/")[2]
    return RobotModel(read_urdf(args.urdf)).chain(args.base or f"{arm}_rcm", args.tip or f"{arm}_tip")


def allowed(args: argparse.Namespace) -> bool:
    """--active, and somebody said yes."""
    if not args.active:
        return False
    if args.yes:
        return True
    print(QUESTION, end="", file=sys.stderr, flush=True)
    if not sys.stdin.isatty():
        raise ConfigError("--active without a terminal wants --yes")
    return sys.stdin.readline().strip().lower() == "yes"


def collect(args: argparse.Namespace, chain: Chain | None, active: bool) -> Evidence:
    """Listen, and ask where that is allowed."""
    from .crtk_ear import Ear

    ear = Ear(args.namespace, args.domain)
    try:
        ear.listen(args.seconds)
        topics = ear.topics()
        reactions = [*ear.ask_states(), ear.ask_move()] if active else []
    finally:
        ear.close()
    extra: dict[str, Any] = {}
    if chain is not None:
        pose = next((topics[name] for name in MODEL_OF if topics[name].samples), None)
        found = gaps(chain, topics["measured_js"].samples, pose.samples) if pose is not None else None
        extra = {"ranges": ranges(chain), "prismatic": slides(chain)}
        extra |= {"model_gap_m": found[0], "model_gap_rad": found[1]} if found is not None else {}
    return Evidence(args.seconds, topics, late_state=ear.late_state, reactions=tuple(reactions), **extra)


def lines(findings: list[Finding]) -> list[str]:
    """A table for people."""
    wide = max(len(finding.point) for finding in findings)
    rows = [f"{finding.verdict.value:13} {finding.point:{wide}} {finding.sentence}" for finding in findings]
    count = {verdict: sum(finding.verdict is verdict for finding in findings) for verdict in Verdict}
    return [*rows, ", ".join(f"{number} {verdict.value}" for verdict, number in count.items())]


def run(args: argparse.Namespace) -> int:
    """The sub-command. 0 only where nothing diverges."""
    try:
        import rclpy  # noqa: F401
    except ImportError as error:
        raise ConfigError(f"rclpy wanted: {error}; `telesurgery doctor` says how to get it") from error
    findings = judge(collect(args, model_of(args), allowed(args)))
    if args.json:
        rows = [{**asdict(finding), "verdict": finding.verdict.value} for finding in findings]
        print(json.dumps({"namespace": args.namespace, "findings": rows}, indent=2))
    else:
        print("\n".join(lines(findings)))
    return int(any(finding.verdict is Verdict.DIVERGENT for finding in findings))
