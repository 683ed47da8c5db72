"""One authority on disk: its certificate, key, revocation list and index in one folder."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cryptography import x509

from ..errors import ConfigError, UnknownAuthority
from . import index as indexes
from .authority import Authority, make_crl
from .files import PRIVATE, PUBLIC, read_file, write_file
from .folders import place, stage
from .index import Index
from .pem import certificate, is_encrypted, key_pem, pem, private_key, revocation_lists

CERTIFICATE_FILE, KEY_FILE, CRL_FILE, INDEX_FILE = "certificate.pem", "key.pem", "crl.pem", "index.json"


class Office:
    """The folder of one CA. The key may be absent (it rests elsewhere); then nothing can be signed here."""

    def __init__(self, folder: Path, title: str) -> None:
        """``title``: how messages call it."""
        self.folder = folder
        self.title = title

    @property
    def exists(self) -> bool:
        """There is a certificate."""
        return (self.folder / CERTIFICATE_FILE).exists()

    @property
    def has_key(self) -> bool:
        """There is a private key."""
        return (self.folder / KEY_FILE).exists()

    @property
    def key_is_encrypted(self) -> bool:
        """The key here needs a passphrase."""
        return self.has_key and is_encrypted(self._read(KEY_FILE, private=True))

    def _read(self, name: str, private: bool = False) -> bytes:
        return read_file(self.folder / name, f"the {self.title}'s file", private)

    def create(self, authority: Authority, passphrase: bytes | None, now: datetime) -> None:
        """A new folder, whole or not at all. ConfigError where there is one."""
        index = Index(crl_number=1)
        files = {
            CERTIFICATE_FILE: pem(authority.certificate),
            KEY_FILE: key_pem(authority.key, passphrase),
            CRL_FILE: pem(make_crl(authority, index.crl_number, (), now)),
            INDEX_FILE: indexes.dump(index),
        }
        place(stage(self.folder, files), self.folder)

    def renew(self, certificate: x509.Certificate) -> None:
        """A new certificate for the same key."""
        write_file(self.folder / CERTIFICATE_FILE, pem(certificate), PUBLIC, replace=True)

    def certificate(self) -> x509.Certificate:
        """The CA's certificate. ConfigError where there is none."""
        if not self.exists:
            raise ConfigError(f"no {self.title} in {str(self.folder)!r}; `telesurgery keys init` makes one")
        return certificate(self._read(CERTIFICATE_FILE), repr(str(self.folder / CERTIFICATE_FILE)))

    def authority(self, passphrase: bytes | None) -> Authority:
        """The CA, able to sign. ConfigError where its key is not here, does not open, or is another one."""
        own, path = self.certificate(), self.folder / KEY_FILE
        if not self.has_key:
            raise ConfigError(f"the key of the {self.title} is not in {str(self.folder)!r}: run this command where it is")
        data = self._read(KEY_FILE, private=True)
        if is_encrypted(data) and passphrase is None:
            raise ConfigError(f"the key of the {self.title} has a passphrase: name the file that holds it (--help says by which option)")
        key = private_key(data, repr(str(path)), passphrase)
        if key.public_key() != own.public_key():
            raise ConfigError(f"the key {str(path)!r} is not that of the certificate beside it: the folder is damaged, take your backup")
        return Authority(own, key)

    def index(self) -> Index:
        """What was issued here."""
        return indexes.parse(self._read(INDEX_FILE, private=True), repr(str(self.folder / INDEX_FILE)))

    def keep(self, index: Index) -> None:
        """Write the index."""
        write_file(self.folder / INDEX_FILE, indexes.dump(index), PRIVATE, replace=True)

    def revocation_list(self) -> x509.CertificateRevocationList:
        """The newest list of this CA. ConfigError unless there is exactly one."""
        found = revocation_lists(self._read(CRL_FILE), repr(str(self.folder / CRL_FILE)))
        if len(found) != 1:
            raise ConfigError(f"{str(self.folder / CRL_FILE)!r} holds {len(found)} revocation lists; wanted one")
        return found[0]

    def renew_list(self, authority: Authority, now: datetime) -> None:
        """Sign a new list of what the index calls revoked. Its number is written down first: two lists never share one."""
        index = self.index()
        index = replace(index, crl_number=index.crl_number + 1)
        self.keep(index)
        new = make_crl(authority, index.crl_number, index.revocations(), now)
        write_file(self.folder / CRL_FILE, pem(new), PUBLIC, replace=True)

    def signed(self, new: x509.CertificateRevocationList) -> bool:
        """``new`` is by this CA."""
        own = self.certificate()
        public = own.public_key()
        return new.issuer == own.subject and new.is_signature_valid(public)  # type: ignore[arg-type]  # P-256 by authority.py

    def take_list(self, new: x509.CertificateRevocationList) -> bool:
        """Take a list this CA signed elsewhere; True where it is news. An older one is left: it would forget revocations."""
        if not self.signed(new):
            raise UnknownAuthority(f"a revocation list of {new.issuer.rfc4514_string()} is not signed by the {self.title}")
        if not (self.folder / CRL_FILE).exists():
            write_file(self.folder / CRL_FILE, pem(new), PUBLIC, replace=False)
            return True
        known, came = list_number(self.revocation_list()), list_number(new)
        if came > known and self.has_key:
            raise ConfigError(
                f"revocation list {came} of the {self.title} was made in another folder; this one has the key and is at {known}"
            )
        if came > known:
            write_file(self.folder / CRL_FILE, pem(new), PUBLIC, replace=True)
        return came > known


def list_number(item: x509.CertificateRevocationList) -> int:
    """The list's number; -1 for a list without one."""
    try:
        return item.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return -1
