"""Tables of 07 for people to read: how the fits went, the scores of the test, the first of the list."""

from datetime import date, timedelta
from typing import Any

import pandas as pd

from patrons.btyd.likelihood import Report
from patrons.churn.wording import PUSHES
from patrons.digits import about, spoken
from patrons.lexicon import capital
from patrons.value.forecast import Tested
from patrons.value.spend_model import Fits

MODELS = {"MBG/NBD (orders)": ("r", "alpha", "a", "b"), "Gamma-Gamma (order values)": ("p", "q - 1", "gamma")}
SCORES = {  # of `forecast.scores`: how it is headed, and how a number is written
    "mae": ("mean error{}", "{:,.0f}"),
    "rmse": ("root of the mean squared error{}", "{:,.0f}"),
    "rmse_without_largest": ("the same without the customer who spent most{}", "{:,.0f}"),
    "spearman": ("rank correlation", "{:.2f}"),
    "capture_top_decile": ("share of spend of the tenth forecast highest", "{:.0%}"),
    "oracle": ("of the tenth that spent most", "{:.0%}"),
    "bias": ("total off by", "{:+.0%}"),
}


def leaderboard(tested: Tested, currency: str) -> pd.DataFrame:
    """The scores of a test: a row each forecast and rule, headings in words."""
    heads = {name: head.format(f", {currency}" if currency else "") for name, (head, _) in SCORES.items()}
    return tested.leaderboard[list(heads)].rename(columns=heads).rename_axis("forecast").reset_index()


def formats(currency: str) -> dict[str, str]:
    """How the numbers of `leaderboard` are written."""
    return {head.format(f", {currency}" if currency else ""): style for head, style in SCORES.values()}


def reports(fits: Fits) -> dict[str, Report]:
    """How each of the two fits went, by its name."""
    return dict(zip(MODELS, (fits.orders_report, fits.value_report), strict=True))


def at_bound(name: str, report: Report) -> list[str]:
    """Names of the parameters that lie on a bound."""
    return [MODELS[name][position] for position in report.at_bound]


def convergence(fits: Fits) -> pd.DataFrame:
    """How both fits went: a row each with log-likelihood, whether they converged, agreed, and what lies on a bound."""
    rows = [
        {
            "fit": name,
            "parameters": ", ".join(f"{n} {v:.3g}" for n, v in zip(MODELS[name], values, strict=True)),
            "log-likelihood": report.log_likelihood,
            "converged": "yes" if report.converged else "no",
            "starts that agree": f"{report.agreed} of {report.starts}",
            "at a bound": ", ".join(at_bound(name, report)) or "none",
        }
        for (name, report), values in zip(reports(fits).items(), (fits.orders, fits.value), strict=True)
    ]
    return pd.DataFrame(rows)


CHECKED = {  # of `stake_check.checked`: how it is headed, and how a number is written; amounts are means, currency
    "silence": ("silent for", "{}"),
    "customers": ("share of customers", "{:.0%}"),
    "chance": ("risk of no order", "{:.0%}"),
    "counted_twice": ("risk × expected spend", "{:,.0f}"),
    "stake": ("risk × (kept − lost)", "{:,.0f}"),
    "ordering": ("expected of those who then ordered", "{:,.0f}"),
    "ordering_spent": ("what they spent", "{:,.0f}"),
    "gone": ("expected of those who did not", "{:,.0f}"),
    "gone_spent": ("what these spent", "{:,.0f}"),
    "more": ("kept − lost, expected (mean over what was at stake)", "{:,.0f}"),
    "more_spent": ("kept − lost, as spent", "{:,.0f}"),
}
RAISES = PUSHES[1.0]


def last_day(end: date, days: int) -> str:
    """The last of so many days from the end of a log on, in words: by then a customer who is kept orders."""
    return spoken(end + timedelta(days=days - 1))


def checked(table: pd.DataFrame) -> pd.DataFrame:
    """The bands of `stake_check.checked`, with headings in words."""
    table = table.assign(customers=table.customers / table.customers.sum())
    return table[list(CHECKED)].rename(columns={name: head for name, (head, _) in CHECKED.items()})


def why(row: Any, currency: str, days: int | None, by: str) -> str:
    """Why to contact a customer of the list: what they spend if they stay and if not, and what speaks for leaving.

    Parameters
    ----------
    row : named tuple
        Of ``actions.csv``.
    currency : str
    days : int or None
        How far ahead their spend is told.
    by : str
        The day by which a customer who is kept orders, in words; empty of a table, whose customers stay or leave.
    """
    kept, lost = getattr(row, "value_if_kept", None), getattr(row, "value_if_lost", None)
    within = f" in {days} days" if days else ""
    kept_if = f"order by {by}" if by else "stay"
    stake = (
        f"{about(kept)} {currency}".rstrip() + f"{within} if they {kept_if}, {about(lost)} if not"
        if pd.notna(kept) and pd.notna(lost)
        else ""
    )
    late = "silent for longer than usual" if getattr(row, "late", False) is True else ""
    told = row.reason_1 if isinstance(row.reason_1, str) else ""
    risk = told.removeprefix(RAISES) if told.startswith(RAISES) else ""
    return capital("; ".join(filter(None, (stake, late or risk))))


def top(listed: pd.DataFrame, currency: str, horizon_days: int, by: str = "", rows: int = 10) -> pd.DataFrame:
    """The first rows of `actions.csv`: fewer columns, none that is empty, and text for numbers. `by` is of `why`.

    Returns
    -------
    DataFrame
        `rank`, `customer`, `segment`, `risk`, what is expected in so many days, what is more if the customer is kept
        and what a contact gains (in currency, as the headings say), `why worry`, `what to do`; without the amounts
        where no value is known.
    """
    table, unit = listed.head(rows), f", {currency}" if currency else ""
    expected, more, gained = (
        f"expected spend in {horizon_days} days{unit}",
        f"more if kept{unit}",
        f"gain of a contact{unit} (95% interval)",
    )
    gain = [
        f"{likely:,.0f} ({low:,.0f} to {high:,.0f})" if pd.notna(likely) else "–"
        for likely, low, high in zip(table.expected_gain, table.gain_low, table.gain_high, strict=True)
    ]
    readable = pd.DataFrame(
        {
            "rank": table["rank"],
            "customer": table.customer_id.astype(str),
            "segment": table.segment,
            "risk": table.churn_probability.map("{:.0%}".format, na_action="ignore"),
            expected: table.value.map("{:,.0f}".format, na_action="ignore"),
            more: (table.value_if_kept - table.value_if_lost).map("{:,.0f}".format, na_action="ignore"),
            gained: gain,
            "why worry": [why(row, currency, horizon_days, by) for row in table.itertuples()],
            "what to do": table.suggested_action,
        }
    )
    return readable if table.value.notna().any() else readable.drop(columns=[expected, more, gained])
