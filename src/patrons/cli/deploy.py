"""The part of the `patrons` command that lets a new release answer behind the balancer, step by step, and goes back."""

import argparse
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patrons.cli.parts import command, natural
from patrons.errors import PATRONS, SourceError, is_expected
from patrons.files import root_folder
from patrons.service import record

if TYPE_CHECKING:  # help comes at once
    from patrons.service.delivery import Delivering

PURPOSE = "let the release of the last results answer, by the colour that stands by, and go back where that fails"
FAILED, BAD_INPUT, STOPPED = 1, 2, 130
MORE = """

steps, in this order; without one all of them, and `rollback` where load, golden, flip or watch fails:
  judge     hold the release of the last results against its gates and the champion; the last line is JSON:
            decision (deploy or keep), release, version, why, started
  load      copy it to the folder, let the file of the colour that stands by (blue or green) name it, and wait
            until every replica of that colour is ready with it
  golden    ask each of these replicas for the golden answers of the release
  flip      let that colour answer; promote the release in MLflow; let the file `champion` name it
  watch     golden requests through the balancer; no request may fail, and no replica be lost
  rollback  the colour, the files and the champion of before; it may be repeated, and comes after any step.
            Where nothing was loaded since it was judged, the delivery before is undone. With --of STARTED, as
            judge has said it, another delivery is left alone, and one that was watched to its end

exit codes:
  0    done: delivered, kept (the champion stays), rolled back, or nothing to roll back
  1    a step failed; called without a step, what was done is rolled back. Or another delivery is under way: try later
  2    bad input, or not the next step: nothing was changed
  130  stopped

Each step writes delivery.json in the folder. Stopped or killed, a delivery goes on when the command is called again, or
is undone by `rollback`. The balancer is the one of PATRONS_BALANCER_RUN (/run/patrons). PATRONS_PIPELINE, such as
"dag 1, commit abc, params def", stands with the reason in MLflow's log of promotions."""


def add(commands: Any) -> None:
    """Add ``deploy``."""
    add_argument = command(commands, "deploy", deploy, PURPOSE, "demo --releases ~/releases", MORE)
    add_argument("name", metavar="NAME", help="the series, such as demo")
    add_argument("step", metavar="STEP", nargs="?", choices=record.STEPS, help="only this one: see below")
    add_argument("--releases", metavar="FOLDER", type=Path, required=True, help="where services find blue and green")
    add_argument("--of", metavar="STARTED", help="with rollback: only the delivery that began then, if it is not done")
    add_argument("--key-file", metavar="FILE", type=Path, help=f"holds an API key, where one is wanted (${record.KEY})")
    add_argument("--balancer", metavar="URL", default=_balancer(), help=f"where clients ask ({_balancer()})")
    add_argument("--timeout", metavar="SECONDS", type=natural, default=120, help="for replicas to load it (120)")
    add_argument("--seconds", metavar="N", type=natural, default=60, help="to watch it (60)")


def _balancer() -> str:
    """Where the balancer of this machine answers, by the variables of serving/haproxy.cfg."""
    kind = "https" if os.environ.get("PATRONS_BALANCER_TLS") else "http"
    return f"{kind}://{os.environ.get('PATRONS_BALANCER_BIND') or '127.0.0.1:8080'}"


def deploy(arguments: argparse.Namespace) -> int:
    """``patrons deploy``."""
    from patrons.service.delivery import Delivering
    from patrons.service.site import Options

    name = Path(arguments.name).name.removesuffix(".yaml")
    try:
        if arguments.of is not None and arguments.step != "rollback":
            raise record.DeliveryError(
                f"--of goes with the step rollback: {PATRONS} deploy {name} rollback --of STARTED"
            )
        options = Options(
            arguments.releases, arguments.balancer.rstrip("/"), _key(arguments), arguments.timeout, arguments.seconds
        )
        steps = Delivering(name, root_folder(), options)
        with steps.releases.alone():
            if arguments.step:
                _say(_done(steps, arguments.step, arguments.of))
                return 0
            return _whole(steps)
    except KeyboardInterrupt:
        print(f"\nStopped. Go on with the same command, or: {PATRONS} deploy {name} rollback", file=sys.stderr)
        return STOPPED
    except Exception as error:
        return _reported(error)


def _key(arguments: argparse.Namespace) -> str:
    """The API key of a client; empty without one."""
    if arguments.key_file is None:
        return os.environ.get(record.KEY, "")
    try:
        return str(arguments.key_file.read_text(encoding="utf-8").strip())
    except OSError as error:
        raise record.DeliveryError(f"--key-file: {arguments.key_file} cannot be read ({error.strerror}).") from None


def _done(steps: "Delivering", step: str, of: str | None = None) -> Iterable[str]:
    """Do a step; what was done, a sentence each."""
    if step == "judge":
        return _judged(steps.judge())
    if step == "rollback":
        return steps.rollback(of)
    done = getattr(steps, step)()
    return [done] if isinstance(done, str) else done


def _judged(judged: record.Delivery) -> Iterable[str]:
    decision = "keep" if judged.state == record.KEPT else "deploy"
    verb = "is kept from answering" if decision == "keep" else "is to answer"
    yield f"{judged.folder}, version {judged.version}, {verb}: {judged.why}."
    facts = {"decision": decision, "release": judged.release, "version": judged.version, "why": judged.why}
    facts["started"] = judged.started
    yield json.dumps(facts, ensure_ascii=False)


def _whole(steps: "Delivering") -> int:
    """All steps that are left, and the way back where one fails; the exit code."""
    last = steps.releases.last()
    if last and last.name == steps.name and last.under_way:
        _say([f"Going on with the delivery of {last.folder}, which began at {last.started} ({last.state})."])
        begin, started = record.NEXT[last.state], last.started
        steps.check_key(last.colour)  # a wrong one is no reason to undo anything
    else:
        judged = steps.judge()
        _say(list(_judged(judged))[:1])
        if judged.state == record.KEPT:
            return 0
        begin, started = "load", judged.started
    try:
        for step in record.STEPS[record.STEPS.index(begin) : -1]:
            _say(_done(steps, step))
    except Exception as error:
        code = _reported(error) if is_expected(error) else FAILED
        code = _undo(steps, started) or code
        if not is_expected(error):
            raise
        return code
    return 0


def _undo(steps: "Delivering", started: str) -> int:
    """Undo this delivery; the exit code, 0 where it had changed nothing."""
    try:
        changed = steps.releases.of(steps.name).under_way
        _say(steps.rollback(started))
        return FAILED if changed else 0
    except Exception as error:
        _reported(error)
        print(f"The rollback is not complete. Repeat it: {PATRONS} deploy {steps.name} rollback", file=sys.stderr)
        return FAILED


def _reported(error: Exception) -> int:
    """Tell what went wrong on stderr; the exit code. What is not expected is raised."""
    if not is_expected(error):
        raise error
    print(f"patrons deploy: {' '.join(str(error).split())}", file=sys.stderr, flush=True)
    return BAD_INPUT if isinstance(error, SourceError) else FAILED


def _say(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        print(sentence, flush=True)
