"""What does the data show?

doubts           what cannot be in a log, and one customer who is most of it
log              the small tables behind the figures on an order log
retention        whether customers come back: gaps, those still open included, and cohorts
cancelled        how much of what was cancelled takes earlier orders back
plots            those figures
narrative        the sentences below them
table            the small tables behind the figures on a customer table
table_plots      those figures
table_narrative  the sentences below them
"""

from patrons import door

__all__ = [
    "cancelled",
    "doubts",
    "log",
    "narrative",
    "plots",
    "retention",
    "table",
    "table_narrative",
    "table_plots",
]
__getattr__, __dir__ = door(__name__, __all__)
