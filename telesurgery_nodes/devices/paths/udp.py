"""A network path over UDP: one connected, non-blocking socket, each datagram marked by its stream (DSCP), never fragmented."""

from __future__ import annotations

import errno
import socket

from ...core.link.layouts import DSCP, Stream, size_limit, traffic_class
from ...errors import ConfigError, DeviceError

CONTROL = DSCP[Stream.COMMAND] << 2  # the TOS byte of the socket: control needs no mark of its own and costs nothing more
IP_MTU_DISCOVER = getattr(socket, "IP_MTU_DISCOVER", 10)  # Linux; Python has the name only from 3.13 on
IP_PMTUDISC_PROBE = getattr(socket, "IP_PMTUDISC_PROBE", 3)  # set DF, ignore the path MTU the kernel guessed
RECEIVE_BUFFER = 1 << 20
READ_SIZE = 2048  # more than any datagram, so that an oversized datagram is seen as such
MOST_PER_READ = 256  # a flood must not keep the caller here for ever


def address(text: str) -> tuple[str, int]:
    """("host", port) of "host:port". ConfigError where it is not that."""
    host, separator, port = text.rpartition(":")
    if not separator or not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError(f"address {text!r}; wanted host:port, for example 127.0.0.1:47001")
    return host, int(port)


class UdpPath:
    """Datagrams to and from one remote address. ``interface`` (needs CAP_NET_RAW) pins the path to a network card."""

    def __init__(self, name: str, local: str, remote: str, interface: str = "") -> None:
        self.name = name
        self.failed_sends = 0
        self.too_long = 0
        self._marks = {tos: [(socket.IPPROTO_IP, socket.IP_TOS, bytes((tos,)))] for tos in {0, *(dscp << 2 for dscp in DSCP.values())}}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._set_up(local, remote, interface)
        except ConfigError:
            self._socket.close()
            raise
        except OSError as error:
            self._socket.close()
            raise DeviceError(f"path {name}: cannot open {local} to {remote} on {interface or 'any interface'}: {error}") from error

    def _set_up(self, local: str, remote: str, interface: str) -> None:
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, CONTROL)
        self._socket.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        if interface:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        self._socket.bind(address(local))
        self._socket.connect(address(remote))  # the kernel then drops datagrams from any other address

    @property
    def local(self) -> str:
        """The address in use, with the port the system chose where 0 was asked."""
        host, port = self._socket.getsockname()
        return f"{host}:{port}"

    def send(self, datagram: bytes) -> None:
        """Send now or drop; a dead line is counted in ``failed_sends``, what the card cannot carry whole in ``too_long``."""
        if len(datagram) > size_limit(datagram):
            raise DeviceError(f"path {self.name}: datagram of {len(datagram)} B; at most {size_limit(datagram)}")
        tos = traffic_class(datagram)
        try:
            if tos == CONTROL:
                self._socket.send(datagram)
            else:
                self._socket.sendmsg([datagram], self._marks[tos])
        except OSError as error:  # full buffer, no route, refused by the far host: all the same to a datagram
            self.too_long += error.errno == errno.EMSGSIZE
            self.failed_sends += error.errno != errno.EMSGSIZE

    def receive(self) -> list[bytes]:
        """Everything that has arrived, oldest first."""
        datagrams: list[bytes] = []
        while len(datagrams) < MOST_PER_READ:
            try:
                datagrams.append(self._socket.recv(READ_SIZE))
            except BlockingIOError:
                break
            except ConnectionRefusedError:
                continue  # an ICMP answer to an earlier send; the queue behind it may hold datagrams
            except OSError:
                break  # closed or interface gone: silence is what the path monitor acts on
        return datagrams

    def fileno(self) -> int:
        """For select."""
        return self._socket.fileno()

    def close(self) -> None:
        """Release the socket. Never raises."""
        self._socket.close()
