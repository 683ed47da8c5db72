"""The thread that makes handshakes: the surgeon's side calls, on every path at once; the patient's side answers.

A failed handshake changes nothing: the keys in use go on. Each side reads its identity anew for each handshake, so that a rotated
certificate or a new revocation list counts from the next one on. What failed last, and how often, is told in `state`.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import datetime

from ...core.link.handshake import Agreed, Door
from ...core.link.renewal import Renewal
from ...errors import ConfigError, DeviceError, TelesurgeryError, TrustError
from ...trust.identity import Identity
from ..paths.udp import address
from .conversation import DEADLINE_S, Conversation, HungUp, Keys

POLL_S = 0.1
MOST_AT_ONCE = 8  # conversations a listener holds; more callers wait in the backlog
LINGER_S = 1.0  # for the other side to read our last word
JOIN_S = 2.0
READ_SIZE = 4096


@dataclass(frozen=True)
class Wire:
    """One path's addresses, host:port as of its datagrams, and its network card (empty: any)."""

    name: str
    local: str
    remote: str
    card: str = ""


@dataclass(frozen=True)
class HandshakeState:
    """``fault``: why the last one failed, empty after a success; ``trusted`` False: the fault is one of trust, not of the network."""

    made: int = 0
    failed: int = 0
    device: str = ""
    fault: str = ""
    trusted: bool = True


class Handshakes:
    """Owns the thread. ``identity`` loads this site's identity; ``today`` is the calendar's time, which certificates need."""

    def __init__(
        self,
        door: Door,
        wires: Sequence[Wire],
        keys: Keys,
        identity: Callable[[], Identity],
        clocks: tuple[Callable[[], float], Callable[[], datetime]],
        tell: Callable[[str], None],
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
            self.state = replace(self.state, made=made, device=agreed.peer.device, fault="", trusted=True)
        if before.fault or before.device != agreed.peer.device:
            self._tell(f"handshake with {agreed.peer.device}: key epoch {agreed.epoch}")

    def _failed(self, error: TelesurgeryError) -> None:
        fault, trusted = f"{type(error).__name__}: {error}", not isinstance(error, (TrustError, ConfigError))
        with self._guard:
            self.refused[type(error).__name__] += 1
            news = fault != self.state.fault
            self.state = replace(self.state, failed=self.state.failed + 1, fault=fault, trusted=trusted)
        if news:
            self._tell(f"no handshake with the other site: {fault}")


class Caller(Handshakes):
    """The surgeon's side."""

    def __init__(self, *args, rekey_s: float, **more) -> None:  # type: ignore[no-untyped-def]
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
def _connected(wire: Wire):  # type: ignore[no-untyped-def]
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


class Listener(Handshakes):
    """The patient's side: listens on every path's address, for that path's remote host alone."""

    def __init__(self, *args, **more) -> None:  # type: ignore[no-untyped-def]
        """Open the listening sockets. DeviceError where one cannot be."""
        super().__init__(*args, **more)
        self._slots, self._turn = threading.Semaphore(MOST_AT_ONCE), threading.Lock()
        self._sockets: dict[socket.socket, Wire] = {}
        try:
            for wire in self._wires:
                self._sockets[_listening(wire)] = wire
        except DeviceError:
            self._close_sockets()
            raise

    def close(self) -> None:
        """End and release the sockets."""
        super().close()
        self._close_sockets()

    def _close_sockets(self) -> None:
        for sock in self._sockets:
            sock.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            ready, _, _ = select.select(list(self._sockets), (), (), POLL_S)
            for listener in ready:
                if self._slots.acquire(timeout=POLL_S):
                    self._accept(listener)

    def _accept(self, listener: socket.socket) -> None:
        try:
            sock, caller = listener.accept()
        except OSError:  # it hung up before it was let in
            self._slots.release()
            return
        wanted = address(self._sockets[listener].remote)[0]
        if caller[0] != wanted:
            self.refused["foreign_address"] += 1
            sock.close()
            self._slots.release()
            return
        threading.Thread(target=self._answer, args=(sock,), name="handshake", daemon=True).start()

    def _answer(self, sock: socket.socket) -> None:
        try:
            with sock:
                talk = Conversation(sock, self._identity(), server=True, now=self._now)
                try:
                    talk.shake()
                    agreed = talk.answer(self._door, self._keys, self._today(), self._turn)
                finally:
                    _linger(sock)
            self._succeeded(agreed)
        except HungUp:
            self.refused["hung_up"] += 1  # as a caller does on all paths but the fastest
        except TelesurgeryError as error:
            self._failed(error)
        finally:
            self._slots.release()


def _listening(wire: Wire) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if wire.card:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, wire.card.encode())
        sock.bind(address(wire.local))
        sock.listen(MOST_AT_ONCE)
    except OSError as error:
        sock.close()
        raise DeviceError(f"path {wire.name}: cannot listen on {wire.local} (TCP): {error}") from error
    return sock


def _linger(sock: socket.socket) -> None:
    """Let the other side read our last word before the kernel answers its unread ones with a reset."""
    with contextlib.suppress(OSError):
        sock.settimeout(LINGER_S)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(READ_SIZE):
            pass
