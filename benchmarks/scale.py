"""How does the series grow? Seconds, CPU seconds and memory of each notebook on shops of 4,000 to 1,000,000 customers.

    python benchmarks/scale.py run --customers 4000 40000 400000 1000000
    python benchmarks/scale.py run --customers 1000000 --only 01,02
    python benchmarks/scale.py table
    python benchmarks/scale.py cells --customers 1000000 --only 01

Each notebook is run by `run_all.py` on its own, so that a size, or one notebook of it, can be run when the machine has
the time; what was measured stays in the folder until `--again`. Shops are simulated where they are missing. A start-up
file of IPython measures cells inside the kernel; memory is that of all processes together, shared pages counted once.
"""

import argparse
import itertools
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).resolve().parents[1]
NAME = "shop"
EVERY = 0.5  # seconds between two looks at memory
COUNTS = 0.03  # share of a notebook's CPU seconds from which a cell is looked at for growth
PROBE = """
import json as _json, os as _os, resource as _resource, time as _time
_cells, _begun = [], {}


def _used():
    children = _resource.getrusage(_resource.RUSAGE_CHILDREN)
    return _time.process_time() + children.ru_utime + children.ru_stime


def _before(info):
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    _begun.update(wall=_time.perf_counter(), cpu=_used())


def _after(result):
    if not _begun:
        return
    with open("/proc/self/status") as file:
        peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    lines = result.info.raw_cell.splitlines()
    source = [line for line in lines if line and not line.startswith(("from", "import", "#"))]
    spent = {"seconds": _time.perf_counter() - _begun["wall"], "cpu": _used() - _begun["cpu"], "gb": peak / 1024**2}
    _cells.append({"cell": source[0] if source else "", **spent})
    with open(_os.environ["PATRONS_BENCHMARK"], "w") as file:
        _json.dump(_cells, file)


get_ipython().events.register("pre_run_cell", _before)
get_ipython().events.register("post_run_cell", _after)
"""


def run(root: Path, customers: int, only: list[str], again: bool, arguments: list[str]) -> None:
    """Measure the notebooks of one size that were not measured yet, and say what each cost."""
    environment = prepared(root, customers)
    for notebook in sorted((HERE / "notebooks").glob("[0-9]*.ipynb")):
        measured = root / "measured" / f"{notebook.stem}.json"
        if (only and notebook.stem[:2] not in only) or (measured.exists() and not again):
            continue
        cells = root / "cells.json"
        cells.unlink(missing_ok=True)
        began, before, load = time.time(), cpu(), os.getloadavg()[0]
        command = [sys.executable, "-c", RUN, str(root), NAME, "--only", notebook.stem[:2], "--no-track", *arguments]
        with subprocess.Popen(command, env=environment) as series, watched(series.pid) as peak:
            code = series.wait()
        if code:
            sys.exit(f"{notebook.stem} at {customers:,} customers ended with code {code}.")
        page = root / "reports" / NAME / f"{notebook.stem}.html"
        about = {
            "seconds": time.time() - began,
            "cpu": cpu() - before,
            "gb": peak[0] / 1024**3,
            "page_kb": page.stat().st_size / 1000 if page.exists() else None,
            "load": [load, os.getloadavg()[0]],
            "date": str(date.today()),
            "cells": json.loads(cells.read_text()),
        }
        measured.parent.mkdir(exist_ok=True)
        measured.write_text(json.dumps(about, indent=1))
        told = "{seconds:.0f} s, {cpu:.0f} CPU s, {gb:.1f} GB".format_map(about)
        print(f"{customers:,}, {notebook.stem}: {told}, load {load:.1f}", flush=True)


RUN = "import sys, run_all; from pathlib import Path; sys.exit(run_all.main(sys.argv[2:], Path(sys.argv[1])))"


def prepared(root: Path, customers: int) -> dict[str, str]:
    """The environment of a project of that size, with today's notebooks and the demo's parameters."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copytree(HERE / "notebooks", root / "notebooks", dirs_exist_ok=True)
    (root / "params").mkdir(exist_ok=True)
    demo = (HERE / "params" / "demo.yaml").read_text()
    (root / "params" / f"{NAME}.yaml").write_text(demo.replace("demo/", f"{NAME}/"))
    startup = root / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True, exist_ok=True)
    (startup / "00-probe.py").write_text(PROBE)
    paths = os.pathsep.join([str(HERE / "src"), str(HERE)])
    own = {"IPYTHONDIR": str(root / "ipython"), "PATRONS_BENCHMARK": str(root / "cells.json"), "PYTHONPATH": paths}
    environment = {**os.environ, **own}
    raw = root / "data" / "raw" / NAME
    simulate = [sys.executable, "-m", "patrons.cli.main", "simulate", "--customers", str(customers), "--folder", raw]
    subprocess.run([str(part) for part in simulate], env=environment, check=True)
    return environment


@contextmanager
def watched(process: int) -> Iterator[list[float]]:
    """The most memory that a process and its descendants have had at once, in bytes, as the one item of a list."""
    peak, over = [0.0], threading.Event()

    def look() -> None:
        while not over.wait(EVERY):
            peak[0] = max(peak[0], held(process))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield peak
    finally:
        over.set()
        looking.join()


def held(process: int) -> float:
    """Bytes that a process and its descendants hold; what several share is counted once."""
    total = 0.0
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(process)
        for one in [root, *root.children(recursive=True)]:
            with suppress(psutil.Error, OSError):
                total += one.memory_full_info().pss
    return total


def cpu() -> float:
    """CPU seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def results(folder: Path) -> dict[int, dict[str, Any]]:
    """What was measured: by size, then by notebook."""
    sizes = sorted(int(one.name) for one in folder.iterdir() if one.name.isdecimal())
    return {
        size: {one.stem: json.loads(one.read_text()) for one in sorted((folder / str(size) / "measured").glob("*"))}
        for size in sizes
    }


