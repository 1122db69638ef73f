"""What does MLflow keep?

connection  a client for a while, and what it sets put back
limits      the lengths that MLflow limits
runs        a run for each series, a nested run for each notebook
packing     a model with signature, requirements and its own code
decisions   the log of the registry, and the champions that follow from it
registry    releases as versions of a registered model, with aliases and a log
repair      log and aliases brought together again
promotion   which release answers: a candidate against the champion
pyfunc      a release as an MLflow model
"""

from patrons import door

__all__ = ["promotion", "registry", "repair", "runs"]
__getattr__, __dir__ = door(__name__, __all__)
