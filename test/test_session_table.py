"""The one table: complete, consistent with the nodes' declared parameters, and filled in without leaks between the sites."""

import ast
import socket
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

from telesurgery_nodes import free_ports, session
from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.session import SITES, TABLE, Of, SessionOptions, far_ends, layout, pick_domains, pick_ports, values, yaml_word

DEFAULT_EPHEMERAL_END = 60999  # net.ipv4.ip_local_port_range of Linux
NODES = Path(session.__file__).parent / "nodes"
OPTIONS = SessionOptions(
    domains=(20, 21), ports=tuple(range(40001, 40009)), out="/tmp/x", surgeon_identity="/tmp/s", patient_identity="/tmp/p"
)


def by_name(options=OPTIONS, **more):
    return {process.name: process for process in layout(options, **more)}


def test_every_node_of_the_design_runs_somewhere():
    assert {row.executable for row in TABLE} == {
        "master_input", "teleop_bridge", "arm_control", "simulation", "stereo_camera", "stereo_viewer", "safety_watchdog", "link_emulator",
    }  # fmt: skip


def test_names_are_unique_and_needs_come_first():
    seen = []
    for row in TABLE:
        assert row.site in SITES
        assert set(row.needs) <= set(seen), row.name
        assert row.name not in seen
        seen.append(row.name)


def test_the_hands_start_last_and_the_robot_first():
    assert TABLE[0].name == "simulation"
    assert TABLE[-1].name == "master_input"


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_placeholder_is_known(row):
    known = values(OPTIONS)
    assert all(value.field in known for value in row.parameters.values() if isinstance(value, Of))


def declared(executable):
    """Parameter dataclass of a node."""
    module = import_module(f"telesurgery_nodes.nodes.{executable}")
    kinds = [item.PARAMS for item in vars(module).values() if isinstance(item, type) and getattr(item, "NAME", "") == executable]
    return {spec.name: spec for spec in fields(kinds[0])}


@pytest.mark.parametrize("row", [row for row in TABLE if row.ros], ids=lambda row: row.name)
def test_every_parameter_is_declared_by_its_node_with_that_type(row):
    pytest.importorskip("rclpy")
    process, specs = by_name()[row.name], declared(row.executable)
    for name, value in {**process.params, **row.display}.items():
        assert name in specs, f"{row.executable} has no parameter {name}"
        spec = specs[name]
        default = spec.default_factory() if callable(spec.default_factory) else spec.default
        assert type(value) is type(default), f"{row.executable}.{name}: {value!r}"
        choices = spec.metadata["choices"]
        assert not choices or value in choices


@pytest.mark.parametrize("executable", sorted({row.executable for row in TABLE}))
def test_every_executable_has_a_main(executable):
    tree = ast.parse((NODES / f"{executable}.py").read_text())
    assert any(isinstance(item, ast.FunctionDef) and item.name == "main" for item in tree.body)


