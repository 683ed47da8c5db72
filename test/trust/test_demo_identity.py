"""The demo's certificates: made once, made anew before they end, and never over something else."""

import shutil
from datetime import timedelta

import pytest
from consortium import DAY, NOW, OPEN, tree

from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.trust.authority import CRL_LIFE
from telesurgery_nodes.trust.demo import CONSORTIUM, RENEW_LEFT, ensure_demo
from telesurgery_nodes.trust.identity import load_identity
from telesurgery_nodes.trust.issuing import revoke_device
from telesurgery_nodes.trust.store import Store, init
from telesurgery_nodes.trust.verify import verify_chain

SECOND = timedelta(seconds=1)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "telesurgery_nodes" / "demo"


def both(root, now):
    return {role: load_identity(folder, now) for role, folder in ensure_demo(root, now).items()}


def test_two_devices_that_trust_each_other(root):
    found = both(root, NOW)
    assert {role: identity.name.role for role, identity in found.items()} == {"surgeon": "surgeon", "patient": "patient"}
    assert verify_chain(found["surgeon"], found["patient"].chain_pem, NOW).role == "patient"
    assert verify_chain(found["patient"], found["surgeon"].chain_pem, NOW).role == "surgeon"
    assert [path.name for path in root.parent.iterdir() if path != root] == [".lock"]


@pytest.mark.parametrize(
    ("later", "renewed"),
    [(SECOND, False), (CRL_LIFE - RENEW_LEFT, False), (CRL_LIFE - RENEW_LEFT + SECOND, True), (CRL_LIFE, True), (4000 * DAY, True),
     (-2 * DAY, True)],  # made while the clock was ahead
)  # fmt: skip
def test_made_anew_only_in_its_last_week(root, later, renewed):
    before = both(root, NOW)
    after = both(root, NOW + later)
    assert (after["surgeon"].key_pem != before["surgeon"].key_pem) == renewed
    assert after["patient"].not_after - (NOW + later) >= RENEW_LEFT


def damage(root):
    (Store(root).devices()[0] / "key.pem").write_bytes(b"mine")


def foreign_file(root):
    (root / "notes.txt").write_text("mine")


def open_key(root):
    (Store(root).devices()[0] / "key.pem").chmod(0o640)


def missing(root):
    shutil.rmtree(root / "devices")


def revoked(root):
    revoke_device(Store(root), "demo-surgeon", "console", None, NOW, OPEN)


def swapped(root):
    """Both folders hold the surgeon."""
    near, far = (Store(root).device(site, device) for site, device in (("demo-surgeon", "console"), ("demo-patient", "cart")))
    shutil.rmtree(far)
    shutil.copytree(near, far)


@pytest.mark.parametrize("change", [damage, foreign_file, open_key, missing, revoked, swapped])
@pytest.mark.parametrize("later", [SECOND, CRL_LIFE - SECOND, CRL_LIFE + DAY])
def test_what_is_not_its_own_is_left_alone(root, change, later):
    ensure_demo(root, NOW)
    change(root)
    before = tree(root)
    with pytest.raises(ConfigError, match="not overwritten"):
        ensure_demo(root, NOW + later)
    assert tree(root) == before


def test_a_real_store_is_left_alone(root):
    init(Store(root), CONSORTIUM, ["site-a"], NOW, OPEN)
    before = tree(root)
    with pytest.raises(ConfigError, match="not overwritten"):
        ensure_demo(root, NOW)
    assert tree(root) == before


def test_an_empty_folder_is_filled(root):
    root.mkdir(parents=True)
    assert set(both(root, NOW)) == {"surgeon", "patient"}


def test_a_file_in_its_place(root):
    root.parent.mkdir(parents=True)
    root.write_bytes(b"mine")
    with pytest.raises(ConfigError):
        ensure_demo(root, NOW)
    assert root.read_bytes() == b"mine"
