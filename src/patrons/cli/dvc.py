"""``patrons dvc``: the pipeline by which DVC versions data and results."""

import argparse
from pathlib import Path
from typing import Any

from patrons.cli.parts import command
from patrons.files import root_folder, shown


def add(commands: Any) -> None:
    """Add the command to those of `patrons`."""
    purpose = "look whether the dvc.yaml of a series is as its notebooks declare, or write it"
    add = command(commands, "dvc", dvc, purpose, "demo --write")
    add("name", metavar="NAME", help="the series, such as demo: a file in params/")
    add("--write", action="store_true", help="write it, and name the sections of the params file that DVC watches")


def dvc(arguments: argparse.Namespace) -> None:
    """``patrons dvc``."""
    from patrons.series import dvc as pipelines

    root, name = root_folder(), Path(arguments.name).name.removesuffix(".yaml")
    if arguments.write:
        print(f"Wrote {shown(pipelines.write(name, root))}")
    else:
        print(f"{shown(pipelines.check(name, root))} is as the notebooks declare.")
