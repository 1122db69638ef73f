"""What do stakeholders read?

pages       a page for each notebook, and the index
first_page  what opens the index: answers for a manager
markup      the HTML of notebooks, made safe and readable
"""

from patrons import door

__all__ = ["pages"]
__getattr__, __dir__ = door(__name__, __all__)
