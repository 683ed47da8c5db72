"""The key file: made once, private, refused in every other shape."""

import pytest

from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.keys import ensure_key, load_key


def test_made_once_private_and_random(tmp_path):
    one = ensure_key(tmp_path / "one")
    assert ensure_key(tmp_path / "one") == one == load_key(tmp_path / "one") and len(one) == 32
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
    assert ensure_key(tmp_path / "two") != one


@pytest.mark.parametrize("size", [0, 31, 33])
def test_wrong_length(tmp_path, size):
    path = tmp_path / "key"
    path.write_bytes(bytes(size))
    path.chmod(0o600)
    with pytest.raises(ConfigError):
        load_key(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_readable_by_others(tmp_path, mode):
    path = tmp_path / "key"
    path.write_bytes(bytes(32))
    path.chmod(mode)
    for read in (load_key, ensure_key):
        with pytest.raises(ConfigError):
            read(path)


def test_missing_folder_or_link(tmp_path):
    for path in (tmp_path / "none", tmp_path, ""):
        with pytest.raises(ConfigError):
            load_key(path)
    ensure_key(tmp_path / "key")
    (tmp_path / "link").symlink_to(tmp_path / "key")
    with pytest.raises(ConfigError):
        load_key(tmp_path / "link")
    with pytest.raises(ConfigError):
        ensure_key(tmp_path / "no" / "folder")
