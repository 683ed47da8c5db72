"""The folder of a consortium, or of the part of it that lies here.

    consortium/          certificate.pem key.pem crl.pem index.json    the root
    hospitals/<name>/    the same                                      one CA each
    devices/<site>/<device>/    key.pem chain.pem trust.pem crl.pem    what a site computer gets
    crl.pem              the newest revocation lists of all of them    what travels to devices that were carried elsewhere

A key that is not here (the root rests offline, another hospital keeps its own) is no fault: what it would sign is done where it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..errors import CertificateRevoked, ConfigError, UnknownAuthority
from .authority import Authority, consortium_of, make_hospital, make_root, new_key
from .files import PUBLIC, check_folder, locked, make_folder, write_file
from .folders import bring_lists
from .identity import CHAIN_FILE, CRL_FILE, TRUST_FILE
from .index import Issued
from .names import check_label
from .office import Office
from .pem import certificates, pem, revocation_lists

HIDDEN = "."


@dataclass(frozen=True)
class Passphrases:
    """Of the CAs' keys; None for one that has none, or that shall not be opened."""

    root: bytes | None = None
    hospital: bytes | None = None


@dataclass(frozen=True)
class Outcome:
    """What a command did. ``folder``: the device folder made or changed. ``skipped``: lists not renewed, each with the reason."""

    folder: Path | None = None
    revoked: tuple[Issued, ...] = ()
    skipped: tuple[str, ...] = ()


def default_store() -> Path:
    """Where the authorities of this user lie: $XDG_CONFIG_HOME, or ~/.config."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".config") / "telesurgery_nodes" / "pki"


def visible(folder: Path) -> list[Path]:
    """Folders in ``folder``, sorted, without those still being written."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(HIDDEN))


class Store:
    """Finds what lies where. Commands on it are the functions of this module and of `issuing`."""

    def __init__(self, root: str | Path) -> None:
        """``root``: the folder, which need not exist yet."""
        self.root = Path(root).expanduser()
        self.consortium = Office(self.root / "consortium", "consortium's root")

    def hospital(self, name: str) -> Office:
        """The CA of one hospital, there or not."""
        return Office(self.root / "hospitals" / check_label("hospital", name), f"CA of hospital {name}")

    def hospitals(self) -> list[str]:
        """Names of all hospitals here."""
        return [path.name for path in visible(self.root / "hospitals")]

    def offices(self) -> list[Office]:
        """The root and every hospital."""
        return [self.consortium, *(self.hospital(name) for name in self.hospitals())]

    def device(self, site: str, device: str) -> Path:
        """The folder of a device."""
        return self.root / "devices" / check_label("site", site) / check_label("device", device)

    def devices(self) -> list[Path]:
        """Every device folder here."""
        return [folder for site in visible(self.root / "devices") for folder in visible(site)]

    def lists(self) -> bytes:
        """The newest revocation lists of all CAs."""
        return pem(*(office.revocation_list() for office in self.offices()))

    def trust(self) -> bytes:
        """The root's certificate."""
        return pem(self.consortium.certificate())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One command at a time, on a folder no one else can write in."""
        if not self.consortium.exists:
            raise ConfigError(f"no consortium in {str(self.root)!r}; `telesurgery keys init` makes one, --store names another folder")
        check_folder(self.root, "the store")
        with locked(self.root):
            yield

    def active(self, name: str, passphrase: bytes | None) -> Authority:
        """The CA of a hospital, able to sign and not revoked."""
        authority, revoked = self.hospital(name).authority(passphrase), self.consortium.revocation_list()
        if revoked.get_revoked_certificate_by_serial_number(authority.certificate.serial_number) is not None:
            raise CertificateRevoked(
                f"the CA of hospital {name!r} is revoked: nothing it signs is trusted; `telesurgery keys init` adds one under another name"
            )
        return authority

    def publish(self) -> None:
        """The newest lists into the store's crl.pem and into every device folder."""
        lists = self.lists()
        write_file(self.root / CRL_FILE, lists, PUBLIC, replace=True)
        bring_lists(self.devices(), lists)

    def refresh(self, now: datetime, secrets: Passphrases, needed: Iterable[Office] = ()) -> tuple[str, ...]:
        """New lists of every CA whose key opens, then `publish`. Returns those whose key is here and was not used, each with the reason;
        one that is ``needed`` raises. A key that rests elsewhere is no news."""
        skipped, must = [], {office.folder for office in needed}
        for office in self.offices():
            if not office.has_key and office.folder not in must:
                continue
            try:
                passphrase = secrets.root if office.folder == self.consortium.folder else secrets.hospital
                office.renew_list(office.authority(passphrase if office.key_is_encrypted else None), now)
            except ConfigError as error:
                if office.folder in must:
                    raise
                skipped.append(f"revocation list of the {office.title}: {error}")
        self.publish()
        return tuple(skipped)


