"""De-jittered delivery of commands: each is served at a constant delay after the sender's stamp, so the arm sees the hand's own timing.

The other mode, latest-wins, serves at arrival: least delay, but the path's jitter becomes jitter of the motion. Here the newest command
whose time has come wins; one that comes after a newer one was served is not replayed; one that comes too late but is still the newest
is served at once. Nobody waits longer than LONGEST_WAIT_S: a wrong clock must not turn into a long delay.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...errors import ConfigError
from ..values import MotionCommand
from .clock import ClockEstimate

LONGEST_WAIT_S = 0.1  # the gate holds at 100 ms without a command (safety.md); nothing may wait its way into that
MOST_WAITING = 128  # 0.1 s at 1 kHz and a burst


@dataclass(frozen=True, order=True)
class Waiting:
    """A command with its arrival and the time it is to be served, own clock [s]."""

    seq: int
    command: MotionCommand = field(compare=False)
    arrival: float = field(compare=False)
    due: float = field(compare=False)


class Playout:
    """``delay`` [s] after the sender's stamp. ``late``: came after a newer one was served; ``overdue``: came after its own time."""

    def __init__(self, delay: float) -> None:
        if not delay > 0.0:
            raise ConfigError(f"playout delay {delay} s; wanted more than 0")
        self._delay = delay
        self.late = self.overdue = self.cut_short = 0
        self.clear()
        self._served = -1

    def clear(self) -> None:
        """Serve none of those that wait."""
        self._waiting: list[Waiting] = []

    def restart(self) -> None:
        """A new sender counts from the beginning."""
        self.clear()
        self._served = -1

    def push(self, command: MotionCommand, arrival: float, clock: ClockEstimate) -> None:
        """Take a command that came at ``arrival``; ``clock``: offset to the sender's clock."""
        if command.seq <= self._served:
            self.late += 1
            return
        due = command.stamp - clock.offset + self._delay if clock.samples else arrival
        self.overdue += due < arrival
        self.cut_short += due > arrival + LONGEST_WAIT_S
        self._waiting.append(Waiting(command.seq, command, arrival, min(max(due, arrival), arrival + LONGEST_WAIT_S)))
        self._waiting.sort()  # nearly sorted already
        del self._waiting[:-MOST_WAITING]

    def pop(self, now: float) -> Waiting | None:
        """The newest command whose time has come, if it is a new one; the older ones are forgotten."""
        ready = [one for one in self._waiting if one.due <= now]
        if not ready:
            return None
        newest = ready[-1]
        self._waiting = [one for one in self._waiting if one.seq > newest.seq]
        self._served = newest.seq
        return newest
