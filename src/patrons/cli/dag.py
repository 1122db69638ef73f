"""The part of the `patrons` command that writes the pipeline of a series for Airflow."""

import argparse
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patrons.cli.parts import command
from patrons.files import root_folder, shown, write_text

if TYPE_CHECKING:
    from patrons.series.graph import Series

VERSION = 2  # of the pipeline: what each one changed is told in docs/operations.md, "Pipeline versions"
TEMPLATE = "dag.py.j2"
PURPOSE = "print the pipeline of a series as a DAG of Airflow, or write it"


class DagError(ValueError):
    """A series that cannot be a DAG."""


def add(commands: Any) -> None:
    """Add ``dag``."""
    add_argument = command(commands, "dag", dag, PURPOSE, "demo --write")
    add_argument("name", metavar="NAME", help="the series, such as demo: params/NAME.yaml")
    add_argument("--write", action="store_true", help="write it to orchestration/airflow/dags/NAME.py")


def dag(arguments: argparse.Namespace) -> None:
    """``patrons dag``."""
    root, name = root_folder(), Path(arguments.name).name.removesuffix(".yaml")
    text = rendered(name, root)
    if arguments.write:
        target = root / "orchestration" / "airflow" / "dags" / f"{name}.py"
        write_text(target, text)
        print(f"Wrote {shown(target)}.")
    else:
        print(text, end="")


def rendered(name: str, root: Path) -> str:
    """The file of a series' DAGs.

    Parameters
    ----------
    name : str
        The series, such as ``demo``.
    root : Path
        The project's folder, with ``params/`` and ``notebooks/``.

    Raises
    ------
    DagError, ParamsError, SeriesError
        A name that no DAG can have, a params file that is not there, notebooks that form no series.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from patrons.series.graph import read_notebooks
    from patrons.series.params import read_kind

    if not re.fullmatch(r"[\w.-]+", name):
        raise DagError(
            f"{name!r} cannot name a DAG. Rename the params file: letters, digits, dot, dash and underscore."
        )
    series = read_notebooks(root / "notebooks", read_kind(root / "params" / f"{name}.yaml"))
    loader = PackageLoader("patrons.cli")
    environment = Environment(
        loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters["text"] = lambda value: json.dumps(value, ensure_ascii=False)
    notebooks = [series[stage] for stage in ordered(series)]
    return environment.get_template(TEMPLATE).render(
        name=name, params=f"params/{name}.yaml", version=VERSION, notebooks=notebooks
    )


def ordered(series: "Series") -> list[str]:
    """The stages one after the other: each after what it reads, and else by number."""
    from patrons.series.graph import needs

    before, order = needs(series), list[str]()
    while len(order) < len(series):
        order.append(min(stage for stage in series if stage not in order and before[stage] <= set(order)))
    return order
