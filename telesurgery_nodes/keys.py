"""The 32 byte session key both sites share, in a file only its owner can read. There is no mode without a key."""

from __future__ import annotations

import os
import secrets
import shlex
import stat
from pathlib import Path

from .core.link.seal import KEY_BYTES
from .errors import ConfigError

OWNER_ONLY = 0o600
OWNER_FOLDER = 0o700
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def load_key(path: str | Path) -> bytes:
    """The key in ``path``. ConfigError where it is missing, of the wrong length, or readable by others."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        by_hand = f"(umask 077; head -c {KEY_BYTES} /dev/urandom > {shlex.quote(str(path)) if str(path) else 'FILE'})"
        raise ConfigError(
            f"cannot read the session key {str(path)!r}: {error.strerror}; `telesurgery demo` makes one at its first start, "
            f"by hand: {by_hand}; both sites need the same file"
        ) from error
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


def ensure_key(path: str | Path) -> Path:
    """The key file ``path``; made with its folder, readable only by its owner, where it does not exist. A bad one is a ConfigError.

    Only for one machine that plays both sites: two machines share one file.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=OWNER_FOLDER)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError:
        pass
    except OSError as error:
        raise ConfigError(f"cannot make the session key {str(path)!r}: {error.strerror}") from error
    else:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
    load_key(path)
    return path
