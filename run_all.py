"""Runs the series of notebooks on one params file: results in data/processed, pages in reports, runs in MLflow."""

import argparse
import sys
import time
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

try:
    from patrons import events
    from patrons.cli.handing_out import Ahead, hand_out, places, promote
    from patrons.errors import PATRONS, RUN_ALL, SourceError
    from patrons.files import DiskFullError, LockedError, scratch, shown
    from patrons.series import graph, runner, stopping
    from patrons.series.declarations import OWN, ParamsError
    from patrons.series.params import load, read_kind
    from patrons.series.progress import progress
    from patrons.series.results import FAILED, NOT_RUN, SUCCEEDED, Results
    from patrons.series.workers import Workers
except ModuleNotFoundError as error:
    if sys.platform == "win32":  # which lacks what locks folders and stops processes
        sys.exit("Patrons runs on Linux and macOS, and on Windows inside WSL (see README.md), not on Windows itself.")
    sys.exit(f"{error.name} is not installed for {sys.executable}. Use `make run`, or .venv/bin/python run_all.py.")

ROOT = Path(__file__).resolve().parent
BAD_INPUT = (ParamsError, graph.SeriesError, SourceError, LockedError)
EXAMPLES = f"""examples:
  {RUN_ALL}                                  the demo
  {RUN_ALL} params/online_retail.yaml        another data set
  {RUN_ALL} --list                           what there is to run
  {RUN_ALL} --set 03.k_max=12                one parameter otherwise than in the file
  {RUN_ALL} --resume                         only what failed or changed since

exit codes: 0 done, 1 a notebook failed, 2 bad parameters or data (nothing was written), 130 or 143 stopped"""


