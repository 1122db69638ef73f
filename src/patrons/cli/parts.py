"""What the parts of the `patrons` command share."""

import argparse
from collections.abc import Callable
from typing import Any

from patrons.errors import PATRONS

Run = Callable[[argparse.Namespace], int | None]  # the exit code, None for 0


def command(
    commands: Any, name: str, run: Run, purpose: str, example: str, more: str = ""
) -> Callable[..., argparse.Action]:
    """Add a subcommand with its help, and return what adds arguments to it; `run` takes the parsed arguments.

    `more` stands below the example as it is.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=purpose,
        description=f"{purpose[0].upper()}{purpose[1:]}.",
        epilog=f"example: {PATRONS} {name} {example}{more}",
        formatter_class=argparse.RawDescriptionHelpFormatter if more else argparse.HelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser.add_argument


def natural(text: str) -> int:
    """A whole number of at least 0, for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return int(text)
