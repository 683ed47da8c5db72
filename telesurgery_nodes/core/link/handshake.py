"""What the two sites say to each other over mutual TLS before one datagram is accepted, and what each of them refuses.

TLS has proved by then who is at the other end (certificate, consortium, revocation lists); `Here` and `Peer` carry what it proved.

    surgeon (connects)                       patient (listens)
    HELLO  life, newest epoch, agreement  ->
                                          <- WELCOME  life, the new epoch, agreement     it accepts that epoch from now on
    (seals with the new epoch)                                                          or REFUSED  error, why

The key of the epoch comes from the TLS connection's exporter (RFC 8446 section 7.5) over both lives and the epoch, so each epoch rests on
a fresh key exchange. A new key is a new handshake, on whichever path answers; the datagrams never wait for it. Messages are JSON
objects behind a length; unknown or missing words refuse.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ... import errors
from ...errors import ConfigurationDiffers, RemoteLinkError, SessionReplayed, TrustError, WrongRole
from .epochs import Life
from .layouts import VERSION
from .seal import LAST_EPOCH, Role

LABEL = b"EXPORTER-telesurgery-v1"  # wan.md 8.2
CONTEXT = struct.Struct(">IIIIH")
LENGTH = struct.Struct(">I")
LARGEST = 65536  # bytes of a message; an agreement takes about one thousand
LARGEST_NUMBER = 2**32 - 1
BUSY_S = 1.0  # a peer heard within this time is not replaced by another device
# Errors a peer may name in REFUSED; anything else it says is shown as the plain TrustError.
NAMED = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, TrustError)}


@dataclass(frozen=True)
class Peer:
    """Who TLS proved to be at the other end: ``device`` the name in its certificate, ``role`` the word in it."""

    device: str
    role: str


@dataclass(frozen=True)
class Agreed:
    """What a handshake ended with: the epoch, the peer and its life."""

    epoch: int
    life: Life
    peer: Peer


@dataclass(frozen=True)
class Hello:
    """One side's introduction. ``epoch``: HELLO the newest it accepts (-1: none), WELCOME the new one.

    ``agreement``: name -> SHA-256 (hex) of what both sites must have alike.
    """

    kind: str
    life: Life
    epoch: int
    agreement: Mapping[str, str]


def exporter_context(surgeon: Life, patient: Life, epoch: int) -> bytes:
    """What an epoch's key is bound to, besides the TLS connection it comes from."""
    return CONTEXT.pack(*surgeon, *patient, epoch)


def encode(message: Hello | TrustError) -> bytes:
    """One framed message."""
    if isinstance(message, Hello):
        words: dict[str, object] = {
            "kind": message.kind, "version": VERSION, "session": message.life[0], "boot": message.life[1], "epoch": message.epoch,
            "agreement": dict(message.agreement),
        }  # fmt: skip
    else:
        words = {"kind": "refused", "error": type(message).__name__, "why": str(message)}
    text = json.dumps(words).encode()
    return LENGTH.pack(len(text)) + text


class Frames:
    """Bytes of a stream to messages."""

    def __init__(self) -> None:
        self._buffer = b""

    def push(self, data: bytes) -> list[Hello]:
        """Whole messages. RemoteLinkError for what is none, and the peer's own error where it says REFUSED."""
        self._buffer += data
        found = []
        while len(self._buffer) >= LENGTH.size:
            size = LENGTH.unpack_from(self._buffer)[0]
            if size > LARGEST:
                raise RemoteLinkError(f"message of {size} B; at most {LARGEST}")
            if len(self._buffer) < LENGTH.size + size:
                break
            text, self._buffer = self._buffer[LENGTH.size : LENGTH.size + size], self._buffer[LENGTH.size + size :]
            found.append(_decode(text))
        return found


def _decode(text: bytes) -> Hello:
    try:
        words = json.loads(text)
    except ValueError as error:  # not UTF-8, not JSON
        raise RemoteLinkError(f"a message that is no JSON: {text[:40]!r}") from error
    if not isinstance(words, dict):
        raise RemoteLinkError(f"a message that is no object: {text[:40]!r}")
    if words.get("kind") == "refused":
        raise NAMED.get(str(words.get("error")), TrustError)(f"refused by the other site: {str(words.get('why'))[:500]}")
    if words.get("version") != VERSION:
        raise ConfigurationDiffers(f"the other site speaks link version {words.get('version')!r}, this one {VERSION}: update the older")
    return _hello(words)


