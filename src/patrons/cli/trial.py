"""The part of the `patrons` command that reads what became of a campaign."""

import argparse
from pathlib import Path
from typing import Any

from patrons.cli.parts import command
from patrons.files import root_folder, shown

PURPOSE = "compare those who were contacted with those held out, and say what save chance follows"


def add(commands: Any) -> None:
    """Add ``trial``."""
    add_argument = command(commands, "trial", trial, PURPOSE, "demo --orders new.csv")
    add_argument("name", metavar="NAME", help="the series, such as demo")
    add_argument(
        "--orders", metavar="FILE", type=Path, help="order lines, read as those of the series, up to the horizon's end"
    )
    add_argument(
        "--outcomes",
        metavar="FILE",
        type=Path,
        help="or a row a customer: customer_id with `ordered` (or `stayed`; 1 or 0), `spend`, or both",
    )
    add_argument(
        "--campaign", metavar="LIST", default="", help="a list in data/campaigns/NAME (that of the last results)"
    )


def trial(arguments: argparse.Namespace) -> None:
    """``patrons trial``."""
    from patrons.value import pool as pools
    from patrons.value import trial as trials
    from patrons.value import trial_narrative

    results = root_folder() / "data" / "processed" / Path(arguments.name).name.removesuffix(".yaml")
    if bool(arguments.orders) == bool(arguments.outcomes):
        raise trials.TrialError("Say what became of the customers: either --orders FILE or --outcomes FILE.")
    reading = trials.read(results, arguments.campaign, arguments.orders, arguments.outcomes)
    with trials.alone(results):
        entries = trials.added(results, reading)
        pool = pools.pool(results, entries)
        lines = [*trial_narrative.summary(entries[-1]), *trial_narrative.pooled(pool)]
        suggestion = trial_narrative.suggestion(pool.counted)
        path = trials.write(results, entries[-1], suggestion)
    print("\n".join(lines))
    where = f"For params/{results.name}.yaml, if you agree, in place of the save_chance there"
    print(f"\n{where} (also in {shown(path)}):\n{suggestion}", end="")
