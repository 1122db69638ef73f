"""Arms that other lists of the same series have drawn: who was drawn keeps the arm until that list's horizon is over.

Otherwise a list of next week would have customers contacted who are still held out, and the other way round: both
trials would show nothing.
"""

from datetime import date, timedelta
from pathlib import Path

from patrons.value.arms import CampaignError, Earlier, Kept, Lot, kept, names, occasion, occasion_of


def with_earlier(lot: Lot, results: Path, day: date | None, horizon_days: int | None) -> Lot:
    """The lot with the arms that lists of before have drawn and whose horizon is not over.

    That are lists whose horizon shares a day with that of the new one, and lists of the same data. Of a customer with
    several arms the one of the first day counts. A list that cannot be read is left out, with a sentence.

    Parameters
    ----------
    lot : Lot
        How the others are drawn.
    results : Path
        The folder of the series, such as ``data/processed/demo``.
    day : date or None
        The first day after the new list's data; None for a customer table, whose lists have no days: of them those of
        the same data count.
    horizon_days : int or None
        Silence that counts as churn, days.
    """
    arm: dict[str, str] = {}
    elsewhere: dict[str, str] = {}
    notes = []
    for name in names(results):
        same = occasion(name) == occasion_of(day, lot)
        if not same and (day is None or not _may_share(name, day, horizon_days or 0)):
            continue
        try:
            before = kept(results, name)
        except CampaignError:
            notes.append(
                f"The earlier list {name} cannot be read and was left out: whom it holds out may be contacted. Restore "
                "a copy and run this again, or remove it."
            )
            continue
        if not same and not _shares(before, day, horizon_days or 0):
            continue
        new = [one for one in zip(before.customers.customer_id, before.customers.arm, strict=True) if one[0] not in arm]
        arm.update(new)
        if not same or before.hold_out != lot.hold_out:
            elsewhere.update((customer, name) for customer, _ in new)
    return lot._replace(earlier=Earlier(arm, elsewhere, tuple(notes)))


LONGEST = 730  # days that a horizon may have


def _may_share(name: str, day: date, horizon_days: int) -> bool:
    """Whether the horizon of a list can reach the new one, by the day in its name: spares reading all those of old."""
    try:
        first = date.fromisoformat(occasion(name))
    except ValueError:
        return False
    return day - timedelta(days=LONGEST) < first < day + timedelta(days=horizon_days)


def _shares(before: Kept, day: date | None, horizon_days: int) -> bool:
    """Whether the horizons of both lists share a day."""
    if before.day is None or day is None:
        return False
    apart = (day - before.day.date()).days
    return -horizon_days < apart < before.horizon_days
