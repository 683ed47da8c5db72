"""Sealing and opening of datagrams: AES-256-GCM with one key per direction, stream, key epoch and sender life.

Keys come by HKDF-SHA256 from the 32 byte session key, with the sender's role, session and boot number in the derivation. A
restarted process draws a new (session, boot), hence new keys: with the same key file no nonce is ever used twice. The header
is associated data; the nonce is stream | sequence, and a sender never repeats a sequence within a stream.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ...errors import LocalLinkError, RemoteLinkError
from .layouts import MAX_DATAGRAM, TAG_BYTES, Stream, room
from .wire import HEADER, Header, encode_header

KEY_BYTES = 32
MAX_PAYLOAD = MAX_DATAGRAM - HEADER.size - TAG_BYTES
NONCE = struct.Struct(">IQ")
IDENTITY = struct.Struct(">HBII")
LABEL = b"telesurgery_nodes link v1 "
LAST_COUNT = 2**32 - 1  # lower half of the sequence: 49 days at 1 kHz; then a new session is needed, never a wrap


class Role(enum.Enum):
    """Which end of the link."""

    SURGEON = "surgeon"
    PATIENT = "patient"

    @property
    def other(self) -> Role:
        """The peer's role."""
        return Role.PATIENT if self is Role.SURGEON else Role.SURGEON


def _cipher(key: bytes, sender: Role, header: Header) -> AESGCM:
    info = LABEL + sender.value.encode() + IDENTITY.pack(header.key_epoch, header.stream, header.session, header.boot)
    return AESGCM(HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key))


def check_key(key: bytes) -> bytes:
    """The key itself, or LocalLinkError: there is no plaintext mode to fall back to."""
    if len(key) != KEY_BYTES:
        raise LocalLinkError(f"session key of {len(key)} B; wanted {KEY_BYTES}")
    return key


def challenge_of(key: bytes, role: Role, session: int, boot: int, count: int) -> int:
    """A 64 bit number that nobody without the key can foresee and that never repeats: HMAC over who asks and how often."""
    message = LABEL + b"challenge " + role.value.encode() + struct.pack(">IIQ", session, boot, count)
    return int.from_bytes(hmac.new(key, message, hashlib.sha256).digest()[:8], "big") or 1


class Sealer:
    """Seals this side's datagrams and hands out the sequences."""

    def __init__(self, key: bytes, role: Role, session: int, boot: int, key_epoch: int = 0) -> None:
        check_key(key)
        base = boot << 32
        self._headers = {stream: Header(stream, key_epoch, session, base) for stream in Stream}
        self._ciphers = {stream: _cipher(key, role, header) for stream, header in self._headers.items()}
        self._counts = dict.fromkeys(Stream, 0)

    def next_up(self) -> tuple[int, ...]:
        """Sequence of the next datagram of each stream."""
        return tuple(self._headers[stream].sequence | self._counts[stream] for stream in Stream)

    def seal(self, stream: Stream, payload: bytes) -> tuple[int, bytes]:
        """Sequence and whole datagram of at most MAX_DATAGRAM bytes; a probing heartbeat may be longer."""
        if len(payload) > room(stream):
            raise LocalLinkError(f"payload of {len(payload)} B on stream {stream.name}; at most {room(stream)} fit a datagram")
        count = self._counts[stream]
        if count > LAST_COUNT:
            raise LocalLinkError(f"stream {stream.name} has used up its {LAST_COUNT} sequences; start a new session")
        self._counts[stream] = count + 1
        base = self._headers[stream]
        header = encode_header(Header(stream, base.key_epoch, base.session, base.sequence | count))
        sequence = base.sequence | count
        return sequence, header + self._ciphers[stream].encrypt(NONCE.pack(stream, sequence), payload, header)


class Opener:
    """Opens the peer's datagrams. Holds keys of one known peer life at a time; strangers cost a derivation each."""

    def __init__(self, key: bytes, role: Role, key_epoch: int = 0) -> None:
        self._key = check_key(key)
        self._sender = role.other
        self._key_epoch = key_epoch
        self._ciphers: dict[Stream, AESGCM] = {}
        self._known: tuple[int, int] | None = None

    def remember(self, session: int, boot: int) -> None:
        """Keep the ciphers of this peer life from now on."""
        self._known = (session, boot)
        headers = (Header(stream, self._key_epoch, session, boot << 32) for stream in Stream)
        self._ciphers = {header.stream: _cipher(self._key, self._sender, header) for header in headers}

    def open(self, header: Header, datagram: bytes) -> bytes:
        """Authenticated payload, or RemoteLinkError (wrong key, direction, stream, session, boot, sequence, or one flipped bit)."""
        if header.key_epoch != self._key_epoch:
            raise RemoteLinkError(f"key epoch {header.key_epoch}; valid: {self._key_epoch}")
        known = self._known == (header.session, header.boot)
        cipher = self._ciphers[header.stream] if known else _cipher(self._key, self._sender, header)
        head = datagram[: HEADER.size]
        try:
            return cipher.decrypt(NONCE.pack(header.stream, header.sequence), datagram[HEADER.size :], head)
        except InvalidTag as error:
            raise RemoteLinkError(f"datagram {header.sequence} of stream {header.stream.name} is not authentic") from error
        except ValueError as error:  # shorter than a tag, in some versions of cryptography
            raise RemoteLinkError(f"datagram of {len(datagram)} B has no room for a tag") from error
