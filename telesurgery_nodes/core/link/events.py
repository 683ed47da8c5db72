"""What a link session says to its owner: events as they come, and its health at an instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .clock import ClockEstimate
from .paths import PathHealth
from .sticky import StopConfirmed, Wishes
from .wire import Stream


class Received(NamedTuple):
    """First copy of an authentic payload. ``late``: a newer one of its stream had come before. ``at`` [s] own clock.

    A tuple for the reason Header (wire.py) is one.
    """

    stream: Stream
    sequence: int
    payload: bytes
    path: str
    at: float
    late: bool


@dataclass(frozen=True)
class PeerAccepted:
    """A peer life was admitted; ``replaced`` is True where there was another before (the peer restarted)."""

    session: int
    replaced: bool


Event = Received | PeerAccepted | Wishes | StopConfirmed


@dataclass(frozen=True)
class LinkHealth:
    """The link at one instant. ``round_trip`` [s]: smallest newest one of the paths that are up; inf where none is.

    ``key_epoch``: which key seals, None before the first handshake; ``key_age`` [s] since that handshake, inf without a key.
    """

    established: bool
    peer_session: int
    paths: tuple[PathHealth, ...]
    paths_up: int
    round_trip: float
    clock: ClockEstimate
    refused: Mapping[str, int]
    key_epoch: int | None
    key_age: float
