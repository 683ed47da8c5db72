"""Who comes first when processors are short: the thread that decides on the permit, then arm control and the robot in simulation.

SCHED_FIFO where the system grants it (docs/safety.md). Not for bridges and masters: all of them together, three quarters of two processors,
left the pictures so late that they stopped the arms. Set before a node is built, so that the middleware's own threads inherit it.
"""

from __future__ import annotations

import os
import threading

NORMAL, ARMS, PERMIT = 0, 45, 50  # the permit's as measured in safety.md 4.1
NICE = -15


def raise_priority(priority: int) -> str:
    """Real-time priority for the calling thread, and those it makes, where the system lets us; says what it got."""
    if priority == NORMAL:
        return "normal"
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
