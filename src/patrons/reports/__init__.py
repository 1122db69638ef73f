"""What do stakeholders read?

pages       a page for each notebook, and the index
first_page  the index: answers, what changed, and what to doubt
answers     short answers from what the notebooks recorded
own         those of pages whose questions the first page leaves out
at_risk     whom we warn of, and who has gone quiet already
leads       what the pages of 06, 07 and 08 add to their answer, and the first customers
terms       the words of the field on a page, each explained once
glossary    what they mean, and on which pages
pictures    a bar for each segment, beside an answer
dates       the days that a forecast is about, and whether they are over
contacts    the first rows of the list of whom to contact
markup      the HTML of notebooks, made safe and readable
"""

from patrons import door

__all__ = ["pages"]
__getattr__, __dir__ = door(__name__, __all__)
