"""Forecasts of spend: days to learn from, what was spent after them, and a test that sees no later day."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import ibis
import numpy as np
import pandas as pd
from ibis import Table
from scipy.stats import rankdata

from patrons.btyd.lifetime import active_days
from patrons.evaluation.metrics import Interval
from patrons.features.catalogue import WINDOWS
from patrons.features.outcomes import outcomes
from patrons.features.panel import build, day_after, feature_names
from patrons.features.stages import exact_sum
from patrons.value.spend_model import SpendModel

STEP, MIN_HISTORY = 30, 90  # days between snapshots, and of log before the first
LEAST_REPEATERS = 30  # customers with a second day of orders, the fewest from whom pace and leaving can be learnt
REPEATS = 200  # of the bootstrap
LEFT_OUT = ("returns",)  # needs the cancellations; the model uses what both tables have


class Days(NamedTuple):
    """When customers are described: on earlier days to learn from, on the cutoff to test, at the end of the log."""

    earlier: list[date]
    cutoff: date | None
    end: date


def days(first: date, end: date, horizon_days: int) -> Days:
    """The cutoff is the end minus the horizon; days to learn from for it lie another horizon and more before it.

    Without `MIN_HISTORY` days of log before the cutoff there is none, and nothing can be tested.
    """
    earliest, horizon = first + timedelta(days=MIN_HISTORY), timedelta(days=horizon_days)
    cutoff = end - horizon
    if cutoff < earliest:
        return Days([], None, end)
    count = ((cutoff - horizon) - earliest).days // STEP + 1
    earlier = [cutoff - horizon - timedelta(days=STEP * n) for n in range(max(count, 0) - 1, -1, -1)]
    return Days(earlier, cutoff, end)


def days_of(lines: Table, horizon_days: int) -> Days:
    """The `days` of a log."""
    return days(lines.ordered_at.min().execute().date(), day_after(lines), horizon_days)


def snapshots(
    lines: Table, when: Days, horizon_days: int, cancelled: Table | pd.DataFrame | None = None
) -> pd.DataFrame:
    """Features of every customer on each of the days, and what was spent within the horizon from then.

    Parameters
    ----------
    lines : Table
        Clean order lines.
    when : Days
    horizon_days : int
    cancelled : Table or DataFrame, optional
        What cancellations take back of which line: off the features from the day after on, and off what was spent where
        the cancellation lies within the horizon (see `patrons.features.outcomes`).

    Returns
    -------
    DataFrame
        The columns of `patrons.features.panel.build`; `spent` (currency) and `ordered` (days with an order), both
        missing where the horizon reaches beyond the log; `known_on`: the day from which they are known.
    """
    days = [*when.earlier, *([when.cutoff] if when.cutoff else []), when.end]
    windows = sorted({*WINDOWS, horizon_days})
    described = build(lines, days, windows=windows, leave_out=LEFT_OUT, cancelled=cancelled)
    table = described.order_by("as_of", "customer_id").to_pandas()
    table = table.merge(_outcomes(lines, days, horizon_days, cancelled), "left", ["customer_id", "as_of"])
    table["known_on"] = table.as_of + pd.Timedelta(days=horizon_days)
    known = table.known_on <= pd.Timestamp(when.end)
    outcome = table[["spent", "ordered"]].fillna(0.0).where(known)
    return table.assign(spent=outcome.spent, ordered=outcome.ordered)


def ordered_within(
    lines: Table, days: Sequence[date], horizon_days: int, cancelled: Table | pd.DataFrame | None = None
) -> pd.DataFrame:
    """Who ordered within a horizon from each of some days, net of cancellations in it: `customer_id` and `as_of`."""
    return _outcomes(lines, days, horizon_days, cancelled)[["customer_id", "as_of"]]


def spent_before(lines: Table, end: date, horizon_days: int, cancelled: Table | pd.DataFrame | None = None) -> float:
    """What all customers spent in the horizon that ends with the log, currency: summed by the engine, none is left out.

    Counted as what is spent in a horizon is in `snapshots`, which the forecast is of. NaN where the log is shorter.

    Parameters
    ----------
    lines : Table
        Clean order lines of all customers, not of some who were drawn.
    end : date
        The day after the last order.
    horizon_days : int
    cancelled : Table or DataFrame, optional
        What cancellations take back of which line.
    """
    begin = pd.Timestamp(end) - pd.Timedelta(days=horizon_days)
    if lines.ordered_at.min().to_pandas() >= begin + pd.Timedelta(days=1):
        return float("nan")
    start = ibis.memtable(pd.DataFrame({"as_of": [begin]}))
    spent = outcomes(lines, start, horizon_days, cancelled)
    return float(spent.agg(total=exact_sum(spent.spent).fill_null(0.0)).to_pandas().total.iloc[0])


def _outcomes(
    lines: Table, days: Sequence[date], horizon_days: int, cancelled: Table | pd.DataFrame | None
) -> pd.DataFrame:
    starts = ibis.memtable(pd.DataFrame({"as_of": pd.to_datetime(list(days))}))
    return outcomes(lines, starts, horizon_days, cancelled).to_pandas()


def on(table: pd.DataFrame, day: date) -> pd.DataFrame:
    """The customers of one day."""
    return table[table.as_of == pd.Timestamp(day)]


def inputs(table: pd.DataFrame, today: pd.DataFrame) -> list[str]:
    """Numbers that a model may learn from: features that both tables have."""
    own = feature_names(table, ["spent", "ordered"])
    return [name for name in own if name in today and pd.api.types.is_numeric_dtype(today[name])]


def fit_as_of(table: pd.DataFrame, day: date, model: SpendModel) -> SpendModel:
    """Fit a model on what was known on a day: later days, and outcomes that end later, are left out."""
    as_of = pd.Timestamp(day)
    seen = table[(table.as_of <= as_of) & ((table.known_on <= as_of) | (table.as_of == as_of))]
    return model.fit(seen, seen.spent.where(seen.as_of != as_of))


def baselines(rows: pd.DataFrame, horizon_days: int) -> dict[str, np.ndarray]:
    """Simple rules: what was spent in as many days before, the past rate, the mean of all, and nothing."""
    before = rows[f"spend_{horizon_days}d"].to_numpy(float)
    rate = rows.monetary.to_numpy(float) / rows.tenure_days.to_numpy(float) * horizon_days
    return {
        f"as in the last {horizon_days} days": before,
        "past rate goes on": rate,
        "everyone the mean": np.full(len(rows), before.mean()),
        "nobody buys": np.zeros(len(rows)),
    }


def scores(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """How good forecasts of spend are.

    Returns
    -------
    dict
        `mae` and `rmse` (currency), `rmse_without_largest`: without the customer who spent most; `spearman`: rank
        correlation, 0 for a forecast that is the same for all; `capture_top_decile`: share of all spend that the tenth
        with the highest forecasts brought; `bias`: total of the forecasts over what was spent, minus 1.
    """
    error, total = np.asarray(predicted) - truth, truth.sum()
    varied = len(np.unique(predicted)) > 1 and len(np.unique(truth)) > 1
    return {
        "mae": float(np.abs(error).mean()),
        "rmse": _rmse(error),
        "rmse_without_largest": _rmse(np.delete(error, truth.argmax())) if len(truth) > 1 else 0.0,
        "spearman": float(np.corrcoef(rankdata(truth), rankdata(predicted))[0, 1]) if varied else 0.0,
        "capture_top_decile": float(truth[top_decile(predicted)].sum() / total) if total else 0.0,
        "bias": float(np.sum(predicted) / total - 1) if total else 0.0,
    }


def _rmse(error: np.ndarray) -> float:
    return float(np.sqrt((error**2).mean()))


def top_decile(predicted: np.ndarray | pd.Series) -> np.ndarray:
    """Row numbers of the tenth with the highest values, at least one; of equal ones the first."""
    return np.argsort(-np.asarray(predicted), kind="stable")[: max(len(predicted) // 10, 1)]


def top_share(predicted: pd.Series) -> float:
    """Share of all spend that is expected of the tenth with the highest forecasts."""
    return float(predicted.to_numpy()[top_decile(predicted)].sum() / predicted.sum())


class Tested(NamedTuple):
    """A forecast compared with what was spent, customer by customer and in scores (see `test`)."""

    truth: np.ndarray
    predicted: np.ndarray
    leaderboard: pd.DataFrame
    scores: dict[str, float]
    rule: str
    saving: Interval

    @property
    def beats(self) -> bool:
        """Whether it is better than the best simple rule beyond chance."""
        return self.saving.low > 0


def test(table: pd.DataFrame, cutoff: date | None, model: SpendModel) -> Tested | None:
    """Fit as of the cutoff, and score the forecast of its customers beside simple rules; None without a cutoff.

    `rule` is the rule with the lowest RMSE, `saving` by how much the forecast's mean squared error is lower, as a share
    of the rule's, with a paired 95% interval.
    """
    if cutoff is None:
        return None
    fit_as_of(table, cutoff, model)
    rows = on(table, cutoff)
    truth, predicted, rules = rows.spent.to_numpy(), model.predict(rows), baselines(rows, model.horizon_days)
    parts = model.parts(rows)
    forecasts = {"MBG/NBD with Gamma-Gamma": parts["btyd"]}
    forecasts |= {"Tweedie booster": parts["booster"], "mean of both": predicted} if "booster" in parts else {}
    leaderboard = pd.DataFrame({name: scores(truth, values) for name, values in {**forecasts, **rules}.items()}).T
    best = scores(truth, truth)["capture_top_decile"]
    rule = str(leaderboard.loc[list(rules)].rmse.idxmin())
    saving = _saving(truth, predicted, rules[rule])
    return Tested(truth, predicted, leaderboard.assign(oracle=best), scores(truth, predicted), rule, saving)


def _saving(truth: np.ndarray, predicted: np.ndarray, rule: np.ndarray) -> Interval:
    own, other = (truth - predicted) ** 2, (truth - rule) ** 2
    rng = np.random.default_rng(0)
    samples = [rng.integers(0, len(truth), len(truth)) for _repeat in range(REPEATS)]
    shares = [1 - own[rows].sum() / max(other[rows].sum(), 1e-9) for rows in samples]
    low, high = np.quantile(shares, [0.025, 0.975])
    return Interval(float(1 - own.sum() / max(other.sum(), 1e-9)), float(low), float(high))


def repeaters(rows: pd.DataFrame) -> int:
    """Customers with orders on more than one day."""
    return int((active_days(rows) > 1).sum())
