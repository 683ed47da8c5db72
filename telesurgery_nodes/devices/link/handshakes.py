"""The thread that makes handshakes: the surgeon's side calls (caller.py), the patient's side answers (listener.py).

A failed handshake changes nothing: the keys in use go on. Each side reads its identity anew for each handshake, so that a rotated
certificate or a new revocation list counts from the next one on. What failed last, and how often, is told in `state`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ...core.link.handshake import Agreed, Door
from ...errors import TelesurgeryError
from ...trust.identity import Identity
from .conversation import Keys

POLL_S = 0.1
JOIN_S = 2.0


@dataclass(frozen=True)
class Wire:
    """One path's addresses, host:port as of its datagrams, and its network card (empty: any)."""

    name: str
    local: str
    remote: str
    card: str = ""


@dataclass(frozen=True)
class HandshakeState:
    """``fault``: why the last one failed, empty after a success; ``device``: whom the last success was with."""

    made: int = 0
    failed: int = 0
    device: str = ""
    fault: str = ""


Tell = Callable[[str, bool], None]  # a sentence for people; is it a fault?


class Handshakes:
    """Owns the thread. ``identity`` loads this site's identity; ``today`` is the calendar's time, which certificates need."""

    def __init__(
        self,
        door: Door,
        wires: Sequence[Wire],
        keys: Keys,
        identity: Callable[[], Identity],
        clocks: tuple[Callable[[], float], Callable[[], datetime]],
        tell: Tell,
    ) -> None:
        self.state = HandshakeState()
        self.refused: Counter[str] = Counter()
        self._door, self._wires, self._keys, self._identity, self._tell = door, tuple(wires), keys, identity, tell
        self._now, self._today = clocks
        self._stop, self._guard = threading.Event(), threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="handshakes", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End; conversations under way end by themselves within their deadline."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(JOIN_S)

    def _run(self) -> None:
        raise NotImplementedError

    def _succeeded(self, agreed: Agreed) -> None:
        with self._guard:
            made, before = self.state.made + 1, self.state
            self.state = replace(self.state, made=made, device=agreed.peer.device, fault="")
        if before.fault or before.device != agreed.peer.device:
            self._tell(f"handshake with {agreed.peer.device}: key epoch {agreed.epoch}", False)

    def _failed(self, error: TelesurgeryError) -> None:
        fault = f"{type(error).__name__}: {error}"
        with self._guard:
            self.refused[type(error).__name__] += 1
            news = fault != self.state.fault
            self.state = replace(self.state, failed=self.state.failed + 1, fault=fault)
        if news:
            self._tell(f"no handshake with the other site: {fault}", True)
