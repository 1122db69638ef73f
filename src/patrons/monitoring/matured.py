"""Did it come true? What was said of customers on each day, beside what they did once the day's horizon had passed.

A *scored* frame has a row a customer and day: `customer_id`, `day` (missing of a table's own test), `probability`,
`flagged`, `active` (whether the customer could still be kept; missing of a table, where all can), `churned` (missing
where no outcome is known), `origin` (`tried`, `replayed` or `kept`).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from patrons.evaluation import scores
from patrons.evaluation.metrics import Interval
from patrons.evaluation.scores import MISSING, RANKING, Weighted
from patrons.evaluation.shares import wilson

TRIED, REPLAYED, KEPT = "tried", "replayed", "kept"  # the release's own test, scored afterwards, scored on the day
RANKED = ("roc_auc", "pr_auc")  # which need both outcomes
OF_PROBABILITIES = (*RANKED, "brier", "log_loss")
OF_FLAGS = tuple(scores.at(0.5))
METRICS = (*OF_PROBABILITIES, *OF_FLAGS, "forecast_minus_observed", "flagged_share", "observed")
EVERYONE = "_all"  # of columns that count those who were lost long before, too
AVERAGED = (*OF_PROBABILITIES, "forecast_minus_observed")
REPEATS = 200  # resamples of an interval
Z = (0.0, -1.959964, 1.959964)  # value, low and high of a normal 95% interval, standard errors
SAMPLE = 20_000  # customers of a day at most, from whom the width of its intervals is told
FEWEST_DAYS = 3  # from which it is told how days differ
COUNTS = ("customers", f"customers{EVERYONE}", "without_outcome")


def _observed(truth: np.ndarray, _: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return weights @ truth / weights.sum(axis=1)


def _gap(truth: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return weights @ (score - truth) / weights.sum(axis=1)


PROBABILITIES: dict[str, Weighted] = {
    **{name: RANKING[name] for name in OF_PROBABILITIES},
    "forecast_minus_observed": _gap,
    "observed": _observed,
}
FLAGS: dict[str, Weighted] = scores.at(0.5)  # of flags as numbers


def days(scored: pd.DataFrame, repeats: int = REPEATS) -> pd.DataFrame:
    """How good the answers of each day and origin were, oldest first; days without any outcome are left out.

    Customers of one day are independent of each other. So means have normal intervals, shares Wilson's, and rankings
    and metrics of flags those of resampled customers (percentile bootstrap). Beyond `SAMPLE` customers the width of a
    ranking's interval comes from so many, drawn with a fixed seed, and is narrowed by the root of the ratio.
    Of a customer who is there twice on a day with one origin, the last row counts.

    Parameters
    ----------
    scored : DataFrame
        As above.

    Returns
    -------
    DataFrame
        `day`, `origin`; `customers` (with an outcome, and who could be kept), `customers_all` (with an outcome),
        `without_outcome` (of all); each of `METRICS` with its 95% interval in `<metric>_low` and `<metric>_high`, of
        those who could be kept, and with the suffix `_all` of everyone; `loss` (the Brier score of those who could be
        kept) with its standard error `loss_error`, and `log_loss_error`. A metric is missing where it has no value:
        rankings where all had one outcome, metrics of flags where the threshold is not known.
    """
    rows = [_of_day(*one, repeats) for one in by_day(scored) if one[2].churned.notna().any()]
    table = pd.DataFrame(rows, columns=_columns()).astype({"day": "datetime64[us]", "origin": "str"})
    return table.sort_values(["day", "origin"], ignore_index=True)


def _columns() -> list[str]:
    spans = [f"{name}{end}" for name in METRICS for end in ("", "_low", "_high")]
    return ["day", "origin", *COUNTS, *spans, "loss", "loss_error", "log_loss_error", *(s + EVERYONE for s in spans)]


def by_day(scored: pd.DataFrame) -> Iterator[tuple[Any, str, pd.DataFrame]]:
    """Day, origin and rows of each day and origin, oldest first; of a customer who is there twice the last row."""
    days = pd.to_datetime(scored.day)
    for (day, origin), rows in scored.groupby([days, scored.origin], dropna=False, sort=True, observed=True):
        yield day, str(origin), rows.drop_duplicates("customer_id", keep="last")


def _of_day(day: Any, origin: str, rows: pd.DataFrame, repeats: int) -> dict[str, object]:
    known = rows[rows.churned.notna()]
    kept = known[can_be_kept(known)]
    counts = dict(zip(COUNTS, (len(kept), len(known), len(rows) - len(known)), strict=True))
    errors = loss_errors(kept)
    of_kept = _flat(measured(kept, repeats), "")
    loss = {"loss": of_kept["brier"], "loss_error": errors["brier"], "log_loss_error": errors["log_loss"]}
    return {"day": day, "origin": origin} | counts | of_kept | loss | _flat(measured(known, repeats), EVERYONE)


def once(of_days: pd.DataFrame) -> pd.DataFrame:
    """Rows of days, oldest first, each day once: what was kept goes before what was replayed, then what was tried."""
    ranked = of_days.assign(rank=of_days.origin.map({TRIED: 0, REPLAYED: 1, KEPT: 2})).sort_values(["day", "rank"])
    return ranked.drop_duplicates("day", keep="last").drop(columns="rank")


def can_be_kept(rows: pd.DataFrame) -> pd.Series:
    """Which rows are of customers who could still be kept: where this is known of nobody (a table), all."""
    if rows.active.isna().all():
        return pd.Series(True, rows.index)
    return rows.active.fillna(False).astype(bool)


def measured(rows: pd.DataFrame, repeats: int = REPEATS) -> dict[str, Interval]:
    """Each of `METRICS` with its 95% interval, of the rows of one day that all have an outcome."""
    truth, score, flags = arrays(rows)
    found = _means(truth, score) if len(truth) else {}
    if len(np.unique(truth)) > 1:
        found |= _rankings(truth, score, repeats)
    if len(truth) and not np.isnan(flags).any():
        found |= _of_flags(truth, flags, repeats) | {"flagged_share": _share(flags)}
    return {name: found.get(name, MISSING) for name in METRICS}


def _means(truth: np.ndarray, score: np.ndarray) -> dict[str, Interval]:
    """What is a mean over customers, by the central limit theorem."""
    each = {name: loss(truth, score) for name, loss in scores.LOSSES.items()}
    each["forecast_minus_observed"] = score - truth
    errors = {name: values.std() / np.sqrt(len(values)) for name, values in each.items()}
    means = {name: Interval(*(float(values.mean() + z * errors[name]) for z in Z)) for name, values in each.items()}
    return means | {"observed": _share(truth)}


def _share(values: np.ndarray) -> Interval:
    positives, rows = pd.Series([values.sum()]), pd.Series([len(values)])
    low, high = wilson(positives, rows)
    return Interval(float(values.mean()), float(low[0]), float(high[0]))


def _rankings(truth: np.ndarray, score: np.ndarray, repeats: int) -> dict[str, Interval]:
    metrics = {name: RANKING[name] for name in RANKED}
    if len(truth) <= SAMPLE:
        return scores.intervals(metrics, truth, score, repeats)
    some = np.random.default_rng(0).choice(len(truth), SAMPLE, replace=False)
    everyone, narrower = np.ones((1, len(truth))), np.sqrt(SAMPLE / len(truth))
    sampled = scores.intervals(metrics, truth[some], score[some], repeats)
    whole = {name: float(metric(truth, score, everyone)[0]) for name, metric in metrics.items()}
    return {name: moved(sampled[name], value, narrower) for name, value in whole.items()}


def moved(interval: Interval, value: float, narrower: float) -> Interval:
    """An interval of a sample, about the value of all."""
    low, high = ((end - interval.value) * narrower for end in (interval.low, interval.high))
    return Interval(value, value + low, value + high)


def _of_flags(truth: np.ndarray, flags: np.ndarray, repeats: int) -> dict[str, Interval]:
    """Metrics of flags: customers are alike within the four cells of outcome and flag, so cells are resampled."""
    cells = np.bincount((2 * truth + flags).astype(int), minlength=4).astype(float)
    drawn = np.random.default_rng(0).multinomial(len(truth), cells / len(truth), repeats)
    counts = np.vstack([cells, drawn])
    outcome, flag = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 1.0, 0.0, 1.0])
    return {name: scores.percentiles(metric(outcome, flag, counts)) for name, metric in FLAGS.items()}


def arrays(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcome, probability and flag (0, 1 or missing) of each row as floats."""
    truth, score, flags = (
        rows[name].astype("Float64").to_numpy(float, na_value=np.nan) for name in ("churned", "probability", "flagged")
    )
    return truth, score, flags


