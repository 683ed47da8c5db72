"""Commands on a store: what they make is good, what they end is refused, and a failure leaves what was there working."""

import json
import shutil
import stat
import subprocess
from datetime import timedelta

import pytest
from consortium import CONSORTIUM, DAY, NOW, OPEN, PATIENT, SURGEON, two_hospitals
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from telesurgery_nodes.errors import CertificateExpired, CertificateRevoked, ConfigError, TelesurgeryError, UnknownAuthority
from telesurgery_nodes.trust import folders, issuing, office
from telesurgery_nodes.trust.authority import CRL_LIFE, HOSPITAL_LIFE, ROOT_LIFE, new_key
from telesurgery_nodes.trust.identity import load_identity
from telesurgery_nodes.trust.index import Index, Issued, dump, parse
from telesurgery_nodes.trust.issuing import Order, issue, revoke_device, revoke_hospital, rotate
from telesurgery_nodes.trust.names import PeerName
from telesurgery_nodes.trust.pem import PEM, key_pem
from telesurgery_nodes.trust.store import Passphrases, Store, default_store, init, renew_hospital, take_lists
from telesurgery_nodes.trust.verify import verify_chain

SECOND = timedelta(seconds=1)


@pytest.fixture
def store(tmp_path):
    return two_hospitals(tmp_path / "pki")


@pytest.fixture
def folder(store):
    return issue(store, SURGEON, NOW, OPEN, Order()).folder


def request_of(key, signer=None):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "site-b")])
    other = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(PATIENT.uri)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).add_extension(other, critical=False)
    return csr.sign(signer if signer is not None else key, hashes.SHA256()).public_bytes(PEM)


def tree(path):
    return {str(item.relative_to(path)): item.read_bytes() for item in path.rglob("*") if item.is_file() and item.name != ".lock"}


def tell(store):
    """Who is still good, as a peer with the newest lists sees it."""
    anchors = load_identity(issue(store, PeerName("site-b", "judge", "observer"), NOW, OPEN, Order()).folder, NOW)
    return lambda chain: verify_chain(anchors, chain, NOW)


def test_two_hospitals_trust_each_other(store, folder):
    far = issue(store, PATIENT, NOW, OPEN, Order()).folder
    near, other = load_identity(folder, NOW), load_identity(far, NOW)
    assert verify_chain(near, other.chain_pem, NOW) == PATIENT
    assert verify_chain(other, near.chain_pem, NOW) == SURGEON


def test_every_file_has_its_mode(store, folder):
    for path in store.root.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        public = path.name in {"certificate.pem", "crl.pem", "chain.pem", "trust.pem"}
        assert mode == (0o700 if path.is_dir() else 0o644 if public else 0o600), path


def test_what_the_authorities_sign(store, folder):
    root, hospital = store.consortium.certificate(), store.hospital("site-a").certificate()
    device = x509.load_pem_x509_certificates((folder / "chain.pem").read_bytes())[0]
    assert root.not_valid_after_utc - root.not_valid_before_utc == ROOT_LIFE
    assert hospital.not_valid_after_utc - NOW == HOSPITAL_LIFE and device.not_valid_after_utc - NOW == 90 * DAY
    assert all(item.not_valid_before_utc == NOW - timedelta(minutes=10) for item in (root, hospital, device))
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 1
    assert hospital.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    constraint = hospital.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraint.critical and constraint.value.permitted_subtrees == [x509.UniformResourceIdentifier("site-a")]
    revoked = store.consortium.revocation_list()
    assert revoked.next_update_utc - NOW == CRL_LIFE


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


def test_init_makes_nothing_twice(store):
    before = tree(store.root)
    for name, hospitals in ((CONSORTIUM, []), (CONSORTIUM, ["site-a"]), ("south", ["site-c"]), (CONSORTIUM, ["site-c", "site-c"]),
                            (CONSORTIUM, ["../x"]), ("No Name", ["site-c"])):  # fmt: skip
        with pytest.raises(ConfigError):
            init(store, name, hospitals, NOW, OPEN)
    assert tree(store.root) == before


