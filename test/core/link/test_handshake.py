"""Two doors and what they say: agreement, and one refusal for each thing that may be wrong."""

import json

import pytest

from telesurgery_nodes.core.link.handshake import BUSY_S, LARGEST, LENGTH, Agreed, Door, Frames, Hello, Peer, encode, exporter_context
from telesurgery_nodes.core.link.layouts import VERSION
from telesurgery_nodes.core.link.seal import LAST_EPOCH, Role
from telesurgery_nodes.errors import ConfigurationDiffers, RemoteLinkError, SessionReplayed, TrustError, WrongRole

FILES = {"urdf": "aa", "limits": "bb"}
SURGEON, PATIENT = Peer("rabat/console-1", "surgeon"), Peer("pudong/cart-1", "patient")
UP, DOWN = (11, 1), (22, 1)
LONG_AGO = 1e9


def doors(files=FILES):
    return Door(Role.SURGEON, UP, FILES), Door(Role.PATIENT, DOWN, files)


def over_the_wire(message):
    frames = Frames()
    found = []
    for byte in encode(message):  # the stream may be cut anywhere
        found += frames.push(bytes((byte,)))
    return found[0] if found else None


def meet(surgeon, patient, newest=(-1, -1)):
    welcome, theirs = patient.answer(over_the_wire(surgeon.hello(newest[0])), SURGEON, newest[1], LONG_AGO)
    return surgeon.welcomed(over_the_wire(welcome), PATIENT, newest[0], LONG_AGO), theirs


@pytest.mark.parametrize(("newest", "epoch"), [((-1, -1), 0), ((3, -1), 4), ((3, 7), 8), ((7, 3), 8)])
def test_both_agree_on_an_epoch_above_all_that_either_has_and_on_each_other(newest, epoch):
    surgeon, patient = doors()
    mine, theirs = meet(surgeon, patient, newest)
    assert mine == Agreed(epoch, DOWN, PATIENT) and theirs == Agreed(epoch, UP, SURGEON)
    assert surgeon.context(mine) == patient.context(theirs) == exporter_context(UP, DOWN, epoch)
    assert surgeon.present == mine and patient.present == theirs


def test_the_context_differs_by_everything():
    made = {exporter_context((s, b), (p, q), e) for s in (1, 2) for b in (1, 2) for p in (1, 2) for q in (1, 2) for e in (0, 1)}
    assert len(made) == 32


def test_a_new_handshake_of_the_same_lives_is_a_new_key_and_no_replay():
    surgeon, patient = doors()
    meet(surgeon, patient)
    assert meet(surgeon, patient, (0, 0))[0].epoch == 1


def test_the_epochs_end():
    surgeon, patient = doors()
    assert meet(surgeon, patient, (LAST_EPOCH - 1, -1))[0].epoch == LAST_EPOCH
    with pytest.raises(SessionReplayed, match="used up"):
        meet(surgeon, patient, (LAST_EPOCH, -1))


@pytest.mark.parametrize("role", ["surgeon", "observer", "patient"])
def test_only_the_other_role_is_let_in(role):
    surgeon, patient = doors()
    hello, welcome = surgeon.hello(-1), Hello("welcome", DOWN, 0, FILES)
    if role != "surgeon":
        with pytest.raises(WrongRole, match=role):
            patient.answer(hello, Peer("somewhere/one", role), -1, LONG_AGO)
        assert patient.present is None
    if role != "patient":
        with pytest.raises(WrongRole, match=role):
            surgeon.welcomed(welcome, Peer("somewhere/one", role), -1, LONG_AGO)


@pytest.mark.parametrize(
    ("theirs", "named"),
    [({"urdf": "aa", "limits": "cc"}, "limits"), ({"urdf": "aa"}, "limits"), ({**FILES, "wire": "dd"}, "wire"), ({}, "limits, urdf")],
)
def test_what_differs_between_the_sites_is_refused_by_name(theirs, named):
    surgeon, patient = doors(theirs)
    with pytest.raises(ConfigurationDiffers, match=named):
        patient.answer(surgeon.hello(-1), SURGEON, -1, LONG_AGO)
    with pytest.raises(ConfigurationDiffers, match=named):
        surgeon.welcomed(Hello("welcome", DOWN, 0, theirs), PATIENT, -1, LONG_AGO)


def test_a_replaced_session_never_comes_back():
    surgeon, patient = doors()
    meet(surgeon, patient)
    meet(Door(Role.SURGEON, (12, 5), FILES), patient, (-1, 0))
    with pytest.raises(SessionReplayed, match="0000000b"):
        meet(surgeon, patient, (0, 1))
    assert patient.present.life == (12, 5)


def test_a_restarted_patient_replaces_its_old_life_at_the_surgeon_too():
    surgeon, patient = doors()
    meet(surgeon, patient)
    meet(surgeon, Door(Role.PATIENT, (23, 9), FILES), (0, -1))
    with pytest.raises(SessionReplayed, match="00000016"):
        meet(surgeon, patient, (1, 1))


