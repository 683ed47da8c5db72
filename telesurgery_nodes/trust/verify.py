"""The one place where OpenSSL's verification results become our errors.

The TLS callback and the proof of a device folder use the same store, the same flags and the same table of words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from cryptography import x509
from OpenSSL import crypto
from OpenSSL.SSL import X509VerificationCodes as V

from ..errors import CertificateExpired, CertificateExpiring, CertificateRevoked, TrustError, UnknownAuthority, WrongRole
from .authority import USES, common_name, is_p256, utc
from .names import PeerName, name_in
from .pem import certificates, revocation_lists

# A case must not end because a certificate does: with less than this left, none is begun.
LEAST_LEFT = timedelta(hours=24)
FLAGS = crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.CRL_CHECK_ALL | crypto.X509StoreFlags.X509_STRICT
# By depth in the chain; what lies deeper is the root's.
PLACES = ("device certificate", "hospital's CA", "consortium's root")
ROTATE = "`telesurgery keys rotate` at that hospital makes a new one"
NEW_LISTS = "`telesurgery keys crl` where the CAs are makes new lists: carry crl.pem to both sites"
SAME_ROOT = "both sites need device folders of one consortium: compare `telesurgery keys show` of both trust.pem"
ISSUE = "`telesurgery keys issue` at that hospital makes a right one"
NOT_SAID = "OpenSSL's verify error {code}"  # a code this table does not know is refused all the same


@dataclass(frozen=True)
class Verdict:
    """What a result of OpenSSL means: our error, ``{place}`` and what is wrong with it, what mends it."""

    error: type[TrustError]
    what: str
    mend: str


_FOREIGN = Verdict(UnknownAuthority, "the {place} was not signed by a CA of this consortium", SAME_ROOT)
_NO_LIST = Verdict(CertificateRevoked, "no revocation list says whether the {place} is good", NEW_LISTS)
_NO_CA = Verdict(UnknownAuthority, "the {place} is used as a CA and may not be one", SAME_ROOT)
_NAME = Verdict(UnknownAuthority, "the hospital's CA may not issue for the site named in the {place}", ISSUE)
_USE = Verdict(WrongRole, "the {place} is not made for this use", ISSUE)

VERDICTS: dict[int, Verdict] = {
    V.ERR_CERT_HAS_EXPIRED: Verdict(CertificateExpired, "the {place} has expired", ROTATE),
    V.ERR_CERT_NOT_YET_VALID: Verdict(CertificateExpired, "the time of the {place} has not begun", "set this computer's clock; " + ROTATE),
    V.ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD: Verdict(CertificateExpired, "the {place} does not say when it begins", ROTATE),
    V.ERR_ERROR_IN_CERT_NOT_AFTER_FIELD: Verdict(CertificateExpired, "the {place} does not say when it ends", ROTATE),
    V.ERR_CERT_REVOKED: Verdict(CertificateRevoked, "the {place} is revoked", "if that is a mistake, " + ISSUE),
    V.ERR_CRL_HAS_EXPIRED: Verdict(CertificateRevoked, "the revocation list for the {place} is outdated, so nobody can tell", NEW_LISTS),
    V.ERR_CRL_NOT_YET_VALID: Verdict(
        CertificateRevoked, "the time of the revocation list for the {place} has not begun", "set this computer's clock"
    ),
    **dict.fromkeys(
        (V.ERR_UNABLE_TO_GET_CRL, V.ERR_UNABLE_TO_GET_CRL_ISSUER, V.ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, V.ERR_CRL_SIGNATURE_FAILURE,
         V.ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, V.ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD, V.ERR_KEYUSAGE_NO_CRL_SIGN,
         V.ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, V.ERR_DIFFERENT_CRL_SCOPE, V.ERR_CRL_PATH_VALIDATION_ERROR), _NO_LIST,
    ),
    **dict.fromkeys(
        (V.ERR_UNABLE_TO_GET_ISSUER_CERT, V.ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, V.ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
         V.ERR_DEPTH_ZERO_SELF_SIGNED_CERT, V.ERR_SELF_SIGNED_CERT_IN_CHAIN, V.ERR_CERT_SIGNATURE_FAILURE,
         V.ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, V.ERR_CERT_UNTRUSTED, V.ERR_CERT_REJECTED, V.ERR_AKID_SKID_MISMATCH), _FOREIGN,
    ),
    **dict.fromkeys((V.ERR_INVALID_CA, V.ERR_PATH_LENGTH_EXCEEDED, V.ERR_KEYUSAGE_NO_CERTSIGN), _NO_CA),
    **dict.fromkeys(
        (V.ERR_PERMITTED_VIOLATION, V.ERR_EXCLUDED_VIOLATION, V.ERR_UNSUPPORTED_NAME_SYNTAX, V.ERR_UNSUPPORTED_CONSTRAINT_SYNTAX,
         V.ERR_UNSUPPORTED_CONSTRAINT_TYPE), _NAME,
    ),
    **dict.fromkeys((V.ERR_INVALID_PURPOSE, V.ERR_KEYUSAGE_NO_DIGITAL_SIGNATURE, V.ERR_INVALID_NON_CA), _USE),
}  # fmt: skip


class Anchors(Protocol):
    """What verification rests on: an Identity has it."""

    @property
    def trust_pem(self) -> bytes:
        """The consortium's root."""
        ...

    @property
    def crl_pem(self) -> bytes:
        """Revocation lists of the root and of every hospital."""
        ...


