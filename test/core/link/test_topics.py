"""The topics file: what is refused and how it says so; numbers agree only where rows agree; rates are kept."""

import pytest

from telesurgery_nodes.core.link.seal import Role
from telesurgery_nodes.core.link.topics import MAX_TOPICS, TABLE, RateGate, Topic, disagreements, topics_from
from telesurgery_nodes.errors import ConfigError

ROW = {"name": "room/light", "type": "std_msgs/msg/String", "direction": "to_patient", "priority": "latest", "rate": 5}


def read(*rows, refused=lambda name: ""):
    return topics_from({"topics": list(rows)}, refused)


def test_a_row_becomes_a_topic():
    assert read() == ()
    (topic,) = read(ROW)
    assert topic == Topic("/room/light", "std_msgs/msg/String", "to_patient", "latest", 5.0) and topic.sender is Role.SURGEON
    assert read({**ROW, "direction": "to_surgeon"})[0].sender is Role.PATIENT


@pytest.mark.parametrize("data", [None, [], {}, {"topics": None}, {"topics": [], "more": 1}, {"topics": [ROW] * (MAX_TOPICS + 1)}])
def test_a_file_that_is_no_table_is_refused(data):
    with pytest.raises(ConfigError, match="wanted one key `topics`"):
        topics_from(data, lambda name: "")


BAD = [
    ("text", "wanted exactly"), ({**ROW, "qos": 1}, "wanted exactly"), ({k: ROW[k] for k in ROW if k != "rate"}, "wanted exactly"),
    ({**ROW, "direction": "both"}, "to_patient, to_surgeon"), ({**ROW, "priority": "high"}, "reliable, latest"),
    ({**ROW, "name": "a b"}, "/room/temperature"), ({**ROW, "name": "~/a"}, "/room/temperature"), ({**ROW, "name": "a//b"}, "/room/temp"),
    ({**ROW, "name": 3}, "/room/temperature"), ({**ROW, "type": "std_msgs/String"}, "std_msgs/msg/String"),
    *(({**ROW, "rate": rate}, "above 0 to 1000") for rate in (0, -1, 1001, float("nan"), float("inf"), True, "5", None)),
]  # fmt: skip


@pytest.mark.parametrize(("row", "says"), BAD)
def test_a_bad_row_says_which_and_what_is_valid(row, says):
    with pytest.raises(ConfigError, match="row 2") as caught:
        read({**ROW, "name": "other"}, row)
    assert says in str(caught.value)


def test_a_refused_name_says_why():
    with pytest.raises(ConfigError, match="row 1: /room/light must not cross as a further topic: because"):
        read(ROW, refused=lambda name: "because" if name == "/room/light" else "")


@pytest.mark.parametrize("other", [ROW, {**ROW, "name": "/room/light"}, {**ROW, "direction": "to_surgeon"}, {**ROW, "type": "a/msg/B"}])
def test_a_topic_crosses_once_in_one_direction(other):
    with pytest.raises(ConfigError, match="crosses once"):
        read(ROW, other)


def test_numbers_agree_only_where_the_rows_agree():
    changes = [{}, {"name": "b"}, {"type": "std_msgs/msg/Bool"}, {"direction": "to_surgeon"}, {"priority": "reliable"}]
    numbers = [read({**ROW, **change})[0].number for change in changes]
    assert len(set(numbers)) == len(changes) and all(TABLE < number < 2**32 for number in numbers)
    assert read({**ROW, "rate": 9})[0].number == numbers[0]


def test_disagreements_name_the_topic_and_both_versions():
    own = read(ROW, {**ROW, "name": "b"}, {**ROW, "name": "c"})
    peer = (("/room/light", *tuple(ROW.values())[1:4]), ("/b", "std_msgs/msg/Bool", "to_patient", "latest"), ("/d", "x", "y", "z"))
    found = disagreements(own, peer)
    assert found == [
        "topic /b is not carried: here std_msgs/msg/String to_patient latest; at the other site std_msgs/msg/Bool to_patient latest",
        "topic /c is not carried: here std_msgs/msg/String to_patient latest; at the other site not listed",
        "topic /d is not carried: here not listed; at the other site x y z",
    ]
    assert disagreements(own[:1], peer[:1]) == []


@pytest.mark.parametrize(("rate", "burst", "most"), [(10.0, 1.0, 51), (10.0, 10.0, 60), (0.5, 0.5, 3), (1000.0, 1.0, 1251)])
def test_a_gate_keeps_its_rate(rate, burst, most):
    gate = RateGate(rate, burst)
    passed = sum(gate.open(100.0 + step * 0.004) for step in range(1250))
    assert most - 2 <= passed <= most