def _hello(words: Mapping[str, Any]) -> Hello:
    kind, agreement = words.get("kind"), words.get("agreement")
    numbers = [words.get(name) for name in ("session", "boot", "epoch")]
    whole = [number for number in numbers if type(number) is int]
    texts = isinstance(agreement, dict) and all(isinstance(text, str) for text in agreement.values())
    if kind not in ("hello", "welcome") or len(whole) != len(numbers) or not texts:
        raise RemoteLinkError(f"a message with {sorted(words)}; wanted kind hello or welcome, session, boot, epoch, agreement")
    session, boot, epoch = whole
    if not (0 < session <= LARGEST_NUMBER and 0 <= boot <= LARGEST_NUMBER and -1 <= epoch <= LAST_EPOCH):
        raise RemoteLinkError(f"session {session}, boot {boot}, epoch {epoch}; valid: 1 to {LARGEST_NUMBER}, from 0, -1 to {LAST_EPOCH}")
    return Hello(str(kind), (session, boot), epoch, dict(agreement or {}))


class Door:
    """This site's side of every handshake it makes or answers: who it is, what it agrees on, whom it has had.

    ``silence`` [s] in its methods: how long the present peer has not been heard.
    """

    def __init__(self, role: Role, life: Life, agreement: Mapping[str, str]) -> None:
        self.role, self.life, self.agreement = role, life, agreement
        self.present: Agreed | None = None
        self._gone: dict[Life, str] = {}  # one entry for each authenticated restart of a peer

    def hello(self, newest_epoch: int) -> Hello:
        """What the connecting side says first."""
        return Hello("hello", self.life, newest_epoch, self.agreement)

    def answer(self, hello: Hello, peer: Peer, newest_epoch: int, silence: float) -> tuple[Hello, Agreed]:
        """WELCOME and what was agreed, or a TrustError to be sent back; nothing has changed then."""
        self._judge(hello, "hello", peer, silence)
        epoch = max(newest_epoch, hello.epoch) + 1
        if epoch > LAST_EPOCH:
            raise SessionReplayed(f"all {LAST_EPOCH} key epochs of this session are used up: start both sites again")
        return Hello("welcome", self.life, epoch, self.agreement), self._take(Agreed(epoch, hello.life, peer))

    def welcomed(self, welcome: Hello, peer: Peer, newest_epoch: int, silence: float) -> Agreed:
        """What was agreed, or a TrustError to be sent back."""
        self._judge(welcome, "welcome", peer, silence)
        if welcome.epoch <= newest_epoch:
            raise SessionReplayed(f"the other site offers key epoch {welcome.epoch}; wanted a new one, above {newest_epoch}")
        return self._take(Agreed(welcome.epoch, welcome.life, peer))

    def context(self, agreed: Agreed) -> bytes:
        """For the exporter: the same at both ends."""
        lives = (self.life, agreed.life) if self.role is Role.SURGEON else (agreed.life, self.life)
        return exporter_context(*lives, agreed.epoch)

    def _judge(self, said: Hello, wanted: str, peer: Peer, silence: float) -> None:
        if said.kind != wanted:
            raise RemoteLinkError(f"a {said.kind} out of turn; wanted {wanted}")
        if peer.role != self.role.other.value:
            raise WrongRole(f"{peer.device} has a certificate of role {peer.role}; wanted {self.role.other.value} at the other end")
        self._judge_life(said.life, peer)
        self._judge_agreement(said.agreement, peer)
        now = self.present
        if now is not None and now.peer.device != peer.device and silence < BUSY_S:
            raise TrustError(f"{now.peer.device} is connected and was heard {silence:.1f} s ago; one {peer.role} at a time")

    def _judge_life(self, life: Life, peer: Peer) -> None:
        if life in self._gone:
            raise SessionReplayed(f"session {life[0]:08x} was {self._gone[life]}'s and has been replaced; a replaced one never comes back")
        if life == self.life:
            raise SessionReplayed(f"session {life[0]:08x} is this site's own: a reflection")
        if self.present is not None and self.present.life == life and self.present.peer.device != peer.device:
            raise SessionReplayed(f"session {life[0]:08x} belongs to {self.present.peer.device}, not to {peer.device}")

    def _judge_agreement(self, theirs: Mapping[str, str], peer: Peer) -> None:
        names = sorted({*self.agreement, *theirs})
        differ = [name for name in names if self.agreement.get(name) != theirs.get(name)]
        if differ:
            raise ConfigurationDiffers(f"{peer.device} differs in {', '.join(differ)}; both sites need the same files and version")

    def _take(self, agreed: Agreed) -> Agreed:
        if self.present is not None and self.present.life != agreed.life:
            self._gone[self.present.life] = self.present.peer.device
        self.present = agreed
        return agreed
