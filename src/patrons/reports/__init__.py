"""What do stakeholders read?

first_page  five sentences for a manager
pages       a page a notebook, and the index
markup      what notebooks show, made fit for a page
"""

from patrons import door

__all__ = ["pages"]
__getattr__, __dir__ = door(__name__, __all__)