def init(store: Store, consortium: str, hospitals: Iterable[str], now: datetime, secrets: Passphrases) -> Outcome:
    """A consortium, or further hospitals of it. ConfigError, and nothing made, where any of it is there already."""
    hospitals = [check_label("hospital", name) for name in hospitals]
    check_label("consortium", consortium)
    doubled = [name for name in hospitals if store.hospital(name).exists or hospitals.count(name) > 1]
    if doubled:
        raise ConfigError(f"hospital {', '.join(sorted(set(doubled)))} is there already; a revoked one comes back under another name")
    make_folder(store.root)
    with locked(store.root):
        if not store.consortium.exists:
            store.consortium.create(make_root(consortium, now), secrets.root, now)
        elif consortium_of(store.consortium.certificate()) != consortium:
            there = consortium_of(store.consortium.certificate())
            raise ConfigError(f"{str(store.root)!r} is of consortium {there!r}, not {consortium!r}; --store names another folder")
        elif not hospitals:
            raise ConfigError(f"consortium {consortium!r} is there already in {str(store.root)!r}; --hospital NAME adds one to it")
        root = store.consortium.authority(secrets.root)
        for name in hospitals:
            _add_hospital(store, root, name, now, secrets)
        return Outcome(skipped=store.refresh(now, secrets))


def _add_hospital(store: Store, root: Authority, name: str, now: datetime, secrets: Passphrases) -> None:
    key = new_key()
    own = make_hospital(root, name, key.public_key(), now)
    index = store.consortium.index().adding(Issued(own.serial_number, name, own.not_valid_after_utc))
    store.consortium.keep(index)
    store.hospital(name).create(Authority(own, key), secrets.hospital, now)


def renew_hospital(store: Store, name: str, now: datetime, secrets: Passphrases) -> Outcome:
    """Two more years for a hospital's CA, with its key: what it signed stays good. The root's key is needed, the hospital's is not."""
    with store.alone():
        office, root = store.hospital(name), store.consortium.authority(secrets.root)
        old = office.certificate()
        if store.consortium.revocation_list().get_revoked_certificate_by_serial_number(old.serial_number) is not None:
            raise CertificateRevoked(f"the CA of hospital {name!r} is revoked and is not renewed; add one under another name")
        new = make_hospital(root, name, old.public_key(), now)  # type: ignore[arg-type]  # P-256, by make_hospital
        store.consortium.keep(store.consortium.index().adding(Issued(new.serial_number, name, new.not_valid_after_utc)))
        office.renew(new)
        for folder in visible(store.root / "devices" / name):
            chain = certificates((folder / CHAIN_FILE).read_bytes(), str(folder / CHAIN_FILE))
            write_file(folder / CHAIN_FILE, pem(chain[0], new), PUBLIC, replace=True)
            write_file(folder / TRUST_FILE, store.trust(), PUBLIC, replace=True)
        return Outcome(skipped=store.refresh(now, secrets, [store.consortium]))


def take_lists(store: Store, data: bytes, source: str) -> list[str]:
    """Revocation lists made elsewhere, as in another store's crl.pem; returns whose were news. UnknownAuthority for a CA not known here."""
    with store.alone():
        news = []
        for item in revocation_lists(data, source):
            mine = [office for office in store.offices() if office.exists and office.signed(item)]
            if not mine:
                raise UnknownAuthority(
                    f"{source}: the revocation list of {item.issuer.rfc4514_string()} is signed by no CA in {str(store.root)!r}; "
                    "copy that hospital's certificate.pem and crl.pem into hospitals/<name>/ first"
                )
            news += [office.title for office in mine if office.take_list(item)]
        store.publish()
        return news
