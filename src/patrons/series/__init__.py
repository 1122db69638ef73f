"""What runs, and in which order?

declarations  parameters as notebooks declare them
params        params files, checked whole
schema        their JSON Schema
graph         what each notebook reads and writes, and the order that follows
imports       which files of the package a notebook depends on
results       the results on disk, and their record
runner        runs what is due, side by side
processes     a worker as the runner sees it
worker        one notebook in a process of its own
progress      what is shown meanwhile
"""

from patrons import door

__all__ = ["declarations", "graph", "imports", "params", "progress", "results", "runner"]
__getattr__, __dir__ = door(__name__, __all__)
