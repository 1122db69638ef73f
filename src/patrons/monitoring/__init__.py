"""Has the world moved since the champion was trained?

matured    how good the answers of each day were once its horizon had passed, and the range to expect
spending   the same of forecasts of spend
replay     the champion's answers on earlier days, and the days on which its release was tried
estimate   what is expected of days that have not matured, and how far such estimates were off
narrative  sentences of the notebook
plots      figures of the notebook
"""
