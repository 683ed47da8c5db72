"""What is issued is good, what is ended is refused, and a failure leaves what was there working."""

import shutil
import subprocess

import pytest
from consortium import DAY, NOW, OPEN, PATIENT, SURGEON, tree
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from telesurgery_nodes.errors import CertificateExpired, CertificateRevoked, ConfigError, TelesurgeryError
from telesurgery_nodes.trust import folders, issuing, office
from telesurgery_nodes.trust.authority import HOSPITAL_LIFE, ROOT_LIFE, new_key
from telesurgery_nodes.trust.identity import load_identity
from telesurgery_nodes.trust.issuing import Order, issue, revoke_device, revoke_hospital, rotate
from telesurgery_nodes.trust.names import PeerName
from telesurgery_nodes.trust.pem import PEM, key_pem
from telesurgery_nodes.trust.store import renew_hospital
from telesurgery_nodes.trust.verify import verify_chain


def tell(store):
    """Who is still good, as a peer with the newest lists sees it."""
    anchors = load_identity(issue(store, PeerName("site-b", "judge", "observer"), NOW, OPEN, Order()).folder, NOW)
    return lambda chain: verify_chain(anchors, chain, NOW)


def request_of(key, signer=None):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "site-b")])
    other = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(PATIENT.uri)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).add_extension(other, critical=False)
    return csr.sign(signer if signer is not None else key, hashes.SHA256()).public_bytes(PEM)


@pytest.mark.parametrize("days", [-1, 0, 1, 398])
def test_how_long_is_bounded(store, days):
    with pytest.raises(ConfigError, match="valid: 2 to 397"):
        issue(store, SURGEON, NOW, OPEN, Order(days=days))
    assert not store.devices() and not store.hospital("site-a").index().issued


def test_a_device_never_outlives_its_hospital_nor_that_the_root(store):
    late = NOW + HOSPITAL_LIFE - 30 * DAY
    found = load_identity(issue(store, SURGEON, late, OPEN, Order()).folder, late)
    assert found.not_after == NOW + HOSPITAL_LIFE
    with pytest.raises(CertificateExpired, match="cannot sign"):
        issue(store, PATIENT, NOW + HOSPITAL_LIFE, OPEN, Order())
    last = NOW + ROOT_LIFE - 40 * DAY
    renew_hospital(store, "site-b", last, OPEN)
    assert store.hospital("site-b").certificate().not_valid_after_utc == store.consortium.certificate().not_valid_after_utc


def test_a_clock_before_the_ca_signs_nothing(store):
    with pytest.raises((CertificateExpired, CertificateRevoked)):
        issue(store, SURGEON, NOW - DAY, OPEN, Order())


def test_a_second_certificate_is_not_made_by_accident(store, folder):
    before = tree(store.root)
    for role in ("surgeon", "observer"):
        with pytest.raises(ConfigError, match="keys rotate"):
            issue(store, PeerName("site-a", "console", role), NOW, OPEN, Order())
    assert tree(store.root) == before


def test_a_taken_folder_is_left_alone(store, tmp_path):
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "key.pem").write_bytes(b"mine")
    with pytest.raises(ConfigError, match="not overwritten"):
        issue(store, SURGEON, NOW, OPEN, Order(out=taken))
    assert tree(taken) == {"key.pem": b"mine"} and not store.hospital("site-a").index().issued


def test_an_unknown_hospital(store):
    with pytest.raises(ConfigError, match="keys init"):
        issue(store, PeerName("site-x", "console", "surgeon"), NOW, OPEN, Order())


def test_a_device_made_outside_the_store(store, tmp_path):
    out = issue(store, SURGEON, NOW, OPEN, Order(out=tmp_path / "stick" / "console")).folder
    assert load_identity(out, NOW).name == SURGEON and not store.devices()
    with pytest.raises(ConfigError, match="--out DIR"):
        rotate(store, "site-a", "console", NOW, OPEN, Order())
    new = rotate(store, "site-a", "console", NOW, OPEN, Order(out=tmp_path / "new")).folder
    assert load_identity(new, NOW).name == SURGEON
    with pytest.raises(CertificateRevoked):
        tell(store)((out / "chain.pem").read_bytes())


