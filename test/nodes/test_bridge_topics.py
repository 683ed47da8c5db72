"""Further topics between two bridges, each in a ROS domain of its own; and what never gets that far."""

import pytest

from telesurgery_nodes.channels import CHANNELS
from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.session import pick_ports

rclpy = pytest.importorskip("rclpy")

from std_msgs.msg import String  # noqa: E402

from telesurgery_nodes.core.link.reliable import MAX_MESSAGE  # noqa: E402
from telesurgery_nodes.core.link.session import Received  # noqa: E402
from telesurgery_nodes.core.link.wire import Stream  # noqa: E402
from telesurgery_nodes.nodes.bridge_topics import load_topics, refusal  # noqa: E402
from telesurgery_nodes.nodes.teleop_bridge import TeleopBridge  # noqa: E402

UP = "{name: /room/chat, type: std_msgs/msg/String, direction: to_patient, priority: reliable, rate: 50}"
DOWN = "{name: /room/light, type: std_msgs/msg/String, direction: to_surgeon, priority: latest, rate: 20}"


def file(folder, *rows):
    path = folder / f"topics{len(list(folder.iterdir()))}.yaml"
    path.write_text("topics:\n" + "".join(f"  - {row}\n" for row in rows))
    return str(path)


class Pair:
    """Two bridges, two contexts; spun in turn."""

    def __init__(self, here, there, folder, identities, surgeon_rows=(UP, DOWN), patient_rows=(UP, DOWN)):
        ends = [f"127.0.0.1:{port}" for port in pick_ports(4)]
        near, far = ends[:2], ends[2:]
        self.here, self.there = here, there
        rows = {"surgeon": file(folder, *surgeon_rows), "patient": file(folder, *patient_rows)}
        made = [
            graph.make(TeleopBridge, side=side, local=own, remote=other, identity=identities[side], topics_file=rows[side])
            for graph, side, own, other in ((here, "surgeon", near, far), (there, "patient", far, near))
        ]
        self.surgeon, self.patient = made

    def until(self, condition, timeout=10.0):
        return self.here.spin_until(lambda: self.there.spin_until(lambda: False, 0.005) or condition(), timeout)

    def linked(self):
        return self.surgeon.session.established and self.patient.session.established

    @staticmethod
    def speaker(graph, topic):
        return graph.plain("speaker").create_publisher(String, topic, 100)

    @staticmethod
    def listener(graph, topic):
        heard = []
        graph.plain("listener").create_subscription(String, topic, lambda message: heard.append(message.data), 100)
        return heard


@pytest.fixture
def other_graph(graph):
    made = type(graph)()
    yield made
    made.close()


def test_a_string_crosses_each_way_and_only_its_way(graph, other_graph, tmp_path, identities):
    pair = Pair(graph, other_graph, tmp_path, identities)
    chat, light = pair.speaker(graph, "/room/chat"), pair.speaker(other_graph, "/room/light")
    back_light, wrong_way = pair.speaker(graph, "/room/light"), pair.speaker(other_graph, "/room/chat")
    chats, lights = pair.listener(other_graph, "/room/chat"), pair.listener(graph, "/room/light")
    assert pair.until(lambda: pair.linked() and chat.get_subscription_count() == 1 and light.get_subscription_count() == 1)
    sent = [f"message {number} " + "x" * 40 * number for number in range(50)]
    for text in sent:
        chat.publish(String(data=text))
        pair.until(lambda: False, 0.01)
    assert pair.until(lambda: len(chats) >= 50) and chats == sent, "all, in order, once, beyond one datagram"
    for number in range(20):
        light.publish(String(data=f"{number} " + "y" * 5000))
    assert pair.until(lambda: lights and lights[-1].startswith("19 ")) and len(lights) < 20, "newest wins, at its rate"
    wrong_way.publish(String(data="no"))
    back_light.publish(String(data="local"))
    pair.until(lambda: False, 0.3)
    assert len(chats) == 51 and lights[-1] == "local", "each heard only the publisher of its own site"


