"""A name is written and read back; nothing else is one."""

import pytest
from consortium import san, world
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from telesurgery_nodes.errors import ConfigError, WrongRole
from telesurgery_nodes.trust.names import ROLES, PeerName, name_in

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)


@given(LABELS, LABELS, st.sampled_from(ROLES))
def test_a_name_is_read_as_it_was_written(site, device, role):
    name = PeerName(site, device, role)
    assert PeerName.parse(name.uri) == name


BAD_LABELS = ("", "-a", "a-", "A", "ä", "a b", "a.b", "a/b", "a:1", "u@a", "a\n", "a" * 64, "..", "a%2f")


@pytest.mark.parametrize("label", BAD_LABELS)
def test_a_label_is_lower_case_letters_digits_and_hyphens(label):
    with pytest.raises(ConfigError):
        PeerName(label, "console", "surgeon")
    with pytest.raises(ConfigError):
        PeerName("site-a", label, "surgeon")


@pytest.mark.parametrize("role", ["", "Surgeon", "admin", "surgeon "])
def test_the_valid_roles_are_listed_in_the_refusal(role):
    with pytest.raises(ConfigError, match="surgeon, patient, observer"):
        PeerName("site-a", "console", role)


REFUSED = {
    "two names": san("telesurgery://site-a/console/surgeon", "telesurgery://site-a/console/patient"),
    "the same one twice": san("telesurgery://site-a/console/surgeon", "telesurgery://site-a/console/surgeon"),
    "a foreign second one": san("telesurgery://site-a/console/surgeon", "https://site-a/"),
    "a host beside it": x509.SubjectAlternativeName(
        [x509.UniformResourceIdentifier("telesurgery://site-a/console/surgeon"), x509.DNSName("site-a")]
    ),
    "a host instead": x509.SubjectAlternativeName([x509.DNSName("site-a")]),
    "another scheme": san("https://site-a/console/surgeon"),
    "scheme in capitals": san("TELESURGERY://site-a/console/surgeon"),
    "an unknown role": san("telesurgery://site-a/console/admin"),
    "no role": san("telesurgery://site-a/console"),
    "an empty role": san("telesurgery://site-a/console/"),
    "more path": san("telesurgery://site-a/console/surgeon/patient"),
    "a port": san("telesurgery://site-a:1/console/surgeon"),
    "a user": san("telesurgery://site-b@site-a/console/surgeon"),
    "a query": san("telesurgery://site-a/console/surgeon?patient"),
    "capitals": san("telesurgery://Site-A/console/surgeon"),
    "a line feed": san("telesurgery://site-a/console/surgeon\n"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_any_other_name_in_a_certificate_is_refused(case):
    fields = world().device()
    fields.extensions["names"] = (REFUSED[case], False)
    with pytest.raises(WrongRole, match="says no role"):
        name_in(fields.sign())


def test_a_certificate_without_a_name_has_no_role():
    fields = world().device()
    del fields.extensions["names"]
    with pytest.raises(WrongRole, match="it has none"):
        name_in(fields.sign())


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_read(role):
    fields, name = world().device(), PeerName("site-a", "console", role)
    fields.extensions["names"] = (san(name.uri), False)
    assert name_in(fields.sign()) == name
