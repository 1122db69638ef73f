"""How sure is that?

metrics     metrics of forecasts, and thresholds that turn them into decisions
scores      the same with bootstrap intervals, and differences between models
splits      held-out rows and folds where no time decides
threads     one thread for sums, so that any number of them gives the same model
samples     some of the customers, where there are too many for all
shares      shares with Wilson's interval, by group
medians     medians with exact intervals
multiclass  scores of predictions of one among several classes
conformal   sets of classes that hold the true one as often as promised
model_card  what a model is, how good it is, and what it must not be used for
"""

from patrons import door

__all__ = [
    "conformal",
    "medians",
    "metrics",
    "model_card",
    "multiclass",
    "samples",
    "scores",
    "shares",
    "splits",
    "threads",
]
__getattr__, __dir__ = door(__name__, __all__)
