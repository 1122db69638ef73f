"""What `init` cannot decide, put to the user."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A question and the answers to choose from, each with what speaks for it."""

    text: str
    choices: Mapping[str, str]


Ask = Callable[[Question], str]


def at_terminal(question: Question) -> str:
    """The answer that a user types, by number or as it stands; empty where nothing is typed: it stays to be settled."""
    print(question.text)
    for number, (choice, reason) in enumerate(question.choices.items(), 1):
        print(f"  {number}. {choice} ({reason})")
    known = list(question.choices)
    while True:
        answer = input(f"1 to {len(known)}, or Enter to settle it in the params file: ").strip()
        if not answer or answer in known:
            return answer
        if answer.isdigit() and 1 <= int(answer) <= len(known):
            return known[int(answer) - 1]
        print(f"{answer!r} is none of them.")
