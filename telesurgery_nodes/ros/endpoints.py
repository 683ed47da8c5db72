"""QoS and message class of a row of channels.py."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from ..channels import CHANNELS, Channel
from ..errors import ConfigError
from .crtk import available


def row(key: str) -> Channel:
    """The row called ``key``. ConfigError lists the keys."""
    if key not in CHANNELS:
        raise ConfigError(f"no channel called {key!r}; known: {', '.join(CHANNELS)}")
    return CHANNELS[key]


def message_class(channel: Channel) -> Any:
    """Class of the channel's message type: CRTK's own where crtk_msgs is installed."""
    package, name = (channel.crtk if channel.crtk and available() else channel.type).split("/")
    return getattr(import_module(f"{package}.msg"), name)


def offered(channel: Channel) -> QoSProfile:
    """QoS of a publisher."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=channel.depth,
        reliability=ReliabilityPolicy.RELIABLE if channel.reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if channel.latched else DurabilityPolicy.VOLATILE,
    )


def requested(channel: Channel) -> QoSProfile:
    """QoS of a subscription. A stream where the newest wins asks BEST_EFFORT, which every publisher matches and never waits for."""
    streaming = channel.depth == 1 and not channel.latched and channel.rate > 0
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=channel.depth,
        reliability=ReliabilityPolicy.BEST_EFFORT if streaming or not channel.reliable else ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if channel.latched else DurabilityPolicy.VOLATILE,
    )
