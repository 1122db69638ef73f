"""Which release answers, and who decided so: the aliases candidate, champion and previous, and a log of their changes.

Moving the alias `champion` is a single write, and whoever reads it gets a complete release (see `versions`), the old
one or the new one. Every change stands in a log (see `decisions`); an entry is written before its change, so that no
change goes unrecorded.
"""

import getpass
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from patrons import events
from patrons.errors import PATRONS
from patrons.tracking import decisions, limits
from patrons.tracking.decisions import CANDIDATE, CHAMPION, PREVIOUS, failed_gates, headline
from patrons.tracking.versions import LONGEST_REASON, RegistryError, Versions


class Registry(Versions):
    """The releases of one series, and which of them answers."""

    def promote(self, which: str | int = CANDIDATE, why: str = "", override: str = "") -> dict[str, Any]:
        """Make a release the champion, and return the entry of the log.

        Parameters
        ----------
        which : str or int
            An alias or a version.
        why : str
            For the log.
        override : str
            The reason to promote despite failed gates; it is recorded.

        Raises
        ------
        RegistryError
            When gates have failed, or the golden answers of the release do not come out right.
        """
        state = self.state()
        number = self._number(which, state)
        manifest = self.checked(number)
        failed = failed_gates(manifest)
        if failed and not override:
            listed = "".join(f"\n  - {gate}" for gate in failed)
            raise RegistryError(
                f"Version {number} of {self.model} is not promoted:{listed}\n"
                'Improve the model, or state why it is to be promoted all the same: --override "reason"'
            )
        facts = {"why": why or override, "override": bool(failed), "failed": failed, "metrics": headline(manifest)}
        return self.move(decisions.PROMOTE, number, state.line.all, facts)

    def rollback(self, why: str = "") -> dict[str, Any]:
        """Make the former champion the champion again, and return the entry of the log."""
        line = self.state().line
        former = line.former
        if not former:
            raise RegistryError(
                f"A rollback needs two champions, one after the other. {self.model} has "
                f"{'none' if line.champion is None else 'none before this one'}: there is nothing to go back to. "
                f"Promote another version: {PATRONS} models promote {self.name}"
            )
        facts = {"why": why, "override": False, "failed": [], "metrics": headline(self.checked(former[-1]))}
        return self.move(decisions.ROLLBACK, former[-1], former[:-1], facts)

    def withdraw(self, why: str = "") -> dict[str, Any]:
        """Take back the promotion of the first champion, so that there is none; returns the entry of the log."""
        line = self.state().line
        if line.champion is None or line.former:
            raise RegistryError(
                f"Only the first champion of {self.model} can be withdrawn. Go back to the one before: "
                f"{PATRONS} models rollback {self.name}"
            )
        return self.move(decisions.ROLLBACK, None, (), {"why": why, "override": False, "failed": [], "metrics": {}})

    def history(self) -> list[dict[str, Any]]:
        """The log, the oldest entry first."""
        return decisions.entries(self.state().tags)

    def move(self, action: str, to: int | None, former: Sequence[int], facts: Mapping[str, Any]) -> dict[str, Any]:
        """Write the log, then move the aliases: `previous` first, so that `champion` is the one write that counts.

        Parameters
        ----------
        action : str
            For the log.
        to : int or None
            The version that becomes the champion; None where there is to be none.
        former : sequence of int
            The champions before it, the latest last; those that no longer exist are left out.
        facts : mapping
            For the log, `why` among them.
        """
        with self._client() as client:
            state = self._state(client)
            line = state.line
            before = line.logged if line.champion is None else line.champion
            wanted = {"action": action, "from": before, "to": to, **facts, "why": facts["why"][:LONGEST_REASON]}
            # one that was killed between entry and change has announced it already
            entry = decisions.announced(state.tags, {"who": getpass.getuser(), **wanted}) or self._log(client, wanted)
            try:
                self._set_previous(client, [number for number in former if number in state.releases and number != to])
                if to is None:
                    client.delete_registered_model_alias(self.model, CHAMPION)
                else:
                    client.set_registered_model_alias(self.model, CHAMPION, str(to))
            except Exception:
                failed = {"action": decisions.FAILED, "from": to, "to": before, "champions": line.all}
                with suppress(Exception):  # what went wrong is told below
                    self._log(client, failed)
                raise
            if state.aliases.get(CANDIDATE) == to:
                client.delete_registered_model_alias(self.model, CANDIDATE)
        decided: dict[str, Any] = {"action": action, "version": to, "release": state.releases.get(to or 0)}
        events.tell("champion_changed", series=self.name, **decided)
        return entry

    def set_previous(self, former: Sequence[int]) -> None:
        """Put the alias `previous` on the last of the former champions; without any it goes."""
        with self._client() as client:
            self._set_previous(client, former)

    def had_champion(self) -> bool:
        """Whether a version was ever promoted, whatever has become of it since."""
        with self._client() as client:
            if not client.search_registered_models(f"name = '{self.model}'"):
                return False
            state = self._state(client)
        return CHAMPION in state.aliases or state.line.logged is not None

    def _set_previous(self, client: Any, former: Sequence[int]) -> None:
        if former:
            client.set_registered_model_alias(self.model, PREVIOUS, str(former[-1]))
        elif PREVIOUS in self._aliases(client):
            client.delete_registered_model_alias(self.model, PREVIOUS)

    def _log(self, client: Any, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Add an entry to the log; numbered after what stands there now."""
        moment = datetime.now(UTC).isoformat(timespec="microseconds")
        whole = {"at": moment, "who": getpass.getuser(), **entry}
        name = decisions.next_name(self._registered(client).tags)
        client.set_registered_model_tag(self.model, name, limits.entry(whole))
        return whole
