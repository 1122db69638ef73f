"""Tables of 07 for people to read: how the fits went, the scores of the test, the first of the list."""

import pandas as pd

from patrons.btyd.likelihood import Report
from patrons.churn.reasons import REASONS
from patrons.value.forecast import Tested
from patrons.value.spend_model import Fits

MODELS = {"MBG/NBD (orders)": ("r", "alpha", "a", "b"), "Gamma-Gamma (order values)": ("p", "q - 1", "gamma")}
SCORES = {  # of `forecast.scores`: how it is headed, and how a number is written
    "mae": ("mean error{}", "{:,.0f}"),
    "rmse": ("root of the mean squared error{}", "{:,.0f}"),
    "rmse_without_largest": ("the same without who spent most{}", "{:,.0f}"),
    "spearman": ("rank correlation", "{:.2f}"),
    "capture_top_decile": ("brought by the tenth forecast highest", "{:.0%}"),
    "oracle": ("by the tenth that spent most", "{:.0%}"),
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
    "chance": ("chance of no order", "{:.0%}"),
    "counted_twice": ("chance × expected spend", "{:,.0f}"),
    "stake": ("chance × (kept − lost)", "{:,.0f}"),
    "ordering": ("expected of those who ordered", "{:,.0f}"),
    "ordering_spent": ("they spent", "{:,.0f}"),
    "gone": ("expected of those who did not", "{:,.0f}"),
    "gone_spent": ("these spent", "{:,.0f}"),
    "more": ("kept − lost, weighted as at stake", "{:,.0f}"),
    "more_spent": ("as it was spent", "{:,.0f}"),
}


def checked(table: pd.DataFrame) -> pd.DataFrame:
    """The bands of `stake_check.checked`, with headings in words."""
    table = table.assign(customers=table.customers / table.customers.sum())
    return table[list(CHECKED)].rename(columns={name: head for name, (head, _) in CHECKED.items()})


def top(listed: pd.DataFrame, rows: int = 10) -> pd.DataFrame:
    """The first rows of `actions.csv`: fewer columns, none that is empty, and text for numbers.

    Returns
    -------
    DataFrame
        `rank`, `customer`, `segment`, `churn`, `value`, `more if kept`, `gain (95% interval)`, `main reason of the
        churn forecast`, `what to do`; without value, more and gain where no value is known.
    """
    table = listed.head(rows)
    gain = [
        f"{expected:,.0f} ({low:,.0f} to {high:,.0f})" if pd.notna(expected) else "–"
        for expected, low, high in zip(table.expected_gain, table.gain_low, table.gain_high, strict=True)
    ]
    readable = pd.DataFrame(
        {
            "rank": table["rank"],
            "customer": table.customer_id.astype(str),
            "segment": table.segment,
            "churn": table.churn_probability.map("{:.0%}".format, na_action="ignore"),
            "value": table.value.map("{:,.0f}".format, na_action="ignore"),
            "more if kept": (table.value_if_kept - table.value_if_lost).map("{:,.0f}".format, na_action="ignore"),
            "gain (95% interval)": gain,
            "main reason of the churn forecast": table[REASONS[0]].fillna(""),
            "what to do": table.suggested_action,
        }
    )
    known = table.value.notna().any()
    return readable if known else readable.drop(columns=["value", "more if kept", "gain (95% interval)"])
