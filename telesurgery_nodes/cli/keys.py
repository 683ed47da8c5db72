"""`telesurgery keys`: the consortium's root, the CA of each hospital, and the certificates of their devices."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from ..errors import ConfigError
from ..trust.authority import CRL_LIFE, DEVICE_DAYS
from ..trust.files import read_file
from ..trust.issuing import Order, issue, revoke_device, revoke_hospital, rotate
from ..trust.names import ROLES, PeerName
from ..trust.store import Outcome, Passphrases, Store, default_store, init, renew_hospital, take_lists
from . import keys_check, keys_show

CARRY = "device folders carried elsewhere need the new lists: copy {path} over crl.pem there; until then they trust what was revoked"


def clock() -> datetime:
    """Now; the only clock of this command."""
    return datetime.now(timezone.utc)


def _passphrase(name: str | None) -> bytes | None:
    if name is None:
        return None
    found = read_file(Path(name), "the passphrase file", private=True).rstrip(b"\r\n")
    if not found:
        raise ConfigError(f"the passphrase file {name!r} is empty; wanted one line")
    return found


def _secrets(args: argparse.Namespace) -> Passphrases:
    return Passphrases(_passphrase(args.passphrase_file), _passphrase(args.hospital_passphrase_file))


def _order(args: argparse.Namespace) -> Order:
    request = None if args.csr is None else read_file(Path(args.csr), "the request", private=False)
    return Order(args.days, request, str(args.csr), None if args.out is None else Path(args.out))


def _tell(store: Store, outcome: Outcome) -> int:
    for row in outcome.revoked:
        print(f"revoked: {row.name}, serial {row.serial:x}")
    for line in outcome.skipped:
        print(f"not renewed: {line}")
    if outcome.revoked:
        print(CARRY.format(path=store.root / "crl.pem"))
    return 0


def run_init(args: argparse.Namespace) -> int:
    """Make a consortium, or add hospitals."""
    store = Store(args.store)
    outcome = init(store, args.consortium, args.hospital, clock(), _secrets(args))
    print(f"consortium {args.consortium} with {', '.join(store.hospitals()) or 'no hospital yet'} in {store.root}")
    return _tell(store, outcome)


def run_issue(args: argparse.Namespace) -> int:
    """Make a device's folder."""
    store, name = Store(args.store), PeerName(args.hospital, args.device, args.role)
    outcome = issue(store, name, clock(), _secrets(args), _order(args))
    own_key = "" if args.csr is None else "; put the device's own key beside it as key.pem, mode 600"
    print(f"{name.uri} in {outcome.folder}{own_key}")
    return _tell(store, outcome)


def run_rotate(args: argparse.Namespace) -> int:
    """Renew a device, or a hospital's CA."""
    store = Store(args.store)
    if args.device is None:
        if args.csr is not None or args.out is not None:
            raise ConfigError("--csr and --out are for a device; name it with --device")
        outcome = renew_hospital(store, args.hospital, clock(), _secrets(args))
        print(f"CA of hospital {args.hospital} renewed, with the same key; device folders carried elsewhere stay good as long as before")
        return _tell(store, outcome)
    outcome = rotate(store, args.hospital, args.device, clock(), _secrets(args), _order(args))
    print(f"device {args.device} of {args.hospital} renewed in {outcome.folder}; carry the folder to it before its next session")
    return _tell(store, outcome)


