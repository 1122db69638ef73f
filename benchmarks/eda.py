"""What does each cell of 01 cost on a large log: CPU seconds, seconds and memory.

    PYTHONPATH=src python benchmarks/eda.py --lines 5000000

The notebook's own cells are run in turn in one process, on the simulated log of `features.py` with a cancellation for
every fiftieth order. Memory is the peak of the process up to the end of the cell.
"""

import argparse
import contextlib
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
NOTEBOOK = HERE.parent / "notebooks" / "01_eda.ipynb"


def log_with_cancellations(lines: int, path: Path) -> None:
    """The log of `features.simulate` and, for every fiftieth order, a cancellation of its lines an hour later."""
    import duckdb
    import features

    bought = path.with_name("bought.parquet")
    features.simulate(lines, bought)
    duckdb.sql(
        f"COPY (FROM '{bought}' UNION ALL SELECT customer_id, 'C' || order_id, product_id, ordered_at + INTERVAL 1 HOUR"
        f", -quantity, -amount FROM '{bought}' WHERE order_id LIKE '%00' OR order_id LIKE '%50') TO '{path}'"
    )
    bought.unlink()


def cells() -> list[str]:
    """The source of the notebook's cells of code."""
    found = json.loads(NOTEBOOK.read_text())["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == "code"]


def measure(log: Path) -> None:
    """Run the cells in this process and print what each cost."""
    os.environ["MPLBACKEND"] = "agg"
    folder = log.parent / "results"
    folder.mkdir()
    names: dict[str, object] = {"__name__": "__main__"}
    for number, source in enumerate(cells()):
        wall, cpu = time.perf_counter(), time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):  # tables and figures, which nobody looks at here
            exec(compile(source, f"cell {number}", "exec"), names)
        if not number:  # the parameters
            names |= {"folder": str(folder), "raw_folder": str(log.parent), "source": log.name, "customers": ""}
            continue
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        first = next(line for line in source.splitlines() if not line.startswith(("from", "import", "#")) and line)
        cost = f"{time.process_time() - cpu:.1f} | {time.perf_counter() - wall:.1f} | {peak:.1f}"
        print(f"| {number} | `{first[:70]}` | {cost} |", flush=True)


def main() -> None:
    """Simulate, run the cells in a fresh process, print."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--lines", type=int, default=5_000_000, help="size of the log")
    ask.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    args = ask.parse_args()
    if args.measure:
        return measure(args.measure)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.parquet"
        make = f"import eda, pathlib; eda.log_with_cancellations({args.lines}, pathlib.Path({str(log)!r}))"
        subprocess.run([sys.executable, "-c", make], check=True, cwd=HERE)
        print("| cell | begins with | CPU s | seconds | peak GB so far |\n|--:|:--|--:|--:|--:|", flush=True)
        subprocess.run([sys.executable, __file__, "--measure", str(log)], check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
