"""What `telesurgery keys check` finds in a device folder: all that is looked at when a session begins, and what ends soon."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from stat import S_IMODE

from cryptography import x509

from ..errors import TelesurgeryError
from ..trust.files import read_file
from ..trust.identity import CRL_FILE, FILES, Identity, list_end, load_identity
from ..trust.pem import certificates, revocation_lists
from ..trust.verify import NEW_LISTS, ROTATE, described, expiring, verify_chain
from .doctor import BAD, GOOD, NOTE, Finding

WARN_LEFT = timedelta(days=14)


def _left(what: str, found: str, end: datetime, now: datetime, do: str) -> Finding:
    left = end - now
    text = f"{found}: {left / timedelta(days=1):.1f} days left, until {end:%Y-%m-%d %H:%M} UTC"
    return Finding(what, GOOD, text) if left >= WARN_LEFT else Finding(what, NOTE, text, do)


def _list(item: x509.CertificateRevocationList, now: datetime) -> Finding:
    """Of another hospital an outdated list is no fault of this folder: that hospital's devices are refused."""
    return _left("list", item.issuer.rfc4514_string(), list_end(item), now, NEW_LISTS)


def _refused(what: str, error: TelesurgeryError) -> Finding:
    reason, _, do = str(error).partition("; ")
    return Finding(what, BAD, f"{type(error).__name__}: {reason}", do if do else "see docs/keys.md")


def _peer(identity: Identity, path: Path, now: datetime) -> Finding:
    try:
        data = read_file(path.expanduser(), "the peer's chain", private=False)
        name = verify_chain(identity, data, now)
        first = certificates(data, repr(str(path)))[0]
        short = expiring(first, now)
    except TelesurgeryError as error:
        return _refused("peer", error)
    if short is not None:
        return _refused("peer", short)
    if name.role == identity.name.role:
        return Finding("peer", NOTE, f"{name.uri}, the same role as this device", "a session needs a surgeon and a patient side")
    return Finding("peer", GOOD, described(first))


def findings(folder: Path, peer: Path | None, now: datetime) -> list[Finding]:
    """Everything about ``folder``, and about ``peer``'s chain where one is named."""
    try:
        identity = load_identity(folder, now)
    except TelesurgeryError as error:
        return [_refused("device", error)]
    modes = ", ".join(f"{name} {S_IMODE((identity.folder / name).stat().st_mode):o}" for name in FILES)
    found = [Finding("files", GOOD, modes), _left("device", identity.name.uri, identity.not_after, now, ROTATE)]
    found += [_list(item, now) for item in revocation_lists(identity.crl_pem, CRL_FILE)]
    return found if peer is None else [*found, _peer(identity, peer, now)]


def check(folder: Path, peer: Path | None, now: datetime, as_json: bool) -> int:
    """Print the findings. Status 1 where the folder, or the peer, would be refused."""
    found = findings(folder, peer, now)
    if as_json:
        print(json.dumps([asdict(finding) for finding in found], indent=2))
    else:
        for finding in found:
            print(f"{finding.level:5} {finding.what:7} {finding.found}" + (f"\n{'':13} -> {finding.do}" if finding.do else ""))
    return 1 if any(finding.level == BAD for finding in found) else 0
