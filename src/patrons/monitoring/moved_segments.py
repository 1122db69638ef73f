"""Share of customers by segment, then and now, placed by one and the same model."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from patrons.models import load_model
from patrons.monitoring.shift import Pair
from patrons.scoring import release

Place = Callable[[pd.DataFrame], np.ndarray]


def placing(champion: str, clusterer: Path, labels: pd.DataFrame, customers: pd.DataFrame) -> Place:
    """What names the segment of each row: the champion's grouping, without one that of the last results.

    Parameters
    ----------
    champion : str
        The folder of its release, empty where there is none.
    clusterer : Path
        That of the last results.
    labels : DataFrame
        `customer_id` and `segment` by it.
    customers : DataFrame
        Some of these customers, with features.
    """
    model = load_model(Path(champion) / "clusterer.skops" if champion else clusterer)
    taken = list(model.feature_names_in_)
    if champion:
        names = {group: str(card["name"]) for group, card in release.read(Path(champion))["segments"].items()}
    else:
        named = customers.merge(labels[["customer_id", "segment"]], on="customer_id")
        named = named.assign(group=model.predict(named[taken]).astype(str)).drop_duplicates("group")
        names = dict(zip(named.group, named.segment.astype(str), strict=True))
    return lambda rows: np.array([names.get(str(group), "none") for group in model.predict(rows[taken])], dtype=object)


def shares(pair: Pair, place: Place) -> pd.DataFrame:
    """Share of the customers who are compared by segment.

    Returns
    -------
    DataFrame
        `segment`, `then`, `now`, `change` (now - then), the largest of then first.
    """
    then = pd.Series(pair.weights).groupby(place(pair.then)).sum() / pair.weights.sum()
    now = pd.Series(place(pair.now)).value_counts(normalize=True)
    table = pd.DataFrame({"then": then, "now": now}).fillna(0.0).rename_axis("segment").reset_index()
    return table.assign(change=table["now"] - table["then"]).sort_values("then", ascending=False, ignore_index=True)
