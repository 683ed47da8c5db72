"""Who this computer is: the folder it got from its hospital, read and proved before anything is trusted."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from ..errors import CertificateExpiring, ConfigError
from .authority import utc
from .files import check_folder, read_file
from .names import PeerName
from .pem import KEY, blocks, certificates, is_encrypted, key_pem, private_key, revocation_lists
from .verify import LEAST_LEFT, NEW_LISTS, expiring, too_little, verify_chain

KEY_FILE, CHAIN_FILE, TRUST_FILE, CRL_FILE = "key.pem", "chain.pem", "trust.pem", "crl.pem"
FILES = (KEY_FILE, CHAIN_FILE, TRUST_FILE, CRL_FILE)
MEND = "`telesurgery keys issue` makes the folder of a device, with key.pem, chain.pem, trust.pem and crl.pem"


@dataclass(frozen=True)
class Material:
    """A device folder as read, not proved. ``key_pem`` is the key that fits the certificate."""

    folder: Path
    key_pem: bytes = field(repr=False)  # values like this end up in logs
    chain_pem: bytes = field(repr=False)
    trust_pem: bytes = field(repr=False)
    crl_pem: bytes = field(repr=False)

    @property
    def certificate(self) -> x509.Certificate:
        """The device's."""
        return certificates(self.chain_pem, str(self.folder / CHAIN_FILE))[0]


@dataclass(frozen=True)
class Identity:
    """A device that is what it says, from ``load_identity``. ``not_after``: end of its certificate, UTC."""

    folder: Path
    name: PeerName
    not_after: datetime
    key_pem: bytes = field(repr=False)  # values like this end up in logs
    chain_pem: bytes = field(repr=False)
    trust_pem: bytes = field(repr=False)
    crl_pem: bytes = field(repr=False)


def _fitting(keys: bytes, certificate: x509.Certificate, path: Path) -> bytes:
    """The key of ``certificate``. While a key is rotated the file holds the old and the new one, so that either chain has its own."""
    if is_encrypted(keys):
        raise ConfigError(f"the key {str(path)!r} has a passphrase; wanted a device's key without one: a node cannot ask for it")
    found = [private_key(block, repr(str(path))) for block in blocks(keys, KEY)]
    if not found:
        raise ConfigError(f"{str(path)!r} holds no private key in PEM; {MEND}")
    public = certificate.public_key()
    fitting: list[ec.EllipticCurvePrivateKey] = [key for key in found if key.public_key() == public]
    if not fitting:
        raise ConfigError(
            f"the key {str(path)!r} is not that of the certificate in {CHAIN_FILE}; wanted the two that were made together; {MEND}"
        )
    return key_pem(fitting[0])


def read_material(folder: str | Path) -> Material:
    """The files of a device folder, with their modes checked and the key matched. ConfigError says what is wrong and what mends it."""
    if not str(folder):
        raise ConfigError(f"no device folder was named; wanted the folder of this computer's device; {MEND}")
    folder = Path(folder).expanduser()
    check_folder(folder, "the device folder", MEND)
    missing = [name for name in FILES if not (folder / name).exists()]
    if missing:
        raise ConfigError(f"the device folder {shlex.quote(str(folder))} has no {', '.join(missing)}; {MEND}")
    # The chain before the key: a rotation changes them the other way round, so its middle is seen as the old device or the new one.
    chain, trust, lists = (read_file(folder / name, "the file", private=False, mend=MEND) for name in (CHAIN_FILE, TRUST_FILE, CRL_FILE))
    keys = read_file(folder / KEY_FILE, "the key", private=True, mend=MEND)
    certificates(trust, repr(str(folder / TRUST_FILE)))
    revocation_lists(lists, repr(str(folder / CRL_FILE)))
    first = certificates(chain, repr(str(folder / CHAIN_FILE)))[0]
    return Material(folder, _fitting(keys, first, folder / KEY_FILE), chain, trust, lists)


def own_lists(material: Material) -> list[x509.CertificateRevocationList]:
    """The newest revocation list of each CA above this device."""
    above = {item.issuer for item in certificates(material.chain_pem, CHAIN_FILE)}
    newest: dict[x509.Name, x509.CertificateRevocationList] = {}
    for item in revocation_lists(material.crl_pem, CRL_FILE):
        known = newest.get(item.issuer)
        if item.issuer in above and (known is None or list_end(item) > list_end(known)):
            newest[item.issuer] = item
    return list(newest.values())


def list_end(item: x509.CertificateRevocationList) -> datetime:
    """When a revocation list is outdated. One that does not say is so at once."""
    end = item.next_update_utc
    return item.last_update_utc if end is None else end


def prove(material: Material, now: datetime, beginning: bool = True) -> PeerName:
    """The device's name, once its chain holds at ``now`` and, ``beginning`` a session, enough time is left for one. TrustError else."""
    name = verify_chain(material, material.chain_pem, now)
    if not beginning:
        return name
    short = expiring(material.certificate, now)
    if short is not None:
        raise short
    for item in own_lists(material):
        left = list_end(item) - utc(now)
        if left < LEAST_LEFT:
            raise CertificateExpiring(f"{too_little(left)}: the revocation list of {item.issuer.rfc4514_string()}; {NEW_LISTS}")
    return name


def load_identity(folder: str | Path, now: datetime, beginning: bool = True) -> Identity:
    """The device in ``folder``, proved at ``now``. ConfigError for the files, a TrustError of its own for each reason not to be trusted.

    ``beginning`` False: in the middle of a session, which does not end because a certificate will.
    """
    material = read_material(folder)
    name, end = prove(material, now, beginning), material.certificate.not_valid_after_utc
    return Identity(material.folder, name, end, material.key_pem, material.chain_pem, material.trust_pem, material.crl_pem)
