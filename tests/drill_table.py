"""The table of drills in docs/operations.md: what was done, what was lost, seconds. The drills write it."""

import fcntl
import os
import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "operations.md"
LONG = os.environ.get("PATRONS_WRITE_DRILLS") == "1"  # drills have their full length, and write their rows
HEAD = "| drill | what was done | lost | seconds |\n|---|---|--:|--:|\n"


def report(drill: str, done: str, lost: str, seconds: float) -> None:
    """Print a row of the table of drills, and write it into docs/operations.md where the drills are `LONG`."""
    row = f"| {drill} | {done} | {lost} | {seconds:.1f} |\n"
    print(row, end="")
    if LONG:
        with PAGE.open("r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            text = with_row(file.read(), drill, row)
            file.seek(0)
            file.write(text)
            file.truncate()


def with_row(page: str, drill: str, row: str) -> str:
    """A page whose table of drills has this row, where the drill's former one was, else at its end."""
    before, head, rest = page.partition(HEAD)
    assert head, f"docs/operations.md has no table that begins with {HEAD.splitlines()[0]}"
    table = re.match(r"(?:\|.*\n)*", rest).group()
    rows = {line.split(" | ")[0]: line for line in table.splitlines(keepends=True)}
    rows[f"| {drill}"] = row
    return before + HEAD + "".join(rows.values()) + rest[len(table) :]
