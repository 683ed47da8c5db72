"""The surgeon's side of handshakes: it calls when one is due, on every path at once, and goes on with the first that answers."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import Any

from ...core.link.handshake import Agreed
from ...core.link.renewal import Renewal
from ...errors import DeviceError, TelesurgeryError, TrustError
from ...trust.identity import Identity
from ..paths.udp import address
from .conversation import DEADLINE_S, Conversation
from .handshakes import POLL_S, Handshakes, Wire


class Caller(Handshakes):
    """The surgeon's side."""

    def __init__(self, *args: Any, rekey_s: float, **more: Any) -> None:
        """``rekey_s`` [s]: a key older than this gets a successor."""
        super().__init__(*args, **more)
        self._renewal = Renewal(rekey_s)

    def _run(self) -> None:
        while not self._stop.wait(POLL_S):
            if self._renewal.update(self._keys.key_age(), self._keys.silence(), self._now()) is not None:
                try:
                    self._succeeded(self._call())
                except TelesurgeryError as error:
                    self._failed(error)

    def _call(self) -> Agreed:
        """Call on all paths; the first whose TLS stands goes on, the others hang up."""
        identity, claim = self._identity(), threading.Lock()
        with ThreadPoolExecutor(len(self._wires), "call") as pool:
            calls = [pool.submit(self._try, wire, identity, claim) for wire in self._wires]
            return _first(calls)

    def _try(self, wire: Wire, identity: Identity, claim: threading.Lock) -> Agreed | None:
        with _connected(wire) as sock:
            talk = Conversation(sock, identity, server=False, now=self._now)
            talk.shake()
            if not claim.acquire(blocking=False):
                return None  # another path was faster
            return talk.call(self._door, self._keys, self._today())


def _first(calls: Sequence[Future[Agreed | None]]) -> Agreed:
    faults: list[TelesurgeryError] = []
    for call in as_completed(calls):
        try:
            agreed = call.result()
        except TelesurgeryError as error:
            faults.append(error)
            continue
        if agreed is not None:
            return agreed
    # What is wrong with the trust matters more than a path that does not answer.
    raise min(faults, key=lambda error: not isinstance(error, TrustError), default=DeviceError("no path to call on"))


@contextlib.contextmanager
def _connected(wire: Wire) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        try:
            sock.settimeout(DEADLINE_S)
            if wire.card:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, wire.card.encode())
            sock.bind((address(wire.local)[0], 0))
            sock.connect(address(wire.remote))
        except OSError as error:
            raise DeviceError(f"path {wire.name}: {wire.remote} does not answer: {error}") from error
        yield sock
