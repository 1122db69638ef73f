"""Who are they?

inputs                    what customers are grouped by, and how it is prepared
microclusters             many customers as few points
clustering                six families of algorithms behind one interface
leaderboard               how good each grouping is, and which one is taken
stability                 how alike it comes out on other samples
in_time                   the same recipe on earlier days
null                      the same scores on data without groups
clustering_plots          figures of the comparison
clustering_narrative      what the comparison says
names                     names of a log's segments, from measured values
cards                     a card for each segment of a log
traits                    what sets a segment apart
table                     names and cards of a table's segments
movement                  who moved since an earlier day
placement                 what a model of the segments learns from
classification            families of models that place new customers
boosting                  XGBoost with labels of any name
assessment                how well unseen customers are placed
later                     in which segment a customer will be
plots                     figures of segments and their models
narrative                 what the segments are, in sentences
classification_narrative  what the model can do, in sentences
outputs                   what 03 and 05 write, also where there is nothing to find
"""

from patrons import door

__all__ = [
    "assessment",
    "boosting",
    "cards",
    "classification",
    "classification_narrative",
    "clustering",
    "clustering_narrative",
    "clustering_plots",
    "in_time",
    "inputs",
    "later",
    "leaderboard",
    "microclusters",
    "movement",
    "names",
    "narrative",
    "null",
    "outputs",
    "placement",
    "plots",
    "stability",
    "table",
    "traits",
]
__getattr__, __dir__ = door(__name__, __all__)
