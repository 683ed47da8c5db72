"""The topic table: every row usable, and CRTK names keep the QoS their peers need."""

from __future__ import annotations

import pytest

from telesurgery_nodes.channels import CHANNELS
from telesurgery_nodes.errors import ConfigError

endpoints = pytest.importorskip("telesurgery_nodes.ros.endpoints", reason="needs rclpy")


@pytest.mark.parametrize("key", CHANNELS)
def test_every_row_has_a_message_class_and_words(key):
    row = CHANNELS[key]
    assert endpoints.message_class(row).__name__ == row.type.split("/")[1]
    assert row.what and row.site in ("surgeon", "patient", "both")


@pytest.mark.parametrize("key", CHANNELS)
def test_offer_and_request_match(key):
    from rclpy.qos import QoSCompatibility, qos_check_compatible

    row = CHANNELS[key]
    assert qos_check_compatible(endpoints.offered(row), endpoints.requested(row))[0] != QoSCompatibility.ERROR


def test_crtk_names_are_offered_reliable():
    from rclpy.qos import ReliabilityPolicy

    for key, row in CHANNELS.items():
        if row.name.startswith("{arm}"):
            assert endpoints.offered(row).reliability == ReliabilityPolicy.RELIABLE, key


def test_unknown_key_lists_the_known():
    with pytest.raises(ConfigError, match="permit"):
        endpoints.row("permitt")
