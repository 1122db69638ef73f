"""The part of the `patrons` command that tells Prometheus how series are."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from patrons.cli.parts import command
from patrons.files import root_folder, shown, write_text

PURPOSE = "print how series are, as numbers for Prometheus: runs, gates, verdict, outcomes, champion, backups"
SUFFIX, BACKUPS = ".prom", "PATRONS_BACKUPS"
MORE = """

What is not known is left out. A line for cron, where node_exporter reads what lies in a folder:

  */5 * * * *  cd /srv/patrons && .venv/bin/patrons metrics demo --to /var/lib/prometheus/node-exporter/patrons.prom"""


class MetricsError(ValueError):
    """A file or folder that cannot be what is meant."""


def add(commands: Any) -> None:
    """Add ``metrics``."""
    add_argument = command(commands, "metrics", metrics, PURPOSE, "demo --backups /mnt/backups", MORE)
    add_argument("names", metavar="NAME", nargs="+", help="a series, such as demo")
    add_argument("--to", metavar="FILE", type=Path, help=f"write them there, whole; its name ends in {SUFFIX}")
    add_argument("--backups", metavar="FOLDER", type=Path, help=f"the folder of backups (${BACKUPS})")


def metrics(arguments: argparse.Namespace) -> None:
    """``patrons metrics``."""
    from patrons.monitoring import exported

    target, backups = arguments.to, arguments.backups
    if backups is None and (named := os.environ.get(BACKUPS)):
        backups = Path(named)
    if target and target.suffix != SUFFIX:
        raise MetricsError(f"--to {shown(target)}: node_exporter reads names that end in {SUFFIX} alone. Give it one.")
    if backups and not backups.is_dir():
        raise MetricsError(f"There is no folder of backups {shown(backups)}. Make one: patrons backup --to FOLDER")
    names = [Path(name).name.removesuffix(".yaml") for name in arguments.names]
    text = exported.text(list(dict.fromkeys(names)), root_folder(), backups)
    if target:
        write_text(target, text)
    else:
        sys.stdout.write(text)
