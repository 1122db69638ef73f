"""Messages of runs that people must know of: by mail (SMTP) and to a webhook, whichever is set up.

`PATRONS_MAIL_TO` names who gets mail, sent by Airflow's connection `smtp_default`; `PATRONS_WEBHOOK` is the address
that gets JSON. What cannot be sent is said in the task's log, and stops nothing.
"""

import html
import json
import logging
import os
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

LOG = logging.getLogger(__name__)
MAIL_TO, WEBHOOK = "PATRONS_MAIL_TO", "PATRONS_WEBHOOK"
PATIENCE = 10  # seconds that a webhook may take
TOO_LONG = "It took longer than it may and was ended: see its log, and start it again once that is mended."
LOST = "It was killed or lost; see its log."
LATE = "Look at what runs: the page of Airflow shows it, and each task's log says how far it is."


def failed(context: Mapping[str, Any]) -> None:
    """Say which task failed, the sentence of its error and what to do; Airflow calls it after the last try."""
    task, ti, error = context["task"], context["ti"], context.get("exception")
    sentence = LOST if error is None else " ".join(str(error).split()) or type(error).__name__
    advice = TOO_LONG if type(error).__name__ == "AirflowTaskTimeout" else getattr(error, "advice", "")
    send(
        f"{ti.dag_id}: {ti.task_id} failed",
        {
            "dag": ti.dag_id,
            "run": ti.run_id,
            "task": ti.task_id,
            "tries": ti.try_number,
            "error": sentence,
            "to_do": advice or getattr(task, "advice", "") or "See the log of the task.",
            "pipeline": getattr(task, "pipeline", ""),
            "log": ti.log_url,
        },
    )


def late(context: Mapping[str, Any], hours: float) -> None:
    """Say that a run has not ended in time; Airflow calls it at the deadline."""
    run = context["dag_run"]  # a record, of which Airflow says no more
    name, identity = run["dag_id"], run["dag_run_id"]
    error = f"It has not ended within {hours:g} hours."
    send(f"{name}: late", {"dag": name, "run": identity, "error": error, "to_do": LATE})


def send(subject: str, facts: Mapping[str, Any]) -> None:
    """Send facts, a line each, wherever somebody is to be told."""
    lines = [f"{name.replace('_', ' ')}: {value}" for name, value in facts.items() if value]
    if address := os.environ.get(WEBHOOK):
        _attempt(lambda: _post(address, {"text": "\n".join([subject, *lines]), "subject": subject, **facts}), WEBHOOK)
    if to := os.environ.get(MAIL_TO):
        _attempt(lambda: _mail(to, subject, lines), MAIL_TO)
    LOG.info("%s\n%s", subject, "\n".join(lines))


def _attempt(action: Callable[[], None], through: str) -> None:
    try:
        action()
    except Exception as error:
        LOG.error("No message was sent by %s: %s: %s", through, type(error).__name__, error)


def _post(address: str, content: Mapping[str, Any]) -> None:
    data = json.dumps(content, default=str).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=PATIENCE).close()


def _mail(to: str, subject: str, lines: list[str]) -> None:
    from airflow.providers.smtp.hooks.smtp import SmtpHook  # which no file of DAGs waits for

    with SmtpHook() as hook:
        hook.send_email_smtp(
            to=to.split(","),
            subject=subject,
            html_content="<br>\n".join(map(html.escape, lines)),
            from_email=hook.from_email or to.split(",")[0],
        )
