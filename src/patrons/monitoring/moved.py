"""What moved? Today's customers beside those of then, feature by feature, and how much earlier days of the log differ.

Drift explains and triggers nothing: whether to train anew follows from whether forecasts came true.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd

from patrons.engine import connect, literal
from patrons.features import season
from patrons.features.panel import KEYS, KNOWN, OUTCOME
from patrons.features.split import GROUP
from patrons.monitoring import null, reference, shift
from patrons.monitoring.shift import CORRELATION, DISTANCE, MISSING, PSI, Pair

SAMPLE = 5000  # customers of a day
PLACES = 1_000_003  # among which customers are spread by chance, to draw a share of them
MOST = 12  # earlier days that today is set beside, the latest
CANDIDATES, ALIKE = (
    40,
    0.8,
)  # features that are looked at for those shown, and the correlation from which two say the same
MARGINAL = (DISTANCE, PSI, MISSING)  # measures of one feature by itself
NOT_COMPARED = {*KEYS, OUTCOME, KNOWN, GROUP, reference.TENURE, season.AHEAD, season.HABIT}  # tenure is what is matched
USUAL = {
    "KS distance above .1": (DISTANCE, 0.1),
    "PSI above .1": (PSI, 0.1),
    "a correlation changed by more than .1": (CORRELATION, 0.1),
}
SAME = (
    "The last forecast was made from this very table, so nothing can have moved since. Promote it, and a later table "
    "will be compared with this one."
)
DAYS, CUSTOMERS = "days", "customers"  # what the null is of


@dataclass(frozen=True)
class Moved:
    """What today's customers differ by from those of then.

    Attributes
    ----------
    features : DataFrame
        What `shift.features` returns, a row a feature, the rarest difference first; `p` and `q` (of distance, PSI and
        missing share together), `correlation_p`, `correlation_q`; `limit` (the distance from which on a
        feature is called moved, among so many), `moved` (q up to .05). Empty without `pair`.
    usual : DataFrame
        A row a rule of common practice: `rule`, `features` (that fire today), `alarm`, `earlier_days` and
        `earlier_alarms` (on how many of them it would have fired).
    null : {"days", "customers", ""}
        Whether differences are set against earlier days or, where these are few, against draws of customers.
    pair : Pair or None
        Who is compared; None where nobody can be, and `reason` says why.
    earlier : list of Pair
        Earlier days with what each is compared with, oldest first.
    """

    features: pd.DataFrame
    usual: pd.DataFrame
    null: str
    pair: Pair | None
    earlier: list[Pair]
    reason: str = ""

    @property
    def drifted(self) -> int:
        """How many features moved more than days of the log differ."""
        return int(self.features["moved"].sum()) if len(self.features) else 0

    @property
    def correlations(self) -> int:
        """How many features have a correlation that changed more than on earlier days."""
        return int((self.features["correlation_q"] <= null.LEVEL).sum()) if len(self.features) else 0


def read(path: Path, most: int = SAMPLE) -> pd.DataFrame:
    """A panel or a table of features, of each day at most about `most` customers, drawn for each day anew.

    Memory follows from the sample and not from the file. Who is drawn follows from the id and the day, so that a second
    reading gives the same.
    """
    table = connect().read_parquet(literal(path))
    dated = "as_of" in table.columns
    counts = table.group_by("as_of").agg(rows=table.count()).to_pandas() if dated else None
    largest = int(counts.rows.max()) if counts is not None else int(table.count().to_pandas())
    if largest <= most:
        return pd.read_parquet(path)
    place = table.customer_id.cast("string")
    below: ibis.Value = ibis.literal(PLACES * most // largest)  # whole numbers: DuckDB's decimals overflow
    if counts is not None:
        place = place + table.as_of.cast("string")
        places = [(table.as_of == row.as_of, PLACES * most // int(row.rows)) for row in counts.itertuples()]
        below = ibis.cases(*places, else_=PLACES)
    return table.filter(place.hash().abs() % PLACES < below).to_pandas()


def log(
    panel: pd.DataFrame,
    today: pd.DataFrame,
    learnt_until: pd.Timestamp | str,
    horizon_days: int,
    peak_months: Sequence[int] = (),
) -> Moved:
    """What moved in a log since the champion was trained.

    Parameters
    ----------
    panel, today : DataFrame
        Features of customers on earlier days and today, as `read` returns them.
    learnt_until : Timestamp or str
        The last day that the champion may know of (`churn.json`); neither days of reference nor days of the null are
        later, nor are they within a horizon of today, with which they would share orders.
    horizon_days : int
    peak_months : sequence of int
        The shop's peak season, 1 to 12; empty for none.
    """
    day, until = today["as_of"].iloc[0], pd.Timestamp(learnt_until)
    first = reference.begin(pd.concat([panel[["as_of", reference.TENURE]], today[["as_of", reference.TENURE]]]))
    known = panel[panel.as_of <= min(until, day - pd.Timedelta(days=horizon_days))]
    rows = {pd.Timestamp(one): _sampled(part) for one, part in known.groupby("as_of")}
    today = _sampled(today)

    def pair(of: pd.DataFrame, kind: str) -> Pair | None:
        days = reference.days_for(of["as_of"].iloc[0], list(rows), horizon_days, peak_months, kind)
        return reference.paired(of, pd.concat([rows[one] for one in days]), first, horizon_days, kind) if days else None

    now = next(filter(None, (pair(today, kind) for kind in reference.KINDS)), None)
    if now is None:
        return _nothing(
            f"Whether features moved cannot be said yet: no day of the log up to {until.date()}, {horizon_days} "
            f"days or more before {day.date()}, has {reference.ENOUGH} customers of the same age as today's. It "
            "can once the log is longer."
        )
    alike = [found for of in rows.values() if (found := pair(of, now.kind))]
    if len(alike) < null.LEAST:
        kinds = reference.KINDS
        alike = [one for of in rows.values() if (one := next(filter(None, (pair(of, kind) for kind in kinds)), None))]
    return compared(now, alike[-MOST:])


def table(then: pd.DataFrame, now: pd.DataFrame) -> Moved:
    """What moved in a customer table: rows of the champion's training or test, and today's customers.

    Parameters
    ----------
    then, now : DataFrame
        Feature columns; `customer_id` where it is known (the `test.parquet` of a release has none). Without rows of
        then, the last results are of these very customers.
    """
    if then.empty:
        return _nothing(SAME)
    names = [name for name in now if name in then]
    if min(len(then), len(now)) < reference.ENOUGH:
        return _nothing(
            f"Whether features moved cannot be said: {len(then):,} customers of then and {len(now):,} of now are "
            f"known, and it takes {reference.ENOUGH} of each."
        )
    then, now = (_sampled(side).reset_index(drop=True) for side in (then, now))
    ids = then["customer_id"] if "customer_id" in then else pd.RangeIndex(len(then))
    return compared(Pair(then[names].assign(customer_id=ids), now[names], np.ones(len(then))), [])


def _sampled(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sample(SAMPLE, random_state=0) if len(rows) > SAMPLE else rows


def compared(pair: Pair, earlier: Sequence[Pair]) -> Moved:
    """Differences of a pair, set against those of earlier pairs or, where these are few, against draws of customers."""
    names = [str(name) for name in pair.now if name in pair.then and name not in NOT_COMPARED]
    of = DAYS if len(earlier) >= null.LEAST else CUSTOMERS
    table, drawn = _table(pair, names, null.FEW_DRAWS if of == DAYS else null.DRAWS)
    past = [_table(one, names, null.FEW_DRAWS if of == DAYS else 0) for one in earlier]
    now, noise = _lengths(table), np.sqrt(np.square(_lengths(drawn)).mean(axis=0))
    if of == DAYS:
        others = np.array([_lengths(one) for one, _ in past])
        chance = np.array([np.sqrt(np.square(_lengths(draws)).mean(axis=0)) for _, draws in past])
    else:
        others, chance, noise = _lengths(drawn), np.zeros_like(_lengths(drawn)), np.zeros_like(noise)
    found = [null.pooled(now[:, m], noise[:, m], others[:, :, m], chance[:, :, m]) for m in range(len(shift.MEASURES))]
    p = {measure: values[0] for measure, values in zip(shift.MEASURES, found, strict=True)}
    measures = _measures(now, others)
    least = np.minimum(1.0, measures * np.min([p[measure] for measure in MARGINAL], axis=0))
    q = null.adjusted(least)
    cut = max(least[q <= null.LEVEL].max(initial=0.0), null.LEVEL / max(len(q), 1))  # the largest p of what moved
    table = table.assign(p=least, q=q, moved=q <= null.LEVEL, limit=found[0][1](cut / measures))
    table = table.assign(correlation_p=p[CORRELATION], correlation_q=null.adjusted(p[CORRELATION]))
    table = table.sort_values(["p", DISTANCE], ascending=[True, False])
    return Moved(table, usual(table, [one for one, _ in past]), of, pair, list(earlier))


def _table(pair: Pair, names: Sequence[str], draws: int) -> tuple[pd.DataFrame, np.ndarray]:
    codes = [shift.coded(pair, name) for name in names]
    return shift.features(pair, codes), null.drawn(pair, codes, draws)


def _lengths(sizes: pd.DataFrame | np.ndarray) -> np.ndarray:
    """Differences in units in which chance is proportional to 1 / sqrt(customers): of PSI its root."""
    lengths = np.abs(sizes[list(shift.MEASURES)].to_numpy(float) if isinstance(sizes, pd.DataFrame) else sizes)
    lengths[..., shift.MEASURES.index(PSI)] **= 0.5
    return lengths


def _measures(now: np.ndarray, others: np.ndarray) -> np.ndarray:
    """In how many measures a feature can differ at all: its p is the least of theirs, times that (Bonferroni)."""
    can = (now > 0) | (others > 0).any(axis=0)
    return np.maximum(can[:, [shift.MEASURES.index(measure) for measure in MARGINAL]].sum(axis=1), 1)


def usual(table: pd.DataFrame, past: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """What rules of common practice say of today and of the earlier days, each against the same reference."""
    rows: list[Mapping[str, Any]] = []
    for rule, (measure, limit) in USUAL.items():
        fired = [int((one[measure].abs() > limit).sum()) for one in (table, *past)]
        alarms = sum(count > 0 for count in fired[1:])
        rows.append(
            {
                "rule": rule,
                "features": fired[0],
                "alarm": fired[0] > 0,
                "earlier_days": len(past),
                "earlier_alarms": alarms,
            }
        )
    return pd.DataFrame(rows)


def _nothing(reason: str) -> Moved:
    columns = ["kind", DISTANCE, PSI, MISSING, "p", "q", "moved", CORRELATION, "partner", "correlation_q", "limit"]
    return Moved(pd.DataFrame(columns=columns), pd.DataFrame(columns=["rule"]), "", None, [], reason)


def distinct(result: Moved, most: int, moved: bool = False) -> list[str]:
    """The features that moved most, without those that say the same (a correlation of .8 with one before them)."""
    table = result.features[result.features["moved"]] if moved else result.features
    chosen: list[str] = []
    if result.pair is None:
        return chosen
    for name in table.index[:CANDIDATES]:
        others = [one for one in chosen if table.loc[one, "kind"] == table.loc[name, "kind"] == shift.NUMBER]
        rows = result.pair.now[[name, *others]]
        alike = others and rows.corr(method="spearman").iloc[0, 1:].abs().max() > ALIKE
        chosen += [] if alike else [str(name)]
    return chosen[:most]
