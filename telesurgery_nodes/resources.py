"""Find a file the package ships (urdf/, config/, launch/, rviz/) in a source tree, below a pip or colcon prefix, or by the ament index."""

from __future__ import annotations

import sys
from pathlib import Path

from .errors import ConfigError

PACKAGE = "telesurgery_nodes"


def _roots() -> list[Path]:
    """Places in the order they are tried: the source tree first, so that an edit is seen at once."""
    here = Path(__file__).resolve().parent
    roots = [here.parent]
    # A wheel or colcon puts lib/pythonX.Y/site-packages and share/ below one prefix.
    roots += [parent / "share" / PACKAGE for parent in here.parents]
    roots.append(Path(sys.prefix) / "share" / PACKAGE)
    try:
        from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
    except ImportError:
        return roots
    try:
        roots.append(Path(get_package_share_directory(PACKAGE)))
    except (PackageNotFoundError, OSError):
        return roots  # not built by colcon: the other places are all there is
    return roots


def find_resource(relative: str) -> Path:
    """Path of a shipped file or folder such as ``urdf/patient_cart.urdf.xacro``. ConfigError says where was looked."""
    if Path(relative).is_absolute() and not Path(relative).exists():
        raise ConfigError(f"there is no {relative}")
    tried = []
    for root in _roots():
        candidate = root / relative
        if candidate.exists():
            return candidate
        tried.append(str(root))
    raise ConfigError(f"{relative!r} is not of this package; it is below none of: {', '.join(tried)}")


def find_file(name: str, what: str) -> Path:
    """A file the user names: a path, or a file of this package. ConfigError says where was looked; ``what`` is the parameter's name."""
    given = Path(name).resolve()
    if given.is_file():
        return given
    try:
        return find_resource(name)
    except ConfigError as error:
        near = "" if Path(name).is_absolute() else f"there is no {given}, and "
        raise ConfigError(f"{what}: {near}{error}") from error
