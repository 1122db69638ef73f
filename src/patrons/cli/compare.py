"""The part of the `patrons` command that sets two runs of a series side by side."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patrons.cli.parts import command
from patrons.errors import PATRONS, RUN_ALL
from patrons.files import root_folder

if TYPE_CHECKING:  # both import pandas, and help comes at once
    from patrons.monitoring.compare import Comparison
    from patrons.monitoring.runs import Run

PURPOSE = "set two runs side by side: what changed, and what can explain it"
WIDTH = 100  # columns of a terminal


def add(commands: Any) -> None:
    """Add ``compare``."""
    add_argument = command(commands, "compare", compare, PURPOSE, "demo -2 -1")
    add_argument("name", metavar="NAME", help="the series, such as demo")
    add_argument(
        "runs", metavar="RUN", nargs="*", help="two runs, the earlier first: the beginning of an id, or -1 for the last"
    )
    add_argument("--list", action="store_true", help="list the runs that are kept, the last first")


def compare(arguments: argparse.Namespace) -> None:
    """``patrons compare``."""
    from patrons.monitoring import runs
    from patrons.monitoring.compare import Comparison

    name = Path(arguments.name).name.removesuffix(".yaml")
    ledger = root_folder() / "data" / "ledger" / name
    known = runs.kept(ledger)
    if not known:
        raise runs.RunsError(f"No run of {name} is kept. {_others(ledger)}Run it: {RUN_ALL} {name}")
    if arguments.list:
        print("\n".join(_listing(known)))
        return
    if len(arguments.runs) not in (0, 2):
        raise runs.RunsError(f"Name two runs, the earlier first, or none: {PATRONS} compare {name} -2 -1")
    if len(known) < 2:
        raise runs.RunsError(
            f"Only one run of {name} is kept, {known[0]['run_id']}: there is none to compare it with. Change something "
            f"and run it again: {RUN_ALL} {name}"
        )
    before, after = (runs.found(ledger, text) for text in arguments.runs or ("-2", "-1"))
    if before.id == after.id:
        raise runs.RunsError(f"Both are the run {before.id}. Name two: {PATRONS} compare {name} --list")
    print("\n".join(_page(Comparison(before, after))))


def _others(ledger: Path) -> str:
    names = sorted({path.parents[2].name for path in ledger.parent.glob("*/runs/*/run.json")})
    return f"There are runs of {', '.join(names)}. " if names else ""


def _listing(known: Sequence[dict[str, Any]]) -> Iterator[str]:
    for place, record in enumerate(reversed(known), 1):
        failed = [stage for stage, one in record["stages"].items() if one["status"] == "failed"]
        trouble = f"  failed: {', '.join(failed)}" if failed else ""
        yield _cut(f"{-place:>3}  {record['run_id']}  {moment(record['finished'])}  {_lines(record)}{trouble}")


def _lines(record: dict[str, Any]) -> str:
    data = record["data"]
    return f"{data['lines']:,} lines of {data.get('title', 'data')}" if "lines" in data else "no data"


def moment(text: str) -> str:
    """A moment of a record as people write it, to the minute."""
    return text[:16].replace("T", " ")


def _page(comparison: "Comparison") -> list[str]:
    """The whole comparison, the most important first."""
    import textwrap

    from patrons.monitoring.compare_narrative import since_last_run

    lines = [_header("before", comparison.before), _header("after", comparison.after), ""]
    for sentence in since_last_run(comparison):
        lines += textwrap.wrap(sentence, WIDTH)
    for part in (_same_customers, _numbers, _changes):
        lines += part(comparison)
    return lines


def _header(when: str, run: "Run") -> str:
    return _cut(f"{when:<7}{run.id}  {moment(run.record['finished'])}  {_lines(run.record)}")


def _same_customers(comparison: "Comparison") -> Iterator[str]:
    from patrons.monitoring.compare_narrative import NAMES, tested

    pair = comparison.paired
    if isinstance(pair, str) or not any(score.difference.value for score in pair.scores.values()):
        return
    yield from ("", f"Forecast {tested(pair)}:")
    yield f"  {'':<32}{'before':>12}{'after':>12}{'difference':>14}   95% interval"
    for metric, score in pair.scores.items():
        value, low, high = score.difference
        ends = f"{low:+.4f} to {high:+.4f}"
        yield f"  {NAMES[metric]:<32}{score.before:>12.4f}{score.after:>12.4f}{value:>+14.4f}   {ends}"


def _numbers(comparison: "Comparison") -> Iterator[str]:
    from patrons.monitoring.compare_narrative import numbers

    moved, known = numbers(comparison), len(comparison.metrics)
    yield from ("", f"Numbers: {len(moved)} of {known} differ." if len(moved) else "Numbers: all are equal.")
    for name, before, after, difference in moved.itertuples(index=False, name=None):
        yield f"  {_cut(name, 32):<32}{before:>12}{after:>12}{difference:>14}"


def _changes(comparison: "Comparison") -> Iterator[str]:
    from patrons.monitoring.compare_narrative import before_and_after, changes

    kinds = changes(comparison)
    for name, some in kinds.items():
        yield from ("", f"{name}:") if some else ()
        for change in some:
            label = f"  {_cut(change.what, 40):<34}  "
            yield label + before_and_after(change, WIDTH - len(label))
    same = [name.lower() for name, some in kinds.items() if not some]
    yield from ("", f"The same: {', '.join(same)}.") if same else ()


def _cut(text: str, width: int = WIDTH) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
