"""Certificates for one machine that plays both sites: made at first use, made anew before they end, with a consortium of their own.

Everything here is made anew together. There is nobody who holds an older part of it, and so nothing to keep.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from ..errors import ConfigError, TelesurgeryError
from .authority import utc
from .files import LOCK, locked, make_folder
from .identity import CRL_FILE, Identity, list_end, load_identity, read_material
from .issuing import Order, issue
from .names import PeerName
from .pem import certificates, revocation_lists
from .store import Passphrases, Store, init

CONSORTIUM = "demo-on-one-machine"
DEVICES = (PeerName("demo-surgeon", "console", "surgeon"), PeerName("demo-patient", "cart", "patient"))
RENEW_LEFT = timedelta(days=7)
CONTENT = {"consortium", "hospitals", "devices", CRL_FILE, LOCK}


def ensure_demo(root: Path, now: datetime) -> dict[str, Path]:
    """Role -> device folder below ``root``, each good for at least a week more. ConfigError, and nothing touched, where ``root`` holds
    anything but what this function made."""
    root = Path(root).expanduser()
    make_folder(root.parent)
    with locked(root.parent):  # two demos may start at once
        if root.exists() and not root.is_dir():
            raise _foreign(root, "it is no folder")
        if not root.exists() or not any(root.iterdir()) or _ends_soon(root, now):
            _make(root, now)
        for name in DEVICES:
            _own(root, name, now)
    return demo_folders(root)


def demo_folders(root: Path) -> dict[str, Path]:
    """Role -> where its device folder is below ``root``, whether it is there or not."""
    return {name.role: _folder(root, name) for name in DEVICES}


def _folder(root: Path, name: PeerName) -> Path:
    return Store(root).device(name.site, name.device)


def _own(root: Path, name: PeerName, now: datetime) -> Identity:
    """The device, proved to be the one made here."""
    try:
        found = load_identity(_folder(root, name), now)
    except TelesurgeryError as error:
        raise _foreign(root, str(error)) from error
    if found.name != name:
        raise _foreign(root, f"{found.folder} is of {found.name.uri}, not {name.uri}")
    return found


def _foreign(root: Path, why: str) -> ConfigError:
    return ConfigError(
        f"{str(root)!r} is not as the demo made it, and is not overwritten: {why}. Where nothing in it is needed, remove it: "
        f"`rm -r {root}`; the demo makes it anew"
    )


def _ends_soon(root: Path, now: datetime) -> bool:
    """A certificate or list ends within a week, or has not begun. ConfigError where the content is not ours, whatever its time."""
    others = {path.name for path in root.iterdir()} - CONTENT
    if others:
        raise _foreign(root, f"it also holds {', '.join(sorted(others))}")
    try:
        begin, end = zip(*(_time(root, name) for name in DEVICES), strict=True)
    except TelesurgeryError as error:
        raise _foreign(root, str(error)) from error
    first, last = max(begin), min(end)
    soon = not first <= utc(now) or last - utc(now) < RENEW_LEFT
    for name in DEVICES:
        _own(root, name, first if soon else now)  # whole and ours, at a time at which it was good
    return soon


def _time(root: Path, name: PeerName) -> tuple[datetime, datetime]:
    """From when to when all of a device's folder is good."""
    material = read_material(_folder(root, name))
    chain = [*certificates(material.chain_pem, "chain.pem"), *certificates(material.trust_pem, "trust.pem")]
    lists = revocation_lists(material.crl_pem, CRL_FILE)
    begins: Iterable[datetime] = [item.not_valid_before_utc for item in chain] + [item.last_update_utc for item in lists]
    ends: Iterable[datetime] = [item.not_valid_after_utc for item in chain] + [list_end(item) for item in lists]
    return max(begins), min(ends)


def _make(root: Path, now: datetime) -> None:
    """The whole folder, beside its place; then the old one goes and the new one comes."""
    work = Path(tempfile.mkdtemp(prefix=f".{root.name}.", dir=root.parent))
    try:
        store, open_keys = Store(work / "new"), Passphrases()
        init(store, CONSORTIUM, [name.site for name in DEVICES], now, open_keys)
        for name in DEVICES:
            issue(store, name, now, open_keys, Order())
        if root.exists():
            os.rename(root, work / "old")
        os.rename(work / "new", root)
    except OSError as error:
        raise ConfigError(f"cannot make the demo's certificates in {str(root)!r}: {error.strerror}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