def main(argv: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Run a series; the exit code."""
    arguments = parser().parse_args(argv)
    return events.command("run_all", partial(attempt, arguments, root), series=Path(arguments.params).stem)


def attempt(arguments: argparse.Namespace, root: Path, log: events.Log) -> int:
    """Run or list a series; the exit code, with a sentence on stderr where it is not 0."""
    try:
        with stopping.stoppable():
            return listing(arguments, root) if arguments.list else run(arguments, root, log)
    except (*BAD_INPUT, DiskFullError) as error:
        print(f"run_all: {error}", file=sys.stderr)
        log.add(error=type(error).__name__)
        return 1 if isinstance(error, DiskFullError) else 2
    except stopping.StoppedError as stopped:
        print(f"\n{stopped} No kernel is left running; --resume goes on from here.", file=sys.stderr)
        return stopped.code


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = argparse.ArgumentParser(
        prog=RUN_ALL, description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = line.add_argument
    add(
        "params",
        metavar="PARAMS",
        nargs="?",
        default="demo",
        help="params file (params/demo.yaml): params/online_retail.yaml",
    )
    which = line.add_mutually_exclusive_group()
    which.add_argument(
        "--only", metavar="03", action="append", default=[], help="run this one alone: --only 03 or --only 03,05"
    )
    which.add_argument("--from", metavar="03", dest="start", help="run this one and all with higher numbers: --from 03")
    add("--resume", action="store_true", help="keep what succeeded and would come out the same: --resume")
    add("--jobs", metavar="N", type=at_least_one, default=2, help="notebooks at the same time (2): --jobs 1")
    add("--set", metavar="section.name=value", action="append", default=[], help="a parameter: --set 03.k_max=12")
    add("--list", action="store_true", help="show the notebooks and their state: --list")
    add(
        "--timeout",
        metavar="S",
        type=at_least_one,
        default=3600,
        help="seconds a notebook may take (3600): --timeout 60",
    )
    add(
        "--promote",
        action="store_true",
        help="make the models the champion if their gates pass and the champion is no better: --promote",
    )
    add(
        "--no-track",
        action="store_true",
        help=f"send nothing to MLflow (`{PATRONS} log demo` does it later): --no-track",
    )
    return line


def at_least_one(text: str) -> int:
    """A whole number above 0, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def run(arguments: argparse.Namespace, root: Path, log: events.Log) -> int:
    """Check everything, then run, report and track."""
    start = time.monotonic()
    path = params_file(arguments.params, root)
    results = Results(root / "data" / "processed" / path.stem)
    results.claim(path, root)
    with Workers() as workers, scratch() as own:
        plan = checked(arguments, path, results, root, workers, own / "judged")
        packed = None if arguments.no_track else own / "packed"
        with results.lock():
            with Ahead(results, root, packed) as ahead:
                runner.run(plan, results, progress(sorted(plan.selected)), root, log, ahead.page)
            reported, said = hand_out(results, root, packed)
            said += f"\n{promote(results, root)}" if arguments.promote else ""
    print(summary(results, time.monotonic() - start), said, sep="\n")
    return int(not reported or any(stage["status"] == FAILED for stage in results.record["stages"].values()))


def checked(
    arguments: argparse.Namespace,
    path: Path,
    results: Results,
    root: Path,
    workers: Workers | None = None,
    judged: Path | None = None,
) -> runner.Plan:
    """What is to be run; an error of BAD_INPUT before anything is written.

    Meanwhile the first of `workers` begins, unless there may be nothing to run. The check leaves the lines of a log in
    the folder `judged`, for the notebook that reads it.
    """
    early = None if arguments.resume else workers
    if early is not None:
        early.start()
    parameters = load(path, root / "notebooks", arguments.set)
    notebooks = graph.read_notebooks(root / "notebooks", read_kind(path))
    selected = graph.select(notebooks, [stage for text in arguments.only for stage in text.split(",")], arguments.start)
    if early is not None:
        first = next(notebooks[stage] for stage in notebooks if stage in selected)
        early.prepare(runner.place_of(first, graph.helpers(first), results, judged))
    from patrons.intake import sources  # a second, beside that

    raw_folder = root / "data" / "raw"
    stated = [parameters[stage] for stage in sorted(selected)]
    plan = runner.Plan(
        notebooks,
        parameters,
        selected,
        sources.identify(stated, raw_folder),
        raw_folder,
        arguments.jobs,
        arguments.timeout,
        arguments.resume,
        cache(lambda: places(path.stem, root)),
        workers,
        judged,
    )
    if not runner.has_only_current(plan, results):  # else that very source was checked before
        sources.check(stated, raw_folder, judged)
    runner.check_inputs(plan, results)
    return plan


def params_file(text: str, root: Path) -> Path:
    """The file itself, or the one of that name in params/."""
    places = [Path(text), root / "params" / text, root / "params" / f"{text}.yaml"]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        names = ", ".join(sorted(file.stem for file in (root / "params").glob("*.yaml"))) or "none"
        raise ParamsError(f"There is no params file {text}. In params/ there are: {names}.")
    return path


def summary(results: Results, seconds: float) -> str:
    """The outcome of the series, and for each failure what to open."""
    stages = results.record["stages"]
    ran = sum(stage["status"] == SUCCEEDED and not stage["reused"] for stage in stages.values())
    reused = sum(stage["reused"] for stage in stages.values())
    lines = [f"\n{results.folder.name}: {ran} notebooks run, {reused} reused, in {seconds:.0f} s"]
    for stage, record in stages.items():
        if record["status"] == FAILED:
            failed = results.failed_notebook(stage)
            lines += [f"FAILED {stage}, {record['error']}"]
            lines += [f"    open {shown(failed)}"] * failed.exists()
        elif record["stale"]:
            lines.append(f"STALE {stage}: what it was made from has changed since. Update it: --resume")
        elif record.get("stopped"):
            lines.append(f"ENDED EARLY {stage}: {record['stopped']}")
        elif record["error"]:
            lines += [f"{record['status'].upper()} {stage}: {record['error']}"]
    return "\n".join(lines)


def listing(arguments: argparse.Namespace, root: Path) -> int:
    """Print the notebooks: what they ask, read and write, and their state."""
    path = params_file(arguments.params, root)
    results = Results(root / "data" / "processed" / path.stem)
    notebooks = graph.read_notebooks(root / "notebooks", read_kind(path))
    for stage in sorted(notebooks):
        notebook, record = notebooks[stage], results.stage(stage)
        seconds = f" in {record['seconds']:.1f} s" if record["status"] != NOT_RUN else ""
        source = "the source" if "source" in notebook.parameters else "nothing"
        print(f"{stage}: {notebook.question}")
        print(f"    reads   {', '.join(notebook.reads) or source}")
        print(f"    writes  {', '.join(notebook.writes)}")
        count = len(set(notebook.parameters) - set(OWN))
        stale = ", stale: what it was made from has changed since" if record["stale"] else ""
        early = f", ended early: {record['stopped']}" if record["stopped"] else ""
        print(f"    parameters: {count}; {record['status']}{seconds}{early}{stale}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
