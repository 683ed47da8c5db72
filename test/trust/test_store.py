"""A store: who is in it, which key is where, what was issued, and how revocation lists travel."""

import json
import shutil
import stat
from datetime import timedelta

import pytest
from consortium import CONSORTIUM, DAY, NOW, OPEN, PATIENT, SURGEON, tree, two_hospitals
from cryptography import x509

from telesurgery_nodes.errors import CertificateRevoked, ConfigError, UnknownAuthority
from telesurgery_nodes.trust.authority import CRL_LIFE, HOSPITAL_LIFE, ROOT_LIFE
from telesurgery_nodes.trust.identity import load_identity
from telesurgery_nodes.trust.index import Index, Issued, dump, parse
from telesurgery_nodes.trust.issuing import Order, issue, revoke_device, revoke_hospital
from telesurgery_nodes.trust.names import PeerName
from telesurgery_nodes.trust.store import Passphrases, Store, default_store, init, renew_hospital, take_lists
from telesurgery_nodes.trust.verify import verify_chain

SECOND = timedelta(seconds=1)


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


def test_a_store_that_is_none(tmp_path):
    with pytest.raises(ConfigError, match="keys init"):
        issue(Store(tmp_path / "nothing"), SURGEON, NOW, OPEN, Order())
    assert not (tmp_path / "nothing").exists()


def test_a_store_others_can_write_in(store):
    store.root.chmod(0o777)
    with pytest.raises(ConfigError, match="chmod 700"):
        issue(store, SURGEON, NOW, OPEN, Order())


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
