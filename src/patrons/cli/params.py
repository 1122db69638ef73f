"""``patrons params``: every parameter of the notebooks, and what is written from their declarations."""

import argparse
import json
from pathlib import Path
from typing import Any

from patrons.cli.parts import command
from patrons.files import root_folder, shown, write_text

TRANSFORMATION = "02_transformation"
PEAK = (10, 11, 12)  # months that the page of features names, as an example
WRITES = "write params/schema.json, which editors read, and the pages of docs that are made from code"


def add(commands: Any) -> None:
    """Add the command to those of `patrons`."""
    add = command(commands, "params", params, "list the notebooks' parameters", "03")
    add("notebook", metavar="NOTEBOOK", nargs="?", help="only this one's, by number or name")
    add("--write-schema", action="store_true", help=WRITES)


def params(arguments: argparse.Namespace) -> None:
    """``patrons params``."""
    root = root_folder()
    if not arguments.write_schema:
        print("\n\n".join(_listing(notebook) for notebook in _chosen(root / "notebooks", arguments.notebook)))
        return
    from patrons.series.schema import write_schema

    print(f"Wrote {shown(write_schema(root / 'notebooks', root / 'params' / 'schema.json'))}")
    for name, text in pages(root).items():
        print(f"Wrote {shown(write_text(root / 'docs' / name, text))}")


def pages(root: Path) -> dict[str, str]:
    """By file in docs/ the pages that are written from notebooks and code."""
    from patrons.cli import troubleshooting
    from patrons.features import Recipe, reference
    from patrons.series import reference as parameters
    from patrons.series.graph import read_notebooks

    written = {"troubleshooting.md": troubleshooting.page(Path(__file__).parents[1])}
    written["parameters.md"] = parameters.page(root / "notebooks")
    series = read_notebooks(root / "notebooks")
    if TRANSFORMATION in series:
        defaults = {name: one.default for name, one in series[TRANSFORMATION].parameters.items()}
        recipe = Recipe(defaults["horizon_days"], defaults["windows"], peak_months=PEAK)
        written["features.md"] = reference.page(recipe)
    return written


def _chosen(folder: Path, text: str | None) -> list[Path]:
    from patrons.series.declarations import overlays
    from patrons.series.graph import read_notebooks, select

    series = read_notebooks(folder)
    chosen = sorted(select(series, [text] if text else []))
    others = {
        stage: [path for paths in overlays(folder).values() for path in paths if path.stem == stage] for stage in chosen
    }
    return [path for stage in chosen for path in (series[stage].path, *others[stage])]


def _listing(notebook: Path) -> str:
    """A notebook's parameters as a table; those that the runner sets are left out."""
    from patrons.series.declarations import KINDS, OWN, declared

    rows = [
        (name, parameter.type, json.dumps(parameter.default, ensure_ascii=False), parameter.help)
        for name, parameter in declared(notebook).items()
        if name not in OWN
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    lines = [
        f"  {name:{widths[0]}}  {kind:{widths[1]}}  {default:24}  {meaning}" for name, kind, default, meaning in rows
    ]
    kind = f" (kind: {notebook.parent.name})" if notebook.parent.name in KINDS else ""
    return "\n".join([f"{notebook.stem}{kind}", *(lines or ["  no parameters"])])
