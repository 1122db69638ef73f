"""Which readings of campaigns are counted together, so that no order is counted twice."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from patrons.value import arms
from patrons.value.trial import Entry


class Pool(NamedTuple):
    """Which readings are counted together.

    Attributes
    ----------
    counted : list of dict
        The oldest day first.
    shared : list of str
        Campaigns that are not, as one that is had the same customers at the same time.
    lost : list of str
        Campaigns that are not, as their list is gone or damaged, and the days overlap those of one that is.
    """

    counted: list[Entry]
    shared: list[str]
    lost: list[str]


def pool(results: Path, entries: Sequence[Entry]) -> Pool:
    """Choose the readings that are counted together, so that no order is counted twice.

    Of a campaign the last reading counts. Lists do not share customers while their horizons overlap, as those who were
    drawn keep their arm and are read with the list that drew them. Where two do all the same, such as two of one day
    that differ in their budget, the one that was read last counts. Where a list is gone nobody can tell: it is taken
    to share customers with all of its days.
    """
    customers = {name: _customers(results, name) for name in {str(each["campaign"]) for each in entries}}
    chosen: list[Entry] = []
    for entry in sorted(reversed(entries), key=lambda each: customers[each["campaign"]] is None):  # lost ones last
        if not any(_overlap(entry, other, customers) for other in chosen):
            chosen.append(entry)
    left = sorted(set(customers) - {each["campaign"] for each in chosen})
    return Pool(
        sorted(chosen, key=lambda each: str(each["campaign"])),
        [name for name in left if customers[name] is not None],
        [name for name in left if customers[name] is None],
    )


def _customers(results: Path, name: str) -> set[str] | None:
    """Who was drawn for a list; None where it is gone or damaged."""
    try:
        return set(arms.kept(results, name).customers.customer_id)
    except arms.CampaignError:
        return None


def _overlap(one: Entry, other: Entry, customers: Mapping[str, set[str] | None]) -> bool:
    """Whether two readings are, or may be, about the same customers at the same time."""
    names = one["campaign"], other["campaign"]
    if arms.occasion(names[0]) != arms.occasion(names[1]):
        if not one["day"] or not other["day"]:
            return False
        first, later = sorted((one, other), key=lambda each: str(each["day"]))
        apart = date.fromisoformat(later["day"]) - date.fromisoformat(first["day"])
        if apart.days >= first["horizon_days"]:
            return False
    mine, theirs = customers[names[0]], customers[names[1]]
    return mine is None or theirs is None or not mine.isdisjoint(theirs)
