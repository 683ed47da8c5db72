"""Each finding says what to do."""

import json
from datetime import datetime, timedelta, timezone

import pytest

from telesurgery_nodes.cli import doctor, main
from telesurgery_nodes.trust.demo import ensure_demo


@pytest.mark.parametrize(("version", "level"), [((3, 9), "bad"), ((3, 10), "good"), ((3, 13), "good"), ((3, 15), "bad")])
def test_python(version, level):
    assert doctor.check_python(version).level == level


def test_rclpy_missing_says_how_to_get_it():
    found = doctor.judge_rclpy(None, "/venv", {})
    assert (found.level, "make" in found.do) == ("bad", True)


def test_wheels_beside_a_sourced_ros_are_a_clash():
    found = doctor.judge_rclpy("/venv/lib/rclpy/__init__.py", "/venv", {"PYTHONPATH": "/opt/ros/jazzy/lib/python3.12"})
    assert found.level == "bad"
    assert "unset PYTHONPATH" in found.do


@pytest.mark.parametrize(
    ("origin", "environment"),
    [("/venv/lib/rclpy/__init__.py", {}), ("/opt/ros/jazzy/lib/rclpy/__init__.py", {"AMENT_PREFIX_PATH": "/opt/ros/jazzy"})],
)
def test_one_ros_is_good(origin, environment):
    assert doctor.judge_rclpy(origin, "/venv", environment).level == "good"


NOW = datetime.now(timezone.utc)


@pytest.mark.parametrize(("mode", "level"), [(0o600, "good"), (0o640, "bad"), (0o604, "bad")])
def test_identities_are_private_or_bad(tmp_path, mode, level):
    ensure_demo(tmp_path, NOW)
    for key in tmp_path.rglob("devices/**/key.pem"):
        key.chmod(mode)
    assert doctor.judge_identities(str(tmp_path), NOW).level == level


def test_identities_out_of_date_are_bad(tmp_path):
    ensure_demo(tmp_path, NOW)
    assert doctor.judge_identities(str(tmp_path), NOW + timedelta(days=91)).level == "bad"


def test_no_identities_yet_are_no_fault(tmp_path):
    assert doctor.judge_identities(str(tmp_path / "none"), NOW).level == "note"


def test_everything_that_is_not_good_says_what_to_do(capsys):
    main.main(["doctor", "--json"])
    findings = json.loads(capsys.readouterr().out)
    assert len(findings) == len(doctor.CHECKS)
    assert all(finding["do"] for finding in findings if finding["level"] != "good")


def test_status_follows_the_worst(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "CHECKS", (lambda: doctor.Finding("x", doctor.BAD, "broken", "mend it"),))
    assert main.main(["doctor"]) == 1
    assert "-> mend it" in capsys.readouterr().out
