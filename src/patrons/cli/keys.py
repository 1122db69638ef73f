"""The part of the `patrons` command that makes and revokes API keys, and signs releases."""

import argparse
from pathlib import Path
from typing import Any

from patrons.files import shown

SIGNING_KEY = "PATRONS_SIGNING_KEY"
PURPOSE = "make, list and revoke keys of the API, and sign releases"


def add(commands: Any) -> None:
    """Add ``keys``."""
    keys = commands.add_parser("keys", help=PURPOSE, description=f"{PURPOSE.capitalize()}.")
    actions = keys.add_subparsers(title="actions", required=True, metavar="ACTION", dest="action")
    for name, run, purpose in ACTIONS:
        action = actions.add_parser(name, help=purpose, description=f"{purpose.capitalize()}.")
        action.set_defaults(run=run)
        if name == "sign":
            action.add_argument("folder", metavar="FOLDER", type=Path, help="a release whose maker you trust")
        elif name != "list":
            action.add_argument("name", metavar="NAME", help="who uses it, such as crm-nightly")


def make(arguments: argparse.Namespace) -> None:
    """``patrons keys add``."""
    from patrons.service import keys

    key = keys.add(keys.default_file(), arguments.name)
    print(f"{key}\nThis is the only time that it is shown: store it where {arguments.name} keeps its secrets.")


def listing(arguments: argparse.Namespace) -> None:
    """``patrons keys list``."""
    from patrons.service import keys

    entries = keys.listed(keys.default_file())
    print(f"{keys.default_file()}: {len(entries)} keys")
    for number, entry in entries.items():
        state = f"revoked {entry['revoked']}" if entry["revoked"] else "in use"
        print(f"  {number}  {entry['name']:20}  made {entry['created']}  {state}")


def revoke(arguments: argparse.Namespace) -> None:
    """``patrons keys revoke``."""
    from patrons.service import keys

    keys.revoke(keys.default_file(), arguments.name)
    print(f"The key of {arguments.name} is no longer valid; a running service notices within a second.")


def sign(arguments: argparse.Namespace) -> None:
    """``patrons keys sign``."""
    from patrons.scoring import release, signatures

    release.read(arguments.folder)  # says what is no release before a key is made
    if made := signatures.make_key():
        print(f"Made the signing key {shown(made)}: copy it to the machines that are to check signatures, and keep it.")
    number = release.sign(arguments.folder)
    print(f"Signed release {number} in {shown(arguments.folder)}.")


ACTIONS = (
    ("add", make, "make a key and show it once"),
    ("list", listing, "show who has keys, without the keys"),
    ("revoke", revoke, "make a key invalid"),
    ("sign", sign, f"sign a release with the key that {SIGNING_KEY} names"),
)
