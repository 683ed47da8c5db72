"""A chain made is a chain verified; with any single field broken it is refused, each with its own error."""

from datetime import timedelta

import pytest
from consortium import CONSORTIUM, DAY, NOW, PATIENT, SURGEON, Fields, san, world
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from OpenSSL import crypto

from telesurgery_nodes.errors import CertificateExpired, CertificateExpiring, CertificateRevoked, ConfigError, UnknownAuthority, WrongRole
from telesurgery_nodes.trust.authority import Authority, key_usage, make_crl, new_key, subject
from telesurgery_nodes.trust.pem import pem
from telesurgery_nodes.trust.verify import LEAST_LEFT, VERDICTS, check_use, expiring, peer_of, trust_error, verify_chain

SECOND = timedelta(seconds=1)


def put(name, value, critical=True):
    def change(fields):
        fields.extensions[name] = (value, critical)

    return change


def drop(name):
    return lambda fields: fields.extensions.pop(name)


def setting(**values):
    return lambda fields: [setattr(fields, name, value) for name, value in values.items()]


def stranger(fields):
    """Signed by someone who only calls himself like the hospital."""
    fields.signer = Authority(fields.signer.certificate, new_key())


ONE_USE = {name: x509.ExtendedKeyUsage([use]) for name, use in
           (("server", ExtendedKeyUsageOID.SERVER_AUTH), ("client", ExtendedKeyUsageOID.CLIENT_AUTH))}  # fmt: skip
BROKEN = {
    "expired": (setting(begin=NOW - 2 * DAY, end=NOW - SECOND), CertificateExpired),
    "not yet": (setting(begin=NOW + SECOND), CertificateExpired),
    "another signature": (stranger, UnknownAuthority),
    "another issuer": (setting(issuer=subject(CONSORTIUM, "site-c")), UnknownAuthority),
    "no name": (drop("names"), WrongRole),
    "two names": (put("names", san(SURGEON.uri, "telesurgery://site-a/console/patient"), False), WrongRole),
    "another site": (put("names", san(PATIENT.uri), False), UnknownAuthority),
    "a site below": (put("names", san("telesurgery://x.site-a/console/surgeon"), False), UnknownAuthority),
    "unknown role": (put("names", san("telesurgery://site-a/console/root"), False), WrongRole),
    "is a CA": (put("basic", x509.BasicConstraints(True, None)), WrongRole),
    "not said whether a CA": (drop("basic"), WrongRole),
    "may not sign": (put("usage", key_usage(key_agreement=True)), WrongRole),
    "uses of the key not said": (drop("usage"), WrongRole),
    "no end of TLS": (drop("uses"), WrongRole),
    "server alone": (put("uses", ONE_USE["server"], False), WrongRole),
    "client alone": (put("uses", ONE_USE["client"], False), WrongRole),
    "a critical extension nobody knows": (
        put("more", x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")), UnknownAuthority
    ),
    "no identifier of its CA": (drop("above"), UnknownAuthority),
}  # fmt: skip


def test_a_chain_made_is_a_chain_verified():
    here = world()
    assert verify_chain(here, here.chain(here.device()), NOW) == SURGEON


@pytest.mark.parametrize("case", BROKEN)
def test_one_broken_field_is_refused(case):
    here = world()
    fields = here.device()
    change, error = BROKEN[case]
    change(fields)
    with pytest.raises(error):
        verify_chain(here, here.chain(fields), NOW)


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)], ids=["p384", "rsa"])
def test_another_kind_of_key_is_refused(key):
    here = world()
    with pytest.raises(WrongRole, match="P-256"):
        verify_chain(here, here.chain(here.device(key)), NOW)


def test_another_consortium_is_refused_even_under_the_same_names():
    here, other = world(), world()
    with pytest.raises(UnknownAuthority):
        verify_chain(here, other.chain(other.device()), NOW)


def test_a_chain_without_its_hospital_is_refused():
    here = world()
    with pytest.raises(UnknownAuthority):
        verify_chain(here, pem(here.device().sign()), NOW)