def _serial(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no serial number; wanted hexadecimal digits, as `keys show` prints them") from error


def run_revoke(args: argparse.Namespace) -> int:
    """End a device's certificates, one certificate, or a hospital."""
    store, secrets = Store(args.store), _secrets(args)
    if args.device is None and args.serial is None:
        return _tell(store, revoke_hospital(store, args.hospital, clock(), secrets))
    return _tell(store, revoke_device(store, args.hospital, args.device, args.serial, clock(), secrets))


def run_crl(args: argparse.Namespace) -> int:
    """Renew the lists, and take those made elsewhere."""
    store = Store(args.store)
    for name in args.take:
        news = take_lists(store, read_file(Path(name), "the file", private=False), repr(name))
        print(f"{name}: {', '.join(news) or 'nothing new'}")
    with store.alone():
        skipped = store.refresh(clock(), _secrets(args))
    print(f"revocation lists in {store.root / 'crl.pem'}, good for {CRL_LIFE.days} days where renewed")
    return _tell(store, Outcome(skipped=skipped))


def run_show(args: argparse.Namespace) -> int:
    """Print what is there."""
    return keys_show.show(Store(args.store), None if args.path is None else Path(args.path), clock(), args.json)


def run_check(args: argparse.Namespace) -> int:
    """Print whether a device folder will do."""
    return keys_check.check(Path(args.folder), None if args.peer is None else Path(args.peer), clock(), args.json)


def _hospital(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hospital", required=True, metavar="H", help="name of the hospital, which is the site in its devices' names")


def _making(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--days", type=int, default=DEVICE_DAYS, metavar="N", help=f"how long it is valid (default {DEVICE_DAYS})")
    parser.add_argument("--out", metavar="DIR", help="make the folder here and not in the store; DIR must be new or empty")
    about = "a signing request (PKCS #10) of the device: its key never leaves it, no key.pem is written, names in the request are ignored"
    parser.add_argument("--csr", metavar="FILE", help=about)


def _init_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--consortium", required=True, metavar="NAME", help="name of the consortium, made if it is not there")
    parser.add_argument("--hospital", action="append", default=[], metavar="NAME", help="a hospital to add; may be repeated")


def _issue_arguments(parser: argparse.ArgumentParser) -> None:
    _hospital(parser)
    parser.add_argument("--device", required=True, metavar="D", help="name of the device at that hospital")
    parser.add_argument("--role", required=True, choices=ROLES, help="what it may be in a session")
    _making(parser)


def _revoke_arguments(parser: argparse.ArgumentParser) -> None:
    _hospital(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--device", metavar="D", help="end all certificates of this device")
    which.add_argument("--serial", type=_serial, metavar="N", help="end this one (hexadecimal, as `keys show` prints it)")


def _rotate_arguments(parser: argparse.ArgumentParser) -> None:
    _hospital(parser)
    parser.add_argument("--device", metavar="D", help="the device; without it the hospital's CA gets two more years, with its key")
    _making(parser)


def _crl_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--take", action="append", default=[], metavar="FILE", help="lists made in another store (its crl.pem); may be repeated"
    )


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path", nargs="?", metavar="DIR|FILE", help="a device folder, or a file of certificates or lists (default: the store)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="the device folder")
    parser.add_argument("--peer", metavar="FILE", help="chain.pem of the other site: would it be let in?")
    parser.add_argument("--json", action="store_true", help="print JSON")


# action -> what it does, its own arguments, what runs it, whether it opens the CAs' keys
ACTIONS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], int], bool]] = {
    "init": ("make a consortium and hospitals, or add hospitals to it", _init_arguments, run_init, True),
    "issue": ("make the folder of a device: key, certificate, what it trusts, revocation lists", _issue_arguments, run_issue, True),
    "show": ("what was issued, until when, and what is revoked", _show_arguments, run_show, False),
    "revoke": ("end a device's certificates, or with --hospital alone a whole hospital", _revoke_arguments, run_revoke, True),
    "rotate": ("new key and certificate for a device, the old ones revoked", _rotate_arguments, run_rotate, True),
    "crl": ("renew the revocation lists, take those of other stores", _crl_arguments, run_crl, True),
    "check": ("would this device folder do for a session? status 1 if not", _check_arguments, run_check, False),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the sub-command."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, (what, arguments, _, opens) in ACTIONS.items():
        sub = actions.add_parser(name, help=what, description=what)
        arguments(sub)
        sub.add_argument("--store", default=str(default_store()), metavar="DIR", help="folder of the authorities (default %(default)s)")
        if opens:
            about = "file with the passphrase of {}, readable only by you; `init` protects the key it makes with it"
            sub.add_argument("--passphrase-file", metavar="FILE", help=about.format("the consortium's key"))
            sub.add_argument("--hospital-passphrase-file", metavar="FILE", help=about.format("the hospital's key"))


def run(args: argparse.Namespace) -> int:
    """The sub-command."""
    return ACTIONS[args.action][2](args)
