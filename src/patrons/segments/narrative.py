"""What the segments are, in sentences: their names, sizes and members, who moved, and how clearly customers belong."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from patrons.evaluation.metrics import Interval
from patrons.features.narrative import drawn as some_of
from patrons.lexicon import words
from patrons.segments.names import Match


def kept_names(names: Mapping[int, str], by_rule: Mapping[int, str]) -> str:
    """Names kept from the run before against those that today's numbers alone would give; empty where none differs."""
    kept = [
        f"{names[group]} (today's numbers alone: {by_rule[group]})" for group in names if names[group] != by_rule[group]
    ]
    return f"Names kept from the previous run, as no other is clearly closer: {', '.join(kept)}." if kept else ""


def moved_away(names: Mapping[int, str], match: Match) -> str:
    """Groups that are new segments, though they have most members of an earlier one; empty where there are none."""
    new = [f"“{names[group]}”, with most members of “{one.name}”" for group, one in match.moved_away.items()]
    far = "stands farther from where that stood than half way to its closest neighbour"
    return f"New since the previous run: {'; '.join(new)}, but each {far}." if new else ""


def positions_title(positions: pd.DataFrame) -> str:
    return f"{positions.recency.idxmin()} have been silent longest, {positions.frequency.idxmax()} order most"


def sizes_title(cards: pd.DataFrame) -> str:
    top = cards.iloc[0]
    return f"{top.name}: {top.share:.0%} of customers, {top.revenue_share:.0%} of revenue"


def sizes(cards: pd.DataFrame) -> str:
    """What the segment with most revenue brings, and what to do where that is more than its share of customers."""
    top = cards.iloc[0]
    suggestion = f" Suggested, not tested here: {top.action}." if top.revenue_share > top.share else ""
    return f"{top.name} are {top.share:.0%} of customers and bring {top.revenue_share:.0%} of revenue.{suggestion}"


def averages_title(cards: pd.DataFrame) -> str:
    often = cards.iloc[cards.frequency_median.argmax()]
    return f"The median member of {often.name} has ordered {often.frequency_median:.0f} times"


def profile_title(profile: pd.DataFrame) -> str:
    """The segment and feature with the greatest difference; `profile` is what `traits.by_segment` returns."""
    values = profile.to_numpy()
    row, column = np.unravel_index(np.abs(values).argmax(), values.shape)
    feature = words([profile.columns[column]])[0]
    return f"{profile.index[row]} stand out most: {feature} {values[row, column]:+.1f}"


def apart_caption(by_chance: float) -> str:
    """Of the table of what sets segments apart; `by_chance` is what `traits.by_chance` returns."""
    return (
        "What sets each segment apart, beyond what it was made from. They were picked from many: a difference up to "
        f"{by_chance:.2f} may be chance"
    )


def quiet(cards: pd.DataFrame) -> str:
    """The segment that has been silent longest."""
    card = cards.iloc[cards.recency_days_median.argmax()]
    return (
        f"Half of {card.name} have been silent for over {card.recency_days_median:.0f} days; they are {card.share:.0%} "
        f"of customers and have brought {card.revenue_share:.0%} of revenue. Suggested, not tested here: {card.action}."
    )


def border(share: float) -> str:
    return (
        f"{share:.0%} of customers stand on a border (margin under 0.1): for them, the segment is a matter of small "
        "differences."
    )


NO_MOVEMENT = "Nobody in this log has ordered twice: there is no movement to be seen."


def flows_title(flows: pd.DataFrame, moved: float, days: int, steadiest: str) -> str:
    return f"{moved:.0%} moved in {days} days; {steadiest} keep most: {_kept(flows, steadiest):.0%}"


def _kept(flows: pd.DataFrame, segment: str) -> float:
    return float(flows[segment][segment])


def balance_title(balance: pd.DataFrame, drawn: bool = False) -> str:
    """Which segments gained and lost most: in customers, or in shares of their earlier members if some were drawn."""
    gained, lost = balance.iloc[balance.net.argmax()], balance.iloc[balance.net.argmin()]
    if drawn:
        return f"{gained.name} {_relative(gained)}, {lost.name} {_relative(lost)}"
    return f"{gained.name} {gained.net:+,} customers, {lost.name} {lost.net:+,}"


