"""The pipeline of demo in Airflow, and its daily look, by `.venv/bin/patrons dag demo --write`: change nothing here."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pipeline_messages
import pipeline_steps
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, DeadlineAlert, DeadlineReference, SyncCallback, chain
from pipeline_steps import Rollback, Step

VERSION = 2  # of the pipeline: docs/operations.md says what each one changed
NAME, PARAMS = "demo", "params/demo.yaml"
ROOT = Path(__file__).resolve().parents[3]
NOTEBOOKS = {  # in the order of what they read and write: number, question, reads, writes
    "01_eda": (
        "01",
        "Can this data be trusted, and what does it show?",
        "the source",
        "orders.parquet, quarantine.parquet, cancelled.parquet, customers.parquet, dataset.json",
    ),
    "02_transformation": (
        "02",
        "What describes a customer on a given day?",
        "orders.parquet, quarantine.parquet, cancelled.parquet, customers.parquet, dataset.json",
        "features.parquet, panel.parquet, churn_rates.parquet, preparation.skops, limits.parquet, dictionary.parquet, dictionary.csv",
    ),
    "03_clustering_comparison": (
        "03",
        "How many segments can marketing act on?",
        "features.parquet, dictionary.parquet, panel.parquet",
        "clusterer.skops, clusterer.sample.parquet, leaderboard.parquet, in_time.parquet",
    ),
    "04_label_creation": (
        "04",
        "Who are these groups, in business words?",
        "features.parquet, panel.parquet, clusterer.skops, in_time.parquet, dataset.json, dictionary.csv",
        "labels.parquet, segments.json, migration.parquet",
    ),
    "05_classification": (
        "05",
        "Can a customer be placed in a segment?",
        "features.parquet, panel.parquet, dictionary.parquet, labels.parquet, preparation.skops, clusterer.skops, dataset.json",
        "segment_model.skops, segment_model.sample.parquet, segment_model.json, segment_later.json",
    ),
    "06_churn": (
        "06",
        "Who is likely to leave?",
        "panel.parquet, features.parquet, preparation.skops, dictionary.parquet, dataset.json, churn_rates.parquet, labels.parquet, clusterer.skops",
        "churn.skops, churn_tested.skops, churn.sample.parquet, churn_scores.parquet, tried.parquet, churn.json",
    ),
    "07_customer_value": (
        "07",
        "What is a customer worth, and whom do we contact?",
        "orders.parquet, cancelled.parquet, features.parquet, labels.parquet, segments.json, churn_scores.parquet, churn.json, dataset.json",
        "values.parquet, actions.csv, actions.xlsx, profit.parquet, at_stake.parquet, draws.parquet, value.json, value.skops, value.sample.parquet",
    ),
    "08_monitoring": (
        "08",
        "Is the model still good?",
        "panel.parquet, features.parquet, dictionary.parquet, dataset.json, clusterer.skops, labels.parquet, churn_scores.parquet, churn.json, tried.parquet, value.json, orders.parquet, cancelled.parquet, segment_model.json",
        "monitoring.json, days.parquet, moved.parquet, by_day.json",
    ),
}
PATRONS = ["-m", "patrons.cli.main"]
DELIVERY = ["--releases", "$PATRONS_RELEASES"]
HOURS = 6  # within which a run is to have ended; tasks are ended, runs never: one would stay half way, not rolled back
OPEN = f"Open data/processed/{NAME}/<notebook>.failed.ipynb: it ends where it failed. Then clear the task."
BACK = "The champion of before answers, or the rollback says why not. Look at the replicas, then start the run again."

COMMON = {
    "root": str(ROOT),
    "params_file": PARAMS,
    "version": VERSION,
    "on_failure_callback": pipeline_messages.failed,
    "execution_timeout": timedelta(hours=2),
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 2,  # twice the delay each time, and up to as much again by lot
    "max_retry_delay": timedelta(minutes=30),
}
ALWAYS = {"catchup": False, "max_active_runs": 1, "start_date": datetime(2026, 1, 1, tzinfo=UTC), "tags": ["patrons"]}
ONCE = {"retries": 0, "on_failure_callback": None}  # steps that run nothing


def in_time(hours: float) -> DeadlineAlert | None:
    """None for `airflow dags test`, which in Airflow 3.3 breaks when a run with a deadline has succeeded."""
    if os.environ.get("PATRONS_AIRFLOW_TEST"):
        return None
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(hours=hours),
        callback=SyncCallback(pipeline_messages.late, {"hours": hours}),
    )


with DAG(
    NAME,
    schedule="0 4 1 * *",  # on the first of each month, UTC
    description="Train, judge and deploy",
    default_args=COMMON,
    deadline=in_time(HOURS),
    **ALWAYS,
) as pipeline:
    validate = Step(task_id="validate", words=[*PATRONS, "retrain", NAME, "--dry-run"], retries=1)
    notebooks = [
        Step(
            task_id=stage,
            words=["run_all.py", PARAMS, "--only", number, "--resume", "--no-track"],
            retries=1,
            advice=OPEN,
            doc_md=f"{question}\n\n**Reads** {reads}.\n\n**Writes** {writes}.",
        )
        for stage, (number, question, reads, writes) in NOTEBOOKS.items()
    ]
    track = Step(
        task_id="track", words=[*PATRONS, "log", NAME], retries=2, advice="Is MLflow there? Then clear the task."
    )
    evaluate = Step(task_id="evaluate", words=[*PATRONS, "deploy", NAME, "judge", *DELIVERY], retries=1)
    gate = BranchPythonOperator(task_id="gate", python_callable=pipeline_steps.gate, trigger_rule="all_done", retries=0)
    keep = PythonOperator(task_id="keep", python_callable=pipeline_steps.keep, retries=1)
    delivery = [
        Step(task_id=step, words=[*PATRONS, "deploy", NAME, step, *DELIVERY, *more], retries=0, advice=BACK)
        for step, more in {"load": [], "golden": [], "flip": [], "watch": ["--seconds", "60"]}.items()
    ]
    rollback = Rollback(
        task_id="rollback",
        words=[*PATRONS, "deploy", NAME, "rollback", *DELIVERY],
        trigger_rule="one_failed",
        retries=3,
        advice="Call it by hand until it succeeds: .venv/bin/patrons deploy NAME rollback --releases FOLDER.",
    )
    done = EmptyOperator(task_id="done", trigger_rule="none_failed_min_one_success", **ONCE)
    watcher = PythonOperator(
        task_id="watcher", python_callable=pipeline_steps.watcher, trigger_rule="one_failed", **ONCE
    )
    chain(validate, *notebooks, track, evaluate, gate, *delivery, done)
    chain(gate, keep, done)
    delivery >> rollback
    [task for task in pipeline.tasks if task is not watcher] >> watcher

with DAG(
    f"{NAME}_monitoring",
    schedule="0 3 * * *",  # every day, UTC
    description="Look at the latest data, and train where that asks for it",
    default_args=COMMON,
    deadline=in_time(1),
    **ALWAYS,
) as monitoring:
    look = Step(task_id="look", words=[*PATRONS, "retrain", NAME, "--if-needed", "--dry-run"], retries=1)
    needed = BranchPythonOperator(task_id="needed", python_callable=pipeline_steps.needed, retries=0)
    train = TriggerDagRunOperator(task_id="train", trigger_dag_id=NAME, fail_when_dag_is_paused=True, retries=1)
    chain(look, needed, train)
    watcher = PythonOperator(
        task_id="watcher", python_callable=pipeline_steps.watcher, trigger_rule="one_failed", **ONCE
    )
    [look, needed, train] >> watcher
