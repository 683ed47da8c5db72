"""A device folder is proved before anything is trusted; every fault has its own error and says what mends it."""

import os
import shutil
from datetime import timedelta

import pytest
from consortium import CONSORTIUM, DAY, NOW, OPEN, PATIENT, SURGEON, two_hospitals, world
from cryptography.hazmat.primitives import serialization

from telesurgery_nodes.errors import CertificateExpired, CertificateExpiring, CertificateRevoked, ConfigError, UnknownAuthority, WrongRole
from telesurgery_nodes.trust.authority import make_crl, new_key
from telesurgery_nodes.trust.identity import FILES, Identity, load_identity
from telesurgery_nodes.trust.issuing import Order, issue
from telesurgery_nodes.trust.pem import joined, key_pem, pem
from telesurgery_nodes.trust.store import init
from telesurgery_nodes.trust.verify import LEAST_LEFT, verify_chain

SECOND = timedelta(seconds=1)
END = NOW + 90 * DAY


def folder_of(path, here, fields):
    """A device folder by hand."""
    path.mkdir(mode=0o700)
    files = {"chain.pem": here.chain(fields), "trust.pem": here.trust_pem, "crl.pem": here.crl_pem}
    for name, data in files.items():
        (path / name).write_bytes(data)
    (path / "key.pem").touch(mode=0o600)
    (path / "key.pem").write_bytes(key_pem(fields.key))
    return path


def test_what_was_issued_is_proved(folder):
    found = load_identity(folder, NOW)
    assert (found.name, found.not_after, found.folder) == (SURGEON, END, folder)
    assert load_identity(str(folder), NOW) == found
    assert verify_chain(found, found.chain_pem, NOW) == SURGEON
    assert key_pem(new_key()).splitlines()[0] == found.key_pem.splitlines()[0]


def test_the_private_key_is_in_no_text(folder):
    found = load_identity(folder, NOW)
    assert isinstance(found, Identity)
    assert found.key_pem.decode().splitlines()[1] not in repr(found) and "PRIVATE" not in repr(found)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [None, b"", b"nothing", b"\xff" * 100], ids=["missing", "empty", "text", "bytes"])
def test_a_missing_or_damaged_file(folder, name, content):
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    error = CertificateRevoked if name == "crl.pem" and content is not None else ConfigError  # no list: nobody can tell
    with pytest.raises(error) as caught:
        load_identity(folder, NOW)
    assert str(folder / name) in str(caught.value) or name in str(caught.value)
    assert error is CertificateRevoked or content is not None or "`telesurgery keys issue`" in str(caught.value)


@pytest.mark.parametrize("where", ["", "missing", "key.pem"])
def test_no_folder(folder, where):
    with pytest.raises(ConfigError):
        load_identity(folder / where if where else "", NOW)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o644])
def test_a_key_others_can_reach_is_refused(folder, mode):
    (folder / "key.pem").chmod(mode)
    with pytest.raises(ConfigError, match=f"mode {mode:o}.*chmod 600"):
        load_identity(folder, NOW)


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_a_key_behind_a_link_is_refused(folder, tmp_path, mode):
    real = tmp_path / "elsewhere.pem"
    shutil.move(folder / "key.pem", real)
    real.chmod(mode)
    (folder / "key.pem").symlink_to(real)
    with pytest.raises(ConfigError, match=r"key\.pem"):
        load_identity(folder, NOW)


