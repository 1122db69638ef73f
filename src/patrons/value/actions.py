"""Whom to contact, and how many? The list, in the order of expected gain."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from patrons.churn.reasons import RAISING, REASONS
from patrons.churn.wording import PUSHES
from patrons.value.arms import CONTACT, HOLD_OUT, Lot, counts, with_arms, within
from patrons.value.gains import Assumptions, Plan, Stakes, break_even, draw, gains, plan, profit
from patrons.value.power import Reach, reach
from patrons.value.spread import Spread

CANCELLED = 0.5  # of what a customer bought, beyond which an order that was cancelled may be what makes him rank high
CHECK = "check first"  # how the action for such a customer begins
BEYOND = "not within the budget"  # the action for one whom a contact would pay for, but not the budget


def candidates(values: pd.DataFrame, segment: pd.Series, scores: pd.DataFrame) -> pd.DataFrame:
    """Each customer with segment, churn probability, value (expected spend) and reasons: first why to contact them.

    What is at stake in them is added by `two_part.at_stake`, or for a customer table by `table.at_stake`.

    Parameters
    ----------
    values : DataFrame
        `customer_id` and `expected_spend`.
    segment : Series
        Name of the segment; the index is the customer.
    scores : DataFrame
        ``churn_scores.parquet`` of 06.
    """
    rows = values[["customer_id", "expected_spend"]].rename(columns={"expected_spend": "value"})
    rows = rows.assign(segment=rows.customer_id.map(segment))
    columns = ["customer_id", "churn_probability", *REASONS]
    return rows.merge(raising_first(scores)[columns], "left", "customer_id", validate="one_to_one")


def raising_first(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores whose first reason raises the risk wherever anything does: what lowers it is no reason for a contact.

    What raises it beside other recent buyers may lower it beside all customers: then it is told once, as raising.
    """
    if RAISING not in scores:  # results of an earlier version
        return scores
    first, second, third = REASONS
    lead = scores[RAISING].fillna("").ne("") & ~scores[first].fillna("").str.startswith(PUSHES[1.0])
    raising = scores[RAISING].fillna("").str.removeprefix(PUSHES[1.0])
    again = {name: scores[name].fillna("").str.removeprefix(PUSHES[-1.0]) == raising for name in (first, second)}
    moved = {
        first: scores[RAISING],
        second: scores[first].mask(again[first], scores[second]),
        third: scores[second].mask(again[first] | again[second], scores[third]),
    }
    return scores.assign(**{name: scores[name].mask(lead, other) for name, other in moved.items()})


def ranking(customers: pd.DataFrame, gain: pd.DataFrame) -> np.ndarray:
    """Row numbers by expected gain, or where none is known by churn probability; equal ones by customer."""
    by = customers.reset_index(drop=True).assign(expected_gain=gain.expected_gain.to_numpy())
    keys = ["expected_gain", "churn_probability", "customer_id"]
    return by.sort_values(keys, ascending=[False, False, True]).index.to_numpy()


def affordable(budget: float, assumptions: Assumptions, customers: int) -> int:
    """How many contacts a budget pays at their mean cost."""
    cost = assumptions.contact_cost.mean()
    return customers if cost == 0 else int(min(budget / cost + 1e-9, customers))


def contact_list(
    customers: pd.DataFrame, gain: pd.DataFrame, contacts: int, advice: Mapping[str, str | None]
) -> pd.DataFrame:
    """Everyone in the order of expected gain, with what to do.

    Parameters
    ----------
    customers : DataFrame
        `customer_id`, `segment`, `churn_probability`, `value`, `value_if_kept`, `value_if_lost`, and the three
        `REASONS`.
    gain : DataFrame
        What `gains` says of them, in the same order.
    contacts : int
        How many the budget pays.
    advice : mapping
        What to do with a segment, a phrase.

    Returns
    -------
    DataFrame
        `rank`, `customer_id`, `segment`, `churn_probability`, `value`, `value_if_kept`, `value_if_lost` (currency),
        `expected_gain`, `gain_low`, `gain_high`, `certain` (whether the interval lies on one side of zero), the
        reasons, `suggested_action`.
    """
    table = pd.concat([customers.reset_index(drop=True), gain], axis=1)
    table = table.iloc[ranking(customers, gain)].reset_index(drop=True)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    table["certain"] = (table.gain_low > 0) | (table.gain_high < 0)
    table["suggested_action"] = _actions(table, contacts, advice)
    known = ["rank", "customer_id", "segment", "churn_probability", "value", "value_if_kept", "value_if_lost"]
    gains = ["expected_gain", "gain_low", "gain_high", "certain"]
    return table[[*known, *gains, *REASONS, "suggested_action"]].round(4)


def _actions(table: pd.DataFrame, contacts: int, advice: Mapping[str, str | None]) -> np.ndarray:
    pays, within = table.expected_gain > 0, table["rank"] <= contacts
    phrase = np.array([advice.get(name) or "" for name in table.segment], dtype=object)
    contact = np.where(table.gain_low > 0, "contact", "contact, the gain is not certain")
    contact = contact + np.where(phrase != "", ": ", "") + phrase
    unknown = "what a contact brings is not known" + np.where(phrase != "", "; if you contact: ", "") + phrase
    other = np.where(~pays, "leave: a contact costs more than it brings", BEYOND)
    return np.where(pays & within, contact, np.where(table.expected_gain.isna(), unknown, other))


