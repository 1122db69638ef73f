"""How the lines of a params file are written: texts and comments of YAML, and what the user has to settle."""

import json
import re

from patrons.intake.guess import Guesses

RESERVED = ("yes", "no", "true", "false", "null", "y", "n", "on", "off")  # words that YAML reads as values
MEANINGS = {
    "customer_id": "the customer",
    "ordered_at": "the day of the order",
    "amount": "the amount of a line",
    "label": "the one that says who churned",
}


def which(ours: str) -> str:
    """The question which column is one of ours."""
    return f"Which column is {MEANINGS[ours]}?"


def to_settle(guesses: Guesses, indent: str) -> tuple[list[str], list[str]]:
    """Lines for what is missing, and the questions."""
    lines, questions = [], []
    for ours, some in guesses.missing.items():
        listed = "; ".join(f"{one.column} ({one.reason})" for one in some)
        lines.append(f'{indent}{ours}: ""  # TO SETTLE: {comment(which(ours))} Candidates: {comment(listed)}')
        questions.append(f"{which(ours)} Write it behind {ours}. Candidates: {listed}.")
    return lines, questions


def assumptions(kind: str) -> list[str]:
    """Lines for the numbers of 07 that no data tell, as its notebook has them; `kind` is ``log`` or ``table``."""
    table = kind == "table"
    chances = "[[0.05, 0.1, 0.2]]" if table else "[[0.05, 0.1, 0.2], [0.04, 0.08, 0.15], [0.02, 0.05, 0.1]]"
    silence = "" if table else ": silent for a short time, longer, longest"
    spend = (
        '  spend: ""  # the column of what a customer pays in 30 days (or in spend_days); without it no gain is known'
    )
    return [
        "07_customer_value:",
        "  # Yours to set, each as low, likely, high: no data tell them. These are the demo's.",
        "  margin_rate: [0.25, 0.35, 0.45]  # share of spend that is left after the goods are paid",
        "  contact_cost: [1.0, 2.0, 4.0]  # of one contact, in your currency",
        f"  save_chance: {chances}  # that a contact keeps who would leave{silence}",
        "  budget: [500.0, 1000.0, 2000.0]  # for all contacts",
        *([spend] * table),
    ]


def yaml(text: str) -> str:
    """A text as YAML writes it, in quotes where it needs them."""
    simple = re.fullmatch(r"[A-Za-z][\w ./-]*[\w.]|[A-Za-z]", text) and text.lower() not in RESERVED
    return text if simple else json.dumps(text, ensure_ascii=False)


def comment(reason: str) -> str:
    """A reason as a comment: on one line."""
    return " ".join(reason.split())