def test_the_sites_share_no_domain_and_the_emulator_has_none():
    processes = layout(OPTIONS)
    domains = {site: {process.domain for process in processes if process.site == site} for site in SITES}
    assert domains == {"surgeon": {20}, "patient": {21}, "wan": {None}}
    for process in processes:
        if process.domain is None:
            assert "ROS_DOMAIN_ID" not in process.env
        else:
            assert process.env["ROS_DOMAIN_ID"] == str(process.domain)
            assert process.env["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"


def test_each_bridge_talks_to_the_emulator_and_to_nobody_else():
    found = by_name()
    wan = found["link_emulator"].params
    assert found["teleop_bridge_surgeon"].params["remote"] == wan["surgeon"]
    assert found["teleop_bridge_patient"].params["remote"] == wan["patient"]
    assert found["teleop_bridge_patient"].params["local"] == wan["to_patient"]
    own = [*found["teleop_bridge_surgeon"].params["local"], *found["teleop_bridge_patient"].params["local"]]
    assert len({*own, *wan["surgeon"], *wan["patient"]}) == 4 * session.PATHS


def test_each_bridge_has_its_own_identity_and_side():
    found = by_name()
    surgeon, patient = found["teleop_bridge_surgeon"].params, found["teleop_bridge_patient"].params
    assert (surgeon["identity"], patient["identity"]) == ("/tmp/s", "/tmp/p")
    assert (surgeon["side"], patient["side"]) == ("surgeon", "patient")


def test_a_file_makes_the_jigsaws_device(tmp_path):
    file = tmp_path / "hands.txt"
    file.write_text("")
    params = by_name(SessionOptions(input=str(file), domains=(20, 21)))["master_input"].params
    assert (params["device"], params["file"]) == ("jigsaws", str(file))


@pytest.mark.parametrize("rate", [100.0, 250.0])
def test_one_rate_from_hands_to_motors(rate):
    made = by_name(SessionOptions(domains=(20, 21), rate=rate))
    said = {name: process.params["rate"] for name, process in made.items() if "rate" in process.params}
    loops = dict.fromkeys(("simulation", "arm_control", "teleop_bridge_patient"), rate)
    assert said == {**loops, **dict.fromkeys(("teleop_bridge_surgeon", "master_input"), pytest.approx(1.02 * rate))}


def test_only_the_asked_sites():
    assert {process.site for process in layout(OPTIONS, ("patient",))} == {"patient"}


@pytest.mark.parametrize(
    ("change", "says"),
    [({"robot": "clay"}, "kinematic"), ({"codec": "vp9"}, "h264"), ({"input": "/nope.txt"}, "scripted"), ({"ports": (1, 2)}, "wanted 8"),
     ({"rate": 99.0}, "rate: got 99.0, valid: 100 to 500 Hz"), ({"rate": float("nan")}, "rate: got nan"),
     ({"domains": (42, 42)}, "wanted two different domains, got 42 for both"),
     ({"domains": (-1, 42)}, "surgeon_domain: got -1, valid: 0 to"),
     ({"domains": (42, 233)}, "patient_domain: got 233, valid: 0 to 232"), ({"domains": (9999, 1)}, "got 9999, valid: 0 to 232")],
)
def test_bad_options_say_what_is_valid(change, says):
    with pytest.raises(ConfigError, match=says):
        layout(SessionOptions(**{"domains": (20, 21), **change}))


@pytest.mark.parametrize(
    ("value", "word"),
    [(True, "true"), (False, "false"), (3, "3"), (0.2, "0.2"), ("yes", "'yes'"), ("it's", "'it''s'"), ("", "''"), (["a"], "['a']")],
)
def test_yaml_words_keep_their_type(value, word):
    assert yaml_word(value) == word
    yaml = pytest.importorskip("yaml")
    assert yaml.safe_load(word) == value


def test_the_command_line_of_a_node_names_it():
    argv = by_name()["teleop_bridge_patient"].argv("py")
    assert argv[:4] == ["py", "-m", "telesurgery_nodes.cli.node", "teleop_bridge"]
    assert "__node:=teleop_bridge_patient" in argv
    assert "side:='patient'" in argv


def test_a_plain_process_gets_options():
    argv = by_name()["link_emulator"].argv("py")
    assert "--ros-args" not in argv
    assert argv[argv.index("--surgeon") + 1] == "127.0.0.1:40003,127.0.0.1:40004"


def test_a_domain_in_use_is_not_picked():
    first, second = pick_domains(start=7)
    assert first != second
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as busy:
        busy.bind(("", 7410 + 250 * first))
        assert first not in pick_domains(start=7)


def test_domains_stay_below_the_ephemeral_ports():
    for start in range(0, 400, 7):
        assert all(free_ports.FIRST_DOMAIN <= domain <= free_ports.LAST_DOMAIN for domain in pick_domains(start))


def test_the_ends_of_the_range_of_domains_are_in_it():
    assert {process.domain for process in layout(SessionOptions(domains=(0, 232)))} == {0, 232, None}


def test_ports_are_different_and_not_ephemeral():
    ports = pick_ports(8)
    assert len(set(ports)) == 8
    assert all(free_ports.FIRST_PORT <= port <= free_ports.LAST_PORT for port in ports)
    assert free_ports.FIRST_PORT > DEFAULT_EPHEMERAL_END


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_port_that_is_taken_for_either_is_not_picked(monkeypatch, kind):
    first, second, third = pick_ports(3)
    monkeypatch.setattr(free_ports.random, "sample", lambda whole, count: [first, second, third])
    with socket.socket(socket.AF_INET, kind) as busy:
        busy.bind(("127.0.0.1", second))
        with pytest.raises(ConfigError, match=r"wanted 3 free ports in 61000-65535 of 127\.0\.0\.1, found 2"):
            pick_ports(3)
    assert pick_ports(3) == (first, second, third)


def test_a_bridge_on_a_real_network_has_a_path_per_far_end():
    bridge = by_name()["teleop_bridge_surgeon"]
    params = far_ends(bridge, "192.0.2.1, 198.51.100.1:9", "10.0.0.5,10.1.0.5", "eth0,wwan0", path_mbit=20.0).params
    assert params["remote"] == ["192.0.2.1:47001", "198.51.100.1:9"]
    assert params["local"] == ["10.0.0.5:47001", "10.1.0.5:47002"]
    assert (params["interfaces"], params["path_names"], params["path_mbit"]) == (["eth0", "wwan0"], ["path1", "path2"], 20.0)
    assert params["side"] == "surgeon" and params["identity"] == "/tmp/s"
    three = far_ends(bridge, "192.0.2.1,192.0.2.2,192.0.2.3").params
    assert three["local"] == ["0.0.0.0:47001", "0.0.0.0:47002", "0.0.0.0:47003"] and three["interfaces"] == ["", "", ""]


@pytest.mark.parametrize("given", [("a,b", "c"), ("a", "", "eth0,eth1"), ("a,,b",), ("a,b", "c,")])
def test_paths_that_do_not_pair_up_are_refused(given):
    with pytest.raises(ConfigError, match="teleop_bridge_patient: wanted"):
        far_ends(by_name()["teleop_bridge_patient"], *given)
