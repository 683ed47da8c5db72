"""Device certificates in a store: issued, rotated, revoked; and hospitals revoked.

The index learns of a certificate before anyone has it, so whatever is out there can be revoked. Each command can be run again
after a failure, and a failure leaves what was there working.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from ..errors import CertificateRevoked, ConfigError, TelesurgeryError
from .authority import DEVICE_DAYS, Authority, key_of_request, new_key, sign_device
from .files import PUBLIC, write_file
from .folders import exchange, place, stage
from .identity import CHAIN_FILE, CRL_FILE, KEY_FILE, TRUST_FILE, Material, read_material
from .index import Issued
from .names import ROLES, PeerName
from .office import Office
from .pem import key_pem, pem
from .store import Outcome, Passphrases, Store
from .verify import verify_chain


@dataclass(frozen=True)
class Order:
    """What to issue: for ``days``; ``request``: a signing request in PEM, so that the key stays with the device; ``out``: a new folder
    for it outside the store."""

    days: int = DEVICE_DAYS
    request: bytes | None = None
    request_source: str = "--csr"
    out: Path | None = None


@dataclass(frozen=True)
class _Made:
    """A certificate and what goes with it; ``key`` is None for one made from a request."""

    certificate: x509.Certificate
    key: bytes | None
    chain: bytes
    trust: bytes

    def files(self, lists: bytes) -> dict[str, bytes]:
        """The device folder."""
        public = {CHAIN_FILE: self.chain, TRUST_FILE: self.trust, CRL_FILE: lists}
        return public if self.key is None else {KEY_FILE: self.key, **public}


def _make(store: Store, hospital: Authority, name: PeerName, now: datetime, order: Order) -> _Made:
    """Sign, and check the result as any peer would."""
    private: ec.EllipticCurvePrivateKey | None = None
    if order.request is None:
        private = new_key()
        public = private.public_key()
    else:
        public = key_of_request(order.request, order.request_source)
    certificate = sign_device(hospital, name, public, now, order.days)
    made = _Made(certificate, None if private is None else key_pem(private), pem(certificate, hospital.certificate), store.trust())
    verify_chain(Material(Path(), b"", made.chain, made.trust, store.lists()), made.chain, now)
    return made


def _record(office: Office, name: PeerName, made: _Made) -> None:
    new = Issued(made.certificate.serial_number, name.uri, made.certificate.not_valid_after_utc)
    office.keep(office.index().adding(new))


def _new_folder(store: Store, office: Office, name: PeerName, made: _Made, folder: Path) -> None:
    before = office.index()
    staged = stage(folder, made.files(store.lists()))
    try:
        _record(office, name, made)
        place(staged, folder)
    except TelesurgeryError:
        shutil.rmtree(staged, ignore_errors=True)
        office.keep(before)  # nobody has the certificate
        raise


def issue(store: Store, name: PeerName, now: datetime, secrets: Passphrases, order: Order) -> Outcome:
    """The certificate and folder of a new device. ConfigError where it has a certificate, or its folder is taken."""
    with store.alone():
        office, hospital = store.hospital(name.site), store.active(name.site, secrets.hospital)
        live = [row for role in ROLES for row in office.index().live(PeerName(name.site, name.device, role).uri, now)]
        if live:
            raise ConfigError(
                f"{live[0].name} has a certificate until {live[0].not_after:%Y-%m-%d} (serial {live[0].serial:x}); "
                f"`telesurgery keys rotate --hospital {name.site} --device {name.device}` replaces it, `keys revoke` ends it"
            )
        skipped = store.refresh(now, secrets, [office])
        folder = order.out if order.out is not None else store.device(name.site, name.device)
        _new_folder(store, office, name, _make(store, hospital, name, now, order), folder)
        return Outcome(folder, skipped=skipped)


def _known(office: Office, site: str, device: str) -> list[Issued]:
    """Certificates of a device, in whatever role, that are not revoked; oldest first. ConfigError where there is none."""
    names = {PeerName(site, device, role).uri for role in ROLES}
    found = [row for row in office.index().issued if row.name in names and row.revoked is None]
    if not found:
        raise ConfigError(
            f"device {device!r} of hospital {site!r} has no certificate, or only revoked ones; "
            f"`telesurgery keys issue --hospital {site} --device {device} --role ...` makes one, `keys show` lists them"
        )
    return found


def _renewed_folder(store: Store, office: Office, name: PeerName, made: _Made, out: Path | None) -> Path:
    """Where a rotated device is: in place, or in a new folder ``out``. After the record, so a failure is a certificate nobody uses."""
    folder = store.device(name.site, name.device)
    if folder.is_dir() == (out is not None):
        here = (
            "is in this store and is changed in place: leave --out out" if folder.is_dir() else "is not in this store: --out DIR makes one"
        )
        raise ConfigError(f"the folder of {name.uri} {here}")
    if out is not None:
        _new_folder(store, office, name, made, out)
        return out
    if made.key is None:
        if (folder / KEY_FILE).exists():
            raise ConfigError(f"{str(folder)!r} holds the device's key; leave --csr out")
        _record(office, name, made)
        write_file(folder / CHAIN_FILE, made.chain, PUBLIC, replace=True)
        return folder
    if not (folder / KEY_FILE).exists():
        raise ConfigError(f"the key of {name.uri} never was in this store; give a new request of the device with --csr")
    old = read_material(folder)
    _record(office, name, made)
    exchange(folder, old.key_pem, made.key, made.chain, made.trust)
    return folder


def rotate(store: Store, site: str, device: str, now: datetime, secrets: Passphrases, order: Order) -> Outcome:
    """A new key and certificate; the old ones are revoked once the new ones are in place, and work until then."""
    with store.alone():
        office, hospital = store.hospital(site), store.active(site, secrets.hospital)
        old = _known(office, site, device)
        name = PeerName.parse(old[-1].name)
        store.refresh(now, secrets, [office])  # no peer, and so not this command, trusts a chain on outdated lists
        folder = _renewed_folder(store, office, name, _make(store, hospital, name, now, order), order.out)
        office.keep(office.index().revoking({row.serial for row in old}, now))
        skipped = store.refresh(now, secrets, [office])
        _bring_out(store, order.out)
        return Outcome(folder, tuple(old), skipped)


def _bring_out(store: Store, out: Path | None) -> None:
    if out is not None:
        write_file(out / CRL_FILE, store.lists(), PUBLIC, replace=True)


def revoke_device(store: Store, site: str, device: str | None, serial: int | None, now: datetime, secrets: Passphrases) -> Outcome:
    """End every certificate of a device, or the one with ``serial``. ConfigError where there is none to end."""
    with store.alone():
        office = store.hospital(site)
        office.authority(secrets.hospital)  # before the index is changed: without the key there is no new list
        if device is not None:
            rows = _known(office, site, device)
        else:
            rows = [row for row in office.index().issued if row.serial == serial and row.revoked is None]
        if not rows:
            raise ConfigError(
                f"hospital {site!r} issued nothing with serial {serial:x} that is not revoked yet; `keys show` lists what it did"
            )
        office.keep(office.index().revoking({row.serial for row in rows}, now))
        return Outcome(revoked=tuple(rows), skipped=store.refresh(now, secrets, [office]))


def revoke_hospital(store: Store, site: str, now: datetime, secrets: Passphrases) -> Outcome:
    """End a hospital's CA, and with it every device of that hospital. Only the root can."""
    with store.alone():
        store.consortium.authority(secrets.root)
        rows = store.consortium.index().of(site)
        if not rows and site in store.hospitals():
            raise CertificateRevoked(f"the CA of hospital {site!r} is revoked already")
        if not rows:
            raise ConfigError(f"no hospital {site!r}; known: {', '.join(store.hospitals()) or 'none'}")
        store.consortium.keep(store.consortium.index().revoking({row.serial for row in rows}, now))
        return Outcome(revoked=rows, skipped=store.refresh(now, secrets, [store.consortium]))
