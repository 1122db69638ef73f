"""The pages of the app (`serving/app.py`); they need the extra `serve`.

results        what the pages show, read once
words          numbers and names as a manager reads them
segments_page  who the segments are
customer_page  one customer, as they are or might be
score_page     score a file
actions_page   whom to contact with a budget
reports_page   the HTML reports
"""

from patrons import door

__all__ = ["actions_page", "customer_page", "reports_page", "results", "score_page", "segments_page"]
__getattr__, __dir__ = door(__name__, __all__)
