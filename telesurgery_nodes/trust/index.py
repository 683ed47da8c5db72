"""What one authority has issued, as JSON beside its certificate: its memory for revocation lists."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime

from ..errors import ConfigError
from .authority import Revocation, utc

VERSION = 1


@dataclass(frozen=True)
class Issued:
    """One certificate. ``name``: the URI of a device, or a hospital's name. Times in UTC."""

    serial: int
    name: str
    not_after: datetime
    revoked: datetime | None = None


@dataclass(frozen=True)
class Index:
    """All certificates of one authority, oldest first, and the number of its newest revocation list."""

    crl_number: int = 0
    issued: tuple[Issued, ...] = ()

    def of(self, name: str) -> tuple[Issued, ...]:
        """What was issued under ``name`` and is not revoked, expired or not."""
        return tuple(row for row in self.issued if row.name == name and row.revoked is None)

    def live(self, name: str, now: datetime) -> tuple[Issued, ...]:
        """What was issued under ``name`` and still holds at ``now``."""
        return tuple(row for row in self.of(name) if now < row.not_after)

    def adding(self, row: Issued) -> Index:
        """With one more certificate."""
        return replace(self, issued=(*self.issued, row))

    def revoking(self, serials: set[int], now: datetime) -> Index:
        """With ``serials`` revoked at ``now``; what was revoked before keeps its time."""
        rows = (replace(row, revoked=utc(now)) if row.serial in serials and row.revoked is None else row for row in self.issued)
        return replace(self, issued=tuple(rows))

    def revocations(self) -> tuple[Revocation, ...]:
        """Rows of the revocation list."""
        return tuple(Revocation(row.serial, row.revoked) for row in self.issued if row.revoked is not None)


def dump(index: Index) -> bytes:
    """The file's content."""
    rows = [
        {"serial": f"{row.serial:x}", "name": row.name, "not_after": row.not_after.isoformat(),
         "revoked_at": None if row.revoked is None else row.revoked.isoformat()}
        for row in index.issued
    ]  # fmt: skip
    return json.dumps({"version": VERSION, "crl_number": index.crl_number, "issued": rows}, indent=1).encode() + b"\n"


def parse(data: bytes, source: str) -> Index:
    """The index in ``data``. ConfigError for anything else: an index that is guessed at forgets revocations."""
    try:
        found = json.loads(data)
        if found["version"] != VERSION:
            raise ConfigError(f"{source} is of version {found['version']!r}; wanted {VERSION}")
        rows = tuple(
            Issued(
                int(row["serial"], 16), str(row["name"]), utc(datetime.fromisoformat(row["not_after"])),
                None if row["revoked_at"] is None else utc(datetime.fromisoformat(row["revoked_at"])),
            )
            for row in found["issued"]
        )  # fmt: skip
        return Index(int(found["crl_number"]), rows)
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"{source} is no index of certificates ({error!r}); wanted the one `telesurgery keys` wrote") from error
