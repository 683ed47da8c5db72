"""The key file: made once, private, refused in every other shape."""

import re
import subprocess

import pytest

from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.keys import ensure_key, load_key


def test_made_once_private_and_random(tmp_path):
    path = tmp_path / "folder" / "one"
    assert ensure_key(str(path)) == path
    one = load_key(path)
    assert load_key(ensure_key(path)) == one and len(one) == 32
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    assert load_key(ensure_key(tmp_path / "two")) != one


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


def test_missing_file_or_link_or_folder(tmp_path):
    for path in (tmp_path / "none", tmp_path, ""):
        with pytest.raises(ConfigError):
            load_key(path)
    ensure_key(tmp_path / "key")
    (tmp_path / "link").symlink_to(tmp_path / "key")
    with pytest.raises(ConfigError):
        load_key(tmp_path / "link")
    for path in (tmp_path / "key" / "below a file", tmp_path):
        with pytest.raises(ConfigError):
            ensure_key(path)


def test_the_command_in_the_message_makes_a_key(tmp_path):
    path = tmp_path / "a key"
    with pytest.raises(ConfigError) as caught:
        load_key(path)
    command = re.search(r"by hand: (\(.*\));", str(caught.value))[1]
    subprocess.run(["sh", "-c", command], check=True)
    assert len(load_key(path)) == 32
