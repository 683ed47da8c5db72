"""Handshakes over real sockets and real TLS: what is agreed, and what is refused, each with its own error at both ends."""

import contextlib
import socket
import ssl
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest
from device_folders import NOW, Consortium
from OpenSSL import SSL

from telesurgery_nodes.core.link.handshake import Door, Peer
from telesurgery_nodes.core.link.seal import Role
from telesurgery_nodes.devices.link.conversation import Conversation, HungUp
from telesurgery_nodes.errors import (
    CertificateExpired,
    CertificateExpiring,
    CertificateRevoked,
    ConfigurationDiffers,
    DeviceError,
    NoCertificate,
    RemoteLinkError,
    SessionReplayed,
    TlsTooOld,
    TrustError,
    UnknownAuthority,
    WrongRole,
)
from telesurgery_nodes.trust.identity import load_identity

FILES = {"urdf": "aa"}
UP, DOWN = (11, 1), (22, 1)
LIMIT_S = 10.0


class Keys:
    """A session's keys, as far as a handshake looks."""

    def __init__(self, silence=1e9):
        self.epoch, self.key, self._silence = -1, None, silence

    def newest_epoch(self):
        return self.epoch

    def key_age(self):
        return 0.0

    def silence(self):
        return self._silence

    def take(self, agreed, key):
        self.epoch, self.key = agreed.epoch, key


class Site:
    """One end: identity, door, keys."""

    def __init__(self, folder, role, life, files=FILES, at=NOW):
        self.identity = load_identity(folder, at, beginning=False)
        self.door, self.keys = Door(role, life, files), Keys()

    def talk(self, sock):
        server = self.door.role is Role.PATIENT
        talk = Conversation(sock, self.identity, server, time.monotonic)
        talk.shake()
        today = datetime.now(timezone.utc)
        return talk.answer(self.door, self.keys, today, threading.Lock()) if server else talk.call(self.door, self.keys, today)


