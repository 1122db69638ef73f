"""The `patrons` command. Each subcommand imports what it needs, so that help comes at once."""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

from patrons import __version__, events
from patrons.cli import (
    audience,
    backup,
    compare,
    dag,
    deploy,
    dvc,
    init,
    keys,
    metrics,
    outcomes,
    params,
    retrain,
    scale,
    scoring,
    trial,
)
from patrons.cli.parts import command, natural
from patrons.errors import PATRONS, RUN_ALL, PassingError, is_expected
from patrons.files import root_folder, shown

OF_A_SERIES = ("log", "trial", "audience", "outcomes", "compare", "retrain", "models", "deploy")  # as their NAME says
FEWEST = 50  # customers of a simulated shop
EXAMPLES = f"""examples:
  {PATRONS} simulate                        make up the demo shop, in data/raw/demo
  {PATRONS} simulate --customers 400 --folder data/raw/small
  {PATRONS} init ~/orders.csv               look at your data and write params/orders.yaml for it
  {PATRONS} params                          every parameter with its default and meaning
  {PATRONS} params 03                       those of one notebook
  {PATRONS} fetch online_retail             download a public order log into data/raw
  {PATRONS} log demo                        send to MLflow what run_all.py could not
  {PATRONS} predict --params demo --input data/raw/demo/new_orders.csv --output scored.csv
  {PATRONS} trial demo --orders new.csv     what the contacts did, beside those held out
  {PATRONS} audience demo --segment "Lapsed regulars" --form klaviyo --customers crm.csv --output lapsed.csv
                                                    its members, as a file that Klaviyo imports
  {PATRONS} outcomes demo                   what is kept of scores, and what became of them
  {PATRONS} compare demo                    what changed since the run before
  {PATRONS} dvc mine --write                write the pipeline by which DVC versions data and results
  {PATRONS} retrain demo --if-needed        train and promote anew where monitoring says so
  {PATRONS} models promote demo             let the candidate answer from now on
  {PATRONS} deploy demo --releases ~/releases
                                                    let it answer behind the balancer, and watch it
  {PATRONS} backup --to /mnt/backups        copy what MLflow keeps, while it is in use"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code: 0, or what its help lists.

    Else 2 for what must be corrected and 1 for what may pass by itself, each with one line on stderr.
    """
    arguments = parser().parse_args(argv)
    name = " ".join(filter(None, (getattr(arguments, part, None) for part in ("called", "action", "step"))))
    return events.command(name, partial(_run, arguments), series=_series(arguments))


def _series(arguments: argparse.Namespace) -> str | None:
    """The series that a command is about."""
    named = getattr(arguments, "name", None) if arguments.called in OF_A_SERIES else getattr(arguments, "params", None)
    return named and Path(named).name.removesuffix(".yaml")


def _run(arguments: argparse.Namespace, log: events.Log) -> int:
    code = 0
    try:
        code = arguments.run(arguments) or 0
        sys.stdout.flush()
    except BrokenPipeError:  # such as `patrons params | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if not is_expected(error):
            raise
        print(f"patrons: {' '.join(str(error).split())}", file=sys.stderr)
        log.add(error=type(error).__name__)
        return 1 if isinstance(error, PassingError) else 2
    return code


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = argparse.ArgumentParser(
        prog=PATRONS,
        description=f"Customer segments, churn and value as a series of notebooks. The series itself: {RUN_ALL} --help",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    line.add_argument("--version", action="version", version=f"patrons {__version__}")
    commands = line.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="called")

    add = command(commands, "simulate", simulate, "make up a small shop with an order log", "--customers 400 --force")
    add("--folder", type=Path, help="where its files go (data/raw/demo)")
    add("--customers", metavar="N", type=_customers, default=4000, help="how many sign up (4000)")
    add("--seed", metavar="N", type=natural, default=7, help="another number gives another shop (7)")
    change = "from this day on customers order less, so that monitoring has something to find: 2025-05-01 (never)"
    add("--change", metavar="DAY", type=_day, help=change)
    add("--force", action="store_true", help="overwrite the files")

    add = command(
        commands, "fetch", fetch, "download a public order log, check it, keep it in data/raw", "online_retail"
    )
    add("name", metavar="NAME", help="online_retail (UCI 352) or online_retail_ii (UCI 502)")
    add("--force", action="store_true", help="download it again")

    init.add(commands)

    add = command(commands, "log", log, "send the results of a series to MLflow, once", "demo")
    add("name", metavar="NAME", help="the series, such as demo: a folder in data/processed")

    params.add(commands)
    scoring.add(commands)
    trial.add(commands)
    audience.add(commands)
    outcomes.add(commands)
    compare.add(commands)
    retrain.add(commands)
    keys.add(commands)
    backup.add(commands)
    scale.add(commands)
    metrics.add(commands)
    deploy.add(commands)
    dvc.add(commands)
    dag.add(commands)
    return line


def _customers(text: str) -> int:
    if not text.isdecimal() or int(text) < FEWEST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {FEWEST}")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2025-05-01") from None


def simulate(arguments: argparse.Namespace) -> None:
    """``patrons simulate``."""
    folder = arguments.folder or root_folder() / "data" / "raw" / "demo"
    from patrons.demo import newcomers, pieces
    from patrons.demo import simulate as shops

    if not arguments.force and all((folder / file).exists() for file in shops.FILES):
        print(f"{shown(folder)} holds a simulated shop already; --force makes a new one.")
        if all((folder / file).exists() for file in newcomers.FILES):
            return
    else:
        made = pieces.make(folder, customers=arguments.customers, seed=arguments.seed, change=arguments.change)
        for path, rows in made.items():
            print(f"{shown(path)}: {rows:,} rows")
    for path, rows in newcomers.write(folder, arguments.seed).items():
        print(f"{shown(path)}: {rows:,} rows, to score")


def fetch(arguments: argparse.Namespace) -> None:
    """``patrons fetch``."""
    from patrons.intake import fetch as logs

    name = Path(arguments.name).name.removesuffix(".yaml")
    wanted, target = logs.public_log(name), root_folder() / "data" / "raw" / f"{name}.parquet"
    if target.exists() and not arguments.force:
        print(f"{shown(target)} exists already; --force downloads it again.")
        return
    print(f"Downloading {wanted.title} and converting its workbook: this takes some minutes.", flush=True)
    logs.fetch(wanted, target)
    print(f"{shown(target)}: {wanted.facts.lines:,} lines, as they are known. {wanted.licence}.")


def log(arguments: argparse.Namespace) -> None:
    """``patrons log``."""
    from patrons.tracking.runs import log_series

    root, name = root_folder(), Path(arguments.name).name.removesuffix(".yaml")
    run = log_series(root / "data" / "processed" / name, root / "reports" / name, root)
    print(
        f"Sent to MLflow: experiment {name}, run {run}." if run else f"The last series of {name} is in MLflow already."
    )


if __name__ == "__main__":
    sys.exit(main())
