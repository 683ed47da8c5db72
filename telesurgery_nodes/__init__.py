"""telesurgery_nodes: open ROS 2 suite for operating at a distance. Research, training and simulation; not a medical device."""

__version__ = "0.1.0"
