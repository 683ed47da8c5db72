"""What every node of the suite shares: parameters, steady time, endpoints from the table, counters, diagnostics, tapes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.publisher import Publisher

from ..core.beat import Beat
from ..tapes import TapeWriter
from . import light
from .endpoints import message_class, offered, requested, row
from .mailbox import Mailbox
from .params import NodeParams, declare

DIAGNOSTICS_PERIOD = 1.0  # [s] REP-107 tools expect about 1 Hz
NANO, SECOND = 1e-9, 10**9  # [s] of a nanosecond, [ns] of a second
CLOCKS_APART = 5e-5  # [s] two readings further apart are not of one instant: the process was put aside in between
CLOCK_TRIES = 3


@dataclass(frozen=True)
class Loop:
    """A node's fast loop: when it ticks, what it does, and the timer that ticks where nobody else does."""

    beat: Beat
    tick: Callable[[], None]
    timer: Any


class SuiteNode(Node):
    """Base of the nodes. A subclass sets NAME and PARAMS, makes its endpoints in __init__, and may override diagnose and close."""

    NAME: ClassVar[str] = ""
    PARAMS: ClassVar[type[NodeParams]] = NodeParams

    def __init__(self, **node_args: Any) -> None:
        """Declare parameters and start diagnostics. ``node_args`` go to rclpy (context, parameter_overrides ...)."""
        self._mailboxes: list[Mailbox] = []
        super().__init__(self.NAME, **node_args)
        self.params: Any = declare(self, self.PARAMS)
        self.counters: Counter[str] = Counter()
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._tapes: list[TapeWriter] = []
        self._loop: Loop | None = None
        self._closed = False
        self._diagnostics = self.publisher("diagnostics")
        self.every(DIAGNOSTICS_PERIOD, self._publish_diagnostics)

    def now(self) -> float:
        """Steady clock of this machine [s]."""
        return time.monotonic()

    def ros_stamp(self) -> Time:
        """ROS time for a message header."""
        sec, nanosec = divmod(self._ros_nanoseconds(), SECOND)
        return Time(sec=sec, nanosec=nanosec)

    def light_stamp(self) -> light.Time:
        """The same for a message that is packed as bytes (cdr.py)."""
        return light.Time(*divmod(self._ros_nanoseconds(), SECOND))

    def ros_now(self) -> float:
        """ROS time [s]."""
        return self._ros_nanoseconds() * NANO

    def _ros_nanoseconds(self) -> int:
        # What get_clock().now() does, without the objects around the number: they cost twice what the number does.
        handle = self.get_clock().handle
        with handle:
            return int(handle.get_now().nanoseconds)

    def both_clocks(self) -> tuple[float, float]:
        """Steady and ROS time [s] of one instant, where a stage ends on one clock and the next begins on the other."""
        for _ in range(CLOCK_TRIES):
            before, ros, after = self.now(), self.ros_now(), self.now()
            if after - before <= CLOCKS_APART:
                break
        return (before + after) / 2.0, ros

    def every(self, period: float, callback: Callable[[], None]) -> Any:
        """Timer on the steady clock, ``period`` [s]. rclpy's default clock stops when the wall clock steps back."""
        return self.create_timer(period, callback, clock=self._steady)

    def loop(self, rate: float, tick: Callable[[], None]) -> None:
        """The fast loop of this node, ``rate`` [Hz]: a timer, unless the process's own spin takes it over (main.py)."""
        self._loop = Loop(Beat(1.0 / rate, self.now()), tick, self.every(1.0 / rate, tick))

    def wake(self, key: str, **fill: str) -> None:
        """Each message of this row lets the loop tick at once. It is read by whoever reads it, here it only knocks."""
        channel = row(key)
        kind, name = message_class(channel), channel.name.format(**fill)
        self.create_subscription(kind, name, lambda _raw: self._loop and self._loop.beat.knock(), requested(channel), raw=True)

    def take_loop(self) -> Loop | None:
        """The loop for the process's own spin; its timer is gone from now on."""
        if self._loop is not None:
            self.destroy_timer(self._loop.timer)
        return self._loop

    def publisher(self, key: str, **fill: str) -> Publisher:
        """Publisher of a row of channels.py, names filled in with ``fill``."""
        channel = row(key)
        return self.create_publisher(message_class(channel), channel.name.format(**fill), offered(channel))

    def subscribe(self, key: str, callback: Callable[[Any], None], **fill: str) -> Any:
        """Subscription to a row of channels.py."""
        channel = row(key)
        return self.create_subscription(message_class(channel), channel.name.format(**fill), callback, requested(channel))

    def mailbox(self) -> Mailbox:
        """Subscriptions that the node reads itself; see mailbox.py."""
        self._mailboxes.append(Mailbox(self.subscribe, self.count))
        return self._mailboxes[-1]

    @property
    def subscriptions(self) -> Iterator[Any]:
        """What the executor waits for: all but the mailboxes."""
        return (one for one in super().subscriptions if not any(one in box for box in self._mailboxes))

    def count(self, name: str, by: int = 1) -> None:
        """Count an event; counters appear in the diagnostics."""
        self.counters[name] += by

    def tape(self, table: str, columns: tuple[str, ...], rows_per_write: int = 50) -> TapeWriter:
        """Raw samples of this node (parameter tape_dir)."""
        writer = TapeWriter(self.params.tape_dir, self.get_name(), table, tuple(columns), rows_per_write)
        self._tapes.append(writer)
        return writer

    def diagnose(self) -> dict[str, object]:
        """Values for /diagnostics. Key ``level`` (0 OK, 1 WARN, 2 ERROR) and ``message`` set the status."""
        return {}

    def _publish_diagnostics(self) -> None:
        values = {**self.counters, **self.diagnose()}
        level, message = int(values.pop("level", 0)), str(values.pop("message", "running"))
        status = DiagnosticStatus(level=bytes([level]), name=self.get_name(), message=message, hardware_id=self.get_name())
        status.values = [KeyValue(key=str(key), value=str(value)) for key, value in values.items()]
        array = DiagnosticArray(status=[status])
        array.header.stamp = self.ros_stamp()
        self._diagnostics.publish(array)

    def close(self) -> None:
        """Stop cleanly: write the tapes and destroy the node. A subclass stops its own threads and devices first. Idempotent."""
        if self._closed:
            return
        self._closed = True
        for writer in self._tapes:
            writer.close()
        self.destroy_node()
