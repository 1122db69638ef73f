"""Sentences on what moved, for people who never see code."""

from collections.abc import Mapping

import pandas as pd

from patrons.churn.origins import apart_in_season
from patrons.lexicon import words
from patrons.monitoring import null, reference
from patrons.monitoring.moved import DAYS, Moved, distinct
from patrons.monitoring.shift import CORRELATION

AWAY = 3  # days of the year apart from which on a holiday may lie in a short window then and not now
NEARLY_ALL = 0.99  # of the customers
NO_WORDS = ("number", "category")  # groups whose meaning in the dictionary is a range


def meanings(dictionary: pd.DataFrame) -> dict[str, str]:
    """What each feature is in words, by its name."""
    entries = zip(dictionary.feature, dictionary.group, dictionary.meaning, strict=True)
    return {
        name: words([name])[0] if group in NO_WORDS or not meaning else str(meaning).split(";")[0]
        for name, group, meaning in entries
    }


def compared(result: Moved) -> str:
    """Who is compared with whom, or why nobody is."""
    pair = result.pair
    if pair is None:
        return result.reason
    if pair.day is None:
        return (
            f"{len(pair.now):,} of today's customers are set beside {len(pair.then):,} whom the models were tested on."
        )
    return f"{_season(result)} {_age(result)}"


def _season(result: Moved) -> str:
    pair = result.pair
    assert pair is not None
    assert pair.day is not None
    if pair.kind == reference.OTHER:
        return "No earlier day lies in today's season, so today is set beside other times of the year."
    if pair.kind == reference.PEAK:
        return "Today is set beside earlier days with as much of the peak season around them."
    latest = max(pair.days)
    away = apart_in_season(latest, pair.day)
    others = ", and the same time of earlier years" if len(pair.days) > 1 else ""
    begin = f"Today is set beside {latest.date()}, the day nearest in season{others}."
    if away < AWAY:
        return begin
    return f"{begin} It is {away} days of the year away: a holiday can lie in a short window of one of them only."


def _age(result: Moved) -> str:
    assert result.pair is not None
    if result.pair.share >= NEARLY_ALL:
        return "Customers are compared with those of the same age."
    return (
        f"Customers are compared with those of the same age: {result.pair.share:.0%} of today's have such "
        "counterparts. For the others the log does not reach back far enough."
    )


def title(result: Moved) -> str:
    """Title of the figure: how many features moved."""
    if not result.drifted:
        return f"None of {len(result.features)} features moved more than {_usual(result)}"
    return f"{result.drifted} of {len(result.features)} features moved more than {_usual(result)}"


def _usual(result: Moved) -> str:
    return "days of this log usually differ" if result.null == DAYS else "chance explains"


def moved(result: Moved, named: Mapping[str, str]) -> str:
    """How many features moved, which most, and what that is held against."""
    most = [f"“{named.get(name, name)}”" for name in distinct(result, 2, moved=True)]
    listed = f"; most: {' and '.join(most)}" if most else ""
    return f"{title(result)}{listed}.{_held_against(result)}"


def _held_against(result: Moved) -> str:
    if result.null == DAYS or result.pair is None or result.pair.day is None:
        return ""
    return (
        f" Fewer than {null.LEAST} earlier days can be compared: this holds who happens to be a customer, and not how "
        "days of this log differ. Expect too many rather than too few."
    )


def usual(result: Moved) -> str:
    """How often rules of common practice would have alarmed on the earlier days; empty where there are none."""
    days = len(result.earlier)
    if not days:
        return ""
    alarms = result.usual.set_index("rule").earlier_alarms
    rule = str(alarms.index[0])
    return f"A usual rule, {rule} in any feature, would have alarmed on {alarms.iloc[0]} of {days} earlier days."


def correlations(result: Moved, named: Mapping[str, str]) -> str:
    """The largest change of a correlation, and whether earlier days had such changes."""
    table = result.features
    if result.pair is None or not table.correlation.abs().max() > 0:
        return ""
    name = str(table.correlation.abs().idxmax())
    change, q, partner = (table[column][name] for column in (CORRELATION, "correlation_q", "partner"))
    verdict = "as it does on days of this log" if result.null == DAYS else "as chance may"
    if q <= null.LEVEL:
        verdict = f"more than {_usual(result)}"
    first, second = (named.get(one, one) for one in (name, str(partner)))
    return f"The correlation that changed most is that of “{first}” with “{second}”, by {change:+.2f}: {verdict}."


def new(result: Moved) -> str:
    """Which feature has the most customers in categories that nobody had then; empty where none has."""
    table = result.features
    if result.pair is None or not table.new_share.max() > 0:
        return ""
    name = str(table.new_share.idxmax())
    listed = table["new"][name]
    return f"{table.new_share[name]:.1%} of these customers have a new {words([name])[0]}, such as {listed[0]}."


def segments(table: pd.DataFrame) -> str:
    """The segment whose share changed most."""
    row = table.to_dict("records")[int(table.change.abs().argmax())]
    return (
        f"The segment {row['segment']} changed most: {row['then']:.0%} of these customers then, {row['now']:.0%} now."
    )