def with_checks(contacts: pd.DataFrame, today: pd.DataFrame) -> pd.DataFrame:
    """The list with another action, and no certain gain, where more than `CANCELLED` of the spend was cancelled.

    Parameters
    ----------
    today : DataFrame
        Features of the customers; where they know of no cancellations the list stays as it is. What cancellations took
        off the spend raises nobody's rank, and no gain counts it: only those whose order was not found are looked at.
    """
    share = cancelled_share(contacts.customer_id, today)
    high = share > CANCELLED
    check = high & contacts.suggested_action.str.startswith("contact")
    action = f"{CHECK}: " + share.map("cancellations of {:.0%} of the spend are not taken off it".format)
    action = contacts.suggested_action.mask(check, action)
    return contacts.assign(certain=contacts.certain & ~(high & (contacts.expected_gain > 0)), suggested_action=action)


def cancelled_share(customer_id: pd.Series, today: pd.DataFrame) -> pd.Series:
    """How much was cancelled and not taken off, over what each customer spent; 0 where nothing is known of it.

    Parameters
    ----------
    customer_id : Series
    today : DataFrame
        Features of the customers.
    """
    if "returned_unmatched" not in today:
        return pd.Series(0.0, customer_id.index)
    known = today.set_index("customer_id")
    return customer_id.map(known.returned_unmatched / known.monetary).fillna(0.0)


class Campaign(NamedTuple):
    """Everything that 07 says of contacts.

    Attributes
    ----------
    listed : DataFrame
        Everyone in the order of expected gain (see `contact_list`), with the arms (see `arms.with_arms`).
    curve : DataFrame
        What contacting the first so many of those who are not held out brings (see `profit`).
    plan : Plan
        For as many as pay for themselves within the budget, without those held out.
    break_even : list of tuple of float
        What may be lost from which a contact pays, and its 95% interval, for each band of silence.
    pays, affordable : int
        For how many customers a contact is expected to pay, and how many contacts the budget does.
    reach : Reach
        What the two arms can show.
    """

    listed: pd.DataFrame
    curve: pd.DataFrame
    plan: Plan
    break_even: list[tuple[float, float, float]]
    pays: int
    affordable: int
    reach: Reach

    @property
    def armed(self) -> int:
        """How many have an arm."""
        return self.reach.contacted + self.reach.held


def campaign(
    customers: pd.DataFrame,
    spread: Spread,
    assumed: pd.DataFrame,
    advice: Mapping[str, str | None],
    lot: Lot,
    log_odds_error: float = 0.0,
    happened: Sequence[float] | np.ndarray = (1.0,),
) -> Campaign:
    """Rank customers by expected gain, contact as many as pay for themselves within the budget, hold some out by lot.

    Where no gain is known, the arms are those of as many as the budget pays.

    Parameters
    ----------
    customers : DataFrame
        Those who can be kept, with what is at stake; where no value is known the list is in the order of churn
        probability.
    spread : Spread
        How sure the values are.
    assumed : DataFrame
        What `assumed` gives.
    advice : mapping
        What to do with a segment, a phrase.
    lot : Lot
        Who is held out, and the seed.
    log_odds_error : float
        Standard deviation of the log odds of churn about their forecast, from one day to another.
    happened : sequence of float
        Draws of what a kept customer spent more over what was expected, where that was checked (see `gains.draw`).
    """
    stakes = stakes_of(customers, spread)
    margin_rate, *save_chance, contact_cost, _budget = assumed[["low", "likely", "high"]].to_numpy().tolist()
    assumptions = draw(margin_rate, save_chance, contact_cost, lot.seed, log_odds_error, happened)
    gain = gains(stakes, spread, assumptions)
    order = ranking(customers, gain)
    pays = int((gain.expected_gain > 0).sum())
    budget = affordable(assumed.likely.iloc[-1], assumptions, len(customers))
    ranked, most = customers.customer_id.iloc[order], pays if gain.expected_gain.notna().any() else len(customers)
    armed = within(most, budget, lot.hold_out, lot.earlier.of(ranked), lot.earlier.other(ranked))
    listed = with_arms(contact_list(customers, gain, armed, advice), armed, lot)
    own = counts(listed, lot)
    measured = order[own.to_numpy()] if own.any() else order[:armed]
    likely = _weighted(np.array(save_chance)[stakes.band, 1], stakes.chance, measured)
    order = order[(listed.arm != HOLD_OUT).to_numpy()]
    contacts = int((listed.arm == CONTACT).sum()) if pays else 0
    return Campaign(
        listed,
        profit(stakes, order, spread, assumptions),
        plan(stakes, order[:contacts], spread, assumptions),
        break_even(stakes, spread, assumptions),
        pays,
        budget,
        reach(listed, likely, lot),
    )


def stakes_of(customers: pd.DataFrame, spread: Spread) -> Stakes:
    """What may be lost with each customer."""
    more = (customers.value_if_kept - customers.value_if_lost).to_numpy()
    group = spread.group(customers.value.to_numpy())
    chance, band, ratio = (customers[name].to_numpy() for name in ("churn_probability", "band", "ratio"))
    return Stakes(chance, more, group, band, ratio)


def _weighted(save_chance: np.ndarray, chance: np.ndarray, chosen: np.ndarray) -> float:
    """The mean save chance of the chosen, each by the chance that there is something to save."""
    weight = np.nan_to_num(chance[chosen])
    return float(np.average(save_chance[chosen], weights=weight if weight.sum() else None)) if len(chosen) else 0.0