def test_a_hospital_joins_later_and_every_device_learns_its_list(store, folder):
    init(store, CONSORTIUM, ["site-c"], NOW, OPEN)
    new = issue(store, PeerName("site-c", "cart", "patient"), NOW, OPEN, Order()).folder
    assert verify_chain(load_identity(folder, NOW), (new / "chain.pem").read_bytes(), NOW).site == "site-c"


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


def test_a_store_that_is_none(tmp_path):
    with pytest.raises(ConfigError, match="keys init"):
        issue(Store(tmp_path / "nothing"), SURGEON, NOW, OPEN, Order())
    assert not (tmp_path / "nothing").exists()


def test_a_store_others_can_write_in(store):
    store.root.chmod(0o777)
    with pytest.raises(ConfigError, match="chmod 700"):
        issue(store, SURGEON, NOW, OPEN, Order())


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
    data = bytearray(
        serialization.load_der_private_key and x509.load_pem_x509_csr(request_of(new_key())).public_bytes(serialization.Encoding.DER)
    )
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
        with pytest.raises(CertificateRevoked):
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


def test_a_renewed_hospital_keeps_what_it_signed(store, folder):
    late = NOW + 80 * DAY
    renew_hospital(store, "site-a", late, OPEN)
    chain = x509.load_pem_x509_certificates((folder / "chain.pem").read_bytes())
    assert chain[1] == store.hospital("site-a").certificate() and chain[1].not_valid_after_utc == late + HOSPITAL_LIFE
    assert load_identity(folder, late).name == SURGEON
    revoke_hospital(store, "site-a", late, OPEN)
    with pytest.raises(CertificateRevoked):
        load_identity(folder, late)


def test_passphrases(tmp_path):
    store, both = Store(tmp_path / "pki"), Passphrases(b"root", b"hospital")
    init(store, CONSORTIUM, ["site-a"], NOW, both)
    assert store.consortium.key_is_encrypted and store.hospital("site-a").key_is_encrypted
    for wrong, words in ((OPEN, "has a passphrase"), (Passphrases(hospital=b"root"), "cannot be opened")):
        with pytest.raises(ConfigError, match=words):
            issue(store, SURGEON, NOW, wrong, Order())
    outcome = issue(store, SURGEON, NOW, Passphrases(hospital=b"hospital"), Order())
    assert load_identity(outcome.folder, NOW).name == SURGEON  # with the list the root signed before
    assert len(outcome.skipped) == 1 and "consortium's root" in outcome.skipped[0]
    with pytest.raises(ConfigError, match="has a passphrase"):
        revoke_hospital(store, "site-a", NOW, Passphrases(hospital=b"hospital"))
    assert store.consortium.index().of("site-a")
    assert revoke_hospital(store, "site-a", NOW, both).skipped == ()


def hospitals_own(store, name, path):
    """What a hospital takes home: its CA, and of the others only what is public."""
    home = shutil.copytree(store.root, path, ignore=shutil.ignore_patterns("devices", ".lock"))
    for other in [home / "consortium", *(found for found in (home / "hospitals").iterdir() if found.name != name)]:
        (other / "key.pem").unlink()
        (other / "index.json").unlink()
    return Store(home)


