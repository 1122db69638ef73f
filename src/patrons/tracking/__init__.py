"""What does MLflow keep?

runs       a run a series, a nested run a notebook
packing    a model with signature, requirements and its own code
registry   releases as versions, with aliases and a log
promotion  which release answers
pyfunc     a release as an MLflow model
"""

from patrons import door

__all__ = ["promotion", "registry", "runs"]
__getattr__, __dir__ = door(__name__, __all__)
