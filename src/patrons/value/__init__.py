"""What are they worth, and whom do we contact?

forecast     days to learn from, what was spent after them, and the test of a forecast
spend_model  BG/NBD with Gamma-Gamma, and a booster that corrects them
spread       how sure a forecast of spend is
table        what a customer table says of value
gains        expected gain of a contact under stated assumptions
actions      whom to contact and how many: the list
narrative    sentences on fits, test, value and plan
tables       tables for people to read
record       value.json
plots        figures of value and contacts
"""

from patrons import door

__all__ = ["actions", "forecast", "gains", "narrative", "plots", "record", "spend_model", "spread", "table", "tables"]
__getattr__, __dir__ = door(__name__, __all__)
