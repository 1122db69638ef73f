"""The log of retrainings: what was decided and why, and how far an unfinished one has come.

An entry is begun when the decision falls and closed when its outcome stands; each change of the file is one rename. So
a process that was killed leaves an unfinished entry, which the next one goes on with.
"""

import getpass
from pathlib import Path
from typing import Any

from patrons.files import now, read_json, write_json

FILE = "retrain.json"
Entry = dict[str, Any]


class Retrainings:
    """The retrainings of a series, the oldest first, in ``data/ledger/<name>/retrain.json``.

    An entry has `started`, `finished` (UTC; None of an unfinished one), `who`, `verdict` and `reason` (of 08, or what
    else led to it), `run_id` (of the series), `candidate`, `champion_before`, `champion_after` (`version` and `release`
    each, None where there is none), `contest` (None where it came to none), `outcome` (a sentence), `exit_code`.
    Of an unfinished one the last two say what was decided, once it was.

    Parameters
    ----------
    ledger : Path
        The ledger of the series.
    """

    def __init__(self, ledger: Path):
        self.path = ledger / FILE

    @property
    def entries(self) -> list[Entry]:
        return list(read_json(self.path, []))

    @property
    def unfinished(self) -> Entry | None:
        """The entry of a retraining that was stopped or killed; None where there is none."""
        last = next(reversed(self.entries), None)
        return last if last is not None and last["finished"] is None else None

    def begin(self, **facts: Any) -> Entry:
        """Add an unfinished entry."""
        empty = dict.fromkeys(
            ("run_id", "candidate", "champion_before", "champion_after", "contest", "outcome", "exit_code")
        )
        entry = {"started": now(), "finished": None, "who": getpass.getuser(), **empty, **facts}
        write_json(self.path, [*self.entries, entry])
        return entry

    def note(self, **facts: Any) -> Entry:
        """Add facts to the last entry."""
        *before, last = self.entries
        entry = {**last, **facts}
        write_json(self.path, [*before, entry])
        return entry

    def close(self, **facts: Any) -> Entry:
        """Finish the last entry; one that came to what the one before it had come to is taken out again."""
        *before, last = self.entries
        entry = {**last, **facts, "finished": now()}
        write_json(self.path, before if before and _is_repeat(before[-1], entry) else [*before, entry])
        return entry

    def withdraw(self) -> None:
        """Take the last entry out: nothing came of it, and nothing was changed."""
        write_json(self.path, self.entries[:-1])


def _is_repeat(before: Entry, entry: Entry) -> bool:
    """Whether the same candidate was refused again."""
    same = ("candidate", "champion_before", "champion_after", "exit_code")
    return entry["candidate"] is not None and all(before[name] == entry[name] for name in same)
