"""What are they worth, and whom do we contact?

forecast     days to learn from, what was spent after them, and the test of a forecast
spend_model  MBG/NBD with Gamma-Gamma, and a booster that corrects them
checks       whether both models fit: what they take for granted, and what they follow
seasons      whether a change of spend is that of the season
spread       how sure a forecast of spend is
two_part     what one who orders spends, less what one who does not
stake_check  whether that was foretold rightly on a tested day
rhythm       who is late by the own rhythm
table        what a customer table says of value
gains        expected gain of a contact under stated assumptions
arms         who of the list is held out, by lot, and the lists of before
earlier      arms that earlier lists have drawn and that hold on
power        how small an effect the two arms can show
actions      whom to contact and how many: the list
listing      the list read back, with the ids of the other results
what_if      the list under other assumptions
workbook     the list as a workbook, with assumptions and arms
audiences    members of a segment, as files that marketing tools import
outcomes     what became of the customers of a list
effects      what a contact did: two arms compared
trial        campaigns read, their log, and what they say together
pool         which of them are counted together
narrative    sentences on fits, test and value
list_narrative   sentences on the list and its plan
stake_narrative  sentences on what is at stake, and how its check went
arms_narrative   sentences on the arms
trial_narrative  sentences on what became of campaigns
tables       tables for people to read
record       value.json
plots        figures of value and contacts
"""

from patrons import door

__all__ = [
    "actions",
    "arms",
    "arms_narrative",
    "audiences",
    "checks",
    "earlier",
    "forecast",
    "gains",
    "list_narrative",
    "listing",
    "narrative",
    "outcomes",
    "plots",
    "pool",
    "power",
    "record",
    "rhythm",
    "seasons",
    "spend_model",
    "spread",
    "stake_check",
    "stake_narrative",
    "table",
    "tables",
    "trial",
    "trial_narrative",
    "two_part",
    "what_if",
    "workbook",
]
__getattr__, __dir__ = door(__name__, __all__)
