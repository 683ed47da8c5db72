"""Release on time: what the operating system can do for a process that waits for microseconds."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os

PR_SET_TIMERSLACK = 29  # <linux/prctl.h>; the default slack of 50 us would be half of the timing error
TIMER_SLACK_NS = 1
FIFO_PRIORITY = 30  # wan.md header; below the safety watchdog's 50


def best_timing(real_time: bool = True, priority: int = FIFO_PRIORITY) -> str:
    """Fine timers for this process, no pauses for old garbage, and SCHED_FIFO if ``real_time`` and allowed. Says what it got."""
    with contextlib.suppress(OSError, AttributeError):  # best effort: where it is refused the statistics show the larger error
        ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0)
    gc.collect()
    gc.freeze()
    if not real_time:
        return "normal (SCHED_FIFO not asked for)"
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except (OSError, AttributeError) as refused:
        return f"normal (SCHED_FIFO: {getattr(refused, 'strerror', None) or refused})"
    return f"SCHED_FIFO {priority}"
