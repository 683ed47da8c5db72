"""Byte streams (TCP) through the relay: order, delay, outages, half-close, reset, bounds. Times only as lower bounds."""

import contextlib
import socket
import struct
import threading
import time

import pytest
from relay_rig import DOWN_S, LONG_S, UP_S, relaying, sides, udp, until, where

from telesurgery_nodes.core.link.impair import Impairment
from telesurgery_nodes.devices.relay import pipe, streams


@contextlib.contextmanager
def stream(up=None, down=None, **more):
    """A relay with TCP, and the listening socket of the patient's bridge."""
    with socket.create_server(("127.0.0.1", 0)) as bridge:
        bridge.settimeout(LONG_S)
        with relaying(up, down, to_patient=[where(bridge)], **more) as relay:
            yield relay, bridge


def connect(relay):
    sock = socket.create_connection(sides(relay)[0])
    sock.settimeout(LONG_S)
    return sock


def accept(bridge):
    sock = bridge.accept()[0]
    sock.settimeout(LONG_S)
    return sock


def read_all(sock):
    got = bytearray()
    while data := sock.recv(1 << 16):
        got += data
    return bytes(got)


def refuse(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def test_a_byte_takes_the_delay_and_the_first_one_a_round_trip_more():
    with stream() as (relay, bridge):
        began = time.monotonic()
        with connect(relay) as surgeon:
            surgeon.send(b"first")
            with accept(bridge) as patient:
                assert time.monotonic() - began >= UP_S
                assert patient.recv(10) == b"first" and time.monotonic() - began >= 2 * UP_S + DOWN_S
                sent = time.monotonic()
                surgeon.send(b"second")
                assert patient.recv(10) == b"second" and time.monotonic() - sent >= UP_S
                sent = time.monotonic()
                patient.send(b"answer")
                assert surgeon.recv(10) == b"answer" and time.monotonic() - sent >= DOWN_S


def test_everything_arrives_in_order_through_loss_jitter_and_a_narrow_line():
    hidden = {"duplicate": 0.1, "corrupt": 0.1, "reorder": 0.1}  # what TCP hides
    bad = Impairment(delay_ms=5.0, jitter_ms=3.0, loss=0.05, burst=3.0, rate_mbit=40.0, queue_ms=20.0, **hidden)
    blob = b"".join(struct.pack("I", n) for n in range(550_000))
    assert len(blob) > 2 * pipe.MOST_HELD
    with stream(bad, bad) as (relay, bridge), connect(relay) as surgeon, accept(bridge) as patient:
        sender = threading.Thread(target=lambda: (surgeon.sendall(blob), surgeon.shutdown(socket.SHUT_WR)))
        sender.start()
        assert read_all(patient) == blob
        sender.join(LONG_S)
        (row,) = relay.summary()["tcp"]
        assert row["up"]["bytes"] == len(blob) and row["up"]["repeated"] > 0 and row["down"]["bytes"] == 0


def test_half_closed_the_other_direction_goes_on():
    with stream() as (relay, bridge), connect(relay) as surgeon, accept(bridge) as patient:
        surgeon.send(b"question")
        surgeon.shutdown(socket.SHUT_WR)
        assert read_all(patient) == b"question"
        patient.send(b"answer")
        assert surgeon.recv(10) == b"answer"
        assert len(relay.streams.open) == 1
        patient.shutdown(socket.SHUT_WR)
        assert surgeon.recv(10) == b""
        until(lambda: not relay.streams.open)
        assert relay.summary()["tcp"][0]["reset"] == 0


@pytest.mark.parametrize("surgeon_resets", [True, False])
def test_a_reset_is_passed_on(surgeon_resets):
    with stream() as (relay, bridge), connect(relay) as surgeon, accept(bridge) as patient:
        surgeon.send(b"x")
        patient.recv(1)
        leaver, other = (surgeon, patient) if surgeon_resets else (patient, surgeon)
        refuse(leaver)
        with pytest.raises(ConnectionResetError):
            other.recv(1)
        until(lambda: not relay.streams.open)


def test_a_reset_of_a_side_that_only_listens_is_found_when_something_is_sent_to_it():
    with stream() as (relay, bridge), connect(relay) as surgeon, accept(bridge) as patient:
        patient.shutdown(socket.SHUT_WR)
        assert surgeon.recv(1) == b""
        refuse(patient)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            while True:
                surgeon.send(b"x" * 1000)
        until(lambda: not relay.streams.open)


def test_a_bridge_that_is_not_there_resets_a_round_trip_later():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with relaying(to_patient=[where(nobody)]) as relay, connect(relay) as surgeon:
            began = time.monotonic()
            with pytest.raises(ConnectionResetError):
                surgeon.recv(1)
            assert time.monotonic() - began >= UP_S + DOWN_S - 0.01  # the connection was accepted a little before `began`
            assert relay.summary()["tcp"][0]["failed"] == 1


def test_in_an_outage_bytes_wait_and_then_come():
    with stream() as (relay, bridge), connect(relay) as surgeon, accept(bridge) as patient:
        surgeon.send(b"before")
        assert patient.recv(10) == b"before"
        relay.cut()
        surgeon.send(b"during")
        patient.settimeout(0.3)
        with pytest.raises(TimeoutError):
            patient.recv(10)
        patient.settimeout(LONG_S)
        restored = time.monotonic()
        relay.restore()
        assert patient.recv(10) == b"during" and time.monotonic() - restored >= UP_S


def test_a_connection_asked_for_in_an_outage_waits_for_its_end():
    with stream() as (relay, bridge):
        relay.cut()
        with connect(relay) as surgeon:
            surgeon.send(b"patience")
            bridge.settimeout(0.3)
            with pytest.raises(TimeoutError):
                bridge.accept()
            bridge.settimeout(LONG_S)
            restored = time.monotonic()
            relay.restore()
            with accept(bridge) as patient:
                assert patient.recv(10) == b"patience" and time.monotonic() - restored >= 2 * UP_S + DOWN_S


def test_or_is_reset_when_that_takes_too_long():
    with stream(open_timeout=0.2) as (relay, _):
        relay.cut()
        with connect(relay) as surgeon:
            with pytest.raises(ConnectionResetError):
                surgeon.recv(1)
            until(lambda: not relay.streams.open)  # the reset leaves first, the relay's own books a moment later
            assert relay.summary()["tcp"][0]["timed_out"] == 1


def test_a_side_that_does_not_read_stops_the_sender():
    with stream(Impairment(), Impairment()) as (relay, bridge), connect(relay) as surgeon, accept(bridge):
        surgeon.setblocking(False)
        sent, last = 0, time.monotonic()
        while time.monotonic() - last < 0.5:
            with contextlib.suppress(BlockingIOError):
                sent += surgeon.send(bytes(1 << 16))
                last = time.monotonic()
        assert relay.streams.open[0].up._held <= pipe.MOST_HELD
        assert relay.summary()["tcp"][0]["up"]["bytes"] < sent


def test_connections_are_bounded(monkeypatch):
    monkeypatch.setattr(streams, "MOST_CONNECTIONS", 2)
    with stream() as (relay, bridge), connect(relay) as first, connect(relay):
        until(lambda: len(relay.streams.open) == 2)
        with connect(relay) as third, pytest.raises(ConnectionResetError):
            third.recv(1)
        assert relay.summary()["tcp"][0]["too_many"] == 1
        first.send(b"still there")
        with accept(bridge) as a, accept(bridge) as b:
            a.settimeout(0.5)
            with contextlib.suppress(TimeoutError):
                assert a.recv(20) == b"still there"
                return
            assert b.recv(20) == b"still there"


def test_datagrams_go_on_beside_a_stream():
    with stream(Impairment(delay_ms=5.0), Impairment()) as (relay, bridge), connect(relay) as surgeon, accept(bridge) as patient:
        sender = threading.Thread(target=lambda: (surgeon.sendall(bytes(1 << 21)), surgeon.close()))
        sender.start()
        one, other = udp(sides(relay)[0]), udp(sides(relay)[1])
        other.send(b"here")
        for n in range(50):
            one.send(struct.pack("I", n))
            assert other.recv(10) == struct.pack("I", n)
        assert len(read_all(patient)) == 1 << 21
        sender.join(LONG_S)
