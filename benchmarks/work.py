"""What do notebooks of a series cost, cell by cell, and what do they choose? Beside another checkout, in turns.

    python benchmarks/work.py params/demo.yaml --notebooks 03 05 07 --before ../patrons-before --turns 2

Runs the cells of each notebook in a fresh process on results that a series has left (`--results`, else data/processed
and the name of the params file), with the code and the notebooks of one checkout and then of the other. Nothing is
written to those results. Prints CPU seconds, seconds and the peak of memory, and where the recorded numbers differ.
"""

import argparse
import contextlib
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # as in the kernels of the series


def measure(root: Path, params: Path, number: str, folder: Path) -> dict[str, Any]:
    """Run the cells of a notebook in this process: what each cost, and what was recorded."""
    from patrons.series.declarations import notebook_paths
    from patrons.series.params import load, read_kind
    from patrons.stage import NotebookStopped

    notebook = next(one for one in notebook_paths(root / "notebooks", read_kind(params)) if one.stem[:2] == number)
    given = load(params, root / "notebooks")[notebook.stem] | {"folder": str(folder)}
    output = folder / f".{notebook.stem}"
    output.mkdir()
    os.environ |= {"MPLBACKEND": "agg", "PATRONS_STAGE_OUTPUT": str(output)}
    found = [cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]
    names: dict[str, object] = {"__name__": "__main__", **given}
    costs = []
    with contextlib.suppress(NotebookStopped):
        for source in ("".join(cell["source"]) for cell in found[1:]):
            wall, cpu = time.perf_counter(), used()
            with contextlib.redirect_stdout(io.StringIO()):  # tables and figures, which nobody looks at here
                exec(compile(source, "cell", "exec"), names)
            costs.append((source.splitlines()[0], used() - cpu, time.perf_counter() - wall))
    metrics = json.loads((output / "metrics.json").read_text())
    return {"cells": costs[1:], "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, "metrics": metrics}


def used() -> float:
    """CPU seconds of this process and of those it started."""
    return time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def fresh(root: Path, params: Path, number: str, results: Path) -> dict[str, Any]:
    """One measurement in a process of its own, on links to the results."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "processed" / results.name
        folder.mkdir(parents=True)
        for stage in results.glob("[0-9]*"):
            (folder / stage.name).symlink_to(stage.resolve())
        command = [sys.executable, __file__, str(params), "--one", str(root), number, str(folder)]
        paths = os.pathsep.join([str(root / "src"), str(root)])
        environment = {**dict.fromkeys(THREADS, "1"), **os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": paths}
        process = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if process.returncode:
        sys.exit(f"{number} of {root} failed: {process.stderr}")
    return json.loads(process.stdout.splitlines()[-1])


def table(number: str, runs: dict[str, list[dict[str, Any]]], least: float) -> str:
    """Rows of Markdown: the cells that cost `least` CPU seconds or more, and all together."""
    rows = [
        f"| {number} | {' | '.join(f'CPU s {name} | s {name}' for name in runs)} |",
        "|:--|" + "--:|--:|" * len(runs),
    ]
    lines = dict.fromkeys(line for each in runs.values() for line, *_ in each[0]["cells"])
    for line in lines:
        costs = [_of(each, line) for each in runs.values()]
        if max(cpu for cpu, _ in costs) >= least:
            rows.append(f"| `{line[:70]}` | " + " | ".join(f"{cpu:.1f} | {wall:.1f}" for cpu, wall in costs) + " |")
    whole = [(_all(each, 1), _all(each, 2)) for each in runs.values()]
    rows.append("| all, imports apart | " + " | ".join(f"{cpu:.1f} | {wall:.1f}" for cpu, wall in whole) + " |")
    peaks = ", ".join(f"{name} {max(one['peak'] for one in each):.1f}" for name, each in runs.items())
    return "\n".join([*rows, f"\npeak GB: {peaks}"])


def _of(runs: list[dict[str, Any]], line: str) -> tuple[float, float]:
    """Median CPU seconds and seconds of the cell that begins with a line; zero where there is none."""
    found = [(cpu, wall) for one in runs for first, cpu, wall in one["cells"] if first == line] or [(0.0, 0.0)]
    return statistics.median(cpu for cpu, _ in found), statistics.median(wall for _, wall in found)


def _all(runs: list[dict[str, Any]], place: int) -> float:
    return statistics.median(sum(cell[place] for cell in one["cells"]) for one in runs)


def differences(runs: dict[str, list[dict[str, Any]]]) -> str:
    """Recorded numbers that are not the same everywhere."""
    of = {name: each[0]["metrics"] for name, each in runs.items()}
    names = dict.fromkeys(metric for metrics in of.values() for metric in metrics)
    moved = [name for name in names if len({metrics.get(name) for metrics in of.values()}) > 1]
    lines = [f"- {one}: " + ", ".join(f"{name} {metrics.get(one)}" for name, metrics in of.items()) for one in moved]
    return "\n".join(lines) if lines else "- all recorded numbers are the same" * (len(of) > 1)


def main() -> None:
    line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("params", type=Path, help="params file: params/demo.yaml")
    line.add_argument("--notebooks", nargs="+", default=["03", "05", "07"], help="numbers: --notebooks 03 05")
    line.add_argument("--results", type=Path, help="what the series left: --results data/processed/demo")
    line.add_argument("--before", type=Path, help="another checkout, which has the first turn")
    line.add_argument("--turns", type=int, default=1, help="of each checkout; medians are shown")
    line.add_argument("--least", type=float, default=0.3, help="CPU seconds from which a cell is shown")
    line.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    asked = line.parse_args()
    if asked.one:
        root, number, folder = asked.one
        print("\n" + json.dumps(measure(Path(root), asked.params, number, Path(folder))))
        return
    results = asked.results or HERE / "data" / "processed" / asked.params.stem
    checkouts = ({"before": asked.before.resolve()} if asked.before else {}) | {"now": HERE}
    for number in asked.notebooks:
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in checkouts}
        for _ in range(asked.turns):
            for name, root in checkouts.items():
                runs[name].append(fresh(root, asked.params.resolve(), number, results))
        print(table(number, runs, asked.least), differences(runs), sep="\n", end="\n\n", flush=True)


if __name__ == "__main__":
    main()
