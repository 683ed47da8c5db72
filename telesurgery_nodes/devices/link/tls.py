"""Mutual TLS 1.3 over memory: bytes in, bytes out, whatever carries them. pyOpenSSL, because the standard `ssl` has no exporter.

Both ends show a certificate of the consortium and check the other's against its revocation lists; no resumption, no early data, so
nothing of an earlier connection can be played again. What OpenSSL says goes wrong becomes one of the errors of trust.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from OpenSSL import SSL, crypto

from ...core.link.handshake import LABEL, Peer
from ...core.link.seal import KEY_BYTES
from ...errors import (
    CertificateExpired,
    CertificateRevoked,
    NoCertificate,
    RemoteLinkError,
    TlsTooOld,
    TrustError,
    UnknownAuthority,
)
from ...trust.identity import Identity
from ...trust.verify import expiring, fill_store, trust_error, verify_chain

READ = 65536
# A piece of OpenSSL's reason -> what it means here. Reasons with "alert" are the other site's judgement of us.
REASONS: Mapping[str, tuple[type[TrustError], str]] = {
    "alert protocol version": (TlsTooOld, "the other site refuses TLS 1.3"),
    "unsupported protocol": (TlsTooOld, "the other site offers no TLS 1.3; older versions are not spoken here"),
    "wrong version number": (TlsTooOld, "the other site speaks no TLS 1.3, or no TLS at all"),
    "no protocols available": (TlsTooOld, "no TLS 1.3 on this site"),
    "peer did not return a certificate": (NoCertificate, "the other site shows no certificate"),
    "certificate required": (NoCertificate, "the other site saw no certificate of ours"),
    "alert certificate expired": (CertificateExpired, "the other site says that our certificate has expired"),
    "alert certificate revoked": (CertificateRevoked, "the other site says that our certificate is revoked"),
    "alert unknown ca": (UnknownAuthority, "the other site does not know the CA of our certificate"),
    "alert bad certificate": (TrustError, "the other site refuses our certificate"),
    "alert certificate unknown": (TrustError, "the other site refuses our certificate"),
    "alert unsupported certificate": (TrustError, "the other site refuses our certificate for this use"),
    "certificate verify failed": (TrustError, "the other site's certificate does not verify"),
}


class TlsEnd:
    """One end of one connection."""

    def __init__(self, identity: Identity, server: bool) -> None:
        self._identity = identity
        self._fault: TrustError | None = None
        self._tls = SSL.Connection(self._context(), None)
        (self._tls.set_accept_state if server else self._tls.set_connect_state)()
        self.established = False

    def _context(self) -> SSL.Context:
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_min_proto_version(SSL.TLS1_3_VERSION)
        context.set_options(SSL.OP_NO_TICKET)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        device, *authorities = x509.load_pem_x509_certificates(self._identity.chain_pem)
        context.use_certificate(device)
        for authority in authorities:
            context.add_extra_chain_cert(authority)
        context.use_privatekey(load_pem_private_key(self._identity.key_pem, None))
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, self._judge)
        store = context.get_cert_store()
        if store is None:
            raise TrustError("OpenSSL gives no store of certificates; wanted one to put the consortium's CA in")
        fill_store(store, self._identity)
        return context

    def _judge(self, _tls: SSL.Connection, certificate: crypto.X509, code: int, depth: int, good: int) -> bool:
        if not good and self._fault is None:
            self._fault = trust_error(code, depth, certificate.to_cryptography())
        return bool(good)

    def begin(self) -> None:
        """Start, or go on with, the handshake as far as the bytes reach."""
        self._step(self._shake)

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the wire; application data that came with them. TrustError or RemoteLinkError ends the connection."""
        self._tls.bio_write(data)
        if not self.established:
            self.begin()
        found = bytearray()
        while self.established and (more := self._step(self._read)):
            found += more
        return bytes(found)

    def send(self, data: bytes) -> None:
        """Application data for the other end."""
        self._tls.sendall(data)

    def outgoing(self) -> bytes:
        """Bytes for the wire."""
        found = bytearray()
        while True:
            try:
                found += self._tls.bio_read(READ)
            except SSL.WantReadError:
                return bytes(found)

    def peer(self, now: datetime, beginning: bool) -> Peer:
        """Who is at the other end. ``beginning``: a certificate about to end is refused, which would not do in the middle of a session."""
        shown = self._tls.get_peer_certificate(as_cryptography=True)
        if shown is None:
            raise NoCertificate("the other site shows no certificate")
        others = [one for one in self._tls.get_peer_cert_chain(as_cryptography=True) or () if one != shown]
        name = verify_chain(self._identity, b"".join(one.public_bytes(Encoding.PEM) for one in (shown, *others)), now)
        short = expiring(shown, now) if beginning else None
        if short is not None:
            raise short
        return Peer(f"{name.site}/{name.device}", name.role)

    def key(self, context: bytes) -> bytes:
        """The exporter's key (RFC 8446 section 7.5) for this context."""
        return self._tls.export_keying_material(LABEL, KEY_BYTES, context)

    def _shake(self) -> bytes:
        self._tls.do_handshake()
        self.established = True
        return b""

    def _read(self) -> bytes:
        return self._tls.recv(READ)

    def _step(self, act: Callable[[], bytes]) -> bytes:
        try:
            return act()
        except SSL.WantReadError:
            return b""
        except SSL.ZeroReturnError as error:
            raise RemoteLinkError("the other site ended the conversation") from error
        except SSL.Error as error:
            raise self._fault or _meaning(error) from error


def _meaning(error: SSL.Error) -> TrustError | RemoteLinkError:
    reasons = "; ".join(str(part[-1]) for part in (error.args[0] if error.args and isinstance(error.args[0], list) else [])) or repr(error)
    for words, (kind, sentence) in REASONS.items():
        if words in reasons:
            return kind(f"{sentence} ({reasons})")
    return RemoteLinkError(f"the TLS connection failed: {reasons}")
