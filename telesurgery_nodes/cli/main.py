"""`telesurgery`: one command, a table of sub-commands.

A sub-command is a module of this package with ``add_arguments(parser)`` and ``run(args) -> int``, or with a ``main(argv)`` of its own
(OWN_MAIN). Only the module asked for is imported, so that `telesurgery doctor` works where rclpy or MuJoCo do not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from ..errors import TelesurgeryError

EXIT_REFUSED = 2
EXIT_INTERRUPTED = 130

COMMANDS: dict[str, str] = {
    "demo": "run a whole session on this machine: both sites, two paths between them, a report",
    "doctor": "check this machine and say what to do",
    "keys": "certificates of a consortium, its hospitals and their devices",
    "emulate": "put a long-distance network between two programs: delay, loss, outages, recorded delays",
    "preflight": "check the link to the other site before a session: paths, separation, round trip, loss",
    "crtk-check": "does an arm speak CRTK: frame, units, rates, liveness, states, QoS",
    "bench": "measure, against the bars of an issue",
    "docs": "write the tables of the documentation from the code",
}


OWN_MAIN = ("docs",)


def _module(name: str) -> str:
    return name.replace("-", "_")


def build_parser(wanted: str | None) -> argparse.ArgumentParser:
    """The parser; only ``wanted`` gets its arguments."""
    about = "Open suite for operating at a distance. Research and simulation; not a medical device."
    parser = argparse.ArgumentParser(prog="telesurgery", description=about)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, what in COMMANDS.items():
        sub = commands.add_parser(name, help=what, description=what)
        if name == wanted and name not in OWN_MAIN:
            import_module(f"{__package__}.{_module(name)}").add_arguments(sub)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script. Returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    wanted = next((word for word in words if not word.startswith("-")), None)
    if words and words[0] in OWN_MAIN:
        return int(import_module(f"{__package__}.{words[0]}").main(words[1:]) or 0)
    args = build_parser(wanted).parse_args(words)
    try:
        return int(import_module(f"{__package__}.{_module(args.command)}").run(args))
    except TelesurgeryError as error:
        print(f"telesurgery {args.command}: {error}", file=sys.stderr)
        return EXIT_REFUSED
    except KeyboardInterrupt:
        print(f"telesurgery {args.command}: stopped by the user", file=sys.stderr)
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