def test_nothing_in_the_chain_becomes_trusted_by_being_there():
    here, other = world(), world()
    chain = other.chain(other.device()) + other.trust_pem + other.crl_pem
    with pytest.raises(UnknownAuthority):
        verify_chain(here, chain, NOW)


@pytest.mark.parametrize("which", ["root", "hospital"])
def test_a_ca_is_no_device(which):
    here = world()
    with pytest.raises(WrongRole, match="no device certificate"):
        check_use(getattr(here, which).certificate)
    with pytest.raises((WrongRole, UnknownAuthority)):
        verify_chain(here, pem(getattr(here, which).certificate), NOW)


def remade(here, key, change):
    """The hospital's certificate again, signed by the root, with one field changed."""
    fields = Fields(key, here.root, here.hospital.certificate.subject)
    fields.extensions |= {
        "basic": (x509.BasicConstraints(True, 0), True),
        "usage": (key_usage(key_cert_sign=True, crl_sign=True), True),
        "constraint": (x509.NameConstraints([x509.UniformResourceIdentifier("site-a")], None), True),
    }
    fields.extensions.pop("names")
    fields.extensions.pop("uses")
    change(fields)
    here.hospital = Authority(fields.sign(), key)
    here.lists["hospital"] = make_crl(here.hospital, 1, [], NOW)


BROKEN_CA = {
    "expired": (setting(begin=NOW - 2 * DAY, end=NOW - SECOND), CertificateExpired),
    "not yet": (setting(begin=NOW + SECOND), CertificateExpired),
    "signed by a stranger": (stranger, UnknownAuthority),
    "no CA": (put("basic", x509.BasicConstraints(False, None)), UnknownAuthority),
    "may not sign certificates": (put("usage", key_usage(crl_sign=True)), UnknownAuthority),
    "may not sign lists": (put("usage", key_usage(key_cert_sign=True)), CertificateRevoked),
    "for another site": (put("constraint", x509.NameConstraints([x509.UniformResourceIdentifier("site-b")], None)), UnknownAuthority),
    "called otherwise": (setting(subject=subject(CONSORTIUM, "site-b")), UnknownAuthority),
}


@pytest.mark.parametrize("case", BROKEN_CA)
def test_one_broken_field_of_the_hospital_is_refused(case):
    here, key = world(), new_key()
    change, error = BROKEN_CA[case]
    remade(here, key, change)
    fields = Fields(new_key(), here.hospital)
    with pytest.raises(error):
        verify_chain(here, here.chain(fields), NOW)


def test_the_remade_hospital_is_good_where_nothing_is_changed():
    here, key = world(), new_key()
    remade(here, key, lambda fields: None)
    assert verify_chain(here, here.chain(Fields(new_key(), here.hospital)), NOW) == SURGEON


def test_the_hospital_in_the_name_is_compared_where_no_constraint_is():
    here, key = world(), new_key()
    remade(here, key, drop("constraint"))
    fields = Fields(new_key(), here.hospital)
    fields.extensions["names"] = (san(PATIENT.uri), False)
    with pytest.raises(UnknownAuthority, match="'site-a' issued for site 'site-b'"):
        verify_chain(here, here.chain(fields), NOW)


@pytest.mark.parametrize("name", ["site-c", "site-a"])  # a CA that issues to its own name does not count in a path length
def test_a_hospital_makes_no_hospitals(name):
    here, key = world(), new_key()
    below = Fields(key, here.hospital, subject(CONSORTIUM, name))
    below.extensions |= {"basic": (x509.BasicConstraints(True, 0), True), "usage": (key_usage(key_cert_sign=True, crl_sign=True), True)}
    lower = Authority(below.sign(), key)
    here.lists["lower"] = make_crl(lower, 1, [], NOW)
    chain = pem(Fields(new_key(), lower).sign(), lower.certificate, here.hospital.certificate)
    with pytest.raises(UnknownAuthority):
        verify_chain(here, chain, NOW)


@pytest.mark.parametrize("which", ["root", "hospital"])
def test_without_a_list_nobody_can_tell(which):
    here = world()
    del here.lists[which]
    with pytest.raises(CertificateRevoked, match="no revocation list"):
        verify_chain(here, here.chain(here.device()), NOW)


