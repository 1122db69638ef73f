"""What a notebook reads, writes and finds: one folder a notebook, plain files that need no notebook to be read.

A series keeps its results in ``data/processed/<name>``, one folder a notebook::

    01_eda/metrics.json       name -> number
    01_eda/findings.json      the sentences that the index page shows, each with its figure
    01_eda/figures/*.png
    01_eda/orders.parquet     what other notebooks read: tables, models (.skops), records (.json)
"""

import base64
import html
import io
import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn, cast

import ibis
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import HTML, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler

from patrons.digits import held
from patrons.engine import Engine, literal, spread, write_spread
from patrons.errors import RUN_ALL
from patrons.files import put_back, read_json, whole, write_json
from patrons.models import load_model, save_model
from patrons.spreadsheet import safe_csv

OUTPUT_VARIABLE = "PATRONS_STAGE_OUTPUT"  # the runner points it at a fresh folder and swaps that in on success
KINDS = ("finding", "decision", "caution", "note")


class StageError(ValueError):
    """A notebook asks for something that is not there, or records what cannot be kept."""


class NotebookStopped(Exception):
    """What `Stage.stop` ends a notebook with: the runner counts a success, JupyterLab shows the reason alone."""

    def _render_traceback_(self) -> list[str]:
        return [f"The notebook ends here: {self}"]


class Stage:
    """The folder of one notebook in a series.

    Parameters
    ----------
    name : str
        The notebook's name without its ending, such as ``01_eda``.
    folder : str or Path
        Where the series keeps its results, such as ``../data/processed/demo``.
    engine : Engine, optional
        What works on tables that are scanned; DuckDB unless given.
    """

    def __init__(self, name: str, folder: str | Path, engine: Engine | None = None):
        self.name, self.engine = name, engine or Engine()
        self.folder = Path(folder).resolve()
        self.output = Path(os.environ.get(OUTPUT_VARIABLE) or self.folder / name)
        self.metrics: dict[str, float] = {}
        self.findings: list[dict[str, Any]] = []
        self._alternatives: dict[str, str] = {}
        put_back(self.output)  # of a notebook run by hand that was killed

    def path(self, file: str) -> Path:
        """Where a file that this or an earlier notebook wrote is; an error names what is missing."""
        places = [self.output / file, *sorted(self.folder.glob(f"[0-9]*/{file}"))]
        for place in places:
            if place.exists():
                return place
        raise StageError(
            f"{file} is not in {self.folder}: no notebook has written it yet. "
            f"Run the earlier notebooks first: {RUN_ALL} --list shows which one writes it."
        )

    def has(self, *files: str) -> bool:
        """Whether all of some files are there that the notebook can do without."""
        return all(any(self.folder.glob(f"[0-9]*/{file}")) for file in files)

    def scan(self, file: str) -> ibis.Table:
        """A Parquet table as an Ibis expression on DuckDB or Spark; nothing is read until it is executed."""
        path = self.path(file)
        if self.engine.spreads:
            return self._connection.read_parquet(path.as_uri())
        return self._connection.read_parquet(literal(path), hive_partitioning=False)

    @cached_property
    def _connection(self) -> Any:
        """One for all tables that are scanned, so that they can be joined."""
        return self.engine.connect()

    def read(self, file: str) -> Any:
        """A table (.parquet, .csv) as a DataFrame, a model (.skops), or a record (.json)."""
        return _read(self.path(file))

    def previous(self, file: str) -> Any | None:
        """What the last run of this very notebook left, or None.

        It is no declared input: what a notebook makes of its own results must not change them again.
        """
        path = self.folder / self.name / file
        return _read(path) if path.exists() else None

    def write(self, file: str, value: Any) -> None:
        """Keep a table (.parquet: DataFrame or Ibis; .csv: DataFrame), a model (.skops), a record (.json) or bytes."""
        path = self.output / file
        if path.suffix == ".skops":
            save_model(path, value)
        elif isinstance(value, bytes):
            with whole(path) as partial:
                partial.write_bytes(value)
        elif path.suffix == ".json":
            write_json(path, value)
        elif path.suffix == ".csv":
            with whole(path) as partial:
                partial.write_bytes(safe_csv(value))
        elif isinstance(value, ibis.Table) and spread(value):
            write_spread(value, path)
        else:
            with whole(path, over_folder=True) as partial:  # as which Spark may have written it
                # both write the same bytes for the same table
                value.to_parquet(partial) if isinstance(value, ibis.Table) else value.to_parquet(partial, index=False)

    def record(self, **metrics: float) -> None:
        """Keep named numbers in ``metrics.json``; a number that is not finite is an error."""
        for name, value in metrics.items():
            if not np.isfinite(value):
                raise StageError(f"The metric {name!r} of {self.name} is {value}: record only finite numbers.")
            self.metrics[name] = value.item() if isinstance(value, np.generic) else value
        write_json(self.output / "metrics.json", self.metrics)

    def figure(self, name: str, ax: Axes, alt: str = "") -> None:
        """Show the figure that `ax` belongs to and keep it as ``figures/<name>.png``.

        The alternative text, for those who cannot see it, is made of the title and the axes' names unless given.
        """
        for one in cast(Figure, ax.figure).axes:
            for side in ("left", "center"):
                if (title := one.get_title(loc=side)) != held(title):
                    one.set_title(held(title), loc=side)
        picture, drawing = io.BytesIO(), cast(Figure, ax.figure)
        drawing.savefig(picture, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None})
        plt.close(drawing)
        self._alternatives[name] = alt or describe(ax)
        with whole(self.output / "figures" / f"{name}.png") as partial:
            partial.write_bytes(picture.getvalue())
        display(
            {"image/png": base64.b64encode(picture.getvalue()).decode(), "text/plain": self._alternatives[name]},
            metadata={"image/png": {"alt": self._alternatives[name]}},
            raw=True,
        )

    def table(
        self,
        table: pd.DataFrame,
        caption: str,
        formats: Mapping[str, str] | str | None = None,
        folded: bool = False,
    ) -> None:
        """Show a small table with a caption; `formats` are those of ``DataFrame.style.format``.

        A long one that few will read is `folded`: only its caption shows until it is opened. That there are no rows is
        said in place of an empty table.
        """
        caption = held(caption)
        if table.empty:
            return display(HTML(f"<p>{html.escape(caption)}: none.</p>"))
        per_column: Any = dict(formats) if isinstance(formats, Mapping) else formats
        style = _labels_escaped(table).format(per_column, na_rep="–", thousands=",", precision=2, escape="html")
        style.set_caption(html.escape(caption))
        style.set_uuid(f"{self.name}-{len(self.findings)}")  # the same page from the same data
        style.set_table_styles([{"selector": where, "props": "text-align: left"} for where in _texts(table)])
        if isinstance(table.index, pd.RangeIndex):
            style.hide(axis="index")
        shown = style.to_html(table_attributes='class="figures"')
        display(HTML(f"<details><summary>{html.escape(caption)}</summary>{shown}</details>" if folded else shown))

    def callout(self, sentence: str, figure: str | None = None, kind: str = "finding") -> None:
        """Say what the evidence means: shown here, and folded on the index page.

        Parameters
        ----------
        sentence : str
            What a reader who never sees code should take away. Its numbers are computed, and held to be finite,
            plausible and rounded (`digits.held`).
        figure : str, optional
            Name of a figure shown before.
        kind : {"finding", "decision", "caution", "note"}
        """
        if figure is not None and figure not in self._alternatives:
            raise StageError(f"No figure {figure!r} was shown in {self.name} before this sentence: {sentence!r}.")
        if kind not in KINDS:
            raise StageError(f"A callout's kind is one of {', '.join(KINDS)}, not {kind!r}.")
        sentence = held(sentence)
        self.findings.append(
            {
                "kind": kind,
                "text": sentence,
                "figure": figure and f"figures/{figure}.png",
                "alt": figure and self._alternatives[figure],
            }
        )
        write_json(self.output / "findings.json", self.findings)
        display(HTML(f'<blockquote class="callout {kind}">{html.escape(sentence)}</blockquote>'))

    def footnote(self, sentence: str, heading: str) -> None:
        """Show under a heading, folded, what few will read; it is no finding. Nothing where the sentence is empty."""
        if sentence:
            heading, text = html.escape(held(heading)), html.escape(held(sentence))
            display(HTML(f"<details><summary>{heading}</summary><p>{text}</p></details>"))

    def stop(self, reason: str) -> NoReturn:
        """End the notebook here, because the rest cannot be done; it is no failure.

        The rest does not run. What the notebook declares to write must stand by then, in its empty form. The page ends
        with the reason, the record of the series holds it, and notebooks that read the outputs go on.

        Parameters
        ----------
        reason : str
            In a sentence or two: what lacks, what that means for the results, what would help.
        """
        self.callout(reason, kind="caution")
        raise NotebookStopped(reason)