def test_what_is_too_large_or_too_fast_is_counted_and_the_rest_goes_on(graph, other_graph, tmp_path, identities):
    pair = Pair(graph, other_graph, tmp_path, identities, [UP.replace("50", "5")], [UP.replace("50", "5")])
    chat, chats = pair.speaker(graph, "/room/chat"), pair.listener(other_graph, "/room/chat")
    assert pair.until(lambda: pair.linked() and chat.get_subscription_count() == 1)
    chat.publish(String(data="z" * (MAX_MESSAGE + 1)))
    chat.publish(String(data="small"))
    assert pair.until(lambda: chats == ["small"])
    assert pair.surgeon.counters["topics_oversize"] == 1
    for number in range(40):
        chat.publish(String(data=str(number)))
    assert pair.until(lambda: pair.surgeon.counters["topics_too_fast"] > 0)


def test_files_that_differ_carry_nothing_and_say_so(graph, other_graph, tmp_path, identities):
    pair = Pair(graph, other_graph, tmp_path, identities, patient_rows=(UP.replace("String", "Bool"),))
    chat = pair.speaker(graph, "/room/chat")
    assert pair.until(lambda: pair.linked() and chat.get_subscription_count() == 1)
    assert pair.until(lambda: pair.surgeon.counters["topics_disagree"] == 2 == pair.patient.counters["topics_disagree"])
    chat.publish(String(data="not for a Bool"))
    assert pair.until(lambda: pair.patient.counters["topics_not_listed"] == 1)
    (number,) = pair.patient._topics._publishers
    pair.patient._topics._publish(number, b"", "latest")
    assert pair.patient.counters["topics_not_listed"] == 2, "listed, but as reliable"
    pair.patient._topics.received(Received(Stream.TOPIC, 1, bytes(40), "path1", 1.0, False))
    assert pair.patient.counters["topics_not_listed"] == 3
    told = pair.surgeon._topics._told
    assert any("/room/chat is not carried: here std_msgs/msg/String" in one and "std_msgs/msg/Bool" in one for one in told)


def test_no_topic_of_the_suite_or_of_safety_may_be_listed():
    for channel in CHANNELS.values():
        name = channel.name.replace("{arm}", "PSM1").replace("{eye}", "left")
        assert refusal(name) and refusal("/ns/" + name.lstrip("/")), name
    for name in ("/safety/anything", "/PSM1/servo_cv", "/x/move_jr", "/a/b/hold", "/rosout", "/clock"):
        assert refusal(name)
    for name in ("/room/temperature", "/PSM1/temperature", "/joystick", "/holder"):
        assert not refusal(name)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (UP.replace("std_msgs/msg/String", "nowhere_msgs/msg/Text"), "not installed at this site"),
        (UP.replace("msg/String", "msg/Strnig"), "not installed at this site"),
        (UP.replace("/room/chat", "/PSM1/servo_cp"), "only as a sealed command"),
        (UP.replace("/room/chat", "/console/status"), "console/status of the suite"),
        (UP.replace("rate: 50", "rate: 0"), "above 0"),
        (": [", "topics file"),
    ],
)
def test_a_bad_file_refuses_the_start(graph, tmp_path, identities, row, says):
    ends = [f"127.0.0.1:{port}" for port in pick_ports(4)]
    with pytest.raises(ConfigError, match=says):
        graph.make(
            TeleopBridge, side="surgeon", identity=identities["surgeon"], local=ends[:2], remote=ends[2:], topics_file=file(tmp_path, row)
        )


def test_the_shipped_file_lists_nothing_and_a_missing_one_is_refused():
    assert load_topics("config/topics.yaml") == () == load_topics("")
    with pytest.raises(ConfigError, match="nowhere"):
        load_topics("nowhere.yaml")