def test_a_request_keeps_the_key_at_the_device(store, tmp_path):
    key = new_key()
    out = issue(store, SURGEON, NOW, OPEN, Order(request=request_of(key))).folder
    assert sorted(path.name for path in out.iterdir()) == ["chain.pem", "crl.pem", "trust.pem"]
    (tmp_path / "key.pem").touch(mode=0o600)
    (tmp_path / "key.pem").write_bytes(key_pem(key))
    with pytest.raises(ConfigError, match=r"no key\.pem"):
        load_identity(out, NOW)
    site = shutil.copytree(out, tmp_path / "site")
    shutil.copy2(tmp_path / "key.pem", site)
    assert load_identity(site, NOW).name == SURGEON  # and not what the request asked for
    with pytest.raises(ConfigError, match="--csr"):
        rotate(store, "site-a", "console", NOW, OPEN, Order())
    second = new_key()
    assert rotate(store, "site-a", "console", NOW, OPEN, Order(request=request_of(second))).folder == out
    (out / "key.pem").touch(mode=0o600)
    (out / "key.pem").write_bytes(key_pem(second))
    assert load_identity(out, NOW).name == SURGEON
    with pytest.raises(ConfigError, match="leave --csr out"):
        rotate(store, "site-a", "console", NOW, OPEN, Order(request=request_of(second)))


def forged_request():
    """A request for somebody's key, signed with another one."""
    data = bytearray(x509.load_pem_x509_csr(request_of(new_key())).public_bytes(serialization.Encoding.DER))
    data[-1] ^= 1
    return x509.load_der_x509_csr(bytes(data)).public_bytes(PEM)


BAD_REQUESTS = {
    "nothing": lambda: b"",
    "rsa": lambda: request_of(rsa.generate_private_key(65537, 2048)),
    "p384": lambda: request_of(ec.generate_private_key(ec.SECP384R1())),
    "not signed": forged_request,
}


@pytest.mark.parametrize("case", BAD_REQUESTS)
def test_a_bad_request_is_refused(store, case):
    with pytest.raises(ConfigError, match="wanted a PKCS #10 request"):
        issue(store, SURGEON, NOW, OPEN, Order(request=BAD_REQUESTS[case]()))
    assert not store.devices() and not store.hospital("site-a").index().issued


def test_a_revoked_device_is_refused_in_every_folder(store, folder):
    far = issue(store, PATIENT, NOW, OPEN, Order()).folder
    assert revoke_device(store, "site-a", "console", None, NOW, OPEN).revoked[0].name == SURGEON.uri
    with pytest.raises(CertificateRevoked):
        verify_chain(load_identity(far, NOW), (folder / "chain.pem").read_bytes(), NOW)
    with pytest.raises(CertificateRevoked):
        load_identity(folder, NOW)
    for again in (("console", None), (None, store.hospital("site-a").index().issued[0].serial), (None, 1)):
        with pytest.raises(ConfigError):
            revoke_device(store, "site-a", *again, NOW, OPEN)
    with pytest.raises(ConfigError, match="only revoked"):
        rotate(store, "site-a", "console", NOW, OPEN, Order())
    shutil.rmtree(folder)
    assert load_identity(issue(store, SURGEON, NOW, OPEN, Order()).folder, NOW).name == SURGEON


def test_one_certificate_is_revoked_by_its_serial(store, folder):
    serial = x509.load_pem_x509_certificates((folder / "chain.pem").read_bytes())[0].serial_number
    assert revoke_device(store, "site-a", None, serial, NOW, OPEN).revoked[0].serial == serial
    with pytest.raises(CertificateRevoked):
        load_identity(folder, NOW)


def test_a_revoked_hospital_takes_its_devices_with_it(store, folder):
    far = load_identity(issue(store, PATIENT, NOW, OPEN, Order()).folder, NOW)
    revoke_hospital(store, "site-a", NOW, OPEN)
    with pytest.raises(CertificateRevoked, match="hospital's CA is revoked"):
        verify_chain(load_identity(far.folder, NOW), (folder / "chain.pem").read_bytes(), NOW)
    for command in (
        lambda: issue(store, PeerName("site-a", "other", "surgeon"), NOW, OPEN, Order()),
        lambda: rotate(store, "site-a", "console", NOW, OPEN, Order()),
        lambda: renew_hospital(store, "site-a", NOW, OPEN),
        lambda: revoke_hospital(store, "site-a", NOW, OPEN),
    ):
        with pytest.raises(CertificateRevoked, match="CA of hospital 'site-a' is revoked"):
            command()
    with pytest.raises(ConfigError, match="known: site-a, site-b"):
        revoke_hospital(store, "site-x", NOW, OPEN)


