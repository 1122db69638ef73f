"""Where does a series spend its time? Seconds to start, to import, to work and to draw, a notebook.

    python benchmarks/series.py --customers 600 --before ../patrons-before -- --set 05.n_trials=1 --set 06.n_trials=1

Runs the demo by `run_all.py` in a folder of its own; with `--before` that of another checkout first, such as one of the
commit before (`git worktree add ../patrons-before HEAD~1`). What stands behind ``--`` goes to `run_all.py`. A start-up
file of IPython measures imports and figures inside the kernels; what cells take without them is their work.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parents[1]
PROBE = """
import importlib._bootstrap as _bootstrap, json as _json, os as _os, sys as _sys, time as _time
_spent, _depth = {"imports": 0.0, "figures": 0.0}, {"imports": 0, "figures": 0}


def _timed(function, kind):
    def call(*args, **options):
        _depth[kind] += 1
        start = _time.perf_counter()
        try:
            return function(*args, **options)
        finally:
            _depth[kind] -= 1
            if not _depth[kind]:
                _spent[kind] += _time.perf_counter() - start
    return call


def _watch(*_):
    canvas = getattr(_sys.modules.get("matplotlib.backend_bases"), "FigureCanvasBase", None)
    if canvas is not None and canvas.print_figure.__name__ != "call":
        canvas.print_figure = _timed(canvas.print_figure, "figures")
    stage = _os.path.basename(_os.environ["PATRONS_STAGE_OUTPUT"])
    with open(_os.path.join(_os.environ["PATRONS_BENCHMARK"], stage + ".json"), "w") as file:
        _json.dump(_spent, file)


_bootstrap._find_and_load = _timed(_bootstrap._find_and_load, "imports")
get_ipython().events.register("pre_run_cell", _watch)
get_ipython().events.register("post_run_cell", _watch)
"""


class Spent(NamedTuple):
    """Seconds of a notebook: `begin` and `end` since the series was started, `cells` of its own cells together."""

    stage: str
    begin: float
    end: float
    start: float
    imports: float
    cells: float
    figures: float

    @property
    def work(self) -> float:
        """What its own cells took beside imports and figures."""
        return self.cells - self.imports - self.figures


def measure(checkout: Path, customers: int, arguments: list[str]) -> tuple[list[Spent], float, float]:
    """Run the demo of a checkout: what each notebook spent, and wall and CPU seconds of the whole command."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for folder in ("notebooks", "params"):
            shutil.copytree(checkout / folder, root / folder)
        startup = root / "ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True)
        (startup / "00-probe.py").write_text(PROBE)
        (root / "spent").mkdir()
        paths = os.pathsep.join([str(checkout / "src"), str(checkout)])
        own = {"IPYTHONDIR": str(root / "ipython"), "PATRONS_BENCHMARK": str(root / "spent"), "PYTHONPATH": paths}
        environment = {**os.environ, **own}
        simulate = "from patrons.demo import simulate as s; from pathlib import Path; import sys; "
        simulate += "s.write(s.simulate(customers=int(sys.argv[1]), seed=1), Path(sys.argv[2]))"
        raw = root / "data" / "raw" / "demo"
        subprocess.run(
            [sys.executable, "-c", simulate, str(customers), str(raw)], env=environment, cwd=checkout, check=True
        )
        return run(root, checkout, environment, arguments)


def run(
    root: Path, checkout: Path, environment: dict[str, str], arguments: list[str]
) -> tuple[list[Spent], float, float]:
    """Run `run_all.py` and note when it says what."""
    command = "import sys, run_all; from pathlib import Path; sys.exit(run_all.main(sys.argv[2:], Path(sys.argv[1])))"
    said: dict[tuple[str, str], float] = {}
    before, began = cpu(), time.time()
    with subprocess.Popen(
        [sys.executable, "-c", command, str(root), "demo", *arguments],
        env=environment,
        cwd=checkout,  # which `-c` puts before PYTHONPATH
        stdout=subprocess.PIPE,
        text=True,
    ) as series:
        assert series.stdout is not None
        for line in series.stdout:
            stage, _, rest = line.partition(": ")
            if rest.startswith(("started", "succeeded")):
                said[stage, rest.split()[0]] = time.time()
    if series.returncode:
        sys.exit(f"The series ended with code {series.returncode}.")
    wall, used = time.time() - began, cpu() - before
    stages = sorted(stage for stage, what in said if what == "succeeded")
    folder = root / "data" / "processed" / "demo"
    spent = [read(folder / stage, root, said[stage, "started"], said[stage, "succeeded"], began) for stage in stages]
    return spent, wall, used


def read(folder: Path, root: Path, started: float, ended: float, began: float) -> Spent:
    """What an executed notebook and its probe say."""
    notebook = json.loads((folder / "notebook.ipynb").read_text())
    own = [cell for cell in notebook["cells"] if is_own(cell)]
    inside = json.loads((root / "spent" / f"{folder.name}.json").read_text())
    cells = sum(cell["metadata"]["papermill"]["duration"] for cell in own)
    first = datetime.fromisoformat(own[0]["metadata"]["papermill"]["start_time"]).timestamp()
    return Spent(
        folder.name, started - began, ended - began, first - started, inside["imports"], cells, inside["figures"]
    )


def is_own(cell: dict[str, Any]) -> bool:
    """Whether a cell is code, and more than parameters."""
    tags = cell["metadata"].get("tags", [])
    ran = cell["metadata"].get("papermill", {}).get("duration") is not None
    return cell["cell_type"] == "code" and ran and not {"parameters", "injected-parameters"} & set(tags)


def critical(spent: list[Spent]) -> list[Spent]:
    """The notebooks that the series waited for: the last one to end, the last to end before it began, and so on."""
    path = [max(spent, key=lambda one: one.end)]
    while earlier := [one for one in spent if one.end <= path[0].begin + 0.1 and one is not path[0]]:
        path.insert(0, max(earlier, key=lambda one: one.end))
    return path


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def table(name: str, spent: list[Spent], wall: float, used: float) -> str:
    """Rows of Markdown, and the sum under them."""
    rows = [f"| {name} | start | imports | work | figures | whole |", "|:--|--:|--:|--:|--:|--:|"]
    for one in spent:
        numbers = (one.start, one.imports, one.work, one.figures, one.end - one.begin)
        rows.append(f"| {one.stage} | " + " | ".join(f"{number:.1f}" for number in numbers) + " |")
    path = critical(spent)
    names = ", ".join(one.stage[:2] for one in path)
    own, first = sum(one.work + one.figures for one in path), sum(one.start + one.imports for one in path)
    rows.append(
        f"\n{name}: {wall:.0f} s ({used:.0f} CPU s), of which the own work of {names}, "
        f"one after the other, is {own:.0f} s; the rest, {1 - own / wall:.0%}, is overhead: "
        f"{path[0].begin:.1f} s before the first begins, {first:.1f} s until their first cells and for imports, "
        f"{wall - path[-1].end:.1f} s after the last, and what is left between them. "
        f"Load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores."
    )
    return "\n".join(rows)


def main() -> None:
    line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("--customers", type=int, default=4000, help="simulated customers (4000): --customers 600")
    line.add_argument("--before", type=Path, help="another checkout, measured first: --before ../patrons-before")
    line.add_argument("arguments", nargs="*", help="for run_all.py, behind --")
    asked = line.parse_args()
    checkouts = {"before": asked.before.resolve()} if asked.before else {}
    for name, checkout in {**checkouts, "now": HERE}.items():
        print(table(name, *measure(checkout, asked.customers, asked.arguments)), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
