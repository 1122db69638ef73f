"""The list of 07 as it was written, read back with the ids that all other results have: the one reader of its file.

``actions.csv`` is for people: where a spreadsheet would compute an id (``@kim``, ``=1+1``) it has an apostrophe in
front, and an id may be what a reader of tables takes for a missing value (``NA``, ``null``). Who compares such ids with
those of other results takes customers who are held out for customers who are not.
"""

from pathlib import Path

import pandas as pd

from patrons.errors import RUN_ALL
from patrons.files import result_file, shown
from patrons.spreadsheet import guarded

NAME = "actions.csv"
TEXTS = ("customer_id", "segment", "reason_1", "reason_2", "reason_3", "arm", "suggested_action")
KNOW = ("labels.parquet", "churn_scores.parquet", "values.parquet")  # results that have the ids as they are
MARK = "'"  # in front of what a spreadsheet would compute


class ListError(ValueError):
    """A list whose customers cannot be told apart."""


def read(processed: Path) -> pd.DataFrame | None:
    """The list of a series; None where 07 has not written one.

    Parameters
    ----------
    processed : Path
        The folder of its results, such as ``data/processed/demo``.

    Returns
    -------
    DataFrame
        The rows and columns of ``actions.csv``, in its order: `customer_id` is text, as the other results have it; what
        is empty in the file is missing. Lists of before there were arms have no column `arm`.

    Raises
    ------
    ListError
        Where an id in the file may be that of either of two customers.
    """
    path = result_file(processed, NAME)
    if path is None:
        return None
    kinds = dict.fromkeys(TEXTS, "str")
    listed = pd.read_csv(path, dtype=kinds, keep_default_na=False, na_values=[""], encoding="utf-8-sig")
    return listed.assign(customer_id=_as_known(listed.customer_id.fillna(""), processed, path))


def outdated(processed: Path) -> str:
    """What to say of a list that has no column `arm`: nobody can know from it who is to be left alone."""
    return (
        f"The list in {processed.name} was made before some customers were held out, so it does not say whom to leave "
        f"alone. Run the series again: {RUN_ALL} {processed.name}"
    )


def _as_known(ids: pd.Series, processed: Path, path: Path) -> pd.Series:
    """The ids as the other results have them; one that none of them has stays as it is in the file."""
    changed = ids.str.contains(MARK, regex=False)
    if not changed.any():
        return ids
    known = _guarded_ids(processed)
    known = known[known.index.isin(ids[changed])]
    if known.index.has_duplicates:
        two = known[known.index == known.index[known.index.duplicated()][0]].tolist()
        raise ListError(
            f"{shown(path)} cannot tell customer {two[0]} from customer {two[1]}: with the apostrophe that keeps "
            "spreadsheets from computing ids, both are the same. Give one of them another id in your data and run the "
            f"series again: {RUN_ALL} {processed.name}"
        )
    return ids.where(~changed, ids.map(known).fillna(ids))


def _guarded_ids(processed: Path) -> pd.Series:
    """The ids of all customers; the index is how a spreadsheet is given each of them."""
    files = [path for name in KNOW if (path := result_file(processed, name)) is not None]
    tables = [pd.read_parquet(path, columns=["customer_id"]) for path in files]
    ids = pd.concat([table.customer_id.astype("str") for table in tables] or [pd.Series(dtype="str")])
    table = ids.drop_duplicates().to_frame("customer_id")
    return pd.Series(table.customer_id.to_numpy(), guarded(table).customer_id)
