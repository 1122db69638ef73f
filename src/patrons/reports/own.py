"""Answers that pages open with and the first page does without: on data, features, groups, placing and watching."""

import re
from collections.abc import Callable, Iterator

from patrons.reports import leads
from patrons.reports.answers import DATA, FEATURES, GROUPS, PLACING, WATCH, Answer, Answers

MOST = 0.75  # share of the lines that can be used, below which data are not simply trusted
USED = "can be used. "  # after which 01 says why the rest was set aside
CLEAR = ("The groups ", "These are ")  # how 03 begins to say how clear they are
SCORES = re.compile(r" \([^)]*\)")


def trusted(answers: Answers) -> Iterator[Answer]:
    """Of 01: whether the data can be trusted, how much of it is used, and what it holds."""
    metrics, told = answers.metrics[DATA], answers.data.get("doubts", {})
    if not metrics.get("lines_read"):
        return
    doubts = [*told.get("dates", []), *told.get("customers", [])]
    held = (
        f"It holds {metrics['orders']:,.0f} orders of {metrics['customers']:,.0f} customers."
        if "orders" in metrics
        else f"It holds {metrics['customers']:,.0f} customers."
    )
    share, lines = metrics["lines_kept"] / metrics["lines_read"], "lines" if "orders" in metrics else "rows"
    begin = "In part" if share < MOST else "Yes, as far as checks can tell"
    begin = "Only with caution" if doubts else begin
    why = [row["text"].partition(USED)[2] for row in answers.findings(DATA)]
    yield Answer(
        "Can this data be trusted?",
        f"{begin}: {share:.1%} of its {metrics['lines_read']:,.0f} {lines} can be used. {held}",
        lines=[*filter(None, why), *doubts],
    )


def described(answers: Answers) -> Iterator[Answer]:
    """Of 02: by how many facts a customer is described, and from how much models learn."""
    metrics = answers.metrics[FEATURES]
    if "features" not in metrics:
        return
    facts = f"By {metrics['features']:,.0f} facts"
    known = (
        f"{facts} on what they had done by the day in question."
        if "snapshots" in metrics
        else f"{facts} from the table."
    )
    days = f": customers as they were on {metrics['snapshots']:,.0f} earlier days" if "snapshots" in metrics else ""
    rows = f" Models learn from {metrics['panel_rows']:,.0f} rows{days}." if "panel_rows" in metrics else ""
    yield Answer("How is a customer described?", known + rows)


def grouped(answers: Answers) -> Iterator[Answer]:
    """Of 03: into how many groups, and how clear they are."""
    metrics, findings = answers.metrics[GROUPS], answers.findings(GROUPS)
    clear = [SCORES.sub("", row["text"]) for row in findings if row["text"].startswith(CLEAR)]
    if "k" not in metrics:
        return
    agreed = (
        [
            f"Made on earlier days, groups agree with these by {metrics['stability_in_time']:.2f} on average; 1 would "
            "be the same groups."
        ]
        if "stability_in_time" in metrics
        else []
    )
    yield Answer(
        "Into how many groups do customers fall?",
        " ".join([f"Into {metrics['k']:.0f} groups.", *clear[:1]]),
        (),
        None,
        agreed,
    )


def placed(answers: Answers) -> Iterator[Answer]:
    """Of 05: how many customers the model places right, and whether it is good enough."""
    metrics = answers.metrics[PLACING]
    if "accuracy_held_out" not in metrics:
        return
    decided = [row["text"] for row in answers.findings(PLACING) if row["kind"] == "decision"]
    right = metrics["accuracy_held_out"]
    text = f"Of customers that the model had not seen, {right:.0%} were placed in their segment."
    later = ["They were kept out of the learning, but are no newcomers. How well those are placed was not tested."]
    if {"accuracy_later", "accuracy_persistence"} <= set(metrics) and "days" in answers.later:
        later += [
            f"{answers.later['days']} days ahead, the model names the right segment for "
            f"{metrics['accuracy_later']:.0%}. Simply assuming that nobody moves is right for "
            f"{metrics['accuracy_persistence']:.0%}."
        ]
    yield Answer("How many are placed right?", " ".join([text, *decided[-1:]]), (), None, later)


def watched(answers: Answers) -> Iterator[Answer]:
    """Of 08: whether the model in use is still good."""
    if answers.monitoring:
        yield Answer("Is the model still good? May it stay?", leads.watched(answers.monitoring))


ASKED: dict[str, Callable[[Answers], Iterator[Answer]]] = {
    DATA: trusted,
    FEATURES: described,
    GROUPS: grouped,
    PLACING: placed,
    WATCH: watched,
}
