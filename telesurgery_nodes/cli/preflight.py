"""`telesurgery preflight`: before a session, check the link to the other site's running bridge. The own bridge must not run meanwhile."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from ..agreement import agreement
from ..core.link.seal import Role
from ..core.link.separation import worst
from ..core.link.series import FEWEST_BINS
from ..devices.link.handshakes import Wire
from ..devices.link.wan_link import LinkPlan, WanLink
from ..errors import ConfigError
from ..session import path_ends
from ..trust.identity import load_identity
from .preflight_checks import BAD, CHECKS, GOOD, UNKNOWN, Finding
from .preflight_link import LinkFacts, LiveLink, PathPlan, SiteLink, collect

SECONDS = float(FEWEST_BINS) + 5.0
SHORTEST = 1.0
MBIT = 1e6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the sub-command; the lists are those of the launch files."""
    parser.add_argument("--side", choices=[role.value for role in Role], required=True, help="which site this is")
    parser.add_argument("--remote", required=True, metavar="HOST,...", help="the other site's address of each path (host or host:port)")
    parser.add_argument("--local", default="", metavar="HOST,...", help="own address of each path (default: any)")
    parser.add_argument("--interfaces", default="", metavar="CARD,...", help="own network card of each path (default: any)")
    parser.add_argument("--identity", required=True, metavar="DIR", help="folder of this site's device (docs/keys.md)")
    parser.add_argument("--path-mbit", type=float, default=50.0, help="contracted rate of each path [Mbit/s] (default 50)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"how long to watch [s] (default {SECONDS:g})")
    parser.add_argument("--load", action="store_true", help="also fill the paths for some seconds each; never during a session")
    parser.add_argument("--allow-unknown", action="store_true", help="what could not be told does not fail the preflight")
    parser.add_argument("--json", action="store_true", help="print JSON")


def planned(args: argparse.Namespace) -> list[PathPlan]:
    """The paths asked for. ConfigError where the lists do not fit."""
    if not args.path_mbit > 0.0 or not args.seconds >= SHORTEST:
        raise ConfigError(f"--path-mbit {args.path_mbit:g} and --seconds {args.seconds:g}; valid: above 0, and at least {SHORTEST:g}")
    ends = path_ends("preflight", args.remote, args.local, args.interfaces)
    if not ends["remote"]:
        raise ConfigError("--remote is empty; wanted the other site's address of each path")
    rows = zip(*(ends[key] for key in ("path_names", "local", "remote", "interfaces")), strict=True)
    return [PathPlan(*row, args.path_mbit * MBIT) for row in rows]


def open_link(args: argparse.Namespace) -> LiveLink:
    """The link as the bridge of this side would open it. Nothing is opened before the identity is proved."""
    paths = tuple(Wire(path.name, path.local, path.remote, path.interface) for path in planned(args))
    plan = LinkPlan(Role(args.side), args.identity, paths, agreement(), args.path_mbit)
    return SiteLink(WanLink(plan, (time.monotonic, today), lambda event: None, say))


def today() -> datetime:
    """The calendar's time, for certificates."""
    return datetime.now(timezone.utc)


def say(words: str) -> None:
    """Progress, for people."""
    print(f"preflight: {words}", file=sys.stderr)


def judged(facts: LinkFacts) -> dict[str, Finding]:
    """Every row by name."""
    return {check.name: check.run(facts) for check in CHECKS}


def exit_status(findings: Mapping[str, Finding], allow_unknown: bool) -> int:
    """0 only where nothing is bad, and unknown is not good unless that was asked for."""
    refused = {BAD} if allow_unknown else {BAD, UNKNOWN}
    return int(any(finding.level in refused for finding in findings.values()))


def report(facts: LinkFacts, findings: Mapping[str, Finding]) -> dict[str, Any]:
    """For --json; the single round trips are left out."""
    paths = {name: {**asdict(survey), "reason": survey.reason.name} for name, survey in facts.surveys.items()}
    for row in paths.values():
        row["round_trips"] = len(row["round_trips"])
    return {
        "checks": [{"name": check.name, "what": check.what, **asdict(findings[check.name])} for check in CHECKS],
        "paths": paths,
        "hops": {name: asdict(hops) for name, hops in facts.hops.items()},
        "pairs": [
            {"first": proof.first, "second": proof.second, "verdict": proof.verdict.value,
             "points": {point.name: [point.verdict.value, point.sentence] for point in proof.points}}
            for proof in facts.proofs
        ],
        "separation": worst([proof.verdict for proof in facts.proofs]).value,
    }  # fmt: skip


def table(facts: LinkFacts, findings: Mapping[str, Finding]) -> str:
    """For people."""
    lines = []
    for check in CHECKS:
        finding = findings[check.name]
        lines.append(f"{finding.level:8} {check.name:12} {finding.sentence}" + (f"\n{'':21} -> {finding.mend}" if finding.mend else ""))
    lines += [f"paths {proof.first} and {proof.second}: {proof.verdict.name}" for proof in facts.proofs]
    return "\n".join(lines)


def verdict(findings: Mapping[str, Finding], status: int) -> str:
    """The last line."""
    counts = _counted([finding.level for finding in findings.values()])
    return f"preflight of the link: {'passed' if status == 0 else 'NOT passed'} ({counts})"


def _counted(levels: Sequence[str]) -> str:
    return ", ".join(f"{levels.count(level)} {level}" for level in (GOOD, BAD, UNKNOWN))


def run(args: argparse.Namespace) -> int:
    """Measure, judge, print."""
    plan = planned(args)
    load_identity(args.identity, today())
    facts = collect(plan, lambda: open_link(args), args.seconds, args.load, say)
    findings = judged(facts)
    status = exit_status(findings, args.allow_unknown)
    if args.json:
        print(json.dumps({"passed": status == 0, **report(facts, findings)}, indent=2))
    else:
        print(table(facts, findings))
        print(verdict(findings, status))
    return status