def _relative(row: pd.Series) -> str:
    """A segment's growth as a share of its earlier members."""
    return f"{row.net / row.before:+.0%}" if row.before else "from none"


def drawn(customers: pd.Series) -> str:
    """That what follows is of some of today's customers: those for whom `movement.drawn` is true."""
    return some_of(int(customers.sum()), len(customers))


def counted(customers: pd.Series) -> str:
    """Which customers a figure of movement counts: all, or those for whom `movement.drawn` is true."""
    return "customers" if customers.all() else f"customers, of the {customers.sum():,} drawn"


def movement(flows: pd.DataFrame, balance: pd.DataFrame, moved: float, days: int, top: str, drawn: bool = False) -> str:
    """Who moved: the share of all, the greatest gain and loss, and how many of the segment `top` stayed.

    Where only some customers were `drawn`, segments grow and shrink by shares of their earlier members, not by counts.
    """
    gained, lost = balance.iloc[balance.net.argmax()], balance.iloc[balance.net.argmin()]
    stayed = f" {_kept(flows, top):.0%} of the earlier members of {top} are still in it." if top in flows.index else ""
    new = f"{gained.new / max(gained.after, 1):.0%} of its members" if drawn else f"{gained.new:,}"
    return (
        f"{moved:.0%} of the customers known {days} days ago are in another segment today. {gained.name} "
        f"{_grew(gained, drawn)} ({new} are new), {lost.name} {_grew(lost, drawn)}.{stayed}"
    )


def _grew(row: pd.Series, drawn: bool) -> str:
    """What became of a segment's size; `row` is of `movement.balance`."""
    if not row.net:
        return "stayed as large as it was"
    if drawn and not row.before:
        return "had nobody then"
    by = f"{abs(row.net / row.before):.0%}" if drawn else f"{abs(row.net):,} customers"
    return f"{'grew' if row.net > 0 else 'shrank'} by {by}"


def beyond(moved: float, otherwise: Interval | None, real: bool) -> str:
    """Whether more moved than another day's grouping alone explains; `otherwise` as `movement.otherwise` returns it."""
    if otherwise is None:
        return (
            "Whether they moved, or only the borders between segments depend on the day on which groups are made, "
            "cannot be told: no grouping of that earlier day can be made."
        )
    alone = f"Groups made on the earlier day would place {otherwise.value:.0%} of the same customers otherwise"
    if not real:
        return f"{alone}, so the {moved:.0%} who moved are no more than the borders explain: no movement is shown."
    return f"{alone}: of the {moved:.0%} who moved, that part may be the borders; what is beyond is movement."


def churn_title(cards: pd.DataFrame) -> str:
    first = cards.iloc[0]
    return f"{first.name}: {first.churn_rate:.0%} churn"


def churn(cards: pd.DataFrame) -> str:
    """The segment of a customer table that loses most; `lost` is each segment's share of those who churned."""
    first = cards.iloc[0]
    return (
        f"“{first.name}” are {first.share:.0%} of customers and {first.lost:.0%} of those who churned: "
        f"{first.churn_rate:.0%} of them did (95% interval {first.low:.0%} to {first.high:.0%}, for all segments at "
        "once). Look there first."
    )


def churn_range_title(cards: pd.DataFrame) -> str:
    return f"Between {cards.churn_rate.min():.0%} and {cards.churn_rate.max():.0%} of a segment churned"


NO_MONEY = "The table does not say what a customer brings: segments are compared by size and churn, not by revenue."


def revenue(cards: pd.DataFrame, money: str) -> str:
    """The segment that brings most; `money` is the attribute that says what a customer brings, or empty."""
    if not money:
        return NO_MONEY
    top = cards.iloc[cards.revenue_share.argmax()]
    return f"“{top.name}” brings the most by {money}: {top.revenue_share:.0%} from {top.share:.0%} of customers."


def border_of_table(share: float) -> str:
    return (
        f"{share:.0%} of customers stand on a border between two segments (margin under 0.1 of at most 1). "
        "Who moved between segments cannot be said: the table knows one day only."
    )
