"""Words of the field that pages explain at their foot: how each is found, what it means, and on which pages."""

from typing import NamedTuple


class Word(NamedTuple):
    """A word that is explained.

    Attributes
    ----------
    pattern : str
        How it is found on a page, a regular expression.
    meaning : str
    pages : str
        The numbers of the pages on which it has this meaning; empty where it has it on all.
    """

    pattern: str
    meaning: str
    pages: str = ""


TERMS: dict[str, Word] = {
    "Recent buyers": Word(
        r"\b[Rr]ecent buyers?\b",
        "Customers who ordered within the number of days for which page 6 forecasts (in most shops the last 90). They "
        "can still be kept; others would have to be won back.",
    ),
    "Warning": Word(
        r"\b[Ww]arn(?:s|ed|ings?)?\b",
        "A customer gets a warning where the risk is at or above the threshold. It is a chance, not a certainty. In "
        "files the column is called flagged.",
    ),
    "Threshold": Word(r"\b[Tt]hresholds?\b", "The risk from which on a customer gets a warning.", "678"),
    "Recall": Word(r"\brecall\b", "Of those who really left, the share that was spotted.", "68"),
    "Precision": Word(r"\bprecision\b", "Of the warnings, the share that was right.", "68"),
    "F1": Word(
        r"(?<![Mm]acro[- ])\bF1\b",
        "How many of a kind were found and how many of those named were right, in one number: 1 at best.",
    ),
    "Churn": Word(
        r"\b[Cc]hurn(?:ed|ers)?\b",
        "Leaving. In a log of orders it means no order for the number of days that is forecast, which need not be for "
        "good; in a customer table, what its label says.",
    ),
    "95% interval": Word(
        r"95% interval",
        "The range in which the true value lies with 95% confidence, as far as chance goes. The wider, the less sure.",
    ),
    "Validated rows": Word(
        r"\bvalidated rows\b",
        "Part of the data from which models learn, left out in turn and forecast by models that have not seen it. "
        "Models and settings are chosen by it; the test is looked at afterwards, once.",
    ),
    "ROC AUC": Word(
        r"\bROC AUC\b",
        "How well a forecast ranks: the chance that a customer who left is ranked as riskier than one who stayed. 0.5 "
        "is guessing, 1 is perfect.",
    ),
    "PR AUC": Word(
        r"\b[Pp][Rr] [Aa][Uu][Cc]\b", "The mean precision over all thresholds; the share who left is guessing."
    ),
    "Brier score": Word(
        r"\bBrier\b",
        "The mean squared difference between the forecast probability and what happened (0 or 1). Lower is better.",
    ),
    "Log loss": Word(
        r"\b[Ll]og loss\b", "An error of probabilities that punishes confident mistakes. Lower is better."
    ),
    "Calibration": Word(
        r"\b(?:re)?calibrat\w+\b|\bRecalibrat\w+\b|\bCalibrat\w+\b",
        "Whether probabilities can be taken as numbers: what is given 30% should come true about 30 times in 100.",
    ),
    "Lift": Word(r"\blift\b", "How many times as many left among those ranked highest as among all.", "68"),
    "Kept out": Word(
        r"\bheld out\b|\bkept out\b",
        "Left out while models learn, so that they are tested on customers whom they have not seen.",
        "56",
    ),
    "Held out": Word(
        r"\b[Hh]old out\b|\bheld out\b",
        "Drawn by lot to be left alone. What a contact does shows only beside customers who were not contacted.",
        "78",
    ),
    "Arm": Word(
        r"\bcolumn arm\b",
        "The column of the list that says who is contacted and who is left alone for the trial.",
    ),
    "Champion": Word(r"\b[Cc]hampion\b", "The model that is in use."),
    "Release": Word(r"\b[Rr]eleases?\b", "A model with all that it needs to answer, kept under a number of its own."),
    "Matured": Word(r"\bmatured?\b", "Of a forecast: its days are over, so what happened can be set beside it."),
    "Replayed": Word(
        r"\breplay(?:ed)?\b",
        "Asked afterwards: the model forecasts an earlier day by what was known then.",
    ),
    "Ledger": Word(
        r"\bledger\b", "The book that keeps every forecast that was given, so that it can be checked later."
    ),
    "KS distance": Word(r"\bKS distance\b", "The largest difference between two distributions, from 0 (alike) to 1."),
    "PSI": Word(r"\bPSI\b", "Population stability index: how far a distribution has moved; 0 is not at all."),
    "CUSUM": Word(r"\bCUSUM\b", "A running sum of errors beyond what is tolerated: it alarms when they add up."),
    "Feature": Word(
        r"\b[Ff]eatures?\b", "One fact about a customer that models see, such as days since the last order."
    ),
    "Panel": Word(
        r"\b[Pp]anel\b", "The table of customers as they were on earlier days, with what they did afterwards."
    ),
    "Shapley value": Word(r"\bShapley value\b", "A fair share of a forecast for each fact that went into it."),
    "Cross-validation": Word(
        r"\b[Cc]ross[- ]validat\w+\b",
        "Each part of the customers in turn is left out and forecast by a model that learnt from the others.",
    ),
    "Fold": Word(r"\bfolds\b", "The parts of the data that are left out in turn."),
    "Macro-F1": Word(
        r"\b[Mm]acro[- ][Ff]1\b",
        "How well segments are recognised, each counting the same: 1 at best.",
    ),
    "Silhouette": Word(
        r"\b[Ss]ilhouette\b",
        "How much nearer customers are to their own group than to the next: 1 at best, 0 on the border.",
    ),
    "Stability": Word(
        r"\badjusted Rand index\b",
        "Agreement of two groupings (adjusted Rand index): 1 if they are the same, 0 if they agree as by chance.",
    ),
    "Bootstrap": Word(
        r"\b[Bb]ootstrap\b",
        "Drawing customers again and again, to see what depends on who is among them.",
    ),
    "MBG/NBD": Word(
        r"\bMBG/NBD\b",
        "A model of how often customers order and when they stop, from how often and how recently they have ordered.",
    ),
    "Gamma-Gamma": Word(r"\bGamma-Gamma\b", "A model of how much a customer spends each time."),
    "Tweedie": Word(r"\bTweedie\b", "A way to learn amounts of which many are zero."),
    "Rank correlation": Word(
        r"\brank correlation\b",
        "Whether two numbers rise together: +1 always, 0 not at all, -1 one falls as the other rises.",
    ),
    "Median": Word(r"\b[Mm]edians?\b", "The middle one: half are below it, half above."),
    "Principal components": Word(
        r"\b[Pp]rincipal components?\b", "New axes that hold as much of what varies as possible."
    ),
    "Kaplan-Meier": Word(
        r"\bKaplan-Meier\b", "A way to count times that are not over yet for as long as they are seen."
    ),
    "Cohort": Word(r"\b[Cc]ohorts?\b", "Customers whose first order fell into the same quarter."),
    "Outlier": Word(r"\b[Oo]utliers?\b", "A value far outside of where most lie."),
    "BIC": Word(r"\bBIC\b", "A score of how well a model fits for how complicated it is. Lower is better."),
}
