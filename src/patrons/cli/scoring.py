"""The parts of the `patrons` command that score customers and keep releases."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from patrons.cli.parts import Run, command
from patrons.errors import PATRONS
from patrons.files import root_folder, shown

MOST_LISTED = 10  # columns, and features that are unlike the training


def add(commands: Any) -> None:
    """Add ``predict`` and ``models``."""
    add_argument = command(
        commands,
        "predict",
        predict,
        "score a file of customers or of raw orders",
        "--params demo --input data/raw/demo/new_orders.csv --output scored.csv",
    )
    add_argument("--params", metavar="NAME", required=True, help="the series: params/demo.yaml or demo")
    add_argument("--input", type=Path, required=True, metavar="FILE", help="customers or orders: CSV, XLSX, Parquet")
    add_argument("--output", metavar="FILE", type=Path, required=True, help="where the answers go: .parquet or .csv")
    add_argument("--release", metavar="FOLDER", type=Path, help="a release (the champion, else the last results)")
    add_argument("--as-of", metavar="DAY", type=_day, help="describe customers on this day (after the last order)")
    add_argument("--customers", metavar="FILE", type=Path, help="attributes of the customers of an order log")
    add_argument("--keep", action="store_true", help="keep the answers in data/ledger/NAME, for monitoring")
    add_argument("--strict", action="store_true", help="refuse customers unlike those of the training")

    models = commands.add_parser("models", help="keep, promote and roll back releases", description=MODELS)
    actions = models.add_subparsers(title="actions", required=True, metavar="ACTION", dest="action")
    for name, run, purpose in ACTIONS:
        _action(actions, name, run, purpose)


def _action(actions: Any, name: str, run: Run, purpose: str) -> None:
    action = actions.add_parser(name, help=purpose, description=f"{purpose.capitalize()}.")
    action.set_defaults(run=run)
    if name == "import":
        action.add_argument("folder", metavar="FOLDER", type=Path, help=f"what `{PATRONS} models export` wrote")
        return
    action.add_argument("name", metavar="NAME", help="the series, such as demo")
    if name in ("show", "promote", "export"):
        default = "candidate" if name == "promote" else "champion"
        action.add_argument("--version", metavar="N", default=default, help=f"a version or an alias ({default})")
    if name in ("promote", "rollback"):
        action.add_argument("--why", metavar="TEXT", default="", help="for the log")
    if name == "promote":
        action.add_argument("--override", metavar="REASON", default="", help="promote although gates failed; recorded")
    if name == "export":
        action.add_argument(
            "--to", metavar="FOLDER", type=Path, required=True, help="the folder in which its own is made"
        )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-01-31") from None


def _name(text: str) -> str:
    return Path(text).name.removesuffix(".yaml")


def predict(arguments: argparse.Namespace) -> None:
    """``patrons predict``."""
    from patrons.monitoring.keeping import Batch
    from patrons.scoring import Scorer, bulk
    from patrons.scoring.scorer import ScoringError
    from patrons.tracking.promotion import serving

    bulk.refuse_output(arguments.output, arguments.input, arguments.customers)
    folder, name = arguments.release, _name(arguments.params)
    what = f"the release in {shown(folder)}" if folder else ""
    if folder is None:
        folder, _, what = serving(name, root_folder())
    scorer = Scorer.load(folder)
    print(f"Scoring with {what}.", file=sys.stderr)
    ledger = root_folder() / "data" / "ledger" / name
    batch = Batch(scorer.manifest["parameters"], ledger) if arguments.keep else None
    done = bulk.score_file(
        scorer,
        arguments.input,
        arguments.output,
        arguments.as_of,
        arguments.customers,
        _progress,
        arguments.strict,
        batch or bulk.nothing,
    )
    _print_outcome(done, shown(arguments.output), scorer.manifest["id"])
    if batch:
        print(batch.keep())
    if done.errors == done.customers:
        raise ScoringError(f"Nobody can be scored: the column `error` of {shown(arguments.output)} says why.")


def _print_outcome(done: Any, output: str, release: str) -> None:
    kind = "customers of an order log" if done.orders else "customers"
    day = f", as of {done.as_of}" if done.as_of else ""
    print(f"{output}: {done.customers:,} {kind}{day}, by release {release}, in {done.seconds:.1f} s")
    if done.errors:
        print(f"{done.errors:,} of them cannot be scored: the column `error` says why.")
    if done.unused:
        print(f"Columns that nothing is made of: {', '.join(done.unused[:MOST_LISTED])}{_more(done.unused)}")
    for warning in done.warnings[:MOST_LISTED]:
        print(f"Warning: {warning}")
    if len(done.warnings) > MOST_LISTED:
        print(f"Warning: {len(done.warnings) - MOST_LISTED} more features are unlike the training.")
    if done.unlike:
        print(f"{done.unlike:,} customers have values unlike those of the training: the column `warnings` names them.")


def _more(listed: Sequence[str]) -> str:
    return f" and {len(listed) - MOST_LISTED} more" if len(listed) > MOST_LISTED else ""


def _progress(done: int, total: int | None) -> None:
    all_customers = "" if total is None else f" of {total:,}"
    print(f"{done:,}{all_customers} customers", end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)


def build(arguments: argparse.Namespace) -> None:
    """``patrons models build``."""
    from patrons.scoring import build as releases

    root, name = root_folder(), _name(arguments.name)
    folder = releases.build(root / "data" / "processed" / name)
    number = _registry(name).register(folder)
    print(f"{shown(folder)} is version {number}, the candidate. Next: {PATRONS} models promote {name}")


def listing(arguments: argparse.Namespace) -> None:
    """``patrons models list``."""
    for version in _registry(arguments.name).versions():
        metrics = "  ".join(f"{name} {value:g}" for name, value in version["metrics"].items())
        aliases = ", ".join(version["aliases"]) or "-"
        print(f"{version['version']:>3}  {version['release']}  {version['created']}  {aliases:20}  {metrics}")


def show(arguments: argparse.Namespace) -> None:
    """``patrons models show``."""
    from tempfile import TemporaryDirectory

    from patrons.scoring import release

    with TemporaryDirectory() as scratch:
        manifest = release.read(_registry(arguments.name).fetch(arguments.version, Path(scratch)))
    facts = {name: value for name, value in manifest.items() if name not in ("features", "parameters", "files")}
    print(json.dumps(facts | {"features": len(manifest["features"])}, indent=2, ensure_ascii=False))


def promote(arguments: argparse.Namespace) -> None:
    """``patrons models promote``."""
    _print_entry(_registry(arguments.name).promote(arguments.version, arguments.why, arguments.override))


def rollback(arguments: argparse.Namespace) -> None:
    """``patrons models rollback``."""
    _print_entry(_registry(arguments.name).rollback(arguments.why))


def history(arguments: argparse.Namespace) -> None:
    """``patrons models history``."""
    for entry in _registry(arguments.name).history():
        _print_entry(entry)


def repair(arguments: argparse.Namespace) -> None:
    """``patrons models repair``."""
    from patrons.tracking.repair import repair as reconcile

    print("\n".join(reconcile(_registry(arguments.name))))


def export(arguments: argparse.Namespace) -> None:
    """``patrons models export``."""
    print(f"Wrote {shown(_registry(arguments.name).fetch(arguments.version, arguments.to))}, checksums verified.")


def imported(arguments: argparse.Namespace) -> None:
    """``patrons models import``."""
    from patrons.scoring import release

    name = release.verify(arguments.folder)["name"]
    print(
        f"{shown(arguments.folder)} is version {_registry(name).register(arguments.folder)} of {name}, the candidate."
    )


def _registry(name: str) -> Any:
    from patrons.tracking.registry import Registry

    return Registry(_name(name), root_folder())


def _print_entry(entry: dict[str, Any]) -> None:
    """Print an entry of the log as a line."""
    before, after = ("nothing" if entry[one] is None else f"version {entry[one]}" for one in ("from", "to"))
    why = f": {entry['why']}" if entry.get("why") else ""
    failed = f" (overridden: {'; '.join(entry['failed'])})" if entry.get("override") else ""
    print(f"{entry['at'][:19]} {entry['who']} {entry['action']}: {before} -> {after}{why}{failed}")


MODELS = "Releases of a series: the one called champion answers, and the former one is a command away."
ACTIONS = (
    ("build", build, "make a release of the last results and register it as the candidate"),
    ("list", listing, "list the versions, the newest first"),
    ("show", show, "show what a version is: data, libraries, metrics, gates"),
    ("promote", promote, "make the candidate the champion, if its gates have passed"),
    ("rollback", rollback, "make the former champion the champion again (it needs two, promoted one after the other)"),
    ("history", history, "list who changed what, when and why"),
    ("repair", repair, "bring log and aliases together again after a version was deleted or an alias moved in MLflow"),
    ("export", export, "copy a version to a folder that needs no MLflow"),
    ("import", imported, "register a folder that was exported, as the candidate"),
)
