"""Sentences of the monitoring notebook."""

import pandas as pd

from patrons.errors import PATRONS
from patrons.evaluation.scores import LOSSES
from patrons.lexicon import capital
from patrons.monitoring.matured import FEWEST_DAYS, KEPT, REPLAYED, SAMPLE, TRIED, once

NAMES = {
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "brier": "Brier score",
    "log_loss": "log loss",
    "f1": "F1",
    "forecast_minus_observed": "forecast minus observed",
    "flagged_share": "share warned of",
    "observed": "share who left",
}


def name(metric: str) -> str:
    """A metric as people write it."""
    return NAMES.get(metric, metric.replace("_", " "))


def later(days: pd.DataFrame) -> pd.DataFrame:
    """The matured days after the release's own, oldest first; of a day that was kept and replayed, what was kept."""
    return once(days[days.origin != TRIED])


def title(days: pd.DataFrame, band: pd.DataFrame, metric: str = "roc_auc") -> str:
    """Title of a metric over days: the latest matured day, and how it lies to the band of the days tried."""
    rows = later(days)
    rows = rows[rows[metric].notna()]
    what = capital(name(metric))
    if rows.empty:
        return f"{what}: no day after the training has matured yet"
    last = rows.iloc[-1]
    return f"{what} {last[metric]:.2f} on {_day(last.day)}{_beside(last[metric], band, metric)}"


def _beside(value: float, band: pd.DataFrame, metric: str) -> str:
    if metric not in band.index or pd.isna(band.low[metric]):
        return ""
    side = "below" if value < band.low[metric] else "above" if value > band.high[metric] else "within"
    return f", {side} the range of days tried"


def _day(day: pd.Timestamp) -> str:
    return "the table" if pd.isna(day) else str(pd.Timestamp(day).date())


def matured(days: pd.DataFrame) -> str:
    """How many days after the release have matured, or when there will be something to see."""
    rows = later(days)
    if rows.empty and len(days) and days.day.isna().all():
        return f"No outcomes of customers scored since the training are known yet. “{PATRONS} outcomes” brings them."
    if rows.empty:
        return (
            "No day after the training has matured yet: only the days before it, on which it was tried, can be shown."
        )
    count = rows.day.nunique(dropna=False)
    return f"{count} {'day' if count == 1 else 'days'} after the training {'has' if count == 1 else 'have'} matured."


def without_outcome(days: pd.DataFrame) -> str:
    """How many answers of matured days have no outcome; empty where all have one."""
    rows = later(days)
    missing, known = int(rows.without_outcome.sum()), int(rows.customers_all.sum())
    if not missing:
        return ""
    return f"{missing:,} of {missing + known:,} answers of these days have no outcome; they are counted, and left out."


def calibration(days: pd.DataFrame) -> str:
    """What was forecast and what happened on the latest matured day after the release; empty where there is none."""
    rows = later(days).dropna(subset=["observed"])
    if rows.empty:
        return ""
    worst = rows.iloc[int(rows.forecast_minus_observed.abs().argmax())]
    forecast, more = worst.observed + worst.forecast_minus_observed, int((rows.forecast_minus_observed < 0).sum())
    told = f"Of customers who could be kept on {_day(worst.day)}, {forecast:.0%} were forecast to churn and "
    told += f"{worst.observed:.0%} did"
    if len(rows) == 1:
        return f"{told}."
    return f"On {more} of {len(rows)} days after the training more left than was forecast. {told}: the widest gap."


def over_days(means: pd.DataFrame) -> str:
    """Mean ROC AUC over the days after the training beside that of the days tried; empty where there are none.

    Parameters
    ----------
    means : DataFrame
        What `matured.over_days` returned.
    """
    rows, told = means[means.metric == "roc_auc"].set_index("origin"), []
    for origin, words in ((REPLAYED, "replayed afterwards"), (KEPT, "kept when scored"), (TRIED, "tried before")):
        if origin in rows.index:
            row = rows.loc[origin]
            span = f"95% interval {row.low:.3f} to {row.high:.3f}"
            told.append(f"over {row.days} {'day' if row.days == 1 else 'days'} {words} {row.value:.3f} ({span})")
    return f"Mean ROC AUC, with customers resampled: {'; '.join(told)}." if len(told) > 1 else ""


