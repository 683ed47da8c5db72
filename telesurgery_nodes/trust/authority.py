"""What the authorities sign: the consortium's root, the CA of each hospital, device certificates, revocation lists.

P-256 and SHA-256 throughout. ``now`` is always an argument, aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..errors import CertificateExpired, ConfigError
from .names import PeerName, check_label

ROOT_LIFE = timedelta(days=3653)  # 10 years
HOSPITAL_LIFE = timedelta(days=731)  # 2 years
DEVICE_DAYS = 90
LEAST_DEVICE_DAYS, MOST_DEVICE_DAYS = 2, 397  # a day is refused at the start of a session; 397 is what browsers still take
CRL_LIFE = timedelta(days=90)
# Certificates and lists begin a little in the past, so that a site whose clock is slow can use them at once.
CLOCK_SKEW = timedelta(minutes=10)
ROOT_NAME = "consortium root"  # with a space: no hospital can be called so
USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
    "encipher_only", "decipher_only",
)  # fmt: skip
USES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)  # either site may open the connection


@dataclass(frozen=True)
class Authority:
    """A CA that can sign."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Revocation:
    """One row of a revocation list."""

    serial: int
    when: datetime


def utc(now: datetime) -> datetime:
    """``now`` in UTC, in whole seconds as certificates count. ConfigError where it does not say its zone."""
    if now.tzinfo is None:
        raise ConfigError(f"the time {now} says no time zone; wanted an aware datetime, such as datetime.now(timezone.utc)")
    return now.astimezone(timezone.utc).replace(microsecond=0)


def new_key() -> ec.EllipticCurvePrivateKey:
    """A private key of this suite's only curve."""
    return ec.generate_private_key(ec.SECP256R1())


def is_p256(key: object) -> bool:
    """A public key of this suite's only curve."""
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)


def key_usage(**of: bool) -> x509.KeyUsage:
    """Only what is named."""
    return x509.KeyUsage(**{**dict.fromkeys(USAGES, False), **of})


def subject(consortium: str, name: str) -> x509.Name:
    """Subject of whatever this consortium signs."""
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, consortium), x509.NameAttribute(NameOID.COMMON_NAME, name)])


def common_name(name: x509.Name) -> str | None:
    """The only common name, or None."""
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if len(found) == 1 else None


def consortium_of(certificate: x509.Certificate) -> str:
    """The consortium a CA is of."""
    found = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(found[0].value) if found else ""


def _end(issuer: x509.Certificate, now: datetime, life: timedelta) -> datetime:
    """Nothing outlives what it is signed by. CertificateExpired where that is over or has not begun."""
    if not issuer.not_valid_before_utc <= now < issuer.not_valid_after_utc:
        raise CertificateExpired(
            f"the CA {issuer.subject.rfc4514_string()} cannot sign at {now:%Y-%m-%d %H:%M} UTC: "
            f"it is valid from {issuer.not_valid_before_utc:%Y-%m-%d %H:%M} to {issuer.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
        )
    return min(now + life, issuer.not_valid_after_utc)


def _builder(
    name: x509.Name, public: ec.EllipticCurvePublicKey, issuer: x509.Name, signer: ec.EllipticCurvePublicKey, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
    )


def _as_authority(builder: x509.CertificateBuilder, path_length: int) -> x509.CertificateBuilder:
    usage = key_usage(key_cert_sign=True, crl_sign=True)
    return builder.add_extension(x509.BasicConstraints(True, path_length), critical=True).add_extension(usage, critical=True)


def make_root(consortium: str, now: datetime) -> Authority:
    """A consortium's own root: 10 years, one CA below it."""
    begin, key = utc(now) - CLOCK_SKEW, new_key()
    name, public = subject(check_label("consortium", consortium), ROOT_NAME), key.public_key()
    builder = _as_authority(_builder(name, public, name, public, begin, begin + ROOT_LIFE), path_length=1)
    return Authority(builder.sign(key, hashes.SHA256()), key)


def make_hospital(root: Authority, hospital: str, public: ec.EllipticCurvePublicKey, now: datetime) -> x509.Certificate:
    """The certificate of one hospital's CA: 2 years, no CA below it, and names of its own site only. For a key that had one before it
    is a renewal: what that key signed stays good."""
    now, name = utc(now), subject(consortium_of(root.certificate), check_label("hospital", hospital))
    end = _end(root.certificate, now, HOSPITAL_LIFE)
    builder = _builder(name, public, root.certificate.subject, root.key.public_key(), now - CLOCK_SKEW, end)
    own = x509.NameConstraints([x509.UniformResourceIdentifier(hospital)], None)
    return _as_authority(builder, path_length=0).add_extension(own, critical=True).sign(root.key, hashes.SHA256())


def sign_device(
    hospital: Authority, name: PeerName, public: ec.EllipticCurvePublicKey, now: datetime, days: int = DEVICE_DAYS
) -> x509.Certificate:
    """The certificate of one device, for ``days`` but never longer than its CA. ConfigError where ``name`` is of another site."""
    now, own = utc(now), common_name(hospital.certificate.subject)
    if name.site != own:
        raise ConfigError(f"hospital {own!r} cannot issue for {name.uri}: only for devices of its own site")
    if not LEAST_DEVICE_DAYS <= days <= MOST_DEVICE_DAYS:
        raise ConfigError(f"a device certificate for {days} days; valid: {LEAST_DEVICE_DAYS} to {MOST_DEVICE_DAYS}, usual: {DEVICE_DAYS}")
    if not is_p256(public):
        raise ConfigError(f"the key of {name.uri} is of another kind; wanted P-256")
    end = _end(hospital.certificate, now, timedelta(days=days))
    title = subject(consortium_of(hospital.certificate), name.device)
    return (
        _builder(title, public, hospital.certificate.subject, hospital.key.public_key(), now - CLOCK_SKEW, end)
        .add_extension(x509.BasicConstraints(False, None), critical=True)
        .add_extension(key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(USES), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(name.uri)]), critical=False)
        .sign(hospital.key, hashes.SHA256())
    )


def key_of_request(pem: bytes, source: str) -> ec.EllipticCurvePublicKey:
    """The public key in a signing request; its names are not looked at. ConfigError where the asker does not hold the private key."""
    wanted = "wanted a PKCS #10 request in PEM, for a P-256 key and signed with it"
    try:
        request = x509.load_pem_x509_csr(pem)
        public, signed = request.public_key(), request.is_signature_valid
    except (ValueError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise ConfigError(f"the request {source!r} cannot be read ({error}); {wanted}") from error
    if not signed:
        raise ConfigError(f"the request {source!r} is not signed with its own key; {wanted}")
    if not isinstance(public, ec.EllipticCurvePublicKey) or not is_p256(public):
        raise ConfigError(f"the request {source!r} is for a key of another kind; {wanted}")
    return public


def make_crl(authority: Authority, number: int, revoked: Iterable[Revocation], now: datetime) -> x509.CertificateRevocationList:
    """The authority's revocation list, the ``number``-th, good for 90 days."""
    now = utc(now)
    builder = (
        x509.CertificateRevocationListBuilder(authority.certificate.subject, now - CLOCK_SKEW, now + CRL_LIFE)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    for row in revoked:
        entry = x509.RevokedCertificateBuilder(row.serial, utc(row.when)).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(authority.key, hashes.SHA256())
