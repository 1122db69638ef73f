"""Who are they?

inputs            in what groups are sought
microclusters     many customers as few points
clustering        six families of algorithms behind one interface
leaderboard       how good each grouping is, and which one is taken
null              the same scores on data without groups
clustering_plots  figures of the comparison
names             names of a log's groups, from measured values
table             names of a table's groups
cards             a card a segment
movement          who moved since
classification    the model that places new customers
boosting          XGBoost with labels as they are
later             in which segment a customer will be
plots             figures on segments and their models
"""

from patrons import door

__all__ = [
    "boosting",
    "cards",
    "classification",
    "clustering",
    "clustering_plots",
    "inputs",
    "later",
    "leaderboard",
    "microclusters",
    "movement",
    "names",
    "null",
    "plots",
    "table",
]
__getattr__, __dir__ = door(__name__, __all__)
