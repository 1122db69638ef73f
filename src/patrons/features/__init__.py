"""What describes a customer on a day?

catalogue    every feature, declared once: name, unit, meaning, expression
stages       lines to orders
panel        features as of a day, and on earlier days with what happened next
season       how much of the days ahead lies in the peak season
contract     what a table of features promises
table        the features of a customer table
preparation  features made fit for models
selection    fewer columns
"""

from patrons import door

__all__ = ["contract", "panel", "preparation", "season", "selection", "table"]
__getattr__, __dir__ = door(__name__, __all__)
