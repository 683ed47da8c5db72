"""Short time slices for control processes: since Linux 6.12 (EEVDF) a process may ask for shorter ones than others take.

Whoever needs the processor for half a millisecond, but now, asks for short slices: it is let in sooner when it wakes, and gives way sooner.
Its share of the processor stays the same, so pictures do not starve as they do beside SCHED_FIFO, and no privilege is needed. Older
kernels ignore the wish.
"""

from __future__ import annotations

import ctypes
import os
import platform

CONTROL_SLICE = 0.0001  # [s] the shortest there is; the kernel's own is 1.4 ms on two processors
CALLS = {"x86_64": 314, "aarch64": 274}  # machine -> number of the system call sched_setattr (2)
SINCE = (6, 12)  # of Linux: sched_attr.sched_runtime of a SCHED_OTHER process is its slice
NANO = 1e9


class _Attributes(ctypes.Structure):
    """struct sched_attr, first version (include/uapi/linux/sched/types.h)."""

    _fields_ = (
        ("size", ctypes.c_uint32), ("policy", ctypes.c_uint32), ("flags", ctypes.c_uint64), ("nice", ctypes.c_int32),
        ("priority", ctypes.c_uint32), ("runtime", ctypes.c_uint64), ("deadline", ctypes.c_uint64), ("period", ctypes.c_uint64),
    )  # fmt: skip


def ask_short_slices(slice_s: float = CONTROL_SLICE) -> str:
    """Ask for slices of ``slice_s`` [s] for this thread and those it will start; "" where granted, else why not."""
    call = CALLS.get(platform.machine())
    if call is None or platform.system() != "Linux":
        return f"not known how to ask {platform.system()} on {platform.machine()}"
    wish = _Attributes(size=ctypes.sizeof(_Attributes), policy=os.SCHED_OTHER, nice=os.nice(0), runtime=round(slice_s * NANO))
    libc = ctypes.CDLL(None, use_errno=True)
    return "" if libc.syscall(call, 0, ctypes.byref(wish), 0) == 0 else os.strerror(ctypes.get_errno())


def kernel_slices(release: str = "") -> bool:
    """Whether this kernel (or one of ``release``, as `uname -r` says it) heeds the wish."""
    numbers = (release or platform.release()).split("-")[0].split(".")[:2]
    return all(number.isdigit() for number in numbers) and tuple(map(int, numbers)) >= SINCE
