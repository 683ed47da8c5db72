"""Certificates of every kind for tests: a consortium, hospitals, and device folders as a site computer has them."""

import os
from datetime import datetime, timedelta, timezone

from cryptography.hazmat.primitives import serialization

from telesurgery_nodes.trust.authority import Authority, Revocation, make_crl, make_hospital, make_root, new_key, sign_device
from telesurgery_nodes.trust.names import PeerName

NOW = datetime.now(timezone.utc)
LONG_AGO = NOW - timedelta(days=200)


def pem(thing):
    return thing.public_bytes(serialization.Encoding.PEM)


class Consortium:
    """Hospitals `rabat` and `pudong`; devices are written to folders below ``folder``."""

    def __init__(self, folder, name="east-west"):
        self.folder = folder / name
        self.root = make_root(name, LONG_AGO)
        self.hospitals = {site: self._hospital(site) for site in ("rabat", "pudong")}
        self.revoked = {"": [], "rabat": [], "pudong": []}

    def _hospital(self, site):
        key = new_key()
        return Authority(make_hospital(self.root, site, key.public_key(), LONG_AGO), key)

    def crls(self, at=NOW):
        lists = [make_crl(self.root, 1, self.revoked[""], at)]
        return lists + [make_crl(one, 1, self.revoked[site], at) for site, one in self.hospitals.items()]

    def device(self, name, site, role, issued=NOW, days=90, crl_at=NOW):
        """Folder of a device issued at that time; its lists say what is revoked by now."""
        key = new_key()
        certificate = sign_device(self.hospitals[site], PeerName(site, name, role), key.public_key(), issued, days)
        folder = self.folder / f"{site}-{name}-{role}"
        folder.mkdir(parents=True, mode=0o700)
        files = {
            "key.pem": key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
            "chain.pem": pem(certificate) + pem(self.hospitals[site].certificate),
            "trust.pem": pem(self.root.certificate),
            "crl.pem": b"".join(map(pem, self.crls(crl_at))),
        }
        for file, data in files.items():
            with os.fdopen(os.open(folder / file, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as out:
                out.write(data)
        return folder, certificate.serial_number

    def revoke(self, site, serial):
        self.revoked[site].append(Revocation(serial, NOW))
