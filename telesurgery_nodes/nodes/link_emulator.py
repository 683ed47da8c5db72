"""The link emulator as a process of a session; for people there is `telesurgery emulate`. Needs no root and no ROS.

    link_emulator --preset casablanca_shanghai --surgeon 127.0.0.1:47011,127.0.0.1:47021 --patient 127.0.0.1:47012,127.0.0.1:47022

``--surgeon`` and ``--patient`` list where each path listens for that side, in the order of the preset's paths. A side is answered
at the address its last datagram came from. SIGUSR1 cuts all paths, SIGUSR2 restores them. ``--stats FILE`` gets a JSON line per second.
Formats, and what the model does and does not do: docs/emulator.md.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from ..devices.relay.options import add_arguments, build
from ..devices.relay.presets import PathSpec as PathSpec
from ..devices.relay.presets import load_preset as load_preset
from ..devices.relay.relay import Relay as Relay
from ..devices.relay.timing import best_timing
from ..errors import ConfigError, TelesurgeryError

EXIT_REFUSED = 2


def obey_signals(relay: Relay) -> None:
    """SIGTERM and SIGINT stop it, SIGUSR1 cuts, SIGUSR2 restores."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: relay.stop())
    signal.signal(signal.SIGUSR1, lambda *_: relay.cut())
    signal.signal(signal.SIGUSR2, lambda *_: relay.restore())


def open_stats(name: str) -> TextIO:
    """The file for statistics, or one that keeps nothing. ConfigError where it cannot be written."""
    try:
        return open(name or os.devnull, "w", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {name}: {error}") from error


def write_row(stats: TextIO, row: dict[str, Any]) -> None:
    """One line, there at once."""
    stats.write(json.dumps(row) + "\n")
    stats.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Relay until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="link_emulator", description="A wide-area network in one process.")
    add_arguments(parser)
    args = parser.parse_args(argv)
    try:
        stats = open_stats(args.stats)
        relay = build(args)
    except TelesurgeryError as error:
        sys.stderr.write(f"link_emulator: {error}\n")
        return EXIT_REFUSED
    obey_signals(relay)
    relay.scheduler = best_timing(not args.no_fifo)
    with contextlib.closing(relay), stats:
        relay.run(lambda row: write_row(stats, row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