def run(*jobs):
    """Each job's result or error, all at the same time; each closes its socket at its end."""
    out = [None] * len(jobs)

    def one(index, job, sock):
        with sock:
            try:
                out[index] = job(sock)
            except (TrustError, RemoteLinkError, DeviceError, OSError, SSL.Error) as error:
                out[index] = error
                drain(sock)

    sockets = socket.socketpair()
    threads = [threading.Thread(target=one, args=(n, job, sock)) for n, (job, sock) in enumerate(zip(jobs, sockets, strict=True))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert not any(thread.is_alive() for thread in threads)
    return out


def drain(sock):
    try:
        sock.settimeout(1.0)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(4096):
            pass
    except OSError:
        return


@pytest.fixture(scope="module")
def east_west(tmp_path_factory):
    return Consortium(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def folders(east_west):
    return east_west.device("console", "rabat", "surgeon")[0], east_west.device("cart", "pudong", "patient")[0]


@pytest.fixture
def sites(folders):
    return Site(folders[0], Role.SURGEON, UP), Site(folders[1], Role.PATIENT, DOWN)


def test_both_agree_and_have_the_same_key(sites):
    surgeon, patient = sites
    mine, theirs = run(surgeon.talk, patient.talk)
    assert (mine.peer.device, theirs.peer.device) == ("pudong/cart", "rabat/console")
    assert mine.epoch == theirs.epoch == 0 and surgeon.keys.key == patient.keys.key and len(surgeon.keys.key) == 32


def test_each_handshake_gives_a_key_of_its_own(sites):
    keys = set()
    for epoch in range(3):
        mine, _ = run(*(site.talk for site in sites))
        keys.add(sites[0].keys.key)
        assert mine.epoch == epoch
    assert len(keys) == 3


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    return Consortium(tmp_path_factory.mktemp("other"), "elsewhere").device("console", "rabat", "surgeon")[0]


def refused(surgeon, patient):
    """Errors of both ends; neither took a key."""
    mine, theirs = run(surgeon.talk, patient.talk)
    assert surgeon.keys.key is None and patient.keys.key is None
    return mine, theirs


def test_an_unknown_ca_is_refused(foreign, sites):
    mine, theirs = refused(Site(foreign, Role.SURGEON, UP), sites[1])
    assert isinstance(theirs, UnknownAuthority) and isinstance(mine, UnknownAuthority)


def test_an_expired_certificate_is_refused(east_west, sites):
    issued = NOW - timedelta(days=20)
    folder, _ = east_west.device("old", "rabat", "surgeon", issued, days=10, crl_at=issued)
    mine, theirs = refused(Site(folder, Role.SURGEON, UP, at=issued), sites[1])
    assert isinstance(theirs, CertificateExpired) and isinstance(mine, CertificateExpired)


def test_a_certificate_about_to_end_does_not_begin_a_session(east_west, sites):
    folder, _ = east_west.device("ending", "rabat", "surgeon", NOW - timedelta(hours=36), days=2)
    mine, theirs = refused(Site(folder, Role.SURGEON, UP), sites[1])
    assert isinstance(theirs, CertificateExpiring) and isinstance(mine, CertificateExpiring)
    assert "refused by the other site" in str(mine)


def test_a_certificate_about_to_end_does_not_end_one(east_west, sites):
    folder, _ = east_west.device("ending-later", "rabat", "surgeon", NOW - timedelta(hours=36), days=2)
    surgeon, patient = Site(folder, Role.SURGEON, UP), sites[1]
    surgeon.keys._silence = patient.keys._silence = 0.0
    surgeon.door.present = patient.door.present = None
    mine, _ = run(surgeon.talk, patient.talk)
    assert isinstance(mine, CertificateExpiring)
    agreed, _ = patient.door.answer(surgeon.door.hello(-1), Peer("rabat/ending-later", "surgeon"), -1, 0.0)[::-1]
    assert patient.door.present == agreed
    mine, theirs = run(surgeon.talk, patient.talk)
    assert theirs.peer.device == "rabat/ending-later" and mine.epoch == theirs.epoch


def test_a_revoked_certificate_is_refused(tmp_path):
    house = Consortium(tmp_path)
    folder, serial = house.device("console", "rabat", "surgeon")
    house.revoke("rabat", serial)
    patient = Site(house.device("cart", "pudong", "patient")[0], Role.PATIENT, DOWN)
    mine, theirs = refused(Site(folder, Role.SURGEON, UP), patient)
    assert isinstance(theirs, CertificateRevoked) and isinstance(mine, CertificateRevoked)


def test_a_revoked_hospital_is_refused(tmp_path):
    house = Consortium(tmp_path)
    folder, _ = house.device("console", "rabat", "surgeon")
    house.revoke("", house.hospitals["rabat"].certificate.serial_number)
    patient = Site(house.device("cart", "pudong", "patient")[0], Role.PATIENT, DOWN)
    assert isinstance(refused(Site(folder, Role.SURGEON, UP), patient)[1], CertificateRevoked)


@pytest.mark.parametrize("role", ["patient", "observer"])
def test_another_role_is_refused(east_west, sites, role):
    folder, _ = east_west.device(f"as-{role}", "rabat", role)
    mine, theirs = refused(Site(folder, Role.SURGEON, UP), sites[1])
    assert isinstance(theirs, WrongRole) and isinstance(mine, WrongRole) and role in str(mine)


def test_no_certificate_is_refused(sites):
    def bare(sock):
        context = SSL.Context(SSL.TLS_METHOD)
        end = SSL.Connection(context, None)
        end.set_connect_state()
        return by_hand(end, sock)

    mine, theirs = run(bare, sites[1].talk)
    assert isinstance(theirs, NoCertificate) and isinstance(mine, SSL.Error)
    assert sites[1].keys.key is None


def by_hand(end, sock):
    """Drive a TLS end until it fails."""
    sock.settimeout(5.0)
    while True:
        try:
            end.do_handshake()
            end.recv(1)
        except SSL.WantReadError:
            pass
        finally:
            with contextlib.suppress(SSL.WantReadError):
                sock.sendall(end.bio_read(65536))
        end.bio_write(sock.recv(65536) or b"")


def test_an_older_tls_is_refused(sites):
    def old(sock):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context.wrap_socket(sock, do_handshake_on_connect=True)

    _, theirs = run(old, sites[1].talk)
    assert isinstance(theirs, TlsTooOld) and sites[1].keys.key is None


def test_what_is_no_tls_is_refused(sites):
    _, theirs = run(lambda sock: sock.sendall(b"GET / HTTP/1.1\r\n\r\n"), sites[1].talk)
    assert isinstance(theirs, (RemoteLinkError, TlsTooOld, DeviceError))


def test_a_site_that_differs_is_refused_by_name(sites):
    sites[0].door.agreement = {"urdf": "bb"}
    mine, theirs = refused(*sites)
    assert isinstance(mine, ConfigurationDiffers) and isinstance(theirs, ConfigurationDiffers)
    assert "urdf" in str(mine) and "urdf" in str(theirs)


def test_a_replaced_session_is_refused(sites, folders):
    surgeon, patient = sites
    run(surgeon.talk, patient.talk)
    run(Site(folders[0], Role.SURGEON, (12, 1)).talk, patient.talk)
    surgeon.keys.key = patient.keys.key = None
    mine, theirs = refused(surgeon, patient)
    assert isinstance(mine, SessionReplayed) and isinstance(theirs, SessionReplayed)


def at_once(sock):
    """Close in order."""


def with_an_answer_unread(sock):
    """Begin a handshake and close with the answer unread, which the kernel tells the other side as a reset."""
    end = SSL.Connection(SSL.Context(SSL.TLS_METHOD), None)
    end.set_connect_state()
    with contextlib.suppress(SSL.WantReadError):
        end.do_handshake()
    sock.sendall(end.bio_read(65536))
    sock.recv(1, socket.MSG_PEEK)


@pytest.mark.parametrize("how", [at_once, with_an_answer_unread])
def test_a_peer_that_hangs_up_is_known_as_such(sites, how):
    _, theirs = run(how, sites[1].talk)
    assert isinstance(theirs, HungUp)


def test_a_peer_that_says_nothing_meets_the_deadline(sites, monkeypatch):
    monkeypatch.setattr("telesurgery_nodes.devices.link.conversation.DEADLINE_S", 0.2)
    _, theirs = run(lambda sock: sock.recv(1), sites[1].talk)
    assert isinstance(theirs, DeviceError)
