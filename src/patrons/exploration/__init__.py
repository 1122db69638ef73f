"""What does the data show?

eda          the tables behind the figures on an order log
plots        figures that only those need
table        the tables behind the figures on a customer table
table_plots  figures that only those need
"""

from patrons import door

__all__ = ["eda", "plots", "table", "table_plots"]
__getattr__, __dir__ = door(__name__, __all__)
