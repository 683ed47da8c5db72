"""The launch files' arguments without ROS launch: types, names, and what follows from them."""

from dataclasses import fields

import pytest

from telesurgery_nodes.cli import launch_arguments
from telesurgery_nodes.cli.launch_arguments import ARGUMENTS, check_names, make_folder, options_of, processes_of, values_of, with_far_ends
from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.session import SITES, SessionOptions, layout

# Names ROS launch sets itself, and usual ones of launch files that include others.
FOREIGN = (
    "launch-prefix", "launch-prefix-filter", "emulate_tty", "ros_namespace", "ros_params", "ros_remaps", "global_params", "use_sim_time",
    "namespace", "params_file", "config_file", "log_file", "log_level", "robot_name", "rviz_config", "output", "domain", "path", "local",
)  # fmt: skip


def test_the_defaults_are_those_of_a_session_and_of_their_own_type():
    given = values_of({})
    assert given == {argument.name: argument.default for argument in ARGUMENTS}
    options = options_of(given)
    assert options.domains == (41, 42) and len(options.ports) == 8 and options.robot == "kinematic" and not options.enable_on_start
    untouched = {"robot", "codec", "enable_on_start", "domains", "ports"}
    for spec in fields(SessionOptions):
        assert spec.name in untouched or getattr(options, spec.name) == spec.default, spec.name


def test_every_option_can_be_given_but_the_duration():
    given = {argument.name for argument in ARGUMENTS}
    assert {spec.name for spec in fields(SessionOptions)} - given == {"duration", "domains", "ports"}


def test_values_arrive_in_the_options():
    texts = {"fps": "30", "scale": "0.5", "headless": "false", "surgeon_domain": "7", "no_go_file": "x.yaml", "enable_on_start": "true"}
    options = options_of(values_of(texts))
    assert (options.fps, options.scale, options.headless, options.domains) == (30, 0.5, False, (7, 42))
    assert (options.no_go_file, options.enable_on_start) == ("x.yaml", True)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("fps", "abc", "fps: wanted a whole number, got 'abc'"),
        ("fps", "25.5", "fps: wanted a whole number, got '25.5'"),
        ("surgeon_domain", "", "surgeon_domain: wanted a whole number, got ''"),
        ("scale", "0,2", "scale: wanted a number, got '0,2'"),
        ("path_mbit", "fast", "path_mbit: wanted a number, got 'fast'"),
        ("headless", "yes", "headless: got 'yes', valid: true, false"),
        ("robot", "clay", "robot: got 'clay', valid: mujoco, kinematic"),
    ],
)
def test_a_value_of_another_type_names_the_argument_and_what_was_wanted(name, text, words):
    with pytest.raises(ConfigError) as refused:
        values_of({name: text})
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("nogo_file", "no_go_file"), ("no_go", "no_go_file"), ("no-go-file", "no_go_file"), ("no_go_files", "no_go_file"),
     ("headles", "headless"), ("FPS", "fps"), ("surgeon_path", "surgeon_paths"), ("topic_file", "topics_file"),
     ("enable_at_start", "enable_on_start")],
)  # fmt: skip
def test_a_misspelt_name_is_refused_with_the_nearest(typed, meant):
    with pytest.raises(ConfigError, match=f"unknown launch argument {typed}; did you mean {meant}[?] valid: preset, input"):
        values_of({typed: "x"})


def test_names_of_launch_itself_and_of_an_including_file_pass():
    check_names(FOREIGN)
    check_names(argument.name for argument in ARGUMENTS)


@pytest.mark.parametrize(
    "texts",
    [
        {"surgeon_paths": "192.0.2.1,192.0.2.2", "surgeon_local": "10.0.0.5"},
        {"surgeon_local": "10.0.0.5"},
        {"surgeon_interfaces": "eth0"},
        {"surgeon_paths": "192.0.2.1,,192.0.2.2"},
    ],
)
def test_lists_that_do_not_pair_up_name_their_arguments(texts):
    given = values_of(texts)
    bridge = next(process for process in layout(options_of(given)) if process.name == "teleop_bridge_surgeon")
    with pytest.raises(ConfigError, match=r"surgeon_paths, surgeon_local, surgeon_interfaces: .*wanted"):
        with_far_ends(bridge, given)


def test_the_folder_for_logs_is_there_before_the_emulator(tmp_path):
    found = processes_of({"out": str(tmp_path / "s")}, SITES, str(tmp_path / "identities"))
    stats = next(process for process in found if process.name == "link_emulator").params["stats"]
    open(stats, "w").close()
    with pytest.raises(ConfigError, match="out: wanted a folder to write to, got"):
        make_folder(stats)


def test_a_session_that_is_refused_leaves_no_folder(tmp_path):
    with pytest.raises(ConfigError, match="stereo_camera: parameter fps: got 100, valid: 1 to 60"):
        processes_of({"out": str(tmp_path / "s"), "fps": "100"}, SITES, str(tmp_path / "identities"))
    assert not (tmp_path / "s").exists()


def test_a_preset_may_be_a_file_and_an_unknown_name_lists_the_valid(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("paths:\n- {name: a, up: {delay_ms: 1}, down: {delay_ms: 1}}\n- {name: b, up: {delay_ms: 1}, down: {delay_ms: 1}}\n")
    found = processes_of({"preset": str(own)}, ("wan",), str(tmp_path / "identities"))
    assert [process.params["preset"] for process in found] == [str(own)]
    for preset, words in (("lann", "no preset 'lann'; valid: .*lan"), (str(tmp_path / "no.yaml"), "no.yaml")):
        with pytest.raises(ConfigError, match=words):
            processes_of({"preset": preset}, ("wan",), str(tmp_path / "identities"))


def test_between_two_hosts_no_emulator_runs_and_no_identity_is_made(tmp_path, identities, monkeypatch):
    monkeypatch.setattr(launch_arguments, "one_machine", None)
    texts = {"patient_paths": "192.0.2.1,192.0.2.2", "patient_identity": identities["patient"]}
    found = processes_of(texts, ("patient", "wan"))
    assert {process.site for process in found} == {"patient"}
    bridge = next(process for process in found if process.executable == "teleop_bridge")
    assert bridge.params["remote"] == ["192.0.2.1:47001", "192.0.2.2:47002"] and bridge.params["path_mbit"] == 50.0
