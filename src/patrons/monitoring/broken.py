"""Data that are broken, found before anything is trained on them: errors with words of their own, and no drift.

A shop changes: prices rise, other countries come, a season begins, the log grows. None of that is broken. A column that
is gone, a unit that is another one, categories, ids and dates under other names, a log that is cut off are: what was
learnt does not hold for them, and a model trained on them would be wrong without looking so.
"""

from pathlib import Path

from patrons.monitoring import broken_columns, broken_log, facts
from patrons.monitoring.broken_columns import Broken
from patrons.monitoring.facts import Facts

__all__ = ["Broken", "broken", "check"]


def check(reference: Path, results: Path) -> list[Broken]:
    """What is broken in the data of results of which 01 and 02 have run.

    Parameters
    ----------
    reference : Path
        The folder of the champion's release, or of earlier results; not that of `results` itself.
    results : Path
        Such as ``data/processed/demo``.

    Returns
    -------
    list of Broken
        Empty where nothing is.

    Raises
    ------
    FeaturesError
        Where either folder lacks what 01 and 02 write.
    ReleaseError
        Where a release is damaged.
    """
    return broken(facts.of(reference), facts.of_results(results))


def broken(then: Facts, now: Facts) -> list[Broken]:
    """What is broken in the data of now, beside those of then."""
    found = [*broken_columns.columns(then, now), *broken_columns.ids(then, now)]
    if then.is_log and now.is_log:
        found += [*broken_log.dates(then, now), *broken_log.ends(then, now), *broken_log.lines(now)]
    return found
