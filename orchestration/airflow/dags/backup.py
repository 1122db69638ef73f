"""A backup every six hours, of which those of a week are kept."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pipeline_messages
from airflow.sdk import DAG
from pipeline_steps import Step

ADVICE = "Until it succeeds, what is written since the last backup is in no other place. See its log."

with DAG(
    "patrons_backup",
    schedule="0 */6 * * *",
    description="Copy what MLflow keeps, the ledger and the campaigns",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["patrons"],
):
    Step(
        task_id="backup",
        words=["-m", "patrons.cli.main", "backup", "--to", "$PATRONS_BACKUPS", "--keep", "28"],
        root=str(Path(__file__).resolve().parents[3]),
        params_file="",
        version=1,
        advice=ADVICE,
        execution_timeout=timedelta(hours=4),
        retries=2,
        retry_delay=timedelta(minutes=1),
        retry_exponential_backoff=2,
        on_failure_callback=pipeline_messages.failed,
    )
