"""Who will not buy again?

drawn           of a large panel some customers
split           what is learnt from, and what it is tested on
rules           simple rules to beat, and a model that nobody tuned
splitter        cross-validation on days
kinds           the kinds of model, and the settings that each is tried with
preprocessing   from raw feature columns to the matrices of each fold
rounds          when boosted trees stop
ties            when two models are as good as each other
imputation      ways to fill missing numbers, compared
columns         all columns, or the most informative
search          a setting of each kind, chosen on validated rows
validated       which model, or mean of models, ranks validated rows best, and by how much
calibration     whether calibration helps
ensemble        estimators of saved models: the mean of members, a calibrated one
final           the models, fitted on all training rows, and the one in use on all
assessment      how well they predict the test rows
procedure       the procedure tried on earlier days, as it would have been used on them
origins         these days: what was forecast and what happened
thresholds      from which probability a customer is flagged
gates           what a model must pass
pairs           two columns that only together give the outcome away
canaries        gates that look for leaks
shapley         Shapley values of boosted trees
attribution     what each column adds to a member's probability
wording         features of a customer as phrases
reasons         why a customer got their probability
importance      what the model relies on
customers       who can still be kept, and the scores of today
record          what ``churn.json`` and ``tried.parquet`` hold
empty           the outputs where nothing can be learnt
narrative       sentences of the notebook
flag_narrative  sentences on who is flagged
origin_narrative  sentences on these days
gate_narrative  failed gates in sentences
tables          tables of the notebook
plots           figures of the notebook
"""

from patrons import door

__all__ = [
    "assessment",
    "attribution",
    "calibration",
    "canaries",
    "columns",
    "customers",
    "drawn",
    "empty",
    "ensemble",
    "final",
    "flag_narrative",
    "gate_narrative",
    "gates",
    "importance",
    "imputation",
    "kinds",
    "narrative",
    "origin_narrative",
    "origins",
    "plots",
    "preprocessing",
    "procedure",
    "reasons",
    "record",
    "rules",
    "search",
    "shapley",
    "split",
    "tables",
    "thresholds",
    "wording",
]
__getattr__, __dir__ = door(__name__, __all__)