def test_a_folder_behind_a_link_is_the_folder(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    assert load_identity(tmp_path / "link", NOW).name == SURGEON
    (folder / "key.pem").chmod(0o640)
    with pytest.raises(ConfigError, match="mode 640"):
        load_identity(tmp_path / "link", NOW)


@pytest.mark.parametrize("name", ["chain.pem", "trust.pem", "crl.pem", ""])
def test_what_others_can_write_is_refused(folder, name):
    (folder / name).chmod(0o777 if not name else 0o666)
    with pytest.raises(ConfigError, match="chmod"):
        load_identity(folder, NOW)


def test_a_pipe_is_refused_and_not_waited_for(folder):
    (folder / "key.pem").unlink()
    os.mkfifo(folder / "key.pem", 0o600)
    with pytest.raises(ConfigError, match="no regular file"):
        load_identity(folder, NOW)


def test_another_key(folder):
    (folder / "key.pem").write_bytes(key_pem(new_key()))
    with pytest.raises(ConfigError, match="not that of the certificate"):
        load_identity(folder, NOW)


def test_a_key_with_a_passphrase_no_node_can_ask_for(folder):
    key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
    (folder / "key.pem").write_bytes(key_pem(key, b"secret"))
    with pytest.raises(ConfigError, match="passphrase"):
        load_identity(folder, NOW)


@pytest.mark.parametrize("order", [0, 1])
def test_while_a_key_is_rotated_the_fitting_one_is_taken(folder, order):
    right = (folder / "key.pem").read_bytes()
    both = [right, key_pem(new_key())]
    (folder / "key.pem").write_bytes(joined(reversed(both) if order else both))
    assert load_identity(folder, NOW).key_pem == right


def fresh_lists(store, now):
    store.refresh(now, OPEN)


@pytest.mark.parametrize(
    ("now", "error"),
    [
        (END - LEAST_LEFT, None),
        (END - LEAST_LEFT + SECOND, CertificateExpiring),
        (END - SECOND, CertificateExpiring),
        (END, CertificateExpiring),  # the last second counts (RFC 5280)
        (END + SECOND, CertificateExpired),
        (END + 900 * DAY, CertificateExpired),
    ],
)
def test_the_end_of_a_certificate(store, folder, now, error):
    fresh_lists(store, now)
    if error is None:
        assert load_identity(folder, now).name == SURGEON
        return
    with pytest.raises(error, match="`telesurgery keys rotate`"):
        load_identity(folder, now)


def test_a_clock_before_the_certificate(tmp_path):
    here = world()
    fields = here.device()
    fields.begin = NOW + SECOND
    with pytest.raises(CertificateExpired, match="clock"):
        load_identity(folder_of(tmp_path / "device", here, fields), NOW)


@pytest.mark.parametrize(("left", "error"), [(LEAST_LEFT, None), (LEAST_LEFT - SECOND, CertificateExpiring), (-SECOND, CertificateRevoked)])
@pytest.mark.parametrize("which", ["root", "hospital"])
def test_the_end_of_a_revocation_list(tmp_path, which, left, error):
    here = world()
    here.lists[which] = make_crl(getattr(here, which), 1, [], NOW + left - 90 * DAY)
    path = folder_of(tmp_path / "device", here, here.device())
    if error is None:
        assert load_identity(path, NOW).name == SURGEON
        return
    with pytest.raises(error, match="`telesurgery keys crl`"):
        load_identity(path, NOW)


def test_of_two_lists_of_one_ca_the_newer_counts(tmp_path):
    here = world()
    here.lists["older"] = make_crl(here.hospital, 0, [], NOW - 90 * DAY)
    assert load_identity(folder_of(tmp_path / "device", here, here.device()), NOW).name == SURGEON


def test_an_outdated_list_of_another_hospital_is_no_fault_of_this_device(store, folder):
    far = issue(store, PATIENT, NOW, OPEN, Order()).folder
    office = store.hospital(PATIENT.site)
    lists = pem(
        store.consortium.revocation_list(),
        store.hospital(SURGEON.site).revocation_list(),
        make_crl(office.authority(None), 9, [], NOW - 91 * DAY),
    )
    (folder / "crl.pem").write_bytes(lists)
    found = load_identity(folder, NOW)
    with pytest.raises(CertificateRevoked, match="outdated"):
        verify_chain(found, (far / "chain.pem").read_bytes(), NOW)


def test_an_observer_and_no_role(tmp_path, store):
    name = type(SURGEON)("site-a", "screen", "observer")
    assert load_identity(issue(store, name, NOW, OPEN, Order()).folder, NOW).name.role == "observer"
    here = world()
    fields = here.device()
    del fields.extensions["names"]
    with pytest.raises(WrongRole):
        load_identity(folder_of(tmp_path / "device", here, fields), NOW)


def test_the_root_of_another_consortium(folder, tmp_path):
    other = two_hospitals(tmp_path / "other")
    (folder / "trust.pem").write_bytes(other.trust())
    with pytest.raises((UnknownAuthority, CertificateRevoked)):
        load_identity(folder, NOW)
    (folder / "crl.pem").write_bytes(other.lists() + (folder / "crl.pem").read_bytes())
    with pytest.raises(UnknownAuthority, match="both sites need device folders of one consortium"):
        load_identity(folder, NOW)
    with pytest.raises(ConfigError, match="there already"):
        init(other, CONSORTIUM, [], NOW, OPEN)
