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

pytestmark = pytest.mark.launch


@pytest.mark.parametrize("name", ["demo", "surgeon", "patient"])
def test_every_argument_is_described(name):
    spec = importlib.util.spec_from_file_location(f"{name}_launch", LAUNCH / f"{name}.launch.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.generate_launch_description().get_launch_arguments()
    assert len(found) > 10
    assert all(argument.description and argument.description != "no description given" for argument in found)


@pytest.mark.system
def test_the_demo_graph_comes_up_moves_and_stops():
    """In a process of its own: launch_testing's pytest plugin does not keep up with pytest."""
    command = [sys.executable, "-m", "launch_testing.launch_test", str(HERE / "demo_graph.py")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
