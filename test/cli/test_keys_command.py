"""`telesurgery keys` as a user types it."""

import json
import os
import shutil
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

from telesurgery_nodes.cli import keys, main
from telesurgery_nodes.trust.identity import load_identity

NOW = datetime(2027, 1, 1, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)


@pytest.fixture
def at(monkeypatch):
    """Sets the command's clock. No power cut happens here, so nothing waits for the disk."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)

    def set_clock(now):
        monkeypatch.setattr(keys, "clock", lambda: now)

    set_clock(NOW)
    return set_clock


@pytest.fixture
def run(tmp_path, at, capsys):
    """Runs the command on a store of its own; returns status, output, errors."""

    def run(*words):
        store = [] if words[0] == "check" else ["--store", str(tmp_path / "pki")]
        status = main.main(["keys", *words, *store])
        out = capsys.readouterr()
        return status, out.out, out.err

    return run


@pytest.fixture
def devices(run, tmp_path):
    """Two hospitals, a device each."""
    run("init", "--consortium", "north", "--hospital", "site-a", "--hospital", "site-b")
    run("issue", "--hospital", "site-a", "--device", "console", "--role", "surgeon")
    run("issue", "--hospital", "site-b", "--device", "cart", "--role", "patient")
    return tmp_path / "pki/devices/site-a/console", tmp_path / "pki/devices/site-b/cart"


def one_line(err):
    return err.startswith("telesurgery keys: ") and err.count("\n") == 1


def test_the_ceremony(devices):
    assert [load_identity(folder, NOW).name.role for folder in devices] == ["surgeon", "patient"]


@pytest.mark.parametrize(
    "words",
    [
        ("init", "--consortium", "north"),
        ("init", "--consortium", "south", "--hospital", "site-c"),
        ("issue", "--hospital", "site-a", "--device", "console", "--role", "surgeon"),
        ("issue", "--hospital", "site-x", "--device", "console", "--role", "surgeon"),
        ("issue", "--hospital", "../site-a", "--device", "console", "--role", "surgeon"),
        ("issue", "--hospital", "site-a", "--device", "new", "--role", "surgeon", "--days", "9999"),
        ("issue", "--hospital", "site-a", "--device", "new", "--role", "surgeon", "--csr", "/nowhere"),
        ("rotate", "--hospital", "site-a", "--device", "none"),
        ("rotate", "--hospital", "site-a", "--out", "somewhere"),
        ("revoke", "--hospital", "site-x"),
        ("revoke", "--hospital", "site-a", "--serial", "abc"),
        ("show", "/nowhere"),
        ("crl", "--take", "/nowhere"),
    ],
)
def test_a_refusal_is_one_line_and_status_2(devices, run, words):
    status, out, err = run(*words)
    assert (status, out, one_line(err)) == (2, "", True)


ONE = ("--hospital", "a")
NONSENSE = (
    ("issue", *ONE, "--device", "b", "--role", "nurse"), ("revoke", *ONE, "--serial", "xyz"),
    ("revoke", *ONE, "--serial", "1", "--device", "b"), (),
)  # fmt: skip


@pytest.mark.parametrize("words", NONSENSE)
def test_words_that_make_no_sense(words, at, capsys):
    with pytest.raises(SystemExit):
        main.main(["keys", *words])
    assert "usage: telesurgery keys" in capsys.readouterr().err


@pytest.mark.parametrize("action", keys.ACTIONS)
def test_every_action_explains_itself(action, capsys):
    with pytest.raises(SystemExit):
        main.main(["keys", action, "--help"])
    text = capsys.readouterr().out
    assert "--store DIR" in text and len(text.splitlines()) > 6


def test_show_lists_everything_there_is(devices, run):
    run("rotate", "--hospital", "site-a", "--device", "console")
    rows = json.loads(run("show", "--json")[1])
    kinds = [(row["kind"], row["state"]) for row in rows]
    assert kinds.count(("device", "good")) == 2 and kinds.count(("device", "revoked")) == 1
    assert kinds.count(("hospital", "good")) == 2 and kinds.count(("list", "good")) == 3 and kinds.count(("root", "good")) == 1
    assert {row["name"] for row in rows} >= {"telesurgery://site-a/console/surgeon", "telesurgery://site-b/cart/patient"}
    table = run("show")[1]
    assert all(row["serial"] in table for row in rows)


def test_show_of_a_folder_and_of_a_file(devices, run, at):
    folder, _ = devices
    rows = json.loads(run("show", str(folder), "--json")[1])
    assert [row["kind"] for row in rows] == ["certificate"] * 3 + ["list"] * 3
    at(NOW + 100 * DAY)
    assert [row["state"] for row in json.loads(run("show", str(folder / "chain.pem"), "--json")[1])] == ["expired", "good"]
    at(NOW - DAY)
    assert json.loads(run("show", str(folder / "trust.pem"), "--json")[1])[0]["state"] == "not yet"
    assert run("show", str(folder / "crl.pem"))[1].count("list") == 3


@pytest.mark.parametrize(("days", "status", "notes"), [(0, 0, 0), (76, 0, 0), (76.1, 0, 4), (88.9, 0, 4), (89.1, 1, 0), (91, 1, 0)])
def test_check_warns_for_14_days_and_refuses_for_one(devices, run, at, days, status, notes):
    at(NOW + days * DAY)
    found, out, _ = run("check", str(devices[0]), "--json")
    levels = [row["level"] for row in json.loads(out)]
    assert (found, levels.count("note"), "bad" in levels) == (status, notes, status == 1)
    assert all(row["do"] for row in json.loads(out) if row["level"] != "good")


def test_check_says_modes_and_what_mends_them(devices, run):
    assert "key.pem 600" in run("check", str(devices[0]))[1]
    (devices[0] / "key.pem").chmod(0o640)
    status, out, _ = run("check", str(devices[0]))
    assert status == 1 and "mode 640" in out and "chmod 600" in out


def test_check_of_a_peer(devices, run):
    near, far = devices
    peer = ("--peer", str(far / "chain.pem"))
    assert run("check", str(near), *peer)[0] == 0
    same = run("check", str(near), "--peer", str(near / "chain.pem"))
    assert same[0] == 0 and "same role" in same[1]
    run("revoke", "--hospital", "site-b")
    status, out, _ = run("check", str(near), *peer)
    assert status == 1 and "CertificateRevoked" in out
    assert run("check", str(near), "--peer", "/nowhere")[0] == 1


def test_revoke_says_what_to_carry(devices, run, tmp_path):
    carried = shutil.copytree(devices[1], tmp_path / "carried")
    status, out, _ = run("revoke", "--hospital", "site-a", "--device", "console")
    assert status == 0 and str(tmp_path / "pki/crl.pem") in out and "carried elsewhere" in out
    peer = ("--peer", str(devices[0] / "chain.pem"))
    assert run("check", str(carried), *peer)[0] == 0  # it cannot know yet
    shutil.copy(tmp_path / "pki/crl.pem", carried)
    assert run("check", str(carried), *peer)[0] == 1


def test_revoke_by_the_serial_that_show_prints(devices, run):
    serial = next(row["serial"] for row in json.loads(run("show", "--json")[1]) if row["kind"] == "device")
    assert serial in run("revoke", "--hospital", "site-a", "--serial", serial)[1]
    assert run("check", str(devices[0]))[0] == 1


def test_a_hospital_is_renewed(devices, run, at):
    at(NOW + 10 * DAY)
    assert "renewed" in run("rotate", "--hospital", "site-a")[1]
    assert run("check", str(devices[0]))[0] == 0


def test_new_lists_in_time(devices, run, at):
    at(NOW + 80 * DAY)
    assert run("crl")[0] == 0
    rows = json.loads(run("check", str(devices[0]), "--json")[1])
    assert [row["level"] for row in rows] == ["good", "note", "good", "good", "good"]


def secret(path, text="a long one\n"):
    path.touch(mode=0o600)
    path.write_text(text)
    return str(path)


def test_keys_with_a_passphrase(run, tmp_path):
    root, hospital = secret(tmp_path / "root.txt"), secret(tmp_path / "hospital.txt", "another\n")
    protected = ("--passphrase-file", root, "--hospital-passphrase-file", hospital)
    assert run("init", "--consortium", "north", "--hospital", "site-a", *protected)[0] == 0
    words = ("issue", "--hospital", "site-a", "--device", "console", "--role", "surgeon")
    assert run(*words)[0] == 2
    assert run(*words, "--hospital-passphrase-file", secret(tmp_path / "empty.txt", "\n"))[0] == 2
    status, out, _ = run(*words, "--hospital-passphrase-file", hospital)
    assert status == 0 and "not renewed: revocation list of the consortium's root" in out
    (tmp_path / "hospital.txt").chmod(0o644)
    assert run("crl", *protected)[0] == 2


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command here")
def test_a_request_by_the_openssl_command(run, tmp_path):
    run("init", "--consortium", "north", "--hospital", "site-a")
    make = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    make += ["-keyout", "key.pem", "-out", "device.csr", "-subj", "/CN=ignored"]
    subprocess.run(make, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    status, out, _ = run(
        "issue", "--hospital", "site-a", "--device", "console", "--role", "surgeon", "--csr", str(tmp_path / "device.csr"),
        "--out", str(tmp_path / "device")
    )  # fmt: skip
    assert status == 0 and "mode 600" in out and not (tmp_path / "device" / "key.pem").exists()
    shutil.copy2(tmp_path / "key.pem", tmp_path / "device")
    assert run("check", str(tmp_path / "device"))[0] == 0
