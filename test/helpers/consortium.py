"""A consortium of two hospitals in memory, and certificates in which any single field can be other than it should be."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from telesurgery_nodes.trust.authority import USES, Authority, Revocation, key_usage, make_crl, make_hospital, make_root, new_key, subject
from telesurgery_nodes.trust.names import PeerName
from telesurgery_nodes.trust.pem import pem
from telesurgery_nodes.trust.store import Passphrases, Store, init

NOW = datetime(2027, 1, 1, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)
CONSORTIUM = "north"
OPEN = Passphrases()
SURGEON = PeerName("site-a", "console", "surgeon")
PATIENT = PeerName("site-b", "cart", "patient")


def san(*uris):
    return x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri) for uri in uris])


@dataclass
class Fields:
    """A right device certificate; a test breaks one field. Extensions: class -> (value, critical)."""

    key: object
    signer: Authority
    subject: x509.Name = field(default_factory=lambda: subject(CONSORTIUM, SURGEON.device))
    begin: datetime = NOW - DAY
    end: datetime = NOW + 90 * DAY
    extensions: dict = field(default_factory=dict)
    issuer: x509.Name | None = None

    def __post_init__(self):
        signer = self.signer.key.public_key()
        self.issuer = self.signer.certificate.subject
        self.extensions = {
            "basic": (x509.BasicConstraints(False, None), True),
            "usage": (key_usage(digital_signature=True), True),
            "uses": (x509.ExtendedKeyUsage(USES), False),
            "names": (san(SURGEON.uri), False),
            "own": (x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False),
            "above": (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), False),
        }

    def sign(self):
        builder = x509.CertificateBuilder().subject_name(self.subject).issuer_name(self.issuer).public_key(self.key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(self.begin).not_valid_after(self.end)
        for value, critical in self.extensions.values():
            builder = builder.add_extension(value, critical)
        return builder.sign(self.signer.key, hashes.SHA256())


@dataclass
class World:
    """Root, hospital `site-a` and the anchors a peer verifies with."""

    root: Authority
    hospital: Authority
    lists: dict

    @property
    def trust_pem(self):
        return pem(self.root.certificate)

    @property
    def crl_pem(self):
        return pem(*self.lists.values())

    def device(self, key=None):
        return Fields(key if key is not None else new_key(), self.hospital)

    def chain(self, fields):
        return pem(fields.sign(), self.hospital.certificate)

    def revoke(self, which, authority, certificate):
        self.lists[which] = make_crl(authority, 2, [Revocation(certificate.serial_number, NOW)], NOW)


def world(site="site-a", now=NOW):
    """A new one."""
    root, key = make_root(CONSORTIUM, now - DAY), new_key()
    hospital = Authority(make_hospital(root, site, key.public_key(), now - DAY), key)
    return World(root, hospital, {"root": make_crl(root, 1, [], now), "hospital": make_crl(hospital, 1, [], now)})


def two_hospitals(folder: Path, now=NOW) -> Store:
    """A store with both hospitals and no device yet."""
    store = Store(folder)
    init(store, CONSORTIUM, [SURGEON.site, PATIENT.site], now, OPEN)
    return store


def tree(path: Path) -> dict[str, bytes]:
    """Every file below ``path``, but for the lock."""
    return {str(item.relative_to(path)): item.read_bytes() for item in path.rglob("*") if item.is_file() and item.name != ".lock"}
