"""What would a plan be under other assumptions? What 07 keeps of its list, so that it can be made again as 07 made it.

Margin rate, save chance and cost of a contact are assumptions, so a reader may want to try others. The list is made
again by `patrons.value.actions.campaign`, from the same customers and draws; nothing is fitted anew.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from patrons.value.actions import Campaign, campaign
from patrons.value.arms import Earlier, Lot
from patrons.value.spread import Spread

HAPPENED, ELSEWHERE = "happened", "elsewhere"
MARGIN, COST, SAVES = "margin rate", "cost of a contact", "chance that a contact saves"
SHARES = (MARGIN, SAVES)  # assumptions that are 1 at most


class Kept(NamedTuple):
    """What a list was made of.

    Attributes
    ----------
    customers : DataFrame
        Those who can be kept, as `campaign` takes them, and `elsewhere`: the name of the earlier list of other data
        that drew their arm, empty where none did.
    draws : DataFrame
        A row a draw: of each group of the spread its ratio, in columns "0", "1" and so on, and `happened` (see
        `gains.draw`).
    record : dict
        Plain values: `edges`, `sizes` and `between` of the spread, `log_odds_error`, and of the lot `hold_out`, `seed`
        and `drawn_for`.
    """

    customers: pd.DataFrame
    draws: pd.DataFrame
    record: dict[str, Any]


def kept(
    customers: pd.DataFrame,
    spread: Spread,
    lot: Lot,
    log_odds_error: float = 0.0,
    happened: Sequence[float] | np.ndarray = (1.0,),
) -> Kept:
    """What `campaign` was given, to be written down."""
    draws = pd.DataFrame(spread.ratios.T).rename(columns=str)
    draws[HAPPENED] = np.resize(happened, len(draws))
    elsewhere = customers.customer_id.astype(str).map(lambda one: lot.earlier.elsewhere.get(one, ""))
    record = {
        "edges": spread.edges.tolist(),
        "sizes": np.asarray(spread.sizes).tolist(),
        "between": spread.between,
        "log_odds_error": log_odds_error,
        "hold_out": lot.hold_out,
        "seed": lot.seed,
        "drawn_for": lot.drawn_for,
    }
    return Kept(customers.assign(**{ELSEWHERE: elsewhere.astype("str")}), draws, record)


def tried(kept: Kept, listed: pd.DataFrame, assumed: pd.DataFrame, advice: Mapping[str, str | None]) -> Campaign:
    """The list and its plan under other assumptions; who has an arm in the list of now keeps it.

    Parameters
    ----------
    kept : Kept
    listed : DataFrame
        The list of now: `customer_id` and `arm`.
    assumed : DataFrame
        What `moved` gives; with those of 07 the plan is that of 07.
    advice : mapping
        What to do with a segment, a phrase.
    """
    customers, draws, record = kept
    drawn = listed[listed.arm.fillna("") != ""]
    elsewhere = customers[customers[ELSEWHERE] != ""]
    earlier = Earlier(
        dict(zip(drawn.customer_id.astype(str), drawn.arm, strict=True)),
        dict(zip(elsewhere.customer_id.astype(str), elsewhere[ELSEWHERE], strict=True)),
    )
    lot = Lot(record["hold_out"], record["seed"], record["drawn_for"], earlier)
    ratios = draws.drop(columns=HAPPENED).to_numpy().T
    spread = Spread(np.array(record["edges"]), ratios, np.array(record["sizes"]), record["between"])
    happened = draws[HAPPENED].to_numpy()
    return campaign(customers.drop(columns=ELSEWHERE), spread, assumed, advice, lot, record["log_odds_error"], happened)


def moved(assumed: pd.DataFrame, likely: Mapping[str, float]) -> pd.DataFrame:
    """The assumptions with other likely values, their ranges as wide for their size as before.

    Parameters
    ----------
    assumed : DataFrame
        `assumption`, `low`, `likely`, `high`, as `gains.assumed` gives them.
    likely : mapping
        Of `MARGIN`, `SAVES` or `COST` the new likely value; of `SAVES` that of the first band of silence, and the other
        bands move in proportion.
    """
    table = assumed.copy()
    for name, value in likely.items():
        rows = table.assumption.str.startswith(name)
        before = float(table.likely[rows].iloc[0])
        ends = table.loc[rows, ["low", "likely", "high"]]
        new = ends * (value / before) if before else ends * 0 + value
        table.loc[rows, ["low", "likely", "high"]] = new.clip(upper=1.0 if name in SHARES else None)
    return table


def as_params(assumed: pd.DataFrame) -> str:
    """The assumptions as lines of a params file, under ``07_customer_value``."""
    rows = {name: assumed[assumed.assumption.str.startswith(name)] for name in (MARGIN, SAVES, COST)}
    ends = {
        name: [[round(float(end), 4) for end in row] for row in table[["low", "likely", "high"]].to_numpy()]
        for name, table in rows.items()
    }
    return (
        f"07_customer_value:\n  margin_rate: {ends[MARGIN][0]}\n  save_chance: {ends[SAVES]}\n"
        f"  contact_cost: {ends[COST][0]}\n"
    )
