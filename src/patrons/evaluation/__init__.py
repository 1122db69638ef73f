"""How sure is that?

metrics     metrics, thresholds, held-out rows and folds
scores      scores of forecasts with bootstrap intervals
medians     a median and how sure it is
multiclass  scores of a verdict among several classes
conformal   sets of classes that hold the true one as often as promised
model_card  what a model is, how good it is, and what it must not be used for
"""

from patrons import door

__all__ = ["conformal", "medians", "metrics", "model_card", "multiclass", "scores"]
__getattr__, __dir__ = door(__name__, __all__)
