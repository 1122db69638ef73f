"""What can be done from a terminal? The `patrons` command.

main      the command line, and the commands on data
params    the command that lists parameters, and writes what is made from them
troubleshooting  the page of errors, with causes and messages
init      the command that looks at a new data file, and runs the series on it
scoring   the commands that score customers and keep releases
audience  the command that writes members of a segment for marketing tools
trial     the command that reads what became of a campaign
retrain   the command that trains anew where the world has moved
outcomes  the command that says what is kept of scores, and takes outcomes
compare   the command that sets two runs side by side
keys      the commands that make and revoke API keys
backup    the commands that back up what MLflow keeps, and put it back
deploy    the command that lets a new release answer, and goes back
scale     the command that keeps as many replicas of the API as the load asks for
metrics   the command that tells Prometheus how series are
dvc       the command that writes the pipeline by which DVC versions data and results
dag       the command that writes the pipeline of a series for Airflow
handing_out  what follows the notebooks of a series, for `run_all.py`
parts     what they share
"""

from patrons import door

__all__ = ["handing_out"]
__getattr__, __dir__ = door(__name__, __all__)
