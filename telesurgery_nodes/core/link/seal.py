"""Sealing and opening of datagrams: AES-256-GCM with one key per direction, stream, key epoch and sender life.

Each epoch has a 32 byte key from a TLS handshake of its own (handshake.py); the keys in use come from it by HKDF-SHA256, with the
sender's role, session and boot number in the derivation. A restarted process draws a new (session, boot), hence new keys: no nonce
is ever used twice. The header is associated data; the nonce is stream | sequence, and a sender never repeats a sequence within a
stream, not even in a new epoch. Without a key nothing is sealed and nothing opened: there is no plaintext mode.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import struct
from collections.abc import Collection

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
LAST_EPOCH = 2**16 - 1
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
        raise LocalLinkError(f"key of an epoch of {len(key)} B; wanted {KEY_BYTES}")
    return key


def challenge_of(key: bytes, role: Role, session: int, boot: int, count: int) -> int:
    """A 64 bit number that nobody without the key can foresee and that never repeats: HMAC over who asks and how often."""
    message = LABEL + b"challenge " + role.value.encode() + struct.pack(">IIQ", session, boot, count)
    return int.from_bytes(hmac.new(key, message, hashlib.sha256).digest()[:8], "big") or 1


class Sealer:
    """Seals this side's datagrams and hands out the sequences. ``key`` None: nothing can be sealed before `use`."""

    def __init__(self, key: bytes | None, role: Role, session: int, boot: int, key_epoch: int = 0) -> None:
        self._role, self._session, self._base = role, session, boot << 32
        self._counts = dict.fromkeys(Stream, 0)
        self._headers: dict[Stream, Header] = {}
        self._ciphers: dict[Stream, AESGCM] = {}
        self.key_epoch: int | None = None  # the epoch in use; None: nothing can be sealed
        if key is not None:
            self.use(key_epoch, key)

    def use(self, key_epoch: int, key: bytes) -> None:
        """Seal with this epoch's key from now on; the sequences go on."""
        check_key(key)
        self.key_epoch = key_epoch
        self._headers = {stream: Header(stream, key_epoch, self._session, self._base) for stream in Stream}
        self._ciphers = {stream: _cipher(key, self._role, header) for stream, header in self._headers.items()}

    def stop(self) -> None:
        """Forget the key: nothing can be sealed before the next `use`."""
        self._headers, self._ciphers, self.key_epoch = {}, {}, None

    def next_up(self) -> tuple[int, ...]:
        """Sequence of the next datagram of each stream."""
        return tuple(self._base | count for count in self._counts.values())

    def seal(self, stream: Stream, payload: bytes) -> tuple[int, bytes]:
        """Sequence and whole datagram of at most MAX_DATAGRAM bytes; a probing heartbeat may be longer."""
        if not self._headers:
            raise LocalLinkError("no key to seal with: no handshake with the other site yet, or its key is too old")
        if len(payload) > room(stream):
            raise LocalLinkError(f"payload of {len(payload)} B on stream {stream.name}; at most {room(stream)} fit a datagram")
        count = self._counts[stream]
        if count > LAST_COUNT:
            raise LocalLinkError(f"stream {stream.name} has used up its {LAST_COUNT} sequences; start a new session")
        self._counts[stream] = count + 1
        base = self._headers[stream]
        sequence = self._base | count
        header = encode_header(Header(stream, base.key_epoch, base.session, sequence))
        return sequence, header + self._ciphers[stream].encrypt(NONCE.pack(stream, sequence), payload, header)


class Opener:
    """Opens the peer's datagrams of the epochs it has keys of. Keeps the ciphers of one peer life; strangers cost a derivation each."""

    def __init__(self, key: bytes | None, role: Role, key_epoch: int = 0) -> None:
        self._sender = role.other
        self._keys: dict[int, bytes] = {}
        self._ciphers: dict[tuple[int, Stream], AESGCM] = {}
        self._known: tuple[int, int] | None = None
        if key is not None:
            self.add(key_epoch, key)

    @property
    def epochs(self) -> tuple[int, ...]:
        """Epochs whose datagrams can be opened, oldest first."""
        return tuple(sorted(self._keys))

    def accepts(self, key_epoch: int) -> bool:
        """There is a key for this epoch."""
        return key_epoch in self._keys

    def add(self, key_epoch: int, key: bytes) -> None:
        """Accept this epoch too."""
        self._keys[key_epoch] = check_key(key)
        self._derive()

    def drop(self, key_epochs: Collection[int]) -> None:
        """Refuse these epochs from now on."""
        self._keys = {epoch: key for epoch, key in self._keys.items() if epoch not in key_epochs}
        self._ciphers = {at: cipher for at, cipher in self._ciphers.items() if at[0] not in key_epochs}

    def remember(self, session: int, boot: int) -> None:
        """Keep the ciphers of this peer life from now on."""
        self._known = (session, boot)
        self._derive()

    def _derive(self) -> None:
        if self._known is None:
            return
        session, boot = self._known
        headers = [Header(stream, epoch, session, boot << 32) for epoch in self._keys for stream in Stream]
        self._ciphers = {(h.key_epoch, h.stream): _cipher(self._keys[h.key_epoch], self._sender, h) for h in headers}

    def open(self, header: Header, datagram: bytes) -> bytes:
        """Authenticated payload, or RemoteLinkError (wrong key, direction, stream, session, boot, sequence, or one flipped bit)."""
        key = self._keys.get(header.key_epoch)
        if key is None:
            raise RemoteLinkError(f"key epoch {header.key_epoch}; valid: {', '.join(map(str, self.epochs)) or 'none yet'}")
        known = self._known == (header.session, header.boot)
        cipher = self._ciphers[header.key_epoch, header.stream] if known else _cipher(key, self._sender, header)
        head = datagram[: HEADER.size]
        try:
            return cipher.decrypt(NONCE.pack(header.stream, header.sequence), datagram[HEADER.size :], head)
        except InvalidTag as error:
            raise RemoteLinkError(f"datagram {header.sequence} of stream {header.stream.name} is not authentic") from error
        except ValueError as error:  # shorter than a tag, in some versions of cryptography
            raise RemoteLinkError(f"datagram of {len(datagram)} B has no room for a tag") from error
