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


def yaml(text: str) -> str:
    """A text as YAML writes it, in quotes where it needs them."""
    simple = re.fullmatch(r"[A-Za-z][\w ./-]*[\w.]|[A-Za-z]", text) and text.lower() not in RESERVED
    return text if simple else json.dumps(text, ensure_ascii=False)


def comment(reason: str) -> str:
    """A reason as a comment: on one line."""
    return " ".join(reason.split())
