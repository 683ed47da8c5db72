"""The other site without ROS, as a process: a session that answers heartbeats and sends states until its input ends.

    python far_end.py IDENTITY LOCAL,... REMOTE,... [CARD,...]
"""

import select
import sys

from telesurgery_nodes.cli.preflight import add_arguments, open_link
from telesurgery_nodes.core.link.wire import Stream

STATE_S = 0.01


def main(words):
    import argparse

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    identity, local, remote, *cards = words
    link = open_link(parser.parse_args(
        ["--side", "patient", "--identity", identity, "--local", local, "--remote", remote, "--interfaces", cards[0] if cards else ""]
    ))  # fmt: skip
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not select.select([sys.stdin], [], [], 0.0)[0]:
        link.send(Stream.STATE, b"state")
        link.step(STATE_S)
    link.close()


if __name__ == "__main__":
    main(sys.argv[1:])