def exponent(small: float, large: float, sizes: tuple[int, int]) -> float:
    """By which power of the size something grew: 1 is in proportion, 0 not at all."""
    return math.log(max(large, 0.01) / max(small, 0.01)) / math.log(sizes[1] / sizes[0])


def fastest(small: dict[str, Any], large: dict[str, Any], sizes: tuple[int, int]) -> str:
    """Of the cells that cost something, the one whose CPU seconds grew fastest."""
    worth = COUNTS * sum(cell["cpu"] for cell in large["cells"])
    pairs = itertools.zip_longest(small["cells"], large["cells"])
    grown = [
        (exponent(a["cpu"], b["cpu"], sizes), a["cpu"], b) for a, b in pairs if a and b and b["cpu"] > max(worth, 1)
    ]
    if not grown:
        return ""
    power, before, cell = max(grown, key=lambda one: one[0])
    return f"`{cell['cell'][:60]}` {before:.1f} → {cell['cpu']:.1f} ({power:.2f})"


def table(found: dict[int, dict[str, Any]]) -> str:
    """Rows of Markdown: a notebook each, and the sum."""
    sizes = [size for size in found if found[size]]
    head = [f"{size:,} customers" for size in sizes]
    rows = [
        f"| notebook | {' | '.join(head)} | grows with | fastest cell, CPU s |",
        "|:--|" + "--:|" * len(head) + "--:|:--|",
    ]
    for stage in sorted({stage for size in sizes for stage in found[size]}):
        measured = [found[size].get(stage) for size in sizes]
        costs = ["{seconds:.0f} s, {cpu:.0f} CPU s, {gb:.1f} GB".format_map(one) if one else "–" for one in measured]
        last = [(size, one) for size, one in zip(sizes, measured, strict=True) if one][-2:]
        growth, cell = "–", ""
        if len(last) == 2:
            pair = last[0][0], last[1][0]
            growth = f"{exponent(last[0][1]['cpu'], last[1][1]['cpu'], pair):.2f}"
            cell = fastest(last[0][1], last[1][1], pair)
        rows.append(f"| {stage} | {' | '.join(costs)} | {growth} | {cell} |")
    sums = [[sum(one[what] for one in found[size].values()) for what in ("seconds", "cpu")] for size in sizes]
    peaks = [max(one["gb"] for one in found[size].values()) for size in sizes]
    whole = [f"{wall:.0f} s, {used:.0f} CPU s, {gb:.1f} GB" for (wall, used), gb in zip(sums, peaks, strict=True)]
    return "\n".join([*rows, f"| together | {' | '.join(whole)} | | |"])


def cells(found: dict[str, Any], only: list[str]) -> str:
    """Rows of Markdown: a cell each that took half a CPU second or more."""
    rows = ["| notebook | cell | begins with | CPU s | seconds | peak GB |", "|:--|--:|:--|--:|--:|--:|"]
    for stage in (stage for stage in found if not only or stage[:2] in only):
        for number, cell in enumerate(found[stage]["cells"]):
            if cell["cpu"] >= 0.5:
                cost = f"{cell['cpu']:.1f} | {cell['seconds']:.1f} | {cell['gb']:.1f}"
                rows.append(f"| {stage[:2]} | {number} | `{cell['cell'][:70]}` | {cost} |")
    return "\n".join(rows)


def main() -> None:
    line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("what", choices=["run", "table", "cells"], help="measure, or show what was measured")
    line.add_argument("--customers", type=int, nargs="+", default=[4_000, 40_000, 400_000, 1_000_000], help="sizes")
    line.add_argument("--only", default="", help="notebooks: --only 01,02")
    line.add_argument("--again", action="store_true", help="measure anew what was measured")
    line.add_argument("--folder", type=Path, default=HERE / "data" / "scale", help="for shops, results and measures")
    line.add_argument("arguments", nargs="*", help="for run_all.py, behind --")
    asked = line.parse_args()
    only = [part for part in asked.only.split(",") if part]
    if asked.what == "run":
        for size in asked.customers:
            run(asked.folder.resolve() / str(size), size, only, asked.again, asked.arguments)
    elif asked.what == "table":
        print(table(results(asked.folder)))
    else:
        for size in asked.customers:
            print(f"{size:,} customers\n\n{cells(results(asked.folder).get(size, {}), only)}\n")


if __name__ == "__main__":
    main()
