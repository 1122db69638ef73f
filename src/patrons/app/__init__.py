"""What do people see who open no notebook? The pages of the app; `serving/app.py` puts them together.

They need the extra `serve`. In reading order:

results   what the pages show, read once and kept
address   what is chosen, in the address
segments  who the segments are, how they differ, who moves where
customer  one customer, as they are or as they might be
score     score a file
actions   whom to contact with a budget
assumptions  other margins, costs and save chances tried
downloads  the list as files, and audiences for tools that send mail
contacts  the list: marks, filters, and a row that opens a customer
runs      key numbers over runs, and two runs side by side
metrics   what the numbers of runs are called
reports   the HTML reports
formats   numbers and names as a manager reads them
"""

from patrons import door

__all__ = ["actions", "address", "customer", "formats", "reports", "results", "runs", "score", "segments"]
__getattr__, __dir__ = door(__name__, __all__)
