"""A small series' results, made by hand, and the runs that are kept of it."""

import pandas as pd

from patrons.files import write_json

DAY = pd.Timestamp("2025-09-25")
STARTED = "2026-11-{:02d}T09:00:00+00:00"


def stage(code="code", status="succeeded", **more):
    record = {"status": status, "reused": False, "seconds": 1.0, "parameters": {}, "fingerprint": "same", "code": code}
    return {**record, "inputs": {}, "outputs": {}, "stale": False, "error": None, "stopped": None, **more}


def series(processed, number=1, stages=None, **changes):
    """Write ``series.json`` of the run of a day in November."""
    stages = {"01_eda": stage(parameters={"title": "Toy"}), "06_churn": stage(parameters={"n_trials": 5})} | (
        stages or {}
    )
    record = {"name": "toy", "params": "params/toy.yaml", "run_id": f"202611{number:02d}-0900-aaaaa{number % 10}"}
    record |= {"started": STARTED.format(number), "finished": STARTED.format(number).replace("09:00", "09:01")}
    record |= {"patrons": "0.1.0", "git_commit": "c0ffee", "digest": "d1", "stages": stages}
    write_json(processed / "series.json", record | changes)


def results(processed, metrics=None, lines=100, score=None, day=DAY, threshold=0.5):
    """Write what two notebooks left: 50 customers, every other one gone, of whom the last ten could not be kept."""
    data = {"title": "Toy shop", "source": "toy.csv", "lines": lines, "period": ["2024-01-04", "2025-12-23"]}
    write_json(processed / "01_eda" / "dataset.json", data)
    write_json(processed / "01_eda" / "metrics.json", {"customers": 50})
    scored = {"roc_auc_active": 0.75, "roc_auc_active_low": 0.7, "roc_auc_active_high": 0.8, "brier_active": 0.2}
    write_json(processed / "06_churn" / "metrics.json", scored | (metrics or {}))
    churn = {"threshold": threshold, "horizon_days": 90, "gates": [{"gate": "ROC AUC", "verdict": "failed"}]}
    write_json(
        processed / "06_churn" / "churn.json", churn | {"card": {"algorithm": "forest", "parameters": {"leaf": 5}}}
    )
    tried(score, day).to_parquet(processed / "06_churn" / "tried.parquet")


def tried(score=None, day=DAY):
    """What 06 forecast on two days; the scores of the later one are given."""
    outcome = [n % 2 for n in range(50)]
    later = {"customer_id": [f"c{n}" for n in range(50)], "as_of": day, "churned": outcome, "threshold": 0.5}
    later |= {"score": score or [0.4 + 0.2 * one for one in outcome], "active": [n < 40 for n in range(50)]}
    later = pd.DataFrame(later)
    return pd.concat([later.assign(as_of=day - pd.Timedelta(days=90), score=0.9), later], ignore_index=True)