def test_a_session_of_another_device_and_a_reflection_are_refused():
    surgeon, patient = doors()
    meet(surgeon, patient)
    with pytest.raises(SessionReplayed, match="belongs to rabat/console-1"):
        patient.answer(surgeon.hello(0), Peer("rabat/console-2", "surgeon"), 0, LONG_AGO)
    with pytest.raises(SessionReplayed, match="reflection"):
        patient.answer(Hello("hello", DOWN, 0, FILES), SURGEON, 0, LONG_AGO)


@pytest.mark.parametrize("silence", [0.0, BUSY_S - 0.01, BUSY_S, LONG_AGO])
def test_another_device_gets_in_only_when_the_present_one_is_silent(silence):
    surgeon, patient = doors()
    meet(surgeon, patient)
    other = Door(Role.SURGEON, (12, 5), FILES).hello(-1)
    if silence < BUSY_S:
        with pytest.raises(TrustError, match="one surgeon at a time"):
            patient.answer(other, Peer("rabat/console-2", "surgeon"), 0, silence)
        assert patient.present.life == UP
    else:
        patient.answer(other, Peer("rabat/console-2", "surgeon"), 0, silence)
        assert patient.present.life == (12, 5)


def test_the_same_device_may_start_again_at_once():
    surgeon, patient = doors()
    meet(surgeon, patient)
    patient.answer(Door(Role.SURGEON, (12, 5), FILES).hello(-1), SURGEON, 0, 0.0)
    assert patient.present.life == (12, 5)


@pytest.mark.parametrize("epoch", [-1, 0, 4, 5])
def test_a_welcome_to_an_epoch_that_is_no_new_one_is_refused(epoch):
    surgeon, _ = doors()
    with pytest.raises(SessionReplayed, match="above 5"):
        surgeon.welcomed(Hello("welcome", DOWN, epoch, FILES), PATIENT, 5, LONG_AGO)


def test_out_of_turn_is_refused():
    surgeon, patient = doors()
    with pytest.raises(RemoteLinkError, match="out of turn"):
        patient.answer(Hello("welcome", UP, 0, FILES), SURGEON, -1, LONG_AGO)
    with pytest.raises(RemoteLinkError, match="out of turn"):
        surgeon.welcomed(Hello("hello", DOWN, 0, FILES), PATIENT, -1, LONG_AGO)


@pytest.mark.parametrize("kind", [ConfigurationDiffers, WrongRole, SessionReplayed, TrustError])
def test_a_refusal_arrives_as_the_error_it_is(kind):
    with pytest.raises(kind, match="refused by the other site: because"):
        over_the_wire(kind("because"))


def framed(words):
    text = words if isinstance(words, bytes) else json.dumps(words).encode()
    return LENGTH.pack(len(text)) + text


def test_an_unknown_name_of_an_error_is_the_plain_one():
    with pytest.raises(TrustError) as caught:
        Frames().push(framed({"kind": "refused", "error": "SystemExit", "why": "x"}))
    assert caught.type is TrustError


GOOD = {"kind": "hello", "version": VERSION, "session": 1, "boot": 0, "epoch": -1, "agreement": {"urdf": "aa"}}


def test_the_sample_is_good():
    assert Frames().push(framed(GOOD)) == [Hello("hello", (1, 0), -1, {"urdf": "aa"})]


def test_two_messages_in_one_read_are_two():
    assert len(Frames().push(framed(GOOD) + framed(GOOD)[:-1])) == 1 and len(Frames().push(2 * framed(GOOD))) == 2


@pytest.mark.parametrize("name", sorted(GOOD))
def test_every_word_is_needed(name):
    with pytest.raises((RemoteLinkError, ConfigurationDiffers)):
        Frames().push(framed({key: value for key, value in GOOD.items() if key != name}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "bye"}, {"session": 0}, {"session": 2**32}, {"session": "1"}, {"session": True}, {"boot": -1}, {"boot": 2**32},
        {"epoch": -2}, {"epoch": LAST_EPOCH + 1}, {"epoch": 1.0}, {"agreement": []}, {"agreement": {"urdf": 1}}, {"agreement": None},
    ],
)  # fmt: skip
def test_every_word_is_judged(wrong):
    with pytest.raises(RemoteLinkError):
        Frames().push(framed({**GOOD, **wrong}))


def test_another_version_of_the_link_is_a_difference():
    with pytest.raises(ConfigurationDiffers, match=f"version {VERSION + 1}"):
        Frames().push(framed({**GOOD, "version": VERSION + 1}))


@pytest.mark.parametrize("junk", [framed(b"\xff\xfe"), framed(b"[1]"), framed(b"{"), LENGTH.pack(LARGEST + 1)])
def test_junk_is_refused(junk):
    with pytest.raises(RemoteLinkError):
        Frames().push(junk)


def test_the_largest_message_is_waited_for():
    assert Frames().push(LENGTH.pack(LARGEST)) == []