def _flat(found: dict[str, Interval], suffix: str) -> dict[str, float]:
    ends = ("", "_low", "_high")
    return {f"{name}{end}{suffix}": part for name, one in found.items() for end, part in zip(ends, one, strict=True)}


def loss_errors(rows: pd.DataFrame) -> dict[str, float]:
    """Standard errors of `scores.LOSSES` over the customers of one day, who are independent of each other.

    Missing of fewer than two rows.
    """
    truth, score, _ = arrays(rows)
    if len(truth) < 2:
        return dict.fromkeys(scores.LOSSES, np.nan)
    own = {name: loss(truth, score) for name, loss in scores.LOSSES.items()}
    return {name: float(values.std(ddof=1) / np.sqrt(len(values))) for name, values in own.items()}


def band(of_days: pd.DataFrame) -> pd.DataFrame:
    """Where a day's metrics are to be expected if nothing has changed: as far apart as the days that were tried.

    The interval is that of one more day, from the mean and the spread of the days tried (Student's t; Hahn & Meeker,
    Statistical Intervals, 1991, 2.3). Their spread holds both what days do and chance in who was there. Days tried
    that are closer than a horizon share outcomes, and then it is somewhat narrow. With fewer than `FEWEST_DAYS` days
    it is that of the last alone, which holds chance only.

    Parameters
    ----------
    of_days : DataFrame
        What `days` returned; only rows of origin `tried` count.

    Returns
    -------
    DataFrame
        Index each of `METRICS`, with the suffix `_all` too. `test`, `test_low`, `test_high`: of the last day tried,
        the release's own test; `mean`, `spread` (standard deviation) and `days`: over all; `low` and `high`: the band.
        Empty where no day was tried.
    """
    rows = of_days[of_days.origin == TRIED].sort_values("day")
    names = [f"{name}{suffix}" for suffix in ("", EVERYONE) for name in METRICS] if len(rows) else []
    columns = ["test", "test_low", "test_high", "mean", "spread", "days", "low", "high"]
    return pd.DataFrame([_band(rows, name) for name in names], pd.Index(names, name="metric"), columns)


