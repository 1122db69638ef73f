"""Is the model still good?

columns    what a row of the ledger is
batches    rows that are only ever added, by month
ledger     what was said of customers, and what became of them
forgetting  a customer taken out of it
keeping    what was said: by a series, by `predict`, by the API
outcomes   what became of them: by the log itself, or as it is given
given      outcomes of a customer table, as a file says them
places     where the ledger and the champion are, for the runner
watched    the champion, or the last results in its place, and all that was said
watched_narrative  sentences on that
matured    how good the answers of each day were once its horizon had passed, and the range to expect
spending   the same of forecasts of spend
replay     the champion's answers on earlier days, and the days on which its release was tried
estimate   what is expected of days that have not matured, and how far such estimates were off
reference  whom today's customers are compared with: same season, same age
shift      how far two sets of customers differ, feature by feature
null       what earlier days of this log differ by among themselves
moved      which features moved more than that
moved_segments   customers by segment, then and now
moved_narrative  sentences on what moved
moved_plots      figures of that
facts      what is known of the data of a champion, or of results
broken     data that are broken, found before training
broken_columns   columns that are gone, empty, in another unit, renamed; ids of nobody known
broken_log       dates that moved, a log cut off, silent, or with lines in another unit
run_length        how far a CUSUM may rise before it alarms
verdict           train anew? none, watch or retrain, and why
verdict_log       of a log: its losses beside those of the days on which the release was tried
verdict_rules     what it may ask, and what it asks beside losses
verdict_table     of a customer table: whether those who leave are still ranked
verdict_narrative  sentences on that
verdict_plots     figures of that
record     what `monitoring.json` holds
tables     tables of the notebook, and what MLflow is told of each day
runs       finished runs, each kept for comparison
compare    two runs side by side, and what can explain the differences
compare_narrative  sentences on that
compare_plots      figures of that
narrative  sentences of the notebook
plots      figures of the notebook
retraining    look at the latest data, train, judge, promote or say why not
latest        what 01, 02 and 08 say about the latest data, before anything is trained on them
aside         the copy of the results in which they are run
child         run_all.py as a process that ends when its starter does
retrainings   the log of retrainings
exported   the state of series as numbers for Prometheus
"""

from patrons import door

__all__ = [
    "broken",
    "compare",
    "compare_narrative",
    "compare_plots",
    "estimate",
    "exported",
    "given",
    "keeping",
    "ledger",
    "matured",
    "moved",
    "moved_narrative",
    "moved_plots",
    "moved_segments",
    "narrative",
    "outcomes",
    "places",
    "plots",
    "record",
    "replay",
    "retraining",
    "runs",
    "spending",
    "tables",
    "verdict",
    "verdict_plots",
    "verdict_rules",
    "watched",
    "watched_narrative",
]
__getattr__, __dir__ = door(__name__, __all__)
