"""PEM in and out. What cannot be read is a ConfigError that names its source."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ..errors import ConfigError

PEM = serialization.Encoding.PEM
BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----\r?\n?")
CERTIFICATE, CRL, KEY = "CERTIFICATE", "X509 CRL", "PRIVATE KEY"


def blocks(data: bytes, label: str) -> list[bytes]:
    """Every block whose label ends in ``label``."""
    return [match.group(0) for match in BLOCK.finditer(data) if match.group(1).decode().endswith(label)]


def certificates(data: bytes, source: str) -> list[x509.Certificate]:
    """Every certificate in ``data``, at least one."""
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise ConfigError(f"{source} holds no certificates in PEM that can be read: {error}") from error


def certificate(data: bytes, source: str) -> x509.Certificate:
    """The one certificate in ``data``."""
    found = certificates(data, source)
    if len(found) != 1:
        raise ConfigError(f"{source} holds {len(found)} certificates; wanted one")
    return found[0]


def revocation_lists(data: bytes, source: str) -> list[x509.CertificateRevocationList]:
    """Every revocation list in ``data``; none is fine, and then nobody is trusted."""
    try:
        return [x509.load_pem_x509_crl(block) for block in blocks(data, CRL)]
    except ValueError as error:
        raise ConfigError(f"{source} holds a revocation list that cannot be read: {error}") from error


def private_key(data: bytes, source: str, passphrase: bytes | None = None) -> ec.EllipticCurvePrivateKey:
    """The P-256 key in ``data``."""
    try:
        key = serialization.load_pem_private_key(data, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        wanted = "wanted a P-256 key in PEM, and its passphrase if it has one"
        raise ConfigError(f"the key {source} cannot be opened ({error}); {wanted}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ConfigError(f"the key {source} is of another kind; wanted P-256")
    return key


def is_encrypted(data: bytes) -> bool:
    """The key needs a passphrase."""
    return b"ENCRYPTED" in data


def key_pem(key: ec.EllipticCurvePrivateKey, passphrase: bytes | None = None) -> bytes:
    """``key`` in PEM, encrypted where there is a ``passphrase``."""
    hidden: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        hidden = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, hidden)


def pem(*items: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    """``items`` in PEM, one after the other."""
    return joined(item.public_bytes(PEM) for item in items)


def joined(parts: Iterable[bytes]) -> bytes:
    """PEM texts one after the other."""
    return b"".join(part if part.endswith(b"\n") else part + b"\n" for part in parts)