def _band(rows: pd.DataFrame, name: str) -> tuple[float, ...]:
    metric, suffix = (name.removesuffix(EVERYONE), EVERYONE) if name.endswith(EVERYONE) else (name, "")
    last, values = rows.iloc[-1], rows[name].dropna().to_numpy(float)
    test, ends = float(last[name]), (float(last[f"{metric}_low{suffix}"]), float(last[f"{metric}_high{suffix}"]))
    count = len(values)
    mean, spread = (values.mean() if count else np.nan), (values.std(ddof=1) if count > 1 else np.nan)
    if count < FEWEST_DAYS:
        return test, *ends, mean, spread, count, *ends
    reach = t.ppf(0.975, count - 1) * spread * np.sqrt(1 + 1 / count)
    least = -1.0 if metric == "forecast_minus_observed" else 0.0
    most = np.inf if metric == "log_loss" else 1.0
    return test, *ends, mean, spread, count, max(mean - reach, least), min(mean + reach, most)


def over_days(scored: pd.DataFrame, repeats: int = REPEATS) -> pd.DataFrame:
    """Mean of metrics over the days of each origin, of those who could be kept; intervals resample customers.

    One customer is there on many days, so customers are drawn with all of their rows (`scores.mean`). Of more than
    `SAMPLE` customers so many are drawn with a fixed seed, and the interval is narrowed by the root of the ratio.

    Returns
    -------
    DataFrame
        `origin`, `metric` (of `OF_PROBABILITIES`, and `forecast_minus_observed`), `days` (with both outcomes), `value`,
        `low`, `high`.
    """
    rows = []
    for origin, group in scored[scored.churned.notna()].groupby("origin", observed=True):
        found = [part[can_be_kept(part)] for _, _, part in by_day(group)]
        parts = [part for part in found if part.churned.nunique() > 1]
        if parts:
            means = {name: _mean_of(PROBABILITIES[name], parts, repeats) for name in AVERAGED}
            rows += [(origin, name, len(parts), *interval) for name, interval in means.items()]
    return pd.DataFrame(rows, columns=["origin", "metric", "days", "value", "low", "high"])


def _mean_of(metric: Weighted, parts: list[pd.DataFrame], repeats: int) -> Interval:
    owners = pd.unique(pd.concat([part.customer_id for part in parts]))
    if len(owners) <= SAMPLE:
        return scores.mean(metric, *_pairs(parts), repeats)
    some = np.random.default_rng(0).choice(owners, SAMPLE, replace=False)
    sampled = scores.mean(metric, *_pairs([part[part.customer_id.isin(some)] for part in parts]), repeats)
    whole = scores.mean(metric, *_pairs(parts), 0).value
    return moved(sampled, whole, np.sqrt(SAMPLE / len(owners)))


def _pairs(parts: list[pd.DataFrame]) -> tuple[list[tuple[np.ndarray, np.ndarray]], list[np.ndarray]]:
    return [arrays(part)[:2] for part in parts], [part.customer_id.to_numpy() for part in parts]
