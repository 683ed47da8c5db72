"""The patient's side of handshakes: it listens on every path's address, for that path's remote host alone."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import Any

from ...errors import DeviceError, TelesurgeryError
from ..paths.udp import address
from .conversation import Conversation, HungUp
from .handshakes import POLL_S, Handshakes, Wire

MOST_AT_ONCE = 8  # conversations it holds; more callers wait in the backlog
LINGER_S = 1.0  # for the other side to read our last word
READ_SIZE = 4096


class Listener(Handshakes):
    """The patient's side: listens on every path's address, for that path's remote host alone."""

    def __init__(self, *args: Any, **more: Any) -> None:
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
