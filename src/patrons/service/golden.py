"""Asking services that run for the golden answers of a release, over HTTP as their clients do."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import requests

from patrons.errors import PATRONS, SourceError
from patrons.service.record import KEY

LONGEST = 15.0  # seconds that an answer may take: the service gives a body 10

Pair = Mapping[str, Any]  # the `request` and the `answer` that it must get


class ServerError(RuntimeError):
    """A service that does not answer, or not as it must."""


class KeyRefusedError(SourceError):
    """A key that is missing or that the service does not know."""


class Server:
    """A service that runs.

    Parameters
    ----------
    name : str
        For sentences, such as ``green1``.
    url : str
        Where it answers, such as ``http://127.0.0.1:8011``.
    key : str
        Empty where it wants none.
    """

    def __init__(self, name: str, url: str, key: str = ""):
        self.name, self.url, self._headers = name, url, {"Authorization": f"Bearer {key}"} if key else {}

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """Status and JSON of an answer; an empty one where it is no JSON.

        Raises
        ------
        ServerError
            Where nobody answers.
        KeyRefusedError
            Where a key is wanted, and there is none or another one.
        """
        try:
            with requests.Session() as session:  # of one request: a connection that is kept may end just then
                session.trust_env = False  # no proxy stands between
                session.verify = os.environ.get("SSL_CERT_FILE") or True
                answer = session.request(method, self.url + path, json=body, timeout=LONGEST, headers=self._headers)
        except requests.RequestException as error:
            raise ServerError(f"{self.name} ({self.url}) does not answer: {_cause(error)}") from None
        try:
            found = answer.json()
        except ValueError:
            found = {}
        if answer.status_code == requests.codes.unauthorized:
            raise KeyRefusedError(
                f"{self.name} ({self.url}) wants an API key and got {_problem(found) or 'none'}. Give the file that "
                f"holds one, --key-file FILE, or set {KEY}; {PATRONS} keys add NAME makes one."
            )
        return answer.status_code, found if isinstance(found, dict) else {}

    def lacking(self, release: str) -> str:
        """Why it is not ready with a release, as a phrase; empty where it is."""
        try:
            status, found = self.ask("GET", "/health/ready")
        except ServerError as error:
            return str(error)
        if status != requests.codes.ok:
            return f"{self.name} is not ready: {_problem(found) or status}"
        return "" if found.get("release") == release else f"{self.name} answers by release {found.get('release')}"

    def refused(self) -> str:
        """Why it did not take the last release, as it says; empty where it did."""
        try:
            status, found = self.ask("GET", "/model")
        except ServerError:
            return ""
        return str(found.get("refused") or "") if status == requests.codes.ok else _problem(found)

    def unlike(self, release: str, pairs: Sequence[Pair]) -> str:
        """The first answer to golden requests that is another one than it must be, as a sentence; empty without any.

        Parameters
        ----------
        release : str
            Its id: answers must be by this one.
        pairs : sequence of dict
            Sent in one request: the golden requests of a release, or one of them.
        """
        from patrons.scoring.plain import difference

        sent, wanted = ([_unnamed(pair[part]) for pair in pairs] for part in ("request", "answer"))
        status, found = self.ask("POST", "/predict", {"customers": sent})
        if status != requests.codes.ok:
            return f"{self.name} answers a golden request with status {status}{_problem(found, ': ')}"
        if found.get("release") != release:
            return f"{self.name} answers by release {found.get('release')}, not {release}"
        answers = found.get("answers", [])
        if len(answers) != len(pairs):
            return f"{self.name} gives {len(answers)} answers to {len(pairs)} golden requests"
        wrong = map(difference, answers, wanted)
        first = next(filter(None, wrong), "")
        return f"{self.name} gives a wrong answer to a golden request: {first}" if first else ""


def _unnamed(row: Mapping[str, Any]) -> dict[str, Any]:
    """A golden request or answer without its customer, whom a ledger of answers would keep as if a shop had asked."""
    return {name: value for name, value in row.items() if name != "customer_id"}


def _cause(error: requests.RequestException) -> str:
    """What an operator needs of an error that wraps others."""
    if isinstance(error, requests.Timeout):
        return f"nothing within {LONGEST:g} s"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted (SSL_CERT_FILE may name one that is)"
    return "nothing listens there, or it ended the connection"


def _problem(found: Any, before: str = "") -> str:
    """What an error of the service says it found (see `problems`), after a text; empty where it says nothing."""
    errors = found.get("errors") if isinstance(found, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else {}
    said = first.get("found") if isinstance(first, dict) else ""
    return f"{before}{said}" if said else ""
