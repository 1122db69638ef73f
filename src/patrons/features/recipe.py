"""How customers are described: the settings of 02, and every column that they make of an order log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd
from ibis import Table

from patrons.btyd import lifetime, mbgnbd
from patrons.errors import FeaturesError
from patrons.features import season
from patrons.features.catalogue import WINDOWS
from patrons.features.labels import label, plain
from patrons.features.panel import LIFETIME, build, declared


@dataclass(frozen=True)
class Recipe:
    """Which features customers get.

    Parameters
    ----------
    horizon_days : int
        How far ahead forecasts look, days: the time for which orders are expected, and in which one is missing or not.
    windows : sequence of int
        Lengths of the windows of recent orders, days.
    leave_out : sequence of str
        Groups of features that are not computed; "lifetime" is what MBG/NBD expects.
    interactions : sequence of str
        Products and quotients of two features, such as ``"recency_days * order_value"``.
    peak_months : sequence of int
        Months of the peak season, 1 to 12; without any nothing is said of the season.
    """

    horizon_days: int = 0
    windows: Sequence[int] = WINDOWS
    leave_out: Sequence[str] = ()
    interactions: Sequence[str] = ()
    peak_months: Sequence[int] = ()

    @property
    def expected_days(self) -> int:
        """For how many days MBG/NBD says what to expect; 0 where its group is left out."""
        return 0 if LIFETIME in self.leave_out else self.horizon_days

    def dictionary(self, attributes: Sequence[str] = ()) -> pd.DataFrame:
        """The data dictionary: one row a feature, in the order of the columns.

        Parameters
        ----------
        attributes : sequence of str
            Columns of the customer table that are joined to the features.

        Returns
        -------
        DataFrame
            `feature`, `group`, `unit`, `meaning` and `label`, a short name.
        """
        chosen = declared(self.windows, self.leave_out, self.interactions, self.peak_months)
        rows = [(f.name, f.group, f.unit, f.meaning) for f in chosen]
        rows += [(name, LIFETIME, unit, meaning) for name, unit, meaning in lifetime.columns(self.expected_days)]
        rows += season.columns(self.horizon_days, self.peak_months, season.SHARE in {f.name for f in chosen})
        rows += [(name, "attributes", "category or number", "as the customer table has it") for name in attributes]
        table = pd.DataFrame(rows, columns=["feature", "group", "unit", "meaning"])
        twice = sorted(set(table.feature[table.feature.duplicated()]))
        if twice:
            raise FeaturesError(f"{', '.join(twice)}: an attribute has the name of a feature. Rename its column.")
        labels = table.feature.map(label).where(table.group != "attributes", table.feature.map(plain))
        return table.assign(label=labels)

    def describe(
        self,
        lines: Table,
        days: Sequence[date],
        returns: Table | pd.DataFrame | None = None,
        outcome: bool = False,
        fitted: mbgnbd.Fitted | None = None,
        cancelled: Table | pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Every customer as of each of some days, by day and customer.

        Parameters
        ----------
        lines : Table
            Clean order lines.
        days : sequence of date
            Nothing that happens on or after such a day is seen.
        returns : Table or DataFrame, optional
            Lines of cancellations.
        outcome : bool
            Whether `churned` and `known_on` say what happened within the horizon.
        fitted : mbgnbd.Fitted, optional
            MBG/NBD as it was fitted before; each day has a fit of its own unless given.
        cancelled : Table or DataFrame, optional
            What cancellations take back of which line; nothing is taken off unless given.

        Returns
        -------
        DataFrame
            `customer_id`, `as_of` and the features of `dictionary` without attributes.
        """
        horizon = self.horizon_days if outcome else None
        chosen = (self.windows, returns, self.leave_out, self.interactions, self.peak_months)
        table = build(lines, days, horizon, *chosen, cancelled=cancelled).order_by("as_of", "customer_id").to_pandas()
        table = lifetime.with_expectations(table, self.expected_days, fitted)
        return season.with_peak(table, self.horizon_days, self.peak_months)

    def calendar(self, table: pd.DataFrame) -> list[str]:
        """Columns of a table of features that depend on the season."""
        return [name for name in season.COLUMNS if self.peak_months and name in table]
