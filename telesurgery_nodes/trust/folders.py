"""Folders of devices and authorities: written whole at first, changed so that at every moment a device's key fits its chain."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from ..errors import ConfigError
from .files import PRIVATE, PUBLIC, make_folder, sync_folder, write_file
from .identity import CHAIN_FILE, CRL_FILE, KEY_FILE, TRUST_FILE
from .pem import joined

PUBLIC_FILES = {CHAIN_FILE, TRUST_FILE, CRL_FILE, "certificate.pem"}  # all else is for its owner alone


def stage(folder: Path, files: dict[str, bytes]) -> Path:
    """``files`` in a new folder beside ``folder``, which must be free or empty. ConfigError else."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{str(folder)!r} is there already and is not overwritten; remove it, or name another one with --out")
    make_folder(folder.parent)
    staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))  # mkdtemp: mode 700
    try:
        for name, data in files.items():
            write_file(staged / name, data, PUBLIC if name in PUBLIC_FILES else PRIVATE, replace=False)
    except BaseException:
        shutil.rmtree(staged)
        raise
    return staged


def place(staged: Path, folder: Path) -> None:
    """Give a staged folder its name; it fails, and removes the staged one, where something else has it by now."""
    try:
        os.rename(staged, folder)
    except OSError as error:
        shutil.rmtree(staged, ignore_errors=True)
        raise ConfigError(f"cannot make the folder {str(folder)!r}: {error.strerror}") from error
    with suppress(OSError):  # it is there, whether or not it outlasts a power cut
        sync_folder(folder.parent)


def exchange(folder: Path, old_key: bytes, new_key: bytes, chain: bytes, trust: bytes) -> None:
    """A new key and chain in a folder in use. Each step is one atomic rename, and after each the key file holds the chain's key."""
    write_file(folder / KEY_FILE, joined([new_key, old_key]), PRIVATE, replace=True)
    write_file(folder / TRUST_FILE, trust, PUBLIC, replace=True)
    write_file(folder / CHAIN_FILE, chain, PUBLIC, replace=True)
    write_file(folder / KEY_FILE, new_key, PRIVATE, replace=True)


def bring_lists(folders: list[Path], lists: bytes) -> None:
    """The newest revocation lists into every folder."""
    for folder in folders:
        write_file(folder / CRL_FILE, lists, PUBLIC, replace=True)
