"""What a node would refuse is refused before anything starts, by the node's own rules and with the process's name."""

import pytest

pytest.importorskip("rclpy")

from telesurgery_nodes.cli.beforehand import check_processes
from telesurgery_nodes.cli.launch_arguments import processes_of
from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.session import SITES, SessionOptions, layout

SPHERE = """volumes:
- {name: n, forbid: inside, shape: {kind: sphere, radius_mm: %s}, frame: patient_cart, xyz_mm: [0, 0, 0], rpy_deg: [0, 0, 0], margin_mm: 5,
   applies_to: all}
"""
TOPIC = "topics:\n- {name: %s, type: %s, direction: to_surgeon, rate: 5, priority: latest}\n"
FAR = {"surgeon_paths": "192.0.2.1,192.0.2.2", "patient_paths": "192.0.2.1,192.0.2.2"}


@pytest.fixture
def refused(identities):
    """What a session with these arguments is told."""

    def run(**texts):
        own = {f"{role}_identity": folder for role, folder in identities.items()}
        with pytest.raises(ConfigError) as error:
            processes_of({**FAR, **own, **texts}, SITES)
        return str(error.value)

    return run


def test_a_whole_session_passes(identities):
    own = {f"{role}_identity": folder for role, folder in identities.items()}
    check_processes(layout(SessionOptions(domains=(20, 21), **own)))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("scale", "5", "teleop_bridge_surgeon: parameter scale: got 5.0, valid: 0.01 to 1"),
        ("scale", "nan", "parameter scale: got nan"),
        ("width", "63", "stereo_camera: parameter width: got 63, valid: 64 to 3840"),
        ("width", "641", "stereo_camera: an eye must have even sizes"),
        ("fps", "0", "stereo_camera: parameter fps: got 0, valid: 1 to 60"),
        ("seed", "-1", "master_input: parameter seed: got -1"),
        ("playout_ms", "5000", "teleop_bridge_patient: parameter playout_ms: got 5000.0, valid: 0 to 1000"),
        ("path_mbit", "0", "parameter path_mbit: got 0.0, valid: 0.5 to 10000"),
        ("no_go_file", "/nowhere/n.yaml", "arm_control: no_go_file: there is no /nowhere/n.yaml"),
        ("topics_file", "/nowhere/t.yaml", "topics_file: there is no /nowhere/t.yaml"),
        ("patient_identity", "/nowhere", "teleop_bridge_patient: "),
        ("surgeon_identity", "", "teleop_bridge_surgeon: no device folder was named"),
        ("surgeon_paths", "192.0.2.1:x", "teleop_bridge_surgeon: address '192.0.2.1:x'; wanted host:port"),
    ],
)
def test_what_a_node_refuses_is_refused_before(refused, name, text, words):
    assert words in refused(**{name: text})


def test_the_other_sites_device_is_refused(refused, identities):
    assert "teleop_bridge_surgeon: " in refused(surgeon_identity=identities["patient"])
    assert "of role patient; wanted surgeon" in refused(surgeon_identity=identities["patient"])


def test_a_bad_volume_is_refused_and_a_good_one_passes(tmp_path, refused, identities):
    file = tmp_path / "n.yaml"
    file.write_text(SPHERE % "-4")
    assert "radius_mm" in refused(no_go_file=str(file))
    file.write_text("{")
    assert f"{file}: YAML wanted" in refused(no_go_file=str(file))
    file.write_text(SPHERE % "4")
    own = {f"{role}_identity": folder for role, folder in identities.items()}
    check_processes(layout(SessionOptions(domains=(20, 21), no_go_file=str(file), **own)))


def test_a_topic_that_must_not_cross_or_whose_type_is_not_installed(tmp_path, refused):
    file = tmp_path / "t.yaml"
    file.write_text(TOPIC % ("safety/permit", "std_msgs/msg/String"))
    assert "safety" in refused(topics_file=str(file))
    file.write_text(TOPIC % ("scope", "no_such_msgs/msg/Thing"))
    assert "is not installed at this site" in refused(topics_file=str(file))


def test_a_preset_with_too_few_paths_is_refused_by_the_emulators_own_rule(tmp_path, identities):
    preset = tmp_path / "one.yaml"
    preset.write_text("paths:\n- {name: a, up: {delay_ms: 1}, down: {delay_ms: 1}}\n")
    with pytest.raises(ConfigError, match="link_emulator: 2 surgeon and 2 patient addresses; wanted the same number, 1 to 1"):
        check_processes(layout(SessionOptions(domains=(20, 21), preset=str(preset)), ("wan",)))
