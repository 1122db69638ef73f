"""Any file: clean tables, or a sentence that says why not.

reading        any file as a table: Parquet, delimited text, XLSX
folders        logs that Spark reads: a file, or a folder of them
kind           what kind of file a file is
header         where a table begins: the line of names, and totals below
textfile       how a text file is written: encoding, delimiter, column names
workbook       the sheets of a workbook that hold data
dates          what the dates of a column mean, decided from all its rows
dayfirst       whether the day, the month or the year comes first
months         months by name, in the languages of shops
clock          times of day, and zones
moments        dates as numbers
numbers        what numbers written as text mean
order_log      every line of an order log under our column names
identities     who a customer is: ids that are nobody, e-mails without case
rules          what the user says of columns that change what a line means
unused         the columns that nothing is made of, and what they say of a line
orders         each line kept, or set aside with its reason
cancellations  which earlier lines a cancellation takes back
judging        all of that once in a series: the check before it leaves judged lines to 01
quality        the quality contract of an order log
roster         who the customers of a log are
customers      a customer table: one row per customer, and who churned
roles          what a user says of its columns, and what is wrong with that
attributes     what its columns are: numbers, categories, dates, or nothing a model may learn from
ages           its dates as days before its latest day
settings       what a notebook's parameters state for this room
sources        where the source of a series is, and the check before anything runs
vocabulary     what shops call their columns
candidates     which column may be which, and why another may not
guess          what a file is, and which column is which
questions      what the user is asked
raw            where the file of a new data set goes
suggest        rules on columns that are not used, and a horizon that the log is long enough for
params_text    how the lines of a params file are written, and what is to be settled
params_log     those of an order log
params_table   those of a customer table
init           the params file of a new data set
fetch          public data sets, downloaded and checked
"""

from patrons import door

__all__ = [
    "ages",
    "attributes",
    "cancellations",
    "customers",
    "dates",
    "fetch",
    "identities",
    "init",
    "judging",
    "numbers",
    "order_log",
    "orders",
    "quality",
    "questions",
    "reading",
    "roles",
    "roster",
    "rules",
    "sources",
    "unused",
]
__getattr__, __dir__ = door(__name__, __all__)