def test_each_hospital_with_its_own_store(store, tmp_path):
    near, far = (hospitals_own(store, name, tmp_path / name) for name in ("site-a", "site-b"))
    console = issue(near, SURGEON, NOW, OPEN, Order()).folder
    cart = issue(far, PATIENT, NOW, OPEN, Order()).folder
    assert verify_chain(load_identity(cart, NOW), (console / "chain.pem").read_bytes(), NOW) == SURGEON
    with pytest.raises(ConfigError, match="where it is"):
        issue(near, PeerName("site-b", "cart", "patient"), NOW, OPEN, Order())
    with pytest.raises(ConfigError, match="where it is"):
        revoke_hospital(near, "site-b", NOW, OPEN)
    revoke_device(near, "site-a", "console", None, NOW, OPEN)
    lists, older = near.lists(), far.lists()
    assert take_lists(far, lists, "crl.pem") == ["CA of hospital site-a"]
    with pytest.raises(CertificateRevoked):
        verify_chain(load_identity(cart, NOW), (console / "chain.pem").read_bytes(), NOW)
    assert take_lists(far, lists, "crl.pem") == [] == take_lists(far, older, "crl.pem")
    with pytest.raises(CertificateRevoked):  # an older list does not make it good again
        verify_chain(load_identity(cart, NOW), (console / "chain.pem").read_bytes(), NOW)


def test_lists_of_strangers_are_not_taken(store, tmp_path):
    other = two_hospitals(tmp_path / "other")
    before = tree(store.root)
    with pytest.raises(UnknownAuthority, match="signed by no CA"):
        take_lists(store, other.lists(), "crl.pem")
    assert tree(store.root) == before


def test_two_stores_that_sign_for_one_ca_are_found_out(store, tmp_path):
    twin = hospitals_own(store, "site-a", tmp_path / "twin")
    twin.refresh(NOW, OPEN)
    with pytest.raises(ConfigError, match="made in another folder"):
        take_lists(store, twin.lists(), "crl.pem")


def test_an_outdated_root_list_stops_a_hospital_from_issuing(store, tmp_path):
    near = hospitals_own(store, "site-a", tmp_path / "near")
    with pytest.raises(CertificateRevoked, match="keys crl"):
        issue(near, SURGEON, NOW + CRL_LIFE + SECOND, OPEN, Order())
    assert not near.devices()


def test_a_key_others_can_read_signs_nothing(store):
    (store.root / "hospitals" / "site-a" / "key.pem").chmod(0o640)
    with pytest.raises(ConfigError, match="mode 640"):
        issue(store, SURGEON, NOW, OPEN, Order())
    skipped = issue(store, PATIENT, NOW, OPEN, Order()).skipped
    assert len(skipped) == 1 and "site-a" in skipped[0]


def test_an_index_is_read_as_it_was_written():
    index = Index(7, (Issued(5, SURGEON.uri, NOW), Issued(6, PATIENT.uri, NOW, NOW - DAY)))
    assert parse(dump(index), "index") == index
    assert [row.serial for row in index.revocations()] == [6] and index.of(PATIENT.uri) == ()


GOOD_INDEX = {"version": 1, "crl_number": 1, "issued": [{"serial": "a", "name": "x", "not_after": NOW.isoformat(), "revoked_at": None}]}


@pytest.mark.parametrize(
    "change",
    [{"version": 2}, {"crl_number": None}, {"issued": None}, {"issued": [{}]}, {"issued": [{**GOOD_INDEX["issued"][0], "serial": "xyz"}]},
     {"issued": [{**GOOD_INDEX["issued"][0], "not_after": "2027-01-01"}]}],
)  # fmt: skip
def test_a_damaged_index_is_refused(change):
    assert parse(json.dumps(GOOD_INDEX).encode(), "index").issued[0].serial == 10
    with pytest.raises(ConfigError):
        parse(json.dumps({**GOOD_INDEX, **change}).encode(), "index")


@pytest.mark.parametrize(("value", "base"), [("/x", "/x"), ("", "/home/y/.config"), ("not/absolute", "/home/y/.config")])
def test_where_the_store_is(monkeypatch, value, base):
    monkeypatch.setenv("XDG_CONFIG_HOME", value)
    monkeypatch.setenv("HOME", "/home/y")
    assert str(default_store()) == f"{base}/telesurgery_nodes/pki"


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
