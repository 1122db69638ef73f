"""What does MLflow keep?

connection  a client for a while, and what it sets put back
limits      the lengths that MLflow limits
runs        a run for each series, a nested run for each notebook
packing     a model with signature, requirements and its own code
decisions   the log of the registry, and the champions that follow from it
versions    releases as versions of a registered model, fetched whole
registry    which of them answers: aliases, and a log of their changes
repair      log and aliases brought together again
promotion   which release answers: a candidate against the champion
pyfunc      a release as an MLflow model
stores      where MLflow keeps its databases and artifacts
databases   databases copied in use, put back, and their locations rewritten
archive     backups on disk: whole by their manifest, or refused
backup      databases first, artifacts after; what is unchanged is linked
restore     a backup put back, elsewhere too
"""

from patrons import door

__all__ = [
    "archive",
    "backup",
    "connection",
    "decisions",
    "packing",
    "promotion",
    "registry",
    "repair",
    "restore",
    "runs",
    "stores",
]
__getattr__, __dir__ = door(__name__, __all__)
