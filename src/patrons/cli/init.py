"""The part of the `patrons` command that looks at a new data file, and runs the series on it."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from patrons.cli.parts import command
from patrons.files import root_folder, shown

PURPOSE = "look at a data file and write a params file for it"
MORE = """

`make run FILE=orders.csv` is this with --run. Exit codes: 0 done, 2 the file cannot be used or something is to be
settled first (the last lines say what to type), else those of run_all.py"""


def add(commands: Any) -> None:
    """Add ``init``."""
    add_argument = command(commands, "init", init, PURPOSE, "orders.csv --name shop", MORE)
    add_argument(
        "file", metavar="FILE", type=Path, help="an order log or a customer table: CSV, TSV, gzip, XLSX, Parquet"
    )
    add_argument("--name", default="", help="of the params file (the file's own)")
    add_argument("--force", action="store_true", help="overwrite a params file of that name")
    add_argument(
        "--run",
        dest="options",
        nargs=argparse.REMAINDER,
        metavar="OPTION",
        help="then run the series, with these options of run_all.py; a params file that is there already is used",
    )


def init(arguments: argparse.Namespace) -> int:
    """``patrons init``."""
    from patrons.intake.init import ExistsError, bring
    from patrons.intake.init import init as look
    from patrons.intake.questions import at_terminal

    root, runs = root_folder(), arguments.options is not None
    ask = at_terminal if sys.stdin.isatty() and sys.stdout.isatty() else None
    try:
        written = look(arguments.file, root, arguments.name, arguments.force, ask)
    except ExistsError as error:
        if not runs:
            raise
        bring(arguments.file, root)
        print(f"{shown(error.path)} is there already and is used as it is.")
        return run(error.path, arguments.options, root)
    print(written.description)
    print(f"Wrote {shown(written.path)}: look through its guesses.")
    for advice in written.advice:
        print(f"Have a look: {advice}")
    for question in written.questions:
        print(f"To settle first: {question}")
    if runs and not written.questions:
        return run(written.path, arguments.options, root)
    first = f"write the answer{'s' * (len(written.questions) > 1)} in {shown(written.path)}, then type: "
    print(f"{first.capitalize() if written.questions else 'Then: '}make run PARAMS={shown(written.path)}")
    return 2 if runs else 0


def run(path: Path, options: list[str], root: Path) -> int:
    """Let this process become that of the series."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, str(root / "run_all.py"), shown(path), *options])
