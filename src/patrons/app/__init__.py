"""What do people see who open no notebook? The pages of the app; `serving/app.py` puts them together.

They need the extra `serve`. In reading order:

results   what the pages show, read once and kept
segments  who the segments are, how they differ, who moves where
customer  one customer, as they are or as they might be
score     score a file
actions   whom to contact with a budget
reports   the HTML reports
formats   numbers and names as a manager reads them
"""

from patrons import door

__all__ = ["actions", "customer", "reports", "results", "score", "segments"]
__getattr__, __dir__ = door(__name__, __all__)
