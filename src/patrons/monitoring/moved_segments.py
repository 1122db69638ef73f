"""Share of customers by segment, then and now, placed by one and the same model."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from patrons.files import result_file
from patrons.models import load_model
from patrons.monitoring.shift import Pair
from patrons.scoring import release
from patrons.scoring.content import Content

Place = Callable[[pd.DataFrame], np.ndarray]


def placing(champion: Path | None, processed: Path) -> Place | None:
    """What names the segment of each row: the champion's grouping, without one that of the last results.

    None where neither has one.
    """
    path = champion / "clusterer.skops" if champion else result_file(processed, "clusterer.skops")
    if path is None:
        return None
    model = load_model(path)
    cards = release.read(champion)["segments"] if champion else Content(processed, {}).segments(model)
    names = {str(group): str(card["name"]) for group, card in cards.items()}
    taken = list(model.feature_names_in_)
    return lambda rows: np.array([names[str(group)] for group in model.predict(rows[taken])], dtype=object)


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
