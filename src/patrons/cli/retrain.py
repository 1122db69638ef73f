"""The part of the `patrons` command that trains a series anew and lets the better models answer."""

import argparse
import sys
from pathlib import Path
from typing import Any

from patrons.cli.parts import command
from patrons.errors import SourceError, is_expected
from patrons.files import LockedError, root_folder

PURPOSE = "look at the latest data, train anew, and promote what passes its gates and is no worse than the champion"
FAILED, BAD_INPUT = 1, 2
MORE = """

exit codes:
  0         nothing to do, or promoted
  10        trained, and not promoted: a gate has failed, or the champion is better (the last line says which)
  2         bad data or parameters, or a retraining is under way: the champion and the results are as they were
  1         a notebook, the release or MLflow failed: the champion is as it was
  130, 143  stopped

Stopped or killed, it goes on from there when it is called again. Each retraining is kept in
data/ledger/NAME/retrain.json, and its reason with the version in MLflow. A line for cron, every night at three:

  0 3 * * *  cd /srv/patrons && .venv/bin/patrons retrain demo --if-needed >> retrain.log 2>&1"""


def add(commands: Any) -> None:
    """Add ``retrain``."""
    add_argument = command(commands, "retrain", retrain, PURPOSE, "demo --if-needed", MORE)
    add_argument("name", metavar="NAME", help="the series, such as demo")
    add_argument(
        "--if-needed",
        action="store_true",
        help="only where monitoring (08) says `retrain`, or nothing has been promoted yet",
    )
    add_argument(
        "--dry-run",
        action="store_true",
        help="look, say step by step what would be done, and change nothing but the note of that look, whose exit code "
        "is returned",
    )


def retrain(arguments: argparse.Namespace) -> int:
    """``patrons retrain``."""
    from patrons.monitoring import retraining
    from patrons.series import stopping

    name = Path(arguments.name).name.removesuffix(".yaml")
    try:
        with stopping.stoppable():
            return retraining.retrain(name, root_folder(), arguments.if_needed, arguments.dry_run)
    except stopping.StoppedError as stopped:
        print(f"\n{stopped} The next retraining goes on from here.", file=sys.stderr)
        return stopped.code
    except Exception as error:
        if not is_expected(error):
            raise
        print(f"patrons retrain: {' '.join(str(error).split())}", file=sys.stderr)
        return BAD_INPUT if isinstance(error, SourceError | LockedError) else FAILED
