"""Raw rows in, answers out.

scorer    `Scorer`: customers or raw orders in; segment, churn, value, reasons out
rows      customer rows, each value read by its feature
incoming  raw orders, described as the notebooks describe customers
answers   what the models say of them
fast      the same for one customer in a millisecond
silence   what another silent month would do
bulk      files in, scored files out
release   a folder that can be checked, copied and served
content   what a release takes from the results
build     making a release
"""

from typing import TYPE_CHECKING

from patrons import door

if TYPE_CHECKING:
    from patrons.scoring.scorer import Scorer

__all__ = ["Scorer", "build", "bulk", "content", "incoming", "release", "rows", "scorer", "silence"]
__getattr__, __dir__ = door(__name__, __all__, {"Scorer": "scorer"})