@pytest.mark.parametrize("which", ["root", "hospital"])
@pytest.mark.parametrize(("made", "words"), [(NOW - 90 * DAY - SECOND, "outdated"), (NOW + DAY, "not begun")])
def test_a_list_out_of_its_time_tells_nothing(which, made, words):
    here = world()
    here.lists[which] = make_crl(getattr(here, which), 1, [], made)
    with pytest.raises(CertificateRevoked, match=words):
        verify_chain(here, here.chain(here.device()), NOW)


@pytest.mark.parametrize("which", ["root", "hospital"])
def test_a_list_by_another_key_tells_nothing(which):
    here = world()
    authority = getattr(here, which)
    here.lists[which] = make_crl(Authority(authority.certificate, new_key()), 1, [], NOW)
    with pytest.raises(CertificateRevoked):
        verify_chain(here, here.chain(here.device()), NOW)


def test_a_revoked_device_and_a_revoked_hospital():
    here = world()
    fields = here.device()
    certificate = fields.sign()
    chain = pem(certificate, here.hospital.certificate)
    assert verify_chain(here, chain, NOW) == SURGEON
    here.revoke("hospital", here.hospital, certificate)
    with pytest.raises(CertificateRevoked, match="device certificate is revoked"):
        verify_chain(here, chain, NOW)
    here.revoke("root", here.root, here.hospital.certificate)
    with pytest.raises(CertificateRevoked, match="hospital's CA is revoked"):
        verify_chain(here, here.chain(here.device()), NOW)


def test_the_time_is_the_argument_alone():
    here = world()
    chain = here.chain(here.device())
    for now, error in ((NOW - 2 * DAY, CertificateRevoked), (NOW + 91 * DAY, CertificateRevoked)):  # lists are looked at first
        with pytest.raises(error):
            verify_chain(here, chain, now)
    elsewhere = NOW.astimezone(tz=None)
    assert verify_chain(here, chain, elsewhere) == SURGEON
    with pytest.raises(ConfigError, match="time zone"):
        verify_chain(here, chain, NOW.replace(tzinfo=None))


def test_what_is_no_pem_is_a_fault_of_the_file():
    for data in (b"", b"x", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(ConfigError):
            verify_chain(world(), data, NOW)


def test_least_left_is_a_limit_to_the_second():
    fields = world().device()
    fields.end = NOW + LEAST_LEFT
    certificate = fields.sign()
    assert expiring(certificate, NOW) is None
    assert isinstance(expiring(certificate, NOW + SECOND), CertificateExpiring)
    assert isinstance(expiring(certificate, fields.end + DAY), CertificateExpiring)


@pytest.mark.parametrize("length", [0, 1, 2, 4])
def test_a_verified_chain_has_three(length):
    here = world()
    chain = [here.device().sign(), here.hospital.certificate, here.root.certificate]
    assert peer_of(chain) == SURGEON
    with pytest.raises(UnknownAuthority):
        peer_of([*chain, here.root.certificate][:length])


@pytest.mark.parametrize("code", [*VERDICTS, 0, 1, 99, -1])
def test_every_result_has_words_for_every_depth(code):
    certificate = world().device().sign()
    for depth in (-1, 0, 1, 2, 3):
        for shown in (None, certificate):
            text = str(trust_error(code, depth, shown))
            assert ("{" not in text and "`telesurgery keys" in text) or "clock" in text
            assert (SURGEON.uri in text) == (shown is not None)


def test_a_result_nobody_knows_is_refused():
    assert type(trust_error(12345, 0, None)) is UnknownAuthority


def test_openssl_itself_refuses_a_hospital_that_issues_for_another():
    """Not our comparison: the name constraint on the URI's host, in the library that does TLS."""
    here = world()
    fields = here.device()
    fields.extensions["names"] = (san(PATIENT.uri), False)
    store = crypto.X509Store()
    store.add_cert(crypto.X509.from_cryptography(here.root.certificate))
    store.set_time(NOW)
    device, above = (crypto.X509.from_cryptography(item) for item in (fields.sign(), here.hospital.certificate))
    with pytest.raises(crypto.X509StoreContextError, match="permitted subtree violation"):
        crypto.X509StoreContext(store, device, [above]).verify_certificate()