def test_rotate_replaces_and_revokes(store, folder):
    old = load_identity(folder, NOW)
    outcome = rotate(store, "site-a", "console", NOW + DAY, OPEN, Order())
    new = load_identity(folder, NOW + DAY)
    assert (new.name, new.key_pem == old.key_pem, new.not_after) == (SURGEON, False, NOW + 91 * DAY)
    assert [row.name for row in outcome.revoked] == [SURGEON.uri] and (folder / "key.pem").read_bytes() == new.key_pem
    with pytest.raises(CertificateRevoked):
        verify_chain(new, old.chain_pem, NOW + DAY)


def test_rotate_after_everything_ran_out(store, folder):
    late = NOW + 200 * DAY
    rotate(store, "site-a", "console", late, OPEN, Order())
    assert load_identity(folder, late).not_after == late + 90 * DAY


def steps_that_fail(*_):
    raise OSError(5, "Input/output error")


def steps_of(monkeypatch, module, fail_at):
    """Let the ``fail_at``-th write of ``module`` fail."""
    count, real = [0], module.write_file

    def write(*args, **kwargs):
        count[0] += 1
        if count[0] == fail_at:
            raise ConfigError("no space left on device")
        real(*args, **kwargs)

    monkeypatch.setattr(module, "write_file", write)
    return count


@pytest.mark.parametrize("module", [folders, office, issuing])
@pytest.mark.parametrize("fail_at", range(1, 12))
def test_rotate_that_fails_anywhere_leaves_a_device_that_works(store, folder, monkeypatch, module, fail_at):
    before = load_identity(folder, NOW)
    count = steps_of(monkeypatch, module, fail_at)
    try:
        rotate(store, "site-a", "console", NOW, OPEN, Order())
    except TelesurgeryError:
        assert count[0] == fail_at
    else:  # past the last write, or in the list of another CA, which is told and is no failure
        assert count[0] < fail_at or module is office
    monkeypatch.undo()
    found = load_identity(folder, NOW)
    assert found.name == SURGEON and tell(store)(found.chain_pem) == SURGEON
    rotate(store, "site-a", "console", NOW, OPEN, Order())  # and it can be done again
    after, judge = load_identity(folder, NOW), lambda chain: verify_chain(load_identity(folder, NOW), chain, NOW)
    assert after.key_pem not in (before.key_pem, found.key_pem)
    for old in {before.chain_pem, found.chain_pem}:
        with pytest.raises(CertificateRevoked):
            judge(old)


@pytest.mark.parametrize("module", [folders, office])
@pytest.mark.parametrize("fail_at", range(1, 12))
def test_issue_that_fails_anywhere_leaves_no_half_folder(store, monkeypatch, module, fail_at):
    count = steps_of(monkeypatch, module, fail_at)
    try:
        issue(store, SURGEON, NOW, OPEN, Order())
    except TelesurgeryError:
        monkeypatch.undo()
        assert count[0] >= fail_at
        assert not [path for path in store.root.rglob("*") if path.name.startswith(".") and path.name != ".lock"]
        assert not store.devices() and not store.hospital("site-a").index().issued
        issue(store, SURGEON, NOW, OPEN, Order())
    monkeypatch.undo()
    assert load_identity(store.device("site-a", "console"), NOW).name == SURGEON


def test_issue_whose_last_step_fails_forgets_the_certificate(store, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(folders.os, "rename", steps_that_fail)
        with pytest.raises(ConfigError, match="cannot make the folder"):
            issue(store, SURGEON, NOW, OPEN, Order())
    assert not store.hospital("site-a").index().issued and not list(store.root.rglob(".console*"))
    assert load_identity(issue(store, SURGEON, NOW, OPEN, Order()).folder, NOW).name == SURGEON


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command here")
def test_the_openssl_command_comes_to_the_same_results(store, folder):
    def verify():
        words = ["openssl", "verify", "-x509_strict", "-crl_check_all", "-attime", str(int(NOW.timestamp())), "-CAfile", "trust.pem"]
        words += ["-CRLfile", "crl.pem", "-untrusted", "chain.pem", "chain.pem"]
        done = subprocess.run(words, check=False, cwd=folder, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    assert verify() == (0, "chain.pem: OK\n")
    revoke_device(store, "site-a", "console", None, NOW, OPEN)
    status, words = verify()
    assert status != 0 and "certificate revoked" in words
