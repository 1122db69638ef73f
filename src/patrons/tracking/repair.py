"""What answers, what the log says and what MLflow holds, brought together again after a change past Patrons."""

from typing import Any

from patrons.errors import PATRONS
from patrons.tracking import decisions
from patrons.tracking.decisions import CHAMPION, PREVIOUS, State, failed_gates, headline
from patrons.tracking.registry import Registry

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
    logged = state.line.logged
    gone = "the alias is gone." if logged in state.releases else "it was deleted in MLflow."
    return _by_former(registry, state, f"By the log version {logged} is the champion, and {gone}")


def _alias_moved(registry: Registry, state: State) -> list[str]:
    champion, former, logged = state.aliases[CHAMPION], state.line.former, state.line.logged
    by_log = "no version was promoted" if logged is None else f"version {logged} is the champion"
    found = f"The alias champion is on version {champion}, and by the log {by_log}."
    if objections := _objections(registry, champion, _was_champion(state)):
        return _by_former(registry, state, f"{found} Version {champion} may not answer: {'; '.join(objections)}.")
    _decide(registry, champion, former, found)
    return [found, f"Version {champion} stays the champion, and the log says so now."]


def _by_former(registry: Registry, state: State, found: str) -> list[str]:
    """Let the latest of the former champions answer that can."""
    described, former = [found], state.line.former
    for position in reversed(range(len(former))):
        number = former[position]
        if objections := _objections(registry, number, True):
            described.append(f"Version {number} cannot answer: {'; '.join(objections)}")
            continue
        _decide(registry, number, former[:position], found)
        return [*described, f"Now version {number} answers again."]
    return [*described, f"No earlier champion is left. Promote a version: {PATRONS} models list {registry.name}"]


def _previous_astray(registry: Registry, state: State) -> list[str]:
    wanted, actual = next(reversed(state.line.former), None), state.aliases.get(PREVIOUS)
    if wanted == actual:
        return []
    registry.set_previous(state.line.former)
    return [f"The alias previous was on version {actual or 'none'}, and is on version {wanted or 'none'} now."]


def _objections(registry: Registry, number: int, promoted: bool) -> list[str]:
    """Why a version may not answer; of one that was promoted before, its gates are not asked again."""
    try:
        manifest = registry.checked(number)
    except (ValueError, RuntimeError) as error:  # of a release, its models or MLflow
        return [" ".join(str(error).split())]
    return [] if promoted else failed_gates(manifest)


def _was_champion(state: State) -> bool:
    """Whether the version with the alias was promoted at some time."""
    actions = (decisions.PROMOTE, decisions.ROLLBACK)
    log: list[dict[str, Any]] = decisions.entries(state.tags)
    return any(entry["action"] in actions and entry["to"] == state.aliases[CHAMPION] for entry in log)


def _decide(registry: Registry, to: int, former: list[int], why: str) -> None:
    manifest = registry.checked(to)
    facts = {"why": why, "override": False, "failed": [], "metrics": headline(manifest), "champions": [*former, to]}
    registry.move(decisions.REPAIR, to, former, facts)
