"""The part of the `patrons` command that says what the ledger holds, and takes outcomes of a customer table."""

import argparse
from datetime import date
from pathlib import Path
from typing import Any

from patrons.cli.parts import command
from patrons.files import read_record, root_folder, shown

PURPOSE = "say what is kept of scores and outcomes, and take outcomes of a customer table"


def add(commands: Any) -> None:
    """Add ``outcomes``."""
    add_argument = command(commands, "outcomes", outcomes, PURPOSE, "telco --input left.csv")
    add_argument("name", metavar="NAME", help="the series, such as demo")
    add_argument(
        "--input",
        metavar="FILE",
        type=Path,
        help="of a table: the id, `day` (of scoring), `churned` (1 or 0) or its own label, and `spend` if known",
    )
    add_argument("--forget", metavar="ID", help="take a customer out of all that is kept")


def outcomes(arguments: argparse.Namespace) -> None:
    """``patrons outcomes``."""
    from patrons.monitoring.given import GivenError
    from patrons.monitoring.ledger import Ledger
    from patrons.monitoring.outcomes import log_of

    root, name = root_folder(), Path(arguments.name).name.removesuffix(".yaml")
    ledger, processed = Ledger(root / "data" / "ledger" / name), root / "data" / "processed" / name
    if arguments.forget and arguments.input:
        raise GivenError("Say either --input FILE or --forget ID.")
    if arguments.forget:
        _forget(ledger, arguments.forget)
        return
    log = log_of(processed)
    if arguments.input:
        _take(ledger, arguments.input, processed, log)
    _print_overview(ledger, log)


def _take(ledger: Any, path: Path, processed: Path, log: Any) -> None:
    from patrons.monitoring.given import GivenError, from_file

    stages = read_record(processed).get("stages", {})
    if "01_eda" not in stages:
        raise GivenError(f"There is no finished series {processed.name!r} in {shown(processed.parent)}: run it first.")
    if log is not None:
        raise GivenError(
            f"{processed.name} is an order log, which says by itself who ordered again: run the series on newer orders."
        )
    given = from_file(path, stages["01_eda"]["parameters"], ledger, date.today())
    print("\n".join(given.summary))
    done = ledger.receive(given.outcomes)
    print(f"Added {done.new:,}, corrected {done.corrected:,}, known before {done.completed + done.same:,}.\n")


def _forget(ledger: Any, customer_id: str) -> None:
    gone = ledger.forget(customer_id)
    print(f"{gone:,} rows of customer {customer_id} were taken out of {shown(ledger.folder)}.")
    print("Take the customer out of the source too, and run the series: else the next run keeps new scores.")


def _print_overview(ledger: Any, log: Any) -> None:
    from patrons.monitoring.outcomes import overview

    days = overview(ledger, log)
    if not len(days):
        print(f"Nothing is kept in {shown(ledger.folder)} yet: a series keeps its scores when it ends.")
        return
    print(f"{'day':10}  {'customers':>9}  {'matured':>7}  {'with outcome':>12}  {'without':>7}")
    for row in days.itertuples():
        matured, known = ("yes", f"{row.with_outcome:,}") if row.matured else ("not yet", "-")
        print(f"{row.day}  {row.customers:9,}  {matured:>7}  {known:>12}  {row.without_outcome:7,}")
    print(f"Outcomes corrected so far: {ledger.corrections():,}.")
    if aside := ledger.aside():
        print(f"Set aside, and not read: {', '.join(map(shown, aside))}.")
    print(f"{shown(ledger.folder)} holds personal data: see its README.md; --forget ID takes a customer out.")
