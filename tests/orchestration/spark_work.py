"""What the drill of Spark runs beside its cluster, by `.venv-spark`: the same log on DuckDB and on Spark, compared.

Called with the folder of the drill, which holds `tasks.json`; what it does and finds it writes there.
"""

import json
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from patrons import features
from patrons.engine import Engine
from patrons.features import panel
from patrons.intake import cancellations, order_log, orders, quality
from patrons.intake.reading import Format
from patrons.intake.rules import Rules
from patrons.scoring import Scorer

SAME = 1e-9  # of a number's size, or of 1
NON_PRODUCTS = ["POST", "BANK CHARGES", "M", "D", "DOT"]
HORIZON = 30
SCORED = "scored"  # the folder that the page writes to


class Work:
    """One log on one engine: each step says that it begins, and how long it took."""

    def __init__(self, folder: Path, task: dict[str, Any], engine: Engine):
        self.folder, self.task, self.engine = folder, task, engine
        self.seconds: dict[str, float] = {}

    def step(self, name: str, work: Any) -> Any:
        if self.engine.spreads:
            (self.folder / f"{self.task['name']}.{name}").touch()
        start = time.monotonic()
        made = work()
        self.seconds[name] = time.monotonic() - start
        return made

    def tables(self) -> dict[str, pd.DataFrame]:
        """All that 01 and 02 hand on."""
        source = Path(self.task.get("parts", self.task["source"]) if self.engine.spreads else self.task["source"])
        columns = self.task.get("columns", {})
        log = self.step("read", lambda: order_log.read_log(source, columns, Format(), Rules(), self.engine))
        judged = orders.judge(log.lines, "C", NON_PRODUCTS, "quarantine").cache()
        cancelled = cancellations.matched(judged, "net", log.absent).cache()
        measures = self.step("judge", lambda: quality.enforce(judged, quality.Limits(), cancelled=cancelled))
        kept, aside = orders.kept(judged), orders.quarantined(judged)
        made = {
            "orders": kept.to_pandas(),
            "quarantine": aside.to_pandas(),
            "cancelled": cancelled.to_pandas(),
            "measures": pd.DataFrame([vars(measures)]),
        }
        if self.task.get("judged"):  # as far as text differs from Parquet
            return made
        returns = aside.filter(aside.reason == orders.CANCELLATION)
        recipe, end = features.Recipe(HORIZON, peak_months=[11, 12]), panel.day_after(kept)
        days = [end - timedelta(days=HORIZON * n) for n in (2, 1)]
        given = {"returns": returns, "cancelled": cancelled}
        made["features"] = self.step("features", lambda: recipe.describe(kept, [end], **given))
        made["panel"] = self.step("panel", lambda: recipe.describe(kept, days, outcome=True, **given))
        for name in self.task.get("again", []):
            made[name] = self.step(name, lambda: recipe.describe(kept, [end], **given))
        return made


def differences(one: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    """Where two tables are not the same: whole numbers, texts and dates exactly, other numbers to `SAME`."""
    if list(one.columns) != list(other.columns) or len(one) != len(other):
        return [f"{one.shape} and {other.shape}: {set(one.columns) ^ set(other.columns)}"]
    return [name for name in one if not alike(one[name], other[name])]


def alike(one: pd.Series, other: pd.Series) -> bool:
    if not (one.isna() == other.isna()).all():
        return False
    one, other = one.dropna(), other.dropna()
    if one.dtype.kind == "f":
        return bool(np.allclose(other.to_numpy(float), one.to_numpy(float), rtol=SAME, atol=SAME))
    return bool((one.to_numpy() == other.to_numpy()).all())


def compared(folder: Path, task: dict[str, Any], engine: Engine) -> dict[str, Any]:
    alone, spread = Work(folder, task, Engine()), Work(folder, task, engine)
    on_duckdb, on_spark = alone.tables(), spread.tables()
    wrong = {name: differences(table, on_spark[name]) for name, table in on_duckdb.items()}
    return {
        "wrong": {name: columns for name, columns in wrong.items() if columns},
        "rows": {name: len(table) for name, table in on_spark.items()},
        "customers": sorted(on_spark.get("features", on_spark["orders"]).customer_id.unique()),
        "reasons": on_spark["quarantine"].reason.value_counts().to_dict(),
        "seconds": {"duckdb": alone.seconds, "spark": spread.seconds},
    }


def scored(task: dict[str, str]) -> dict[str, Any]:
    """Every customer scored on Spark by the program of the page, and by the release here."""
    exec(task["program"], {})
    theirs = pd.read_parquet(SCORED).sort_values("customer_id", ignore_index=True)
    ours = Scorer.load(task["release"]).score_rows(pd.read_parquet(task["features"]))
    ours = ours[list(theirs)].sort_values("customer_id", ignore_index=True)
    return {"wrong": differences(ours, theirs), "rows": len(theirs), "columns": list(theirs)}


def main(folder: Path) -> None:
    given = json.loads((folder / "tasks.json").read_text())
    engine = Engine("spark", given["master"], given["memory"], given["packages"])
    engine.connect()  # the session of the page's program too, which names another master
    told = {}
    for task in given["tasks"]:
        told[task["name"]] = scored(task) if "program" in task else compared(folder, task, engine)
        (folder / "told.new").write_text(json.dumps(told, indent=1))
        (folder / "told.new").rename(folder / "told.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
