"""The log of a registry: who decided what, in the order in which it was decided, and the champions that follow from it.

Each entry is a tag of the registered model, only ever added. Entries are numbered, because the clocks of two machines
need not agree; a random end keeps both entries where two machines take the same number at once. What the log says can
differ from what MLflow holds: versions are deleted and aliases moved there by hand, and a process may end between the
entry and the change that it announces. So champions are read from both: the alias says who answers, the log who did
before.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from secrets import token_hex
from typing import Any, NamedTuple

from patrons.tracking import limits

CANDIDATE, CHAMPION, PREVIOUS = "candidate", "champion", "previous"  # aliases
HEADLINE = ("06.roc_auc", "06.pr_auc", "06.brier", "06.recall", "06.precision", "05.accuracy", "03.silhouette")
LOG = "patrons.log."  # how the names of these tags begin
NUMBERED = re.compile(r"patrons\.log\.(\d{6,})\.[0-9a-f]+")
PROMOTE, ROLLBACK, FAILED, REPAIR = "promote", "rollback", "failed", "repair"


class Line(NamedTuple):
    """The champions of a series, of the versions that exist.

    Attributes
    ----------
    champion : int or None
        The one that answers, by its alias.
    former : list of int
        Those before it, the latest last, without those that were rolled back.
    logged : int or None
        The champion by the log, whether or not it exists.
    """

    champion: int | None
    former: list[int]
    logged: int | None

    @property
    def all(self) -> list[int]:
        return [*self.former, *([] if self.champion is None else [self.champion])]


class State(NamedTuple):
    """What MLflow holds of a series.

    Attributes
    ----------
    aliases : dict
        Version by alias.
    tags : dict
        Of the registered model: its log.
    releases : dict
        The id of the release by version, "unknown" where Patrons has not made the version.
    """

    aliases: dict[str, int]
    tags: dict[str, str]
    releases: dict[int, str]

    @property
    def line(self) -> Line:
        return line(entries(self.tags), self.aliases.get(CHAMPION), self.releases)


def entries(tags: Mapping[str, str]) -> list[dict[str, Any]]:
    """The log, the oldest entry first; entries that cannot be read are left out (see `unreadable`)."""
    return [entry for name in _ordered(tags) if (entry := _entry(tags[name])) is not None]


def unreadable(tags: Mapping[str, str]) -> list[str]:
    """The tags of the log that hold no entry."""
    return [name for name in _ordered(tags) if _entry(tags[name]) is None]


def announced(tags: Mapping[str, str], wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    """The last entry, if it announces this very change; None else."""
    last = next(reversed(entries(tags)), None)
    return last if last and {**last, **json.loads(limits.entry(wanted))} == last else None


def next_name(tags: Mapping[str, str]) -> str:
    """The tag of the next entry."""
    return f"{LOG}{max((_order(name)[0] for name in _ordered(tags)), default=0) + 1:06}.{token_hex(3)}"


def line(log: Sequence[Mapping[str, Any]], alias: int | None, existing: Collection[int]) -> Line:
    """The champions by the log and by the alias `champion`, of the versions that exist."""
    logged = _champions(log)
    there = [number for number in logged if number in existing]
    former = there[: there.index(alias)] if alias in there else there
    return Line(alias, former, logged[-1] if logged else None)


def _champions(log: Sequence[Mapping[str, Any]]) -> list[int]:
    """The champions up to the present one, which is last, as the log tells of them."""
    champions: list[int] = []
    for entry in log:
        action, to = entry["action"], entry.get("to")
        if action in (FAILED, REPAIR):  # which state what holds from then on
            champions = [number for number in entry.get("champions", champions) if isinstance(number, int)]
        elif not isinstance(to, int):
            champions = [] if action == ROLLBACK else champions  # to before the first one
        elif action == ROLLBACK and to in champions:
            champions = champions[: champions.index(to) + 1]
        else:
            champions = [*(number for number in champions if number != to), to]
    return champions


def _entry(text: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(text)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and "action" in entry and "from" in entry and "to" in entry else None


def _ordered(tags: Mapping[str, str]) -> list[str]:
    return sorted((name for name in tags if name.startswith(LOG)), key=_order)


def _order(name: str) -> tuple[int, str]:
    """By number; those of earlier versions of Patrons, which were named by the clock, come first."""
    numbered = NUMBERED.fullmatch(name)
    return (int(numbered[1]) if numbered else 0, name)


def failed_gates(manifest: Mapping[str, Any]) -> list[str]:
    """What speaks against a promotion, a phrase for each; empty where nothing does."""
    gates, counted = manifest["gates"], manifest["metrics"].get("06.gates_failed")
    if not gates and counted is None:
        return ["its churn model was not tested by any gate"]
    failed = [f"{gate['gate']} is {gate['value']}, {gate['limit']}" for gate in gates if gate["verdict"] != "passed"]
    return failed or ([f"{counted:g} gates have failed"] if counted else [])


def headline(manifest: Mapping[str, Any]) -> dict[str, float]:
    """The few metrics of a release that lists and the log show."""
    return {name: round(manifest["metrics"][name], 4) for name in HEADLINE if name in manifest["metrics"]}
