"""Writes the params file of a new data set: guesses from the file, with the reasons in comments."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from ibis import Table

from patrons.errors import PATRONS, SourceError
from patrons.files import write_text
from patrons.intake import params_log, params_table, raw
from patrons.intake.guess import Guess, Guesses, guess, labelled
from patrons.intake.params_text import assumptions, comment, which, yaml
from patrons.intake.questions import Ask, Question
from patrons.intake.reading import open_checked
from patrons.intake.sources import VARIABLE
from patrons.intake.vocabulary import ascii_text


@dataclass(frozen=True)
class Written:
    """What was written: the params file, what the data seems to be, questions without whose answer the series cannot
    run, and advice: what was decided that the user may know better.
    """

    path: Path
    description: str
    questions: tuple[str, ...]
    advice: tuple[str, ...] = ()


class ExistsError(SourceError):
    """A params file of that name is there already: `path`."""

    def __init__(self, message: str, path: Path):
        super().__init__(message)
        self.path = path


def init(file: Path, root: Path, name: str = "", force: bool = False, ask: Ask | None = None) -> Written:
    """Look at a file, write ``params/<name>.yaml`` for it, and put the file where the series finds it.

    Parameters
    ----------
    file : Path
        An order log or a customer table.
    root : Path
        Of the project.
    name : str
        Of the params file; from the file's name where it is empty.
    force : bool
        Whether a params file of that name may be overwritten.
    ask : callable, optional
        Puts a question to the user and returns the choice, empty for none; without it the params file has a line
        ``TO SETTLE`` for each question.
    """
    if not file.is_file():
        raise SourceError(f"There is no file {file}. Give the path of an order log or a customer table.")
    title = name.replace("_", " ").capitalize() if name else raw.title_of(file)
    name = ascii_text(name) or raw.name_of(file)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise SourceError(f"--name {name!r}: letters, digits, _ and - make a name, such as my_shop.")
    target = root / "params" / f"{name}.yaml"
    if target.exists() and not force:
        raise ExistsError(
            f"params/{target.name} exists already. Give another --name, or --force to overwrite it.", target
        )
    source = open_checked(file)
    guesses, place = _settled(source.table, guess(source.table), ask), raw.place_of(file, root)
    written = params_log.lines if guesses.kind == "log" else params_table.lines
    lines, questions, advice = written(source.table, guesses, ask)
    head = _head(guesses, title, place, f"{file.name}: {source.description}")
    raw.bring(file, root, place)
    write_text(target, "\n".join([*head, *lines, *assumptions(guesses.kind)]) + "\n")
    kind = "an order log" if guesses.kind == "log" else "a customer table"
    columns = ", ".join(f"{ours} = {column.column}" for ours, column in guesses.columns.items())
    read = f" Sheets not read: {', '.join(source.left_out)}." if source.left_out else ""
    taken = f"{file.name} is taken for {kind}: {guesses.why}. {columns}.{read}"
    return Written(target, taken, tuple(questions), tuple(advice))


def bring(file: Path, root: Path) -> None:
    """Put a file where the series finds it, as `init` does."""
    raw.bring(file, root, raw.place_of(file, root))


def _settled(table: Table, guesses: Guesses, ask: Ask | None) -> Guesses:
    """The guesses with what the user says to what is missing."""
    if ask is None:
        return guesses
    for ours, some in guesses.missing.items():
        answer = ask(Question(which(ours), {one.column: one.reason for one in some}))
        if answer and ours == "label":
            return labelled(table, answer)
        if answer:
            missing = {other: rest for other, rest in guesses.missing.items() if other != ours}
            guesses = replace(guesses, columns={**guesses.columns, ours: Guess(answer, "as you say")}, missing=missing)
    return guesses


def _head(guesses: Guesses, title: str, place: str, description: str) -> list[str]:
    """The first lines of a params file: what it was written from, and where the source is."""
    log = guesses.kind == "log"
    return [
        "# yaml-language-server: $schema=schema.json",
        f"# Written by `{PATRONS} init` from {description}. Guesses, with reasons: correct them.",
        *([] if log else [f"kind: table  # {comment(guesses.why)}"]),
        "01_eda:",
        f"  title: {yaml(title)}",
        "  simulated: false",
        f"  source: {yaml(place)}  # in data/raw, or in the folder that ${VARIABLE} names",
        *(['  customers: ""'] if log else []),
        f"  obtain: {yaml(f'Put {Path(place).name} there.')}",
    ]
