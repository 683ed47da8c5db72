"""Who comes first when processors are short: the permit, then the arms, then the road of commands, then pictures, then everything else.

Set before a node is built, so that the middleware's own threads inherit it. Refused without the right to it (docs/safety.md); then the
node runs all the same and says so in its diagnostics.
"""

from __future__ import annotations

import os
import threading

NONE = 0
ROAD, ARMS, PERMIT = 40, 45, 50  # SCHED_FIFO; the permit's as measured in safety.md 4.1, the others stay below it
PICTURES = -10  # a nice value: behind SCHED_FIFO, but before whatever else runs on the machine; else the session's own (session.py)
NICE = -15


def raise_priority(priority: int) -> str:
    """SCHED_FIFO ``priority`` (below 0: that nice value) for the calling thread and those it makes, where we may; says what it got."""
    if priority < NONE:
        return _nice(priority, "")
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except OSError as refused:
        return _nice(NICE, f" (SCHED_FIFO: {refused.strerror})")
    return f"SCHED_FIFO {priority}"


def _nice(value: int, why: str) -> str:
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), value)
    except OSError:
        return f"normal{why}: holds may come late under load, see docs/safety.md"
    return f"nice {value}{why}"
