"""Real-time scheduling: the words in front of a command line that ask for it, and whether this user may.

SCHED_FIFO processes run before all others, so a busy machine does not make them late. What they leave is what the others get. Linux keeps
5 % of every processor for those (`sysctl kernel.sched_rt_runtime_us`), so that a runaway process does not take the machine.
"""

from __future__ import annotations

import os
import shutil
import threading

from .errors import ConfigError

CONTROL_PRIORITY = 20  # of the processes between hands and motors: below the link emulator's 30 and the permit's 50
CHRT = "chrt"  # of util-linux
ALLOW = "add `@realtime - rtprio 80` to /etc/security/limits.conf, join that group and log in anew"


def fifo_allowed(priority: int = CONTROL_PRIORITY) -> bool:
    """This user may ask for SCHED_FIFO. Tried on a thread that then ends: limits, capabilities and control groups all have a say."""
    granted = False

    def ask() -> None:
        nonlocal granted
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
        except (OSError, AttributeError):  # refused; not a system that has it
            return
        granted = True

    probe = threading.Thread(target=ask)
    probe.start()
    probe.join()
    return granted


def real_time_words(priority: int) -> list[str]:
    """In front of a command line: it runs under SCHED_FIFO, with every thread it makes."""
    return [CHRT, "--fifo", str(priority)]


def check_real_time() -> None:
    """ConfigError where real time cannot be had; half of the processes with it would be worse than none."""
    if shutil.which(CHRT) is None:
        raise ConfigError(f"realtime: wanted the program {CHRT} (package util-linux); none found")
    if not fifo_allowed():
        raise ConfigError(f"realtime: wanted leave for SCHED_FIFO {CONTROL_PRIORITY}, it was refused; {ALLOW}")
