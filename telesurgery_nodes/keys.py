"""The 32 byte session key both sites share, in a file only its owner can read. There is no mode without a key."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from .core.link.seal import KEY_BYTES
from .errors import ConfigError

OWNER_ONLY = 0o600
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def load_key(path: str | Path) -> bytes:
    """The key in ``path``. ConfigError where it is missing, of the wrong length, or readable by others."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise ConfigError(f"cannot read the session key {str(path)!r}: {error.strerror}; make one with `telesurgery keys`") from error
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode) or mode & OTHERS:
            raise ConfigError(f"session key {str(path)!r} has mode {stat.S_IMODE(mode):o}; wanted a plain file with mode 600")
        key = os.read(descriptor, KEY_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(key) != KEY_BYTES:
        size = f"{len(key)}" if len(key) < KEY_BYTES else f"more than {KEY_BYTES}"
        raise ConfigError(f"session key {str(path)!r} has {size} B; wanted {KEY_BYTES}")
    return key


def ensure_key(path: str | Path) -> bytes:
    """The key in ``path``; makes a random one (mode 600) where the file does not exist. Only for one machine that plays both sites."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError:
        return load_key(path)
    except OSError as error:
        raise ConfigError(f"cannot make the session key {str(path)!r}: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
    return load_key(path)
