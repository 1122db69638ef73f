"""What are they worth, and whom do we contact?

spend_model  BG/NBD, Gamma-Gamma and a booster that corrects them
forecast     days to learn from, what was spent after them, a test
spread       how sure a forecast of spend is
table        what a customer table says of value
actions      expected gain of a contact, and how many to contact
narrative    sentences on fits, test and plan
plots        figures of value and contacts
"""

from patrons import door

__all__ = ["actions", "forecast", "narrative", "plots", "spend_model", "spread", "table"]
__getattr__, __dir__ = door(__name__, __all__)
