"""arm_control with its collision guard: a path into a forbidden volume ends before it, back is free, unknown arms hold the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

rclpy = pytest.importorskip("rclpy")
pytest.importorskip("xacro")

from mesh_files import horseshoe  # noqa: E402
from test_arm_control import Site  # noqa: E402

from telesurgery_nodes.core.kinematics.frames import Frame, compose, inverse  # noqa: E402
from telesurgery_nodes.core.kinematics.reasons import Limit  # noqa: E402
from telesurgery_nodes.core.values import Phase  # noqa: E402
from telesurgery_nodes.errors import ConfigError  # noqa: E402
from telesurgery_nodes.nodes.arm_control import ArmControl  # noqa: E402
from telesurgery_nodes.tapes import read_tapes  # noqa: E402

PATIENCE = 150  # commands 20 ms apart
STEP_M = 0.003  # [m] a hand's step: below the gate's jump limit


def no_go(folder: Path, **changes: Any) -> str:
    """A ball 20 mm to the left of where PSM1's tip is at home (500, -25, 850)."""
    row = {
        "name": "ball", "forbid": "inside", "shape": {"kind": "sphere", "radius_mm": 5.0}, "frame": "patient_cart",
        "xyz_mm": [500.0, 2.0, 850.0], "rpy_deg": [0.0, 0.0, 0.0], "margin_mm": 3.0, "applies_to": "all",
    }  # fmt: skip
    path = folder / "no_go.yaml"
    path.write_text(yaml.safe_dump({"volumes": [{**row, **changes}]}))
    return str(path)


class Guarded(Site):
    """A site with more parameters."""

    def __init__(self, graph: Any, **parameters: Any) -> None:
        self.parameters = parameters
        self.hand: Frame | None = None  # where the hand was last: it does not jump
        make = graph.make
        graph.make = lambda kind, **given: make(kind, **given, **self.parameters)
        super().__init__(graph)
        graph.make = make

    def tip(self) -> Frame:
        return self.arm().controller.setpoint_view(self.node._rcm_views["PSM1"])

    def cart_tip(self) -> Frame:
        return compose(self.node._view_chain.forward(self.node._view_joints), self.tip())

    def drag(self, to: Frame, steps: int) -> None:
        """Hands that move the target towards ``to`` (cart frame) in small steps."""
        view = inverse(self.node._view_chain.forward(self.node._view_joints))
        goal, start = compose(view, to).p, self.hand if self.hand is not None else self.tip()
        for number in range(1, steps + 1):
            share = number / steps
            p = tuple(a + (b - a) * share for a, b in zip(start.p, goal, strict=True))
            self.hand = Frame(p, start.r)
            self.cp.publish(self.pose(self.hand))
            self.graph.spin_for(0.02)

    def pose(self, frame: Frame) -> Any:
        from telesurgery_nodes.ros.messages import pose_msg

        return pose_msg(frame, self.tester.get_clock().now().to_msg(), "endoscope_view")


def test_a_path_into_a_volume_ends_before_it_and_back_is_free(graph: Any, tmp_path: Path) -> None:
    site = Guarded(graph, no_go_file=no_go(tmp_path), tape_dir=str(tmp_path / "tapes"))
    site.homed()
    site.allow(Phase.FOLLOWING, True, 1)
    home = site.cart_tip()
    site.drag(Frame((home.p[0], home.p[1] + 0.03, home.p[2]), home.r), 60)
    report = site.node.collision.report
    assert Limit.COLLISION in site.arm().reasons
    assert "ball" in report.nearest and 0.0 <= report.distance - report.margin < 0.002
    assert site.cart_tip().p[1] < home.p[1] + 0.02
    values = site.node.diagnose()
    assert values["collision_nearest"] == report.nearest and values["collision_slow"] + values["collision_stop"] > 0
    assert site.arm().controller.counts["collision"] > 0
    site.drag(home, 30)
    for _ in range(PATIENCE):  # hands that stay there: an arm owes nothing to commands that have ended
        if abs(site.cart_tip().p[1] - home.p[1]) < 0.002:
            break
        site.drag(home, 1)
    assert abs(site.cart_tip().p[1] - home.p[1]) < 0.002
    site.node.close()
    tape = read_tapes(tmp_path / "tapes")["arm_control.collision"]
    assert np.nanmin(tape["distance_m"] - tape["margin_m"]) >= 0.0 and tape["slow"].max() + tape["stop"].max() > 0
    assert "d_PSM1/ball" in tape.columns and np.nanmin(tape["d_PSM1/ball"]) < 0.006


def test_an_unknown_arm_holds_the_others(graph: Any) -> None:
    site = Guarded(graph)
    site.homed()
    silent = site.outs.pop(("robot_measured_js", "PSM3"))
    site.outs["robot_measured_js", "PSM3"] = type("Silent", (), {"publish": lambda self, _msg: None})()
    assert graph.spin_until(lambda: site.node.collision.report.unknown == ("PSM3",))
    site.allow(Phase.FOLLOWING, True, 1)
    home = site.cart_tip()
    site.drag(Frame((home.p[0], home.p[1], home.p[2] + STEP_M), home.r), 20)
    assert site.cart_tip().p == pytest.approx(home.p, abs=1e-6)
    assert site.node.diagnose()["collision_unknown"] == "PSM3"
    site.outs["robot_measured_js", "PSM3"] = silent
    assert graph.spin_until(lambda: not site.node.collision.report.unknown)


@pytest.mark.parametrize(
    "changes", [{"frame": "nowhere"}, {"shape": {"kind": "mesh", "file": "missing.stl", "scale": 1.0}}, {"margin_mm": "3"}], ids=str
)
def test_a_bad_no_go_file_refuses_the_start(graph: Any, tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        graph.make(ArmControl, no_go_file=no_go(tmp_path, **changes))


def test_the_shipped_example_is_understood(graph: Any) -> None:
    node = graph.make(ArmControl, no_go_file="config/no_go_example.yaml")
    assert {"PSM1/vessel", "PSM1/work_space"} <= set(node.collision.guard.groups())
    with pytest.raises(ConfigError):
        graph.make(ArmControl, no_go_file="config/none.yaml")


def test_a_mesh_beside_its_file_is_read(graph: Any, tmp_path: Path) -> None:
    pytest.importorskip("coal")
    horseshoe(tmp_path)
    node = graph.make(ArmControl, no_go_file=no_go(tmp_path, shape={"kind": "mesh", "file": "shoe.stl", "scale": 1.0}))
    assert "PSM1/ball" in node.collision.guard.groups()
