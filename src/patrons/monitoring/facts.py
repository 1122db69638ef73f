"""What is known of the data of a champion, or of results: some customers, what they are like, where the log ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from patrons.churn.search import IDENTIFYING
from patrons.errors import RUN_ALL, FeaturesError
from patrons.features.panel import OUTCOME
from patrons.features.split import GROUP
from patrons.files import read_json, result_file
from patrons.monitoring.moved import read
from patrons.monitoring.reference import TENURE
from patrons.scoring import release

LOG = "orders"


@dataclass(frozen=True)
class Facts:
    """What is known of data.

    Attributes
    ----------
    whose : str
        As a sentence names them: "the champion", "the last results".
    rows : DataFrame
        Features of some customers, and nothing else.
    customers : DataFrame
        `customer_id` (text) and `first`, the day of the first order (missing of a table), of some or all customers.
    groups : mapping from str to str
        The group of each feature, as the data dictionary has it.
    ends : Timestamp or None
        The last day of a log; None of a table.
    orders : Path or None
        The clean order lines, where they are at hand.
    aside : mapping from str to str
        Why 01 does not use a column of a customer table, by column.
    """

    whose: str
    rows: pd.DataFrame
    customers: pd.DataFrame
    groups: Mapping[str, str] = field(default_factory=dict)
    ends: pd.Timestamp | None = None
    orders: Path | None = None
    aside: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_log(self) -> bool:
        """Whether they are of an order log."""
        return self.ends is not None

    @property
    def begins(self) -> pd.Timestamp:
        """The day of the first order of any customer."""
        return pd.Timestamp(self.customers["first"].min())


def of(folder: Path) -> Facts:
    """Those of a release, or of results of which 01 and 02 have run.

    Raises
    ------
    FeaturesError
        Where a folder is neither.
    """
    return of_release(folder) if (folder / release.MANIFEST).is_file() else of_results(folder)


def of_release(folder: Path) -> Facts:
    """Those of a release: the rows that it was tested on, and the customers of its golden answers."""
    manifest = release.read(folder)
    dictionary = pd.read_parquet(folder / "dictionary.parquet")
    golden = pd.DataFrame([entry["request"] for entry in read_json(folder / release.GOLDEN)])
    ends = pd.Timestamp(manifest["data"]["period"][1]) if manifest["kind"] == LOG else None
    rows = pd.read_parquet(folder / release.TEST).drop(columns=OUTCOME)
    return Facts("the champion", rows, _customers(golden, ends), _groups(dictionary), ends)


def of_results(processed: Path) -> Facts:
    """Those of results: a sample of today's customers, and all ids."""
    paths = {name: result_file(processed, name) for name in ("features.parquet", "dictionary.parquet", "dataset.json")}
    features, dictionary, dataset = paths.values()
    if features is None or dictionary is None or dataset is None:
        lacking = ", ".join(name for name, path in paths.items() if path is None)
        raise FeaturesError(f"{processed} lacks {lacking}: run 01 and 02 first ({RUN_ALL} NAME --only 01,02).")
    rows, period = read(features), read_json(dataset).get("period")
    known = {*IDENTIFYING, GROUP, OUTCOME, "customer_id", "as_of"}
    ends = pd.Timestamp(period[1]) if "as_of" in rows else None
    everyone = pd.read_parquet(features, columns=["customer_id", *([TENURE] if TENURE in rows and ends else [])])
    kept = rows[[name for name in rows if name not in known]]
    customers, groups = _customers(everyone, ends), _groups(pd.read_parquet(dictionary))
    orders = result_file(processed, "orders.parquet")
    return Facts("the last results", kept, customers, groups, ends, orders, _aside(processed))


def _aside(processed: Path) -> dict[str, str]:
    path = result_file(processed, "columns.parquet")
    table = pd.read_parquet(path) if path else pd.DataFrame({"column": [], "kind": [], "reason": []})
    unused = table[table.kind == ""]
    return dict(zip(unused.column.astype(str), unused.reason.astype(str), strict=True))


def _customers(rows: pd.DataFrame, ends: pd.Timestamp | None) -> pd.DataFrame:
    ids = rows["customer_id"].astype(str) if "customer_id" in rows else pd.Series([], dtype=str)
    first = pd.Series(pd.NaT, rows.index, dtype="datetime64[us]")
    if ends is not None and TENURE in rows:
        first = ends + pd.Timedelta(days=1) - pd.to_timedelta(rows[TENURE].astype(float), unit="D")
    return pd.DataFrame({"customer_id": ids, "first": first})


def _groups(dictionary: pd.DataFrame) -> dict[str, str]:
    return dict(zip(dictionary.feature, dictionary.group, strict=True))
