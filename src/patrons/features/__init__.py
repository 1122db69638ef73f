"""What describes a customer on a day?

recipe       the door of 02: the settings, the data dictionary and every column that they make
catalogue    every feature, declared once: name, unit, meaning, expression
reference    the page of all of them
labels       short names of features, for readers
cancelled    what cancellations take off the lines as of each day
stages       order lines to orders
panel        orders to customers as of each day
outcomes     what happened next
season       how much of the days ahead lies in the peak season
table        the features of a customer table
terms        ratios, differences and products of two of its numbers
sample       who stands in the panel of a large log
rates        churn day by day, and who ordered later
contract     what a table of features promises
split        what models learn from and what they are tested on
preparation  features made fit for models
missing      missing numbers filled, and a flag for them
selection    fewer columns
products     products of columns
narrative    sentences on customers, churn and preparation
plots        figures that only the features need
"""

from typing import TYPE_CHECKING

from patrons import door

if TYPE_CHECKING:
    from patrons.features.recipe import Recipe

__all__ = [
    "Recipe",
    "catalogue",
    "contract",
    "labels",
    "missing",
    "narrative",
    "outcomes",
    "panel",
    "plots",
    "preparation",
    "products",
    "rates",
    "reference",
    "sample",
    "season",
    "selection",
    "split",
    "stages",
    "table",
    "terms",
]
__getattr__, __dir__ = door(__name__, __all__, {"Recipe": "recipe"})