def fill_store(store: crypto.X509Store, identity: Anchors) -> None:
    """Trust the consortium's root alone, and nobody whose revocation lists are not there."""
    for root in certificates(identity.trust_pem, "trust.pem"):
        store.add_cert(crypto.X509.from_cryptography(root))
    for revoked in revocation_lists(identity.crl_pem, "crl.pem"):
        store.add_crl(revoked)
    store.set_flags(FLAGS)


def described(certificate: x509.Certificate) -> str:
    """Which certificate, for people: its device name or subject, serial number and time."""
    try:
        name = name_in(certificate).uri
    except WrongRole:
        name = certificate.subject.rfc4514_string()
    begin, end = (f"{time:%Y-%m-%d %H:%M}" for time in (certificate.not_valid_before_utc, certificate.not_valid_after_utc))
    return f"{name} (serial {certificate.serial_number:x}, {begin} to {end} UTC)"


def trust_error(code: int, depth: int, certificate: x509.Certificate | None) -> TrustError:
    """Our error for OpenSSL's verify result ``code`` at ``depth``: 0 the device, 1 its hospital's CA, 2 the root."""
    place = PLACES[min(max(depth, 0), len(PLACES) - 1)]
    verdict = VERDICTS.get(code, Verdict(UnknownAuthority, "the {place} is refused: " + NOT_SAID, SAME_ROOT))
    which = "" if certificate is None else f": {described(certificate)}"
    return verdict.error(f"{verdict.what.format(place=place, code=code)}{which}; {verdict.mend}")


def check_use(certificate: x509.Certificate) -> None:
    """WrongRole unless ``certificate`` is one of a device: not a CA, to sign with at either end of TLS, P-256."""
    try:
        extensions = certificate.extensions
        authority = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        signs = extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
        uses = set(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError) as error:
        raise WrongRole(f"no device certificate: {described(certificate)}: {error}; {ISSUE}") from error
    wrong = [
        what
        for what, so in (
            ("is a CA", authority), ("may not sign", not signs), ("is not for both ends of TLS", not uses >= set(USES)),
            ("has a key that is not P-256", not is_p256(certificate.public_key())),
        )
        if so
    ]  # fmt: skip
    if wrong:
        raise WrongRole(f"no device certificate: {described(certificate)} {', '.join(wrong)}; {ISSUE}")


def peer_of(chain: Sequence[x509.Certificate]) -> PeerName:
    """Who a chain is that OpenSSL has verified, from the device to the root: its use, its name, and that its own hospital issued it.

    Exactly three: a CA that issues to its own name does not count in OpenSSL's path length.
    """
    if len(chain) != len(PLACES):
        raise UnknownAuthority(f"a chain of {len(chain)} certificates; wanted a device, its hospital's CA and the root; {SAME_ROOT}")
    check_use(chain[0])
    name, hospital = name_in(chain[0]), common_name(chain[1].subject)
    if hospital != name.site:
        raise UnknownAuthority(f"hospital {hospital!r} issued for site {name.site!r}: {described(chain[0])}; {ISSUE}")
    return name


def verify_chain(identity: Anchors, chain_pem: bytes, now: datetime) -> PeerName:
    """Who the chain in ``chain_pem`` (device first) is at the time ``now``; a TrustError of its own for each way it may be wrong."""
    chain = [crypto.X509.from_cryptography(item) for item in certificates(chain_pem, "the chain")]
    store = crypto.X509Store()
    fill_store(store, identity)
    store.set_time(utc(now))
    try:
        verified = crypto.X509StoreContext(store, chain[0], chain[1:]).get_verified_chain()
    except crypto.X509StoreContextError as error:
        code, depth = error.errors[:2]
        raise trust_error(code, depth, error.certificate.to_cryptography()) from error
    return peer_of([item.to_cryptography() for item in verified])


def expiring(certificate: x509.Certificate, now: datetime) -> CertificateExpiring | None:
    """The error for a certificate with too little time left to begin a session, None for one that has enough."""
    left = certificate.not_valid_after_utc - utc(now)
    if left >= LEAST_LEFT:
        return None
    return CertificateExpiring(f"{too_little(left)}: {described(certificate)}; {ROTATE}")


def too_little(left: timedelta) -> str:
    """Words for a time that is less than `LEAST_LEFT`."""
    hours, wanted = (time / timedelta(hours=1) for time in (left, LEAST_LEFT))
    return f"{hours:.1f} h are left; wanted at least {wanted:g} h to begin a session"
