"""What sets a segment apart from all other customers: differences by rank, and the features that show them best."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from patrons.evaluation.shares import together
from patrons.features.preparation import split_kinds
from patrons.lexicon import word

MOST = 3  # features that are named for a segment
COMPARED = 20_000  # customers on whom correlations are measured at most, drawn at random


def numeric(customers: pd.DataFrame) -> pd.DataFrame:
    """The numeric features of a feature table, without its keys."""
    return customers[split_kinds(customers.drop(columns=["customer_id", "as_of"], errors="ignore"))[0]]


def differences(features: pd.DataFrame, labels: np.ndarray) -> pd.DataFrame:
    """How far each group stands from all other customers.

    Parameters
    ----------
    features : DataFrame
        Numbers, one row a customer; missing ones do not count.
    labels : array of int
        Group of each row.

    Returns
    -------
    DataFrame
        One row a group, one column a feature: mean rank in the group minus mean rank of the others, in standard
        deviations of the ranks. Ranks do not change with unit or currency.
    """
    ranks = features.rank()
    spread = ranks.std(ddof=0).replace(0, np.nan)
    labels = np.asarray(labels)
    rows = {
        int(label): (ranks[labels == label].mean() - ranks[labels != label].mean()) / spread
        for label in np.unique(labels)
    }
    return pd.DataFrame(rows).T.fillna(0.0).round(6)


def by_segment(features: pd.DataFrame, segment: pd.Series) -> pd.DataFrame:
    """As `differences`, of named segments: a row a name."""
    codes, names = pd.factorize(segment.to_numpy(), sort=True)
    return differences(features, codes).rename(index=dict(enumerate(names)))


def by_chance(segment: pd.Series, features: int) -> float:
    """The largest difference that picking explains: seldom (5%) is any reached where nothing sets segments apart.

    The mean rank of n of N customers drawn at random lies sqrt(1/n + 1/(N - n)) standard deviations from that of the
    others, about normally; as many are looked at as there are segments times `features` (Bonferroni). That of the
    smallest segment, which reaches furthest.
    """
    counts = segment.value_counts()
    least, looked_at = int(counts.min()), len(counts) * features
    others = max(1, len(segment) - least)
    return float(norm.ppf((1 + together(looked_at)) / 2) * np.sqrt(1 / least + 1 / others))


def similarity(features: pd.DataFrame) -> pd.DataFrame:
    """How much two features say the same: their absolute rank correlation, 0 where it is not known."""
    some = features if len(features) <= COMPARED else features.sample(COMPARED, random_state=0)
    return some.corr("spearman").abs().fillna(0.0).round(6)


def most_telling(apart: pd.Series, alike: pd.DataFrame, known: Sequence[str], most: int) -> list[str]:
    """Features in which a group differs most; one that goes along with a feature named before counts the less for it.

    Parameters
    ----------
    apart : Series
        A row of `differences`.
    alike : DataFrame
        What `similarity` says of the features.
    known : sequence of str
        Features that need not be named.
    most : int
    """
    named = list(known)
    while len(named) < min(len(known) + most, len(apart)):
        rest = [name for name in apart.index if name not in named]
        new = 1 - alike.loc[rest, named].max(axis="columns") if named else 1.0
        named.append(str((apart[rest].abs() * new).idxmax()))
    return named[len(known) :]


def set_apart(
    features: pd.DataFrame, segment: pd.Series, grouped_by: Sequence[str], dictionary: pd.DataFrame
) -> pd.DataFrame:
    """What sets a segment apart from all other customers, beyond the features that it was made from.

    A feature that goes along with one of those, or with one named before, says less: the more the two correlate, the
    less its difference counts.

    Parameters
    ----------
    features : DataFrame
        Numbers, one row a customer, those of `grouped_by` included.
    segment : Series of str
    grouped_by : sequence of str
        Features that the segments were made from.
    dictionary : DataFrame
        `feature`, `meaning` and `unit` of each.

    Returns
    -------
    DataFrame
        Up to `MOST` rows a segment: `segment`, `feature`, `meaning` (with unit), `difference` in standard deviations of
        ranks, means `here` and `elsewhere`.
    """
    apart, alike = by_segment(features, segment), similarity(features)
    entries = dictionary.set_index("feature")
    rows = [
        {"segment": name, "feature": feature, "meaning": _meaning(entries, feature)}
        | {"difference": apart.loc[name, feature]}
        | _means(features[feature], segment.to_numpy() == name)
        for name in apart.index
        for feature in most_telling(apart.loc[name], alike, grouped_by, MOST)
    ]
    return pd.DataFrame(rows)


def _meaning(entries: pd.DataFrame, feature: str) -> str:
    if feature not in entries.index:
        return word(feature)
    meaning = entries.meaning[feature].split(";")[0]
    return f"{word(feature)}: {meaning} ({entries.unit[feature]})"


def _means(values: pd.Series, inside: np.ndarray) -> dict[str, float]:
    return {"here": float(values[inside].mean()), "elsewhere": float(values[~inside].mean())}


def as_text(apart: pd.DataFrame) -> pd.Series:
    """One line a segment of what `set_apart` names, such as "high order lines, low price paid"."""
    degrees = np.where(apart.difference > 0, "high", "low")
    lines = [f"{degree} {word(name)}" for degree, name in zip(degrees, apart.feature, strict=True)]
    return pd.Series(lines, apart.index).groupby(apart.segment).agg(", ".join).rename("set_apart")


def as_table(apart: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """What `set_apart` names, to be shown; segments in `order`."""
    places = apart.segment.map({name: place for place, name in enumerate(order)})
    table = apart.loc[places.sort_values(kind="stable").index].drop(columns="feature")
    columns = ["segment", "what", "difference", "mean here", "mean elsewhere"]
    return table.set_axis(columns, axis="columns").reset_index(drop=True)
