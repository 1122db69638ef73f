"""What runs, and in which order?

notebooks     nbformat, imported fast
declarations  parameters as notebooks declare them: typed and explained
params        params files, checked before anything runs
schema        their JSON Schema
reference     the page of all of them
graph         what each notebook reads and writes, the order that follows, and its fingerprint
imports       which files of the package a notebook depends on
results       the results on disk, and the record of where they come from
closing       whether pages, MLflow and the ledger have had the results
runner        runs what is due, independent notebooks at the same time
stopping      how a signal stops it
processes     a worker as the runner sees it: started, listened to, ended
worker        one notebook in a process of its own
kernels       its kernel: started plainly, or forked
workers       workers as the runner gets them, some of them early
warm          a process that has imported what notebooks use, as the runner sees it
forks         that process: it forks workers
progress      what the terminal shows meanwhile
dvc           the same series for DVC: its dvc.yaml
"""

from patrons import door

__all__ = [
    "closing",
    "declarations",
    "dvc",
    "graph",
    "imports",
    "params",
    "progress",
    "reference",
    "results",
    "runner",
    "schema",
    "stopping",
    "workers",
]
__getattr__, __dir__ = door(__name__, __all__)