def _labels_escaped(table: pd.DataFrame) -> Styler:
    """The table to be styled, with names of columns and rows, which may come from the data, as text and no HTML."""
    named = table.rename_axis(index=_escaped, columns=_escaped)
    style = named.style
    for axis in (0, 1):
        style.format_index(escape="html", axis=axis)
    return style


def _texts(table: pd.DataFrame) -> list[str]:
    """What of a table is read from the left, wherever it is shown: caption, names of rows, and columns of text."""
    columns = [n for n, kind in enumerate(table.dtypes) if not pd.api.types.is_numeric_dtype(kind)]
    return ["caption", "th.row_heading", *(f".col{n}" for n in columns)]


def _escaped(name: Any) -> Any:
    return html.escape(name) if isinstance(name, str) else name


def _read(path: Path) -> Any:
    readers: dict[str, Callable[[Path], Any]] = {
        ".parquet": pd.read_parquet,
        ".csv": pd.read_csv,
        ".skops": load_model,
        ".json": read_json,
    }
    return readers[path.suffix](path)


def describe(ax: Axes) -> str:
    """A figure in words: its title and what its axes show."""
    axes = [f"{side}: {label}" for side, label in (("across", ax.get_xlabel()), ("up", ax.get_ylabel())) if label]
    return ". ".join(part for part in (ax.get_title() or ax.get_title(loc="left"), "; ".join(axes)) if part) + "."