def others(days: pd.DataFrame, all_days: pd.DataFrame) -> str:
    """That there are days which do not count for this release; empty where there are none."""
    more = len(all_days) - len(days)
    if not more:
        return ""
    which = (
        "day, of another release or of a part of the customers, stands"
        if more == 1
        else ("days, of other releases or of a part of the customers, stand")
    )
    return f"{more} more {which} in days.parquet. They count for nothing here."


def one_sided(days: pd.DataFrame) -> bool:
    """Whether on all of three days or more after the training more, or fewer, churned than was forecast."""
    gaps = later(days).forecast_minus_observed.dropna()
    return len(gaps) >= FEWEST_DAYS and bool((gaps < 0).all() or (gaps > 0).all())


def sampled(days: pd.DataFrame) -> str:
    """That intervals come from a sample; empty where they come from all customers."""
    if days.empty or days.customers_all.max() <= SAMPLE:
        return ""
    return f"Intervals of days with more customers are told from {SAMPLE:,} of them, drawn at random."


def estimate(off: pd.DataFrame, metric: str = "brier") -> str:
    """How far estimates of a metric were off on earlier days, and whether they are shown (see `estimate.errors`)."""
    row, what = off.loc[metric], name(metric)
    if row.days < FEWEST_DAYS:
        return (
            f"The {what} of days that have not matured is not estimated: how far such an estimate errs is told by "
            f"{FEWEST_DAYS} matured days or more."
        )
    digits = ".3f" if metric in LOSSES else ".2f"
    typical = f"On {row.days:.0f} earlier days the estimate of the {what} was typically off by {row.error:{digits}}"
    if row.shown:
        return f"{typical}."
    return f"{typical}. That is more than the change it should show, so it is not shown."


def estimate_title(off: pd.DataFrame, metric: str = "brier") -> str:
    """Title of estimates beside what came."""
    row, what = off.loc[metric], capital(name(metric))
    if not row.days:
        return f"{what}: no day has matured, so no estimate can be checked"
    digits = ".3f" if metric in LOSSES else ".2f"
    return f"{what}: estimates were typically off by {row.error:{digits}}, over {row.days:.0f} days"


def hidden(off: pd.DataFrame) -> str:
    """Which metrics are not estimated, as their estimates erred too much; empty where all are shown."""
    names = [name(metric) for metric in off.index[~off.shown.astype(bool) & (off.days >= FEWEST_DAYS)]]
    if not names:
        return ""
    listed = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]
    return f"Not shown, because estimates were too far off on earlier days: {listed}."


def spending(table: pd.DataFrame, currency: str = "") -> str:
    """What was expected and what was spent on the latest day whose spend is known; empty where there is none."""
    rows = table.dropna(subset=["relative_error"])
    if rows.empty:
        return ""
    last = rows.iloc[-1]
    side = "more" if last.relative_error > 0 else "less"
    money = f" {currency}" if currency else ""
    return (
        f"From {_day(last.day)} on, {abs(last.relative_error):.0%} {side} was expected than the "
        f"{last.spent:,.0f}{money} that customers spent."
    )


def coverage(table: pd.DataFrame) -> str:
    """How many groups' mean spend lay in their interval on the latest such day; empty where there is none."""
    rows = table[table.groups > 0]
    if rows.empty:
        return ""
    last = rows.iloc[-1]
    return (
        f"The mean spend of {last.inside} of {last.groups} groups of customers lay within their 95% interval. "
        "One period moves all groups together, so a single day proves little."
    )
