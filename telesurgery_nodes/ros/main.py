"""The main of every node: start, spin, stop cleanly on SIGINT and SIGTERM, exit codes.

EventsExecutor driven by a spin_once loop costs a quarter of the SingleThreadedExecutor's CPU at 1 kHz (safety.md 4.3); its own
spin() hangs in the PyPI wheels and is never called. Exit status: 0 stopped on request, 2 refused to start (one line says why).
"""

from __future__ import annotations

import gc
import signal
import sys
import time
from collections.abc import Sequence
from types import FrameType
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from ..errors import TelesurgeryError
from .node import Loop, SuiteNode

SPIN_TIMEOUT = 0.05  # [s] how long a stop request may go unseen while nothing happens
EXIT_REFUSED = 2


def make_executor(context: Any = None) -> Any:
    """EventsExecutor where rclpy has one, else SingleThreadedExecutor."""
    try:
        from rclpy.experimental.events_executor import EventsExecutor
    except ImportError:
        return SingleThreadedExecutor(context=context)
    return EventsExecutor(context=context)


class StopFlag:
    """Set by SIGINT and SIGTERM; the spin loop looks at it."""

    def __init__(self) -> None:
        """Install the handlers."""
        self.set = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.set = True


def _turn(executor: Any, loop: Loop | None) -> None:
    """Events until the loop's tick is due, then the tick. A timer costs two thread switches more, and cannot be knocked at."""
    if loop is None:
        executor.spin_once(timeout_sec=SPIN_TIMEOUT)
        return
    beat = loop.beat
    wait = beat.wait(time.monotonic())
    if wait > 0.0:
        executor.spin_once(timeout_sec=min(wait, SPIN_TIMEOUT))
    now = time.monotonic()
    if beat.wait(now) <= 0.0:
        beat.begin(now)
        loop.tick()
        beat.end(time.monotonic())


def _spin(node: SuiteNode, stop: StopFlag) -> None:
    executor = make_executor()
    loop = node.take_loop()
    executor.add_node(node)
    running = node.context.ok  # rclpy.ok() looks for the context anew at every turn
    # Everything made so far lives as long as the process: keep the collector from walking it in the control loop.
    gc.collect()
    gc.freeze()
    try:
        while not stop.set and running():
            _turn(executor, loop)
    except (KeyboardInterrupt, ExternalShutdownException):
        stop.set = True  # a stop request by another road
    finally:
        executor.remove_node(node)


def run(kind: type[SuiteNode], args: Sequence[str] | None = None) -> int:
    """Run one node until it is asked to stop."""
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    stop = StopFlag()
    node: SuiteNode | None = None
    try:
        node = kind()
        _spin(node, stop)
    except TelesurgeryError as error:
        sys.stderr.write(f"{kind.NAME}: {error}\n")
        return EXIT_REFUSED
    finally:
        if node is not None:
            node.close()
        rclpy.try_shutdown()
    return 0
