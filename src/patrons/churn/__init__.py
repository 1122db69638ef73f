"""Who will not buy again?

split           what is learnt on, what it is tested on, and the rules to beat
splitter        cross-validation on days
columns         all columns, or those that tell most
search          settings of each kind of model, judged on validated rows
ensemble        the mean of models, and a calibrated one
calibrate       whether calibration helps
canaries        the procedure on shuffled outcomes
gates           what a model must pass
gate_narrative  failed gates in words
reasons         why a customer got his probability
narrative       sentences on the split, the scores and the thresholds
plots           figures of the churn notebook
"""

from patrons import door

__all__ = [
    "calibrate",
    "canaries",
    "columns",
    "ensemble",
    "gate_narrative",
    "gates",
    "narrative",
    "plots",
    "reasons",
    "search",
    "split",
]
__getattr__, __dir__ = door(__name__, __all__)
