"""What 07 says of its fits and its test, and the record that the index page is made from."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from patrons.btyd.likelihood import Report
from patrons.churn import gate_narrative as gate_words
from patrons.churn.reasons import REASONS
from patrons.digits import about
from patrons.value.actions import CHECK, Plan
from patrons.value.forecast import LEAST_REPEATERS, Days, Tested, repeaters
from patrons.value.spend_model import Rhythm

MODELS = {"BG/NBD (orders)": ("r", "alpha", "a", "b"), "Gamma-Gamma (order values)": ("p", "q - 1", "gamma")}
SCORES = {  # of `value.scores`: how it is headed, and how a number is written
    "mae": ("mean error{}", "{:,.0f}"),
    "rmse": ("root of the mean squared error{}", "{:,.0f}"),
    "spearman": ("rank correlation", "{:.2f}"),
    "capture_top_decile": ("brought by the tenth forecast highest", "{:.0%}"),
    "oracle": ("by the tenth that spent most", "{:.0%}"),
    "bias": ("total off by", "{:+.0%}"),
}


def board(tested: Tested, currency: str) -> pd.DataFrame:
    """The scores of a test as a table to read: a row each forecast and rule, headings in words."""
    heads = {name: head.format(f", {currency}" if currency else "") for name, (head, _) in SCORES.items()}
    return tested.board[list(heads)].rename(columns=heads).rename_axis("forecast").reset_index()


def formats(currency: str) -> dict[str, str]:
    """How the numbers of `board` are written."""
    return {head.format(f", {currency}" if currency else ""): style for head, style in SCORES.values()}


def convergence(rhythm: Rhythm) -> pd.DataFrame:
    """How both fits went: a row each with log-likelihood, whether they arrived, agreed, and what lies on a bound."""
    reports = dict(zip(MODELS, (rhythm.orders_report, rhythm.value_report), strict=True))
    rows = [
        {
            "fit": name,
            "parameters": ", ".join(f"{n} {v:.3g}" for n, v in zip(MODELS[name], values, strict=True)),
            "log-likelihood": report.log_likelihood,
            "arrived": "yes" if report.converged else "no",
            "starts that agree": f"{report.agreed} of {report.starts}",
            "at a bound": ", ".join(_held(name, report)) or "none",
        }
        for (name, report), values in zip(reports.items(), (rhythm.orders, rhythm.value), strict=True)
    ]
    return pd.DataFrame(rows)


def _held(name: str, report: Report) -> list[str]:
    return [MODELS[name][position] for position in report.at_bound]


def doubts(rhythm: Rhythm, today: pd.DataFrame) -> str:
    """Why the fits should not be trusted, in words; empty where nothing speaks against them."""
    back = repeaters(today)
    said = []
    if back < LEAST_REPEATERS:
        said.append(
            f"Only {back} of {len(today):,} customers ordered on more than one day, and {LEAST_REPEATERS} are the "
            "least from whom a pace and leaving can be told: do not act on the values below."
        )
    for name, report in zip(MODELS, (rhythm.orders_report, rhythm.value_report), strict=True):
        if report.at_bound:
            held = ", ".join(_held(name, report))
            said.append(f"{name}: the log does not settle {held}, which lies on its bound. A longer log would.")
        if not report.converged or (report.agreed < 2 and not report.at_bound):
            said.append(f"{name}: the search for the parameters did not end clearly.")
    return " ".join(said)


def doubts_of_value(unsettled: str, tested: Tested | None) -> list[str]:
    """Why expected spend should be doubted, short sentences; `unsettled` is what `doubts` says of the fits."""
    said = ["The log does not settle how customers order (see the cautions of 07)."] if unsettled else []
    if tested is None:
        said.append("The log is too short to have tested expected spend.")
    elif not tested.beats:
        said.append(f"Expected spend is forecast no better, beyond chance, than by the simple rule “{tested.rule}”.")
    return said


def doubts_of_churn(record: Mapping[str, Any]) -> list[str]:
    """Why churn probabilities should be doubted, short sentences; `record` is ``churn.json`` of 06."""
    if record["problem"]:
        return ["Who will leave could not be forecast: everyone has the same churn probability, the share that left."]
    return list(filter(None, [gate_words.summary(record["gates"])]))


def verdict(tested: Tested) -> str:
    """What the test says, a sentence or two."""
    scores, edge = tested.scores, tested.edge
    best = (
        f"{scores['capture_top_decile']:.0%} of what was spent (knowing the future: {tested.board.oracle.iloc[0]:.0%})"
    )
    bias = f"{abs(scores['bias']):.0%} too {'high' if scores['bias'] > 0 else 'low'}"
    rule = f"that of the best simple rule, “{tested.rule}”"
    error = f"{abs(edge.value):.0%} {'less' if edge.value > 0 else 'more'} than {rule}"
    doubt = "" if tested.beats else " That is no clear gain: the simple rule will do."
    return (
        f"The tenth with the highest forecasts brought {best}; in total the forecast was {bias}. Its squared error is "
        f"{error} (95% interval of the saving {edge.low:+.0%} to {edge.high:+.0%}).{doubt}"
    )


def off(tested: Tested | None) -> str:
    """How far the total of the test was off, a sentence; the test is the one period that is known."""
    if tested is None:
        return "No forecast could be tested: the interval holds only how uncertain the fits are, and is too narrow."
    more = tested.truth.sum() / max(tested.said.sum(), 1e-9) - 1
    told = f"{abs(more):.0%} {'more' if more > 0 else 'less'}" if abs(more) >= 0.005 else "as much"
    return f"In the period that was tested, {told} was spent {'than' if abs(more) >= 0.005 else 'as'} expected."


def before(today: pd.DataFrame, horizon_days: int) -> str:
    """What the same customers spent in as many days before, a sentence."""
    spent = about(today[f"spend_{horizon_days}d"].sum())
    return f"The same customers spent {spent} in the {horizon_days} days before; new customers are not counted."


def not_by_risk(listed: pd.DataFrame, scores: pd.DataFrame, contacts: int) -> str:
    """What a reader of the list must know first: gain is not risk. An example from it, and how many are flagged."""
    chosen, example = listed.head(contacts), ""
    if contacts:
        low = listed.churn_probability.head(min(contacts, 10)).idxmin()
        least, most = listed.churn_probability[low], listed.churn_probability.iloc[low:].max()
        if most > least:
            example = f": number {low + 1}, at {least:.0%}, stands above others at up to {most:.0%}"
    flagged = int(chosen.customer_id.isin(scores.customer_id[scores.flagged]).sum())
    return (
        f"This list is by expected gain, not by risk{example}. "
        f"{flagged:,} of the {contacts:,} to contact are flagged as likely to leave (06)."
    )


def to_check(listed: pd.DataFrame) -> str:
    """How many contacts rank high by orders that were cancelled, a sentence; empty where there are none."""
    check = listed.suggested_action.str.startswith(CHECK)
    first, count = int(check.head(10).sum()), int(check.sum())
    if not count:
        return ""
    among = f"{first} of the first {min(len(listed), 10)}" + (
        f" and {count:,} of all to contact" if count > first else ""
    )
    return f"{among} rank high by orders that were cancelled: check before you call."


def people(values: pd.DataFrame, segment: pd.Series, scores: pd.DataFrame) -> pd.DataFrame:
    """Each customer with segment, churn probability, value (expected spend) and the reasons of 06.

    Parameters
    ----------
    segment : Series
        Name of the segment; the index is the customer.
    """
    rows = values[["customer_id", "expected_spend"]].rename(columns={"expected_spend": "value"})
    rows = rows.assign(segment=rows.customer_id.map(segment))
    told = ["customer_id", "churn_probability", *REASONS]
    return rows.merge(scores[told], "left", "customer_id", validate="one_to_one")


def summary(
    when: Days,
    horizon_days: int,
    total: pd.DataFrame,
    span: tuple[float, float],
    told: Mapping[str, str],
    best: float,
    plan: Plan,
    assumed: pd.DataFrame,
) -> dict[str, Any]:
    """The record ``value.json``: what is expected, of whom, what contacts should bring, and what was assumed.

    `told` are the sentences of `off` and `before`, by these names.
    """
    return {
        "from": str(when.end),
        "tested_on": when.cutoff and str(when.cutoff),
        "expected_spend": {"value": float(total.value.sum()), "low": span[0], "high": span[1], **told},
        "top_decile_share": float(best),
        "top_segment": str(total.index[0]),
        **shared(horizon_days, plan, assumed),
    }


def shared(horizon_days: int, plan: Plan, assumed: pd.DataFrame) -> Mapping[str, Any]:
    """What the records of a log and of a table have in common."""
    return {"horizon_days": horizon_days, "plan": plan._asdict(), "assumptions": assumed.to_dict("records")}


def top(listed: pd.DataFrame, rows: int = 10) -> pd.DataFrame:
    """The first rows of `actions.csv` for people to read: fewer columns, none that is empty, and text for numbers.

    Returns
    -------
    DataFrame
        `rank`, `customer`, `segment`, `churn`, `value`, `gain (95% interval)`, `main reason of the churn
        forecast`, `what to do`.
    """
    table = listed.head(rows)
    gain = [
        f"{of:,.0f} ({low:,.0f} to {high:,.0f})" if pd.notna(of) else "–"
        for of, low, high in zip(table.expected_gain, table.gain_low, table.gain_high, strict=True)
    ]
    told = pd.DataFrame(
        {
            "rank": table["rank"],
            "customer": table.customer_id.astype(str),
            "segment": table.segment,
            "churn": table.churn_probability.map("{:.0%}".format, na_action="ignore"),
            "value": table.value.map("{:,.0f}".format, na_action="ignore"),
            "gain (95% interval)": gain,
            "main reason of the churn forecast": table[REASONS[0]].fillna(""),
            "what to do": table.suggested_action,
        }
    )
    known = table.value.notna().any()
    return told if known else told.drop(columns=["value", "gain (95% interval)"])
