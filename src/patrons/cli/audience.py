"""The part of the `patrons` command that writes members of a segment for a marketing tool."""

import argparse
from pathlib import Path
from typing import Any

from patrons.cli.parts import command
from patrons.files import root_folder, shown, whole

PURPOSE = "write the members of a segment, or those warned of, as a file that a marketing tool imports"
EXAMPLE = 'demo --segment "Lapsed regulars" --form klaviyo --customers crm.csv --output lapsed.csv'


def add(commands: Any) -> None:
    """Add ``audience``."""
    add_argument = command(commands, "audience", audience, PURPOSE, EXAMPLE)
    add_argument("name", metavar="NAME", help="the series, such as demo")
    add_argument("--segment", default="", help="whose members")
    add_argument("--flagged", action="store_true", help="only those warned of as likely to leave")
    add_argument("--form", required=True, help="klaviyo, mailchimp or google (Customer Match, with hashed addresses)")
    add_argument("--column", default="", help="the column of addresses or ids (the one that names and values say)")
    add_argument(
        "--customers",
        metavar="FILE",
        type=Path,
        help="a file with customer_id and addresses (the customers of the series)",
    )
    add_argument("--output", metavar="FILE", type=Path, required=True, help="where the CSV file goes")


def audience(arguments: argparse.Namespace) -> None:
    """``patrons audience``."""
    from patrons.intake import roster
    from patrons.value import audiences

    processed = root_folder() / "data" / "processed" / Path(arguments.name).name.removesuffix(".yaml")
    customers = roster.read_attributes(arguments.customers) if arguments.customers else None
    made = audiences.of(processed, arguments.form, arguments.segment, arguments.flagged, arguments.column, customers)
    with whole(arguments.output) as partial:
        partial.write_bytes(audiences.content(made.table))
    print(
        f"{shown(arguments.output)}: {len(made.table):,} of {made.members:,} customers, for "
        f"{audiences.FORMS[arguments.form]}. Left out: {made.held:,} held out, {made.without:,} without an address or "
        "id of their own."
    )
    print("\n".join(made.notes), end="\n" if made.notes else "")
