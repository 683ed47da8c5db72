"""The one name a device certificate carries: ``telesurgery://<site>/<device>/<role>``.

The site stands where a URI has its host, because a name constraint on URIs looks at the host: so OpenSSL itself refuses a hospital
that issues for another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509

from ..errors import ConfigError, WrongRole

SCHEME = "telesurgery"
ROLES = ("surgeon", "patient", "observer")
# A host label of RFC 1123, in lower case. fullmatch, since `$` lets a line feed pass.
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
NAME = re.compile(rf"{SCHEME}://([^/]*)/([^/]*)/([^/]*)")


def check_label(what: str, text: str) -> str:
    """``text`` if it can be a name of a site, device or consortium. ConfigError else."""
    if not LABEL.fullmatch(text):
        raise ConfigError(
            f"{what} {text!r} is no name; wanted 1 to 63 lower-case letters, digits and hyphens, with no hyphen first or last (hospital-a)"
        )
    return text


@dataclass(frozen=True, order=True)
class PeerName:
    """Which device of which site, and what it may be in a session. ConfigError for anything that is no name."""

    site: str
    device: str
    role: str

    def __post_init__(self) -> None:
        check_label("site", self.site)
        check_label("device", self.device)
        if self.role not in ROLES:
            raise ConfigError(f"role {self.role!r} is unknown; valid: {', '.join(ROLES)}")

    @property
    def uri(self) -> str:
        """The name as it stands in the certificate."""
        return f"{SCHEME}://{self.site}/{self.device}/{self.role}"

    @classmethod
    def parse(cls, uri: str) -> PeerName:
        """The name in ``uri``. ConfigError where it is none."""
        match = NAME.fullmatch(uri)
        if match is None:
            raise ConfigError(f"{uri!r} is no name of a device; wanted {SCHEME}://<site>/<device>/<role>")
        return cls(*match.groups())


def _shown(names: Iterable[x509.GeneralName]) -> str:
    return ", ".join(repr(getattr(name, "value", name)) for name in names)


def name_in(certificate: x509.Certificate) -> PeerName:
    """The name of the device. WrongRole unless it is the only subject alternative name: a second one would be somebody else's, too."""
    wanted = f"wanted exactly one subject alternative name, a URI {SCHEME}://<site>/<device>/<role>"
    try:
        names = list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound as error:
        raise WrongRole(f"the certificate says no role: {wanted}, it has none") from error
    except (x509.DuplicateExtension, ValueError) as error:
        raise WrongRole(f"the certificate's extensions cannot be read ({error}): {wanted}") from error
    if len(names) != 1 or not isinstance(names[0], x509.UniformResourceIdentifier):
        raise WrongRole(f"the certificate says no role, or several: {wanted}, it has {len(names)}: {_shown(names)}")
    try:
        return PeerName.parse(names[0].value)
    except ConfigError as error:
        raise WrongRole(f"the certificate says no role: {error}") from error
