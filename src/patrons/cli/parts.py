"""What the parts of the `patrons` command share."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def command(commands: Any, name: str, run: Callable, purpose: str, example: str) -> argparse.ArgumentParser:
    """A subcommand with its help; `run` takes the parsed arguments."""
    one = commands.add_parser(
        name, help=purpose, description=f"{purpose.capitalize()}.", epilog=f"example: patrons {name} {example}"
    )
    one.set_defaults(run=run)
    return one


def natural(text: str) -> int:
    """A whole number of at least 0, for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return int(text)


def shown(path: Path) -> str:
    """A path as a person types it: from here where that is shorter."""
    return min(str(path), os.path.relpath(path), key=len)
