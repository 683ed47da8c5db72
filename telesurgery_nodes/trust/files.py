"""Files that are private, or whole, or not there: nothing half-written, nothing readable by others for a moment, nothing overwritten."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ConfigError

PRIVATE = 0o600
PUBLIC = 0o644
OWNER_FOLDER = 0o700
READABLE_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO
WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
MAX_BYTES = 1 << 20  # a chain, a key or the lists of a hundred hospitals are far below
LOCK = ".lock"


def read_file(path: Path, what: str, private: bool, mend: str = "") -> bytes:
    """Content of a regular file that no one else can write, and if ``private`` no one else can read. ConfigError says ``mend``.

    The mode is that of the opened file, and a symbolic link is refused, so that the file checked is the file read.
    """
    wanted = "a regular file that only its owner can read" if private else "a regular file that only its owner can write"
    after = f"; {mend}" if mend else ""
    try:
        # Non-blocking: a pipe in the place of the file is refused and not waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"cannot read {what} {str(path)!r}: {error.strerror}; wanted {wanted}{after}") from error
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        refused = READABLE_BY_OTHERS if private else WRITABLE_BY_OTHERS
        if not stat.S_ISREG(mode):
            raise ConfigError(f"{what} {str(path)!r} is no regular file; wanted {wanted}{after}")
        if mode & refused:
            cure = f"`chmod {PRIVATE if private else PUBLIC:o} {path}`" + (", and if others had access, make a new one" if private else "")
            raise ConfigError(f"{what} {str(path)!r} has mode {stat.S_IMODE(mode):o}; wanted {wanted}: {cure}")
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{what} {str(path)!r} has more than {MAX_BYTES} B{after}")
    return data


def check_folder(path: Path, what: str, mend: str = "") -> None:
    """ConfigError unless ``path`` is a folder in which no one else can put files."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ConfigError(f"cannot read {what} {str(path)!r}: {error.strerror}" + (f"; {mend}" if mend else "")) from error
    if not stat.S_ISDIR(mode):
        raise ConfigError(f"{what} {str(path)!r} is no folder")
    if mode & WRITABLE_BY_OTHERS:
        raise ConfigError(f"others can write in {what} {str(path)!r}, mode {stat.S_IMODE(mode):o}: `chmod 700 {path}`")


def make_folder(path: Path) -> None:
    """``path`` and what is missing above it, each readable only by its owner from its first moment."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        for folder in reversed(missing):
            folder.mkdir(mode=OWNER_FOLDER, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot make the folder {str(path)!r}: {error.strerror}") from error
    check_folder(path, "the folder")


def _write_beside(path: Path, data: bytes, mode: int) -> Path:
    """A new file in the folder of ``path``, whole and on the disk."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return beside


def sync_folder(folder: Path) -> None:
    """Names in ``folder`` on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(path: Path, data: bytes, mode: int, replace: bool) -> None:
    """``data`` in ``path``: the old content or the new one, never half. Without ``replace`` an existing file is a ConfigError."""
    try:
        beside = _write_beside(path, data, mode)
        try:
            if replace:
                os.replace(beside, path)
            else:
                os.link(beside, path)  # unlike a rename, this fails where there is a file
        finally:
            beside.unlink(missing_ok=True)
        sync_folder(path.parent)
    except FileExistsError as error:
        raise ConfigError(f"{str(path)!r} is there already and is not overwritten") from error
    except OSError as error:
        raise ConfigError(f"cannot write {str(path)!r}: {error.strerror}") from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Alone in ``folder`` among those who ask: two commands at once would each lose the other's records."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE)
    except OSError as error:
        raise ConfigError(f"cannot write in {str(folder)!r}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
