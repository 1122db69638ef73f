"""The part of the `patrons` command that makes and revokes API keys."""

import argparse
from typing import Any

PURPOSE = "make, list and revoke keys of the API"


def add(commands: Any) -> None:
    """Add ``keys``."""
    keys = commands.add_parser("keys", help=PURPOSE, description=f"{PURPOSE.capitalize()}.")
    actions = keys.add_subparsers(title="actions", required=True, metavar="ACTION")
    for name, run, purpose in ACTIONS:
        action = actions.add_parser(name, help=purpose, description=f"{purpose.capitalize()}.")
        action.set_defaults(run=run)
        if name != "list":
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


ACTIONS = (
    ("add", make, "make a key and show it once"),
    ("list", listing, "show who has keys, without the keys"),
    ("revoke", revoke, "make a key invalid"),
)
