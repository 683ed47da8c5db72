"""The one error tree of the suite.

TelesurgeryError
├── ConfigError        a file, parameter, argument or session the user gave cannot be used
├── MessageError       the bytes on a topic are no message of its type, or a message cannot be written
├── DeviceError        a master, robot, camera, codec or path does not do what its Protocol says
├── LinkError
│   ├── LocalLinkError    we tried to send or set up something that is not allowed
│   ├── RemoteLinkError   the peer or the line did wrong (forged, replayed, malformed)
│   └── TrustError         who is at the other end, or who we are, cannot be trusted
│       ├── UnknownAuthority     signed by a CA that is not of this consortium
│       ├── CertificateExpired   its time is over, or has not begun
│       ├── CertificateExpiring  too little of its time is left to begin a session
│       ├── CertificateRevoked   on a revocation list, or no valid list to look in
│       ├── WrongRole            the certificate's role may not do this
│       ├── NoCertificate        the peer showed none
│       ├── TlsTooOld            the peer speaks no TLS 1.3
│       ├── SessionReplayed      a session that was already used or replaced
│       └── ConfigurationDiffers the two sites' URDF, limits or configuration are not the same
├── KinematicsError    no solution, outside the reachable space
└── SafetyError        an operation the safety rules refuse

Every message says what was wanted, what came, and what is valid. `LinkError`s raised while receiving are counted and dropped by
the caller: they never stop a node.
"""


class TelesurgeryError(Exception):
    """Base of every error this package raises on purpose."""


class ConfigError(TelesurgeryError, ValueError):
    """Something the user gave (file, parameter, argument) cannot be used."""


class MessageError(TelesurgeryError):
    """Bytes that are no message of the topic's type, or a value no message can hold."""


class DeviceError(TelesurgeryError):
    """A device behind a Protocol does not do what the Protocol says."""


class LinkError(TelesurgeryError):
    """Anything about the datagram link between the sites."""


class LocalLinkError(LinkError):
    """This side asked the link for something that is not allowed."""


class RemoteLinkError(LinkError):
    """The peer or the line did wrong: malformed, forged, replayed, foreign."""


class TrustError(LinkError):
    """Who is at the other end, or who we are, cannot be trusted: no datagram is accepted."""


class UnknownAuthority(TrustError):
    """A certificate that no CA of this consortium signed."""


class CertificateExpired(TrustError):
    """A certificate or a CA whose time is over or has not begun."""


class CertificateExpiring(TrustError):
    """A certificate with too little time left to begin a session on it."""


class CertificateRevoked(TrustError):
    """A certificate on its CA's revocation list, or a list that is missing or outdated, so that nobody can tell."""


class WrongRole(TrustError):
    """The role in the certificate may not hold this end of a session."""


class NoCertificate(TrustError):
    """The peer showed no certificate."""


class TlsTooOld(TrustError):
    """The peer speaks no TLS 1.3."""


class SessionReplayed(TrustError):
    """A session that was used, or replaced, before."""


class ConfigurationDiffers(TrustError):
    """The two sites do not agree on URDF, limits or configuration."""


class KinematicsError(TelesurgeryError):
    """A pose has no solution, or is not a pose."""


class SafetyError(TelesurgeryError):
    """The safety rules refuse this."""
