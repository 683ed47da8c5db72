"""What every heartbeat repeats on every path until it changes: presence, pedal and stop one way, the stop that was acted on the other.

A state with a counter and never an event, so a lost datagram loses nothing, and a stop pressed and let go between two that came still
counts. Nothing here can grant motion: the patient side ANDs the bits with the command's own and stops at a counter that grew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..values import Pedals


@dataclass(frozen=True)
class Sticky:
    """What one side repeats. ``stop_count``: presses of its stop so far; ``acted``: stops of session ``acted_for`` it has acted on."""

    head: bool = False
    engage: bool = False
    stop: bool = False
    stop_count: int = 0
    acted_for: int = 0
    acted: int = 0


SILENT = Sticky()


@dataclass(frozen=True)
class Wishes:
    """The peer's bits changed, or came for the first time. ``at`` [s] own clock."""

    head: bool
    engage: bool
    stop: bool
    stop_count: int
    path: str
    at: float


@dataclass(frozen=True)
class StopConfirmed:
    """The peer has acted on the own stops up to ``stop_count``. ``at`` [s] own clock."""

    stop_count: int
    path: str
    at: float


class StickyMerge:
    """Newest of what the peer's heartbeats say, whatever path brought it. ``session`` is the own one."""

    def __init__(self, session: int) -> None:
        self._session = session
        self.reset()

    def reset(self) -> None:
        """Another peer: nothing the old one said counts."""
        self._newest: tuple[float, int] | None = None
        self._bits: tuple[bool, bool, bool, int] | None = None
        self._confirmed = 0

    def update(self, said: Sticky, order: tuple[float, int], path: str, now: float) -> list[Wishes | StopConfirmed]:
        """``order``: sending time and sequence of the heartbeat. An older one than the newest heard says nothing."""
        if self._newest is not None and order <= self._newest:
            return []
        self._newest = order
        events: list[Wishes | StopConfirmed] = []
        bits = (said.head, said.engage, said.stop, said.stop_count)
        if bits != self._bits:
            self._bits = bits
            events.append(Wishes(*bits, path, now))
        if said.acted_for == self._session and said.acted > self._confirmed:
            self._confirmed = said.acted
            events.append(StopConfirmed(said.acted, path, now))
        return events


@dataclass(frozen=True)
class Presence:
    """What stream 0 leaves of the surgeon's wishes. ``took`` [s]: from the arrival of the newest stop acted on until it was."""

    head: bool = False
    engage: bool = False
    stop: bool = False
    stop_count: int = 0
    acted: int = 0
    took: float = 0.0

    @property
    def allows(self) -> bool:
        """Nothing here forbids motion; that alone permits none."""
        return self.head and self.engage and not self.stop

    def narrowed(self, pedals: Pedals) -> Pedals:
        """A command's pedals with what stream 0 does not confirm taken away."""
        return replace(pedals, head=pedals.head and self.head, engage=pedals.engage and self.engage and not self.stop)


class PresenceKeeper:
    """Patient side: newest wishes, and whether the newest stop was acted on. Before the first wishes nothing is allowed."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Another surgeon: nothing the old one said counts."""
        self._now = Presence()
        self._pressed_at = 0.0

    def update(self, wishes: Wishes | None, stopped: bool, now: float) -> Presence:
        """``wishes``: new ones, or None; ``stopped``: the watchdog has taken the leave away for good (FAULT)."""
        if wishes is not None:
            if wishes.stop_count > self._now.stop_count:
                self._pressed_at = wishes.at
            self._now = replace(
                self._now, head=wishes.head, engage=wishes.engage, stop=wishes.stop,
                stop_count=max(wishes.stop_count, self._now.stop_count),
            )  # fmt: skip
        if stopped and self._now.acted < self._now.stop_count:
            self._now = replace(self._now, acted=self._now.stop_count, took=now - self._pressed_at)
        return self._now
