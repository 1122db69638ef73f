"""What was cancelled, how much of it takes earlier lines back, and what does not."""

from collections.abc import Sequence

import pandas as pd
from ibis import Table, _

from patrons.intake.orders import CANCELLATION, codes

ALL, TAKEN, FEES, UNKNOWN = "all", "taken off earlier orders", "of what is no product", "no earlier order found"


def table(judged: Table, cancelled: Table, non_products: Sequence[str] = ()) -> pd.DataFrame:
    """Cancelled lines of known customers, by what became of them.

    Parameters
    ----------
    judged : Table
        Lines with `reason` (see `intake.orders.judge`).
    cancelled : Table
        What cancellations take back of which line (see `intake.cancellations.matched`).
    non_products : sequence of str
        Regular expressions of the product codes of postage, fees and corrections: no order of these is kept, so nothing
        of theirs can be taken back.

    Returns
    -------
    DataFrame
        Columns `cancellations`, `lines` (a line that is matched in part counts as matched), `amount` (currency, above
        0, as it was paid back) and `share` of the amount; no row where nothing was cancelled.
    """
    found = cancelled.group_by(line=_.cancelled_by).agg(found=_.paid_back.sum())
    lines = judged.filter(judged.reason == CANCELLATION).left_join(found, "line")
    fee = codes(lines.product_id, non_products) & lines.found.isnull()
    told = lines.mutate(paid=_.amount.abs(), found=_.found.fill_null(0.0), matched=lines.found.notnull(), fee=fee)
    by = told.group_by("matched", "fee").agg(lines=_.count(), paid=_.paid.sum(), found=_.found.sum()).to_pandas()
    if by.empty:
        return pd.DataFrame(columns=["cancellations", "lines", "amount", "share"])
    rest = by[~by.fee]
    rows = [
        (ALL, by.lines.sum(), by.paid.sum()),
        (TAKEN, by.lines[by.matched].sum(), by.found.sum()),
        (FEES, by.lines[by.fee].sum(), by.paid[by.fee].sum()),
        (UNKNOWN, rest.lines[~rest.matched].sum(), (rest.paid - rest.found).sum()),
    ]
    counted = pd.DataFrame(rows, columns=["cancellations", "lines", "amount"])
    return counted.assign(share=counted.amount / max(counted.amount.iloc[0], 1e-9))


def matched_share(counted: pd.DataFrame) -> float:
    """The share of the cancelled amount that is taken off earlier orders; 0 where nothing was cancelled."""
    return float(counted.set_index("cancellations").share.get(TAKEN, 0.0))
