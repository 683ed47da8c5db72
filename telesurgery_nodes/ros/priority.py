"""Who comes first when processors are short: the permit, then the arms, then the road of commands; pictures come last (session.py).

Set before a node is built, so that the middleware's own threads inherit it. Refused without the right to it (docs/safety.md); then the
node runs all the same and says so in its diagnostics.
"""

from __future__ import annotations

import os
import threading

NONE = 0
ROAD, ARMS, PERMIT = 40, 45, 50  # SCHED_FIFO; the permit's as measured in safety.md 4.1, the others stay below it
NICE = -15


def raise_priority(priority: int) -> str:
    """SCHED_FIFO ``priority`` for the calling thread and those it makes, where the system lets us; says what it got."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except OSError as refused:
        return _nice(refused)
    return f"SCHED_FIFO {priority}"


def _nice(refused: OSError) -> str:
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
    except OSError:
        return f"normal (SCHED_FIFO: {refused.strerror}): holds may come late under load, see docs/safety.md"
    return f"nice {NICE} (SCHED_FIFO: {refused.strerror})"
