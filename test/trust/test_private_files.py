"""Files are whole or not there, and private from their first moment."""

import os
import select
import stat
import subprocess
import sys

import pytest

from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.trust import files
from telesurgery_nodes.trust.files import PRIVATE, PUBLIC, locked, make_folder, read_file, write_file

OLD, NEW = b"old\n", b"new\n"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_private_file_never_had_another_mode(tmp_path, monkeypatch):
    modes, write = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (modes.append(stat.S_IMODE(os.fstat(fd).st_mode)), write(fd))[1])
    monkeypatch.setattr(os, "chmod", None)
    before = os.umask(0)
    try:
        write_file(tmp_path / "key", NEW, PRIVATE, replace=False)
        write_file(tmp_path / "list", NEW, PUBLIC, replace=False)
        make_folder(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert (mode(tmp_path / "key"), mode(tmp_path / "list"), modes[0]) == (PRIVATE, PUBLIC, PRIVATE)
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o700


def test_nothing_is_overwritten_in_silence(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(OLD)
    with pytest.raises(ConfigError, match="not overwritten"):
        write_file(path, NEW, PRIVATE, replace=False)
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (OLD, [path])


def test_a_link_is_replaced_and_not_followed(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(OLD)
    link.symlink_to(real)
    with pytest.raises(ConfigError):
        write_file(link, NEW, PRIVATE, replace=False)
    write_file(link, NEW, PRIVATE, replace=True)
    assert (real.read_bytes(), link.read_bytes(), link.is_symlink()) == (OLD, NEW, False)


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_write_leaves_the_old_content_and_nothing_else(tmp_path, monkeypatch, step, error):
    path = tmp_path / "key"
    path.write_bytes(OLD)

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(files.os, step, fail)
    with pytest.raises(ConfigError if isinstance(error, OSError) else KeyboardInterrupt):
        write_file(path, NEW, PRIVATE, replace=True)
    monkeypatch.undo()
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (OLD, [path])


def test_more_than_a_file_of_ours_can_hold_is_refused(tmp_path):
    path = tmp_path / "key"
    path.touch(mode=PRIVATE)
    path.write_bytes(bytes(files.MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="more than"):
        read_file(path, "the key", private=True)


@pytest.mark.parametrize(("private", "bits", "good"), [(True, 0o600, True), (True, 0o400, True), (True, 0o604, False), (False, 0o644, True),
                                                       (False, 0o664, False), (False, 0o602, False)])  # fmt: skip
def test_modes(tmp_path, private, bits, good):
    path = tmp_path / "file"
    path.write_bytes(OLD)
    path.chmod(bits)
    if good:
        assert read_file(path, "the file", private) == OLD
        return
    with pytest.raises(ConfigError, match=f"mode {bits:o}"):
        read_file(path, "the file", private)


SECOND = """
import sys
from pathlib import Path
from telesurgery_nodes.trust.files import locked
folder = Path(sys.argv[1])
print("here", flush=True)
with locked(folder):
    print((folder / "first").exists(), flush=True)
"""


def test_two_commands_at_once_take_turns(tmp_path):
    words = [sys.executable, "-c", SECOND, str(tmp_path)]
    with locked(tmp_path):
        second = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        assert second.stdout.readline() == "here\n"
        assert not select.select([second.stdout], [], [], 0.2)[0]  # it has nothing to say while the first one works
        (tmp_path / "first").touch()
    assert second.communicate(timeout=60)[0] == "True\n"
