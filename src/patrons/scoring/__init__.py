"""What do the models say of a customer? Raw rows in, answers out.

scorer    `Scorer`: customers or raw orders in; segment, churn, value, reasons out
rows      customer rows as models take them, each value read by its feature
drift     values unlike those that the models learnt from
beyond    values that the models cannot compute with: which feature has them
columns   the columns of a file beside the features of a release
incoming  raw orders, described as the notebooks describe customers
answers   the models' answers, for a table or for one row
fast      one customer in a millisecond
plain     answers as JSON holds them, and whether two are the same
silence   what further days without an order would change
bulk      files in, scored files out
release   a folder that can be checked, copied and served
content   what a release takes from the results of a series
build     results of a series in, a release out
signatures  whether a release is from those who have the operator's key
soundness   whether the trees of loaded models can be walked
"""

from typing import TYPE_CHECKING

from patrons import door

if TYPE_CHECKING:
    from patrons.scoring.scorer import Scorer

__all__ = [
    "Scorer",
    "build",
    "bulk",
    "columns",
    "content",
    "drift",
    "fast",
    "incoming",
    "plain",
    "release",
    "rows",
    "scorer",
    "signatures",
    "silence",
]
__getattr__, __dir__ = door(__name__, __all__, {"Scorer": "scorer"})
