"""Run one node without `ros2 run`: ``python -m telesurgery_nodes.cli.node NAME [arguments of the node]``."""

from __future__ import annotations

import sys
from importlib import import_module

from ..session import MODULE, TABLE


def main() -> int:
    """Hand the rest of the command line to the node's own main."""
    known = sorted({row.executable for row in TABLE})
    if len(sys.argv) < 2 or sys.argv[1] not in known:
        print(f"usage: python -m {__package__}.node NAME ...; valid names: {', '.join(known)}", file=sys.stderr)
        return 2
    name = sys.argv.pop(1)
    return int(import_module(MODULE + name).main() or 0)


if __name__ == "__main__":
    sys.exit(main())
