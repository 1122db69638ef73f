"""What answers, what the log says and what MLflow holds, brought together again after a change past Patrons."""

from typing import Any

from patrons.tracking import decisions
from patrons.tracking.decisions import CHAMPION, PREVIOUS, State, failed_gates, headline
from patrons.tracking.registry import Registry, RegistryError

NOTHING = "Nothing to repair: log, aliases and versions agree."


def repair(registry: Registry) -> list[str]:
    """Make the log and the aliases agree on versions that exist; what was found and what was done, in sentences.

    A champion that is gone gives way to the one before it. An alias that was moved by hand stays if its version has
    passed its gates or was champion before; otherwise the champion of the log answers again. Whatever becomes champion
    must give its golden answers.
    """
    state = registry.state()
    described = [
        f"Entry {name} of the log cannot be read; it is left out." for name in decisions.unreadable(state.tags)
    ]
    line = state.line
    if line.champion is None and line.logged is not None:
        described += _champion_lost(registry, state)
    elif line.champion is not None and line.champion != line.logged:
        described += _alias_moved(registry, state)
    else:
        described += _previous_astray(registry, state)
    return described or [NOTHING]


def _champion_lost(registry: Registry, state: State) -> list[str]:
    logged, former = state.line.logged, state.line.former
    is_there = logged in state.releases
    found = f"By the log version {logged} is the champion, and " + (
        "the alias is gone." if is_there else "it was deleted in MLflow."
    )
    if not former:
        return [found, f"No earlier champion is left. Promote a version: patrons models list {registry.name}"]
    _decide(registry, former[-1], former[:-1], found)
    which = "it" if is_there else f"version {former[-1]}, the champion before it,"
    return [found, f"Now {which} answers again."]


def _alias_moved(registry: Registry, state: State) -> list[str]:
    champion, former, logged = state.line
    by_log = "no version was promoted" if logged is None else f"version {logged} is the champion"
    found = f"The alias champion is on version {champion}, and by the log {by_log}."
    failed = _objections(registry, int(champion or 0))
    if not failed or _was_champion(state):
        _decide(registry, int(champion or 0), former, found)
        return [found, f"Version {champion} stays the champion, and the log says so now."]
    found += f" Version {champion} was never promoted: {'; '.join(failed)}."
    if not former:
        return [found, f"There is no other champion. Promote a version: patrons models list {registry.name}"]
    _decide(registry, former[-1], former[:-1], found)
    return [found, f"Now version {former[-1]} answers again."]


def _previous_astray(registry: Registry, state: State) -> list[str]:
    wanted, actual = next(reversed(state.line.former), None), state.aliases.get(PREVIOUS)
    if wanted == actual:
        return []
    registry.set_previous(state.line.former)
    return [f"The alias previous was on version {actual or 'none'}, and is on version {wanted or 'none'} now."]


def _objections(registry: Registry, number: int) -> list[str]:
    try:
        return failed_gates(registry.checked(number))
    except RegistryError as error:
        return [str(error)]


def _was_champion(state: State) -> bool:
    """Whether the version with the alias was promoted at some time."""
    actions = (decisions.PROMOTE, decisions.ROLLBACK)
    log: list[dict[str, Any]] = decisions.entries(state.tags)
    return any(entry["action"] in actions and entry["to"] == state.aliases[CHAMPION] for entry in log)


def _decide(registry: Registry, to: int, former: list[int], why: str) -> None:
    manifest = registry.checked(to)
    facts = {"why": why, "override": False, "failed": [], "metrics": headline(manifest), "champions": [*former, to]}
    registry.move(decisions.REPAIR, to, former, facts)
