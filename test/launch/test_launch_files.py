"""The launch files explain themselves and start the same graph. Needs launch, launch_ros, launch_testing: only ROS 2 has them."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
LAUNCH = HERE.parents[1] / "launch"
PATIENCE = 110.0

for module in ("launch.actions", "launch_ros.actions", "launch_testing.launch_test"):  # PyPI's `launch` is another project
    pytest.importorskip(module, reason=f"{module} comes only with a ROS 2 installation")

from telesurgery_nodes.cli.launch_arguments import ARGUMENTS  # noqa: E402
from telesurgery_nodes.errors import ConfigError  # noqa: E402
from telesurgery_nodes.resources import find_resource  # noqa: E402
from telesurgery_nodes.session import TABLE  # noqa: E402

PRESET = find_resource("config/links/lan.yaml")
pytestmark = pytest.mark.launch


def description(name):
    """What the launch file says, as `ros2 launch` reads it."""
    spec = importlib.util.spec_from_file_location(f"{name}_launch", LAUNCH / f"{name}.launch.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description()


def actions(name, **given):
    """What the launch file would start, which nobody starts here."""
    from launch import LaunchContext

    context = LaunchContext()
    context.launch_configurations.update(given)
    return [made for entity in description(name).entities for made in entity.execute(context) or ()]


def labels(found):
    """Names of the processes in the output."""
    from launch.actions import ExecuteProcess

    descriptions = [made.process_description for made in found if isinstance(made, ExecuteProcess)]
    return ["".join(part.text for part in one.name or ()) for one in descriptions]


@pytest.mark.parametrize("name", ["demo", "surgeon", "patient"])
def test_every_argument_is_described(name):
    found = description(name).get_launch_arguments()
    assert [argument.name for argument in found] == [argument.name for argument in ARGUMENTS]
    assert all(argument.description and argument.description != "no description given" for argument in found)


@pytest.mark.parametrize(("name", "enabled"), [("demo", "true"), ("surgeon", "false"), ("patient", "false")])
def test_only_the_demo_enables_without_the_local_team(name, enabled):
    found = {argument.name: argument.default_value for argument in description(name).get_launch_arguments()}
    assert found["enable_on_start"][0].text == enabled


def test_every_process_has_its_name_of_the_table_in_the_output(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    found = labels(actions("demo", preset=str(PRESET)))
    assert found[: len(TABLE)] == [row.name for row in TABLE]


BAD = {"nogo_file": "x", "fps": "abc", "preset": "lann", "no_go_file": "/nowhere", "patient_domain": "41"}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_argument_ends_the_launch_and_starts_nothing(name, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with pytest.raises(ConfigError, match=name):
        actions("demo", out=str(tmp_path / "out"), **{name: BAD[name]})
    assert not (tmp_path / "out").exists()


@pytest.mark.system
def test_the_demo_graph_comes_up_moves_and_stops():
    """In a process of its own: launch_testing's pytest plugin does not keep up with pytest."""
    command = [sys.executable, "-m", "launch_testing.launch_test", str(HERE / "demo_graph.py")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
