"""What `telesurgery keys show` prints: one row per certificate and revocation list."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from ..errors import ConfigError, WrongRole
from ..trust.files import read_file
from ..trust.identity import CHAIN_FILE, CRL_FILE, TRUST_FILE, list_end
from ..trust.index import Issued
from ..trust.names import name_in
from ..trust.office import INDEX_FILE, Office, list_number
from ..trust.pem import CERTIFICATE, CRL, blocks, certificates, revocation_lists
from ..trust.store import Store

GOOD, EXPIRED, REVOKED, NOT_YET = "good", "expired", "revoked", "not yet"


@dataclass(frozen=True)
class Row:
    """``kind``: root, hospital, device, list, or certificate; ``serial`` hexadecimal, of a list its number; ``until`` in UTC."""

    kind: str
    name: str
    serial: str
    until: str
    days_left: float
    state: str


def _row(kind: str, name: str, serial: str, end: datetime, now: datetime, state: str) -> Row:
    return Row(kind, name, serial, f"{end:%Y-%m-%d %H:%M}", round((end - now) / timedelta(days=1), 1), state)


def certificate_row(kind: str, item: x509.Certificate, now: datetime, revoked: bool = False) -> Row:
    """One certificate."""
    try:
        name = name_in(item).uri
    except WrongRole:
        name = item.subject.rfc4514_string()
    state = REVOKED if revoked else EXPIRED if now >= item.not_valid_after_utc else NOT_YET if now < item.not_valid_before_utc else GOOD
    return _row(kind, name, f"{item.serial_number:x}", item.not_valid_after_utc, now, state)


def list_row(item: x509.CertificateRevocationList, now: datetime) -> Row:
    """One revocation list."""
    end = list_end(item)
    return _row(
        "list", f"{item.issuer.rfc4514_string()}, {len(item)} revoked", str(list_number(item)), end, now, GOOD if now < end else EXPIRED
    )


def _issued_row(row: Issued, now: datetime) -> Row:
    state = REVOKED if row.revoked is not None else EXPIRED if now >= row.not_after else GOOD
    return _row("device", row.name, f"{row.serial:x}", row.not_after, now, state)


def _office_rows(office: Office, kind: str, now: datetime, revoked: x509.CertificateRevocationList) -> list[Row]:
    own = office.certificate()
    ended = revoked.get_revoked_certificate_by_serial_number(own.serial_number) is not None
    return [certificate_row(kind, own, now, ended), list_row(office.revocation_list(), now)]


def store_rows(store: Store, now: datetime) -> list[Row]:
    """Everything in a store; of a hospital whose index is elsewhere, its CA alone."""
    revoked = store.consortium.revocation_list()
    rows = _office_rows(store.consortium, "root", now, revoked)
    for name in store.hospitals():
        office = store.hospital(name)
        rows += _office_rows(office, "hospital", now, revoked)
        if (office.folder / INDEX_FILE).exists():
            rows += [_issued_row(row, now) for row in office.index().issued]
    return rows


def file_rows(path: Path, now: datetime) -> list[Row]:
    """Certificates and lists of one file. ConfigError where it holds none."""
    data = read_file(path, "the file", private=False)
    rows = [certificate_row("certificate", item, now) for item in certificates(data, repr(str(path)))] if blocks(data, CERTIFICATE) else []
    rows += [list_row(item, now) for item in revocation_lists(data, repr(str(path)))] if blocks(data, CRL) else []
    if not rows:
        raise ConfigError(f"{str(path)!r} holds neither certificates nor revocation lists; wanted PEM")
    return rows


def path_rows(path: Path, now: datetime) -> list[Row]:
    """A device folder, or one file."""
    if not path.is_dir():
        return file_rows(path, now)
    return [row for name in (CHAIN_FILE, TRUST_FILE, CRL_FILE) for row in file_rows(path / name, now)]


def table(rows: list[Row]) -> str:
    """For people."""
    lines = [("kind", "state", "days left", "until (UTC)", "name", "serial or number")]
    lines += [(row.kind, row.state, f"{row.days_left:.1f}", row.until, row.name, row.serial) for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def show(store: Store, path: Path | None, now: datetime, as_json: bool) -> int:
    """Print the store, or what lies at ``path``."""
    rows = store_rows(store, now) if path is None else path_rows(path.expanduser(), now)
    print(json.dumps([asdict(row) for row in rows], indent=2) if as_json else table(rows))
    return 0
