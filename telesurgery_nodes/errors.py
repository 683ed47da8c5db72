"""The one error tree of the suite.

TelesurgeryError
├── ConfigError        a file, parameter, argument or session the user gave cannot be used
├── DeviceError        a master, robot, camera, codec or path does not do what its Protocol says
├── LinkError
│   ├── LocalLinkError    we tried to send or set up something that is not allowed
│   └── RemoteLinkError   the peer or the line did wrong (forged, replayed, malformed)
├── KinematicsError    no solution, outside the reachable space
└── SafetyError        an operation the safety rules refuse

Every message says what was wanted, what came, and what is valid. `LinkError`s raised while receiving are counted and dropped by
the caller: they never stop a node.
"""


class TelesurgeryError(Exception):
    """Base of every error this package raises on purpose."""


class ConfigError(TelesurgeryError, ValueError):
    """Something the user gave (file, parameter, argument) cannot be used."""


class DeviceError(TelesurgeryError):
    """A device behind a Protocol does not do what the Protocol says."""


class LinkError(TelesurgeryError):
    """Anything about the datagram link between the sites."""


class LocalLinkError(LinkError):
    """This side asked the link for something that is not allowed."""


class RemoteLinkError(LinkError):
    """The peer or the line did wrong: malformed, forged, replayed, foreign."""


class KinematicsError(TelesurgeryError):
    """A pose has no solution, or is not a pose."""


class SafetyError(TelesurgeryError):
    """The safety rules refuse this."""
