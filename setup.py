"""Packaging for colcon (ament_python) and pip. Nodes are console scripts, devices are entry points."""

from glob import glob
from pathlib import Path

from setuptools import find_packages, setup

NAME = "telesurgery_nodes"
SHARED_FOLDERS = ("launch", "urdf", "config", "rviz")

NODES = (
    "master_input",
    "teleop_bridge",
    "arm_control",
    "simulation",
    "stereo_camera",
    "stereo_viewer",
    "safety_watchdog",
    "link_emulator",
)

DEVICES = {
    "masters": {"scripted": "scripted:ScriptedMaster", "jigsaws": "jigsaws:JigsawsMaster", "joy": "joy:JoyMaster"},
    "robots": {"mujoco": "mujoco:MujocoRobot", "kinematic": "kinematic:KinematicRobot"},
    "cameras": {"simulated": "simulated:SimulatedStereo"},
    "codecs": {"h264": "h264:H264Codec", "mjpeg": "mjpeg:MjpegCodec"},
    "paths": {"udp": "udp:UdpPath"},
}

# ROS comes from /opt/ros where it is installed, so the wheels are extras, never requirements. One set per environment.
COMMON = [
    "numpy>=1.21",
    "opencv-python-headless>=4.5",
    "transforms3d>=0.4",
    "PyYAML>=5.4",
    "cryptography>=42",
    "pyOpenSSL>=24.3",
    "matplotlib>=3.5",
    "psutil>=5.8",
]
WHEELS = ["rclpy", "rmw-fastrtps-cpp", "common-interfaces", "std-srvs"]
EXTRAS = {
    "test": ["pytest"],  # by this row colcon knows that the tests are pytest's; without it it runs none and says good
    "jazzy": [f"ros-jazzy-{name}" for name in WHEELS] + COMMON,
    "kilted": [f"ros-kilted-{name}" for name in WHEELS] + COMMON,
    "sim": ["mujoco>=3.2", "xacro>=2.0"],
    "video": ["av>=14,<20"],
    "ik": ["pin>=2.7", "pin-pink>=3.1", "qpsolvers>=4.4", "daqp>=0.6"],
    "dev": [
        "pytest>=8", "pytest-timeout>=2", "pytest-cov>=5", "pytest-rerunfailures>=14", "hypothesis>=6", "ruff>=0.8", "mypy>=1.11",
        "types-PyYAML",
    ],
}


def share_files():
    """Every file below the shared folders, at the same place below share/telesurgery_nodes."""
    found = [
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ]
    for folder in SHARED_FOLDERS:
        for path in sorted({str(Path(name).parent) for name in glob(f"{folder}/**/*", recursive=True) if Path(name).is_file()}):
            found.append((f"share/{NAME}/{path}", [name for name in glob(f"{path}/*") if Path(name).is_file()]))
    return found


setup(
    name=NAME,
    version="0.1.0",
    description="Open ROS 2 suite for operating at a distance (research and simulation; not a medical device)",
    license="Apache-2.0",
    maintainer="telesurgery_nodes maintainers",
    maintainer_email="maintainers@telesurgery-nodes.org",
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    data_files=share_files(),
    python_requires=">=3.10",
    install_requires=["setuptools"],
    extras_require=EXTRAS,
    zip_safe=True,
    entry_points={
        "console_scripts": [f"{node} = {NAME}.nodes.{node}:main" for node in NODES] + [f"telesurgery = {NAME}.cli.main:main"],
        **{
            f"{NAME}.{group}": [f"{name} = {NAME}.devices.{group}.{target}" for name, target in devices.items()]
            for group, devices in DEVICES.items()
        },
    },
)
