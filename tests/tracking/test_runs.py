"""What arrives in MLflow, once, and what happens when MLflow is away."""

import contextlib
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import yaml
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from patrons.features.preparation import IQRClipper
from patrons.files import read_json, write_json, write_text
from patrons.models import save_model
from patrons.tracking import connection, limits
from patrons.tracking.connection import AwayError, TrackingError, local_uri
from patrons.tracking.packing import own_code, pack
from patrons.tracking.runs import SENT, log_series, models

# MLflow and its database library warn of themselves when these tests look into it
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore:.*integer column"
)
DIGEST = "ab" * 32
BY_DAY = [
    {"day": "2025-09-25", "metrics": {"roc_auc_matured": 0.78, "brier_matured": None}},
    {"day": "2025-06-27", "metrics": {"roc_auc_matured": 0.75, "brier_matured": 0.2}},
]
SAMPLE = pd.DataFrame({"recency_days": [3.0, 200.0, 7.0, 400.0], "orders": [9.0, 1.0, 8.0, 2.0]})


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch, tmp_path):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)  # MLflow makes a folder mlruns where the process is


@pytest.fixture(scope="module")
def model():
    return make_pipeline(IQRClipper(), LogisticRegression()).fit(SAMPLE, [0, 1, 0, 1])


@pytest.fixture(scope="module")
def empty_db(tmp_path_factory):
    """MLflow takes seconds to make its tables: made once, and copied."""
    root = tmp_path_factory.mktemp("empty")
    with contextlib.chdir(root):
        client_of(root).search_experiments()
    return root / "mlflow.db"


@pytest.fixture
def shop(tmp_path, model, empty_db):
    shutil.copy(empty_db, tmp_path)
    return make_shop(tmp_path, model)


@pytest.fixture(scope="module")
def sent(tmp_path_factory, model, empty_db):
    """A shop whose series was sent; for tests that only look."""
    root = tmp_path_factory.mktemp("sent")
    shutil.copy(empty_db, root)
    assert send(make_shop(root, model))
    return root


def make_shop(root, model):
    """A project in which the series `toy` was run: two notebooks run, one reused, one failed, one not run."""
    processed, reports = root / "data" / "processed" / "toy", root / "reports" / "toy"
    write_json(processed / "01_eda" / "metrics.json", {"lines_read": 100, "revenue": 12.5})
    write_json(processed / "01_eda" / "findings.json", [])
    write_json(
        processed / "01_eda" / "dataset.json",
        {
            "title": "A toy shop",
            "simulated": True,
            "source": "toy.csv",
            "lines": 100,
            "period": ["2024-01-04", "2025-12-23"],
        },
    )
    write_text(processed / "01_eda" / "notebook.ipynb", "{}")
    write_json(processed / "02_transformation" / "metrics.json", {"features": 7})
    write_json(processed / "06_churn" / "metrics.json", {"roc_auc": 0.8})
    write_json(processed / "06_churn" / "by_day.json", BY_DAY)
    write_text(processed / "06_churn" / "notebook.ipynb", "{}")
    write_text(processed / "06_churn" / "figures" / "roc.png", "picture")
    save_model(processed / "06_churn" / "churn.skops", model)
    SAMPLE.to_parquet(processed / "06_churn" / "churn.sample.parquet")
    save_model(processed / "06_churn" / "preparation.skops", IQRClipper().fit(SAMPLE))
    write_text(processed / "05_classification.failed.ipynb", "{}")
    for page in ("index", "01_eda", "06_churn"):
        write_text(reports / f"{page}.html", "<p>page</p>")
    write_series(processed)
    return root


def stage(status="succeeded", reused=False, error=None, **parameters):
    return {"status": status, "reused": reused, "seconds": 2.0, "parameters": parameters, "error": error}


def write_series(processed, **changes):
    stages = {
        "01_eda": stage(
            title="A toy shop", columns={"order_id": "InvoiceNo"}, raw_folder="/elsewhere/raw", folder="/x"
        ),
        "02_transformation": stage(reused=True),
        "05_classification": stage("failed", error="cell 3: ValueError: no"),
        "06_churn": stage(horizon_days=90, note="x" * 7000),
        "07_customer_value": stage("not run"),
    }
    series = {
        "name": "toy",
        "run_id": "20261121-0143-1a2b3c",
        "started": "2026-11-21T01:43:00+00:00",
        "finished": "2026-11-21T01:44:00+00:00",
        "patrons": "0.1.0",
        "git_commit": "c0ffee-dirty",
        "digest": DIGEST,
        "stages": stages,
    }
    write_json(processed / "series.json", series | changes)


def send(root):
    return log_series(root / "data" / "processed" / "toy", root / "reports" / "toy", root)


def client_of(root):
    return MlflowClient(local_uri(root))


def runs_of(root):
    """The runs in MLflow by name."""
    client = client_of(root)
    experiment = client.get_experiment_by_name("toy")
    runs = client.search_runs([experiment.experiment_id]) if experiment else []
    assert len(runs) == len({run.info.run_name for run in runs}), "a run is there twice"
    return {run.info.run_name: run for run in runs}


def files_of(root, run, folder=None):
    return sorted(file.path for file in client_of(root).list_artifacts(run.info.run_id, folder))


def closed_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_a_series_is_one_run_and_each_notebook_that_ran_a_nested_one(sent):
    runs = runs_of(sent)
    assert set(runs) == {"20261121-0143-1a2b3c", "01_eda", "05_classification", "06_churn"}
    parent = runs.pop("20261121-0143-1a2b3c")
    assert {run.data.tags["mlflow.parentRunId"] for run in runs.values()} == {parent.info.run_id}
    assert "mlflow.parentRunId" not in parent.data.tags


def test_the_series_says_where_it_comes_from(sent):
    tags = runs_of(sent)["20261121-0143-1a2b3c"].data.tags
    assert tags["patrons.run_id"] == "20261121-0143-1a2b3c"
    assert tags["patrons.git_commit"] == "c0ffee-dirty"
    assert tags["mlflow.source.git.commit"] == "c0ffee"
    assert tags["patrons.data_digest"] == DIGEST
    assert tags["patrons.title"] == "A toy shop"
    assert tags["patrons.simulated"] == "true"
    assert tags["patrons.reused"] == "02_transformation"
    assert tags["patrons.status"] == "failed"


def test_a_series_of_a_pipeline_says_which_versions_have_made_it(tmp_path, model, empty_db, monkeypatch):
    monkeypatch.setenv("PATRONS_PIPELINE", "dag 1, commit c0ffee, params 0f1e2d")
    shutil.copy(empty_db, tmp_path)
    send(make_shop(tmp_path, model))
    assert runs_of(tmp_path)["20261121-0143-1a2b3c"].data.tags["patrons.pipeline"] == (
        "dag 1, commit c0ffee, params 0f1e2d"
    )


def test_the_data_is_an_input_of_the_series(sent):
    (used,) = runs_of(sent)["20261121-0143-1a2b3c"].inputs.dataset_inputs
    assert used.dataset.name == "A toy shop"
    assert used.dataset.digest == DIGEST[:36]
    assert json.loads(used.dataset.source) == {"uri": "toy.csv"}


def test_the_series_holds_all_metrics_so_that_series_can_be_compared(sent):
    metrics = runs_of(sent)["20261121-0143-1a2b3c"].data.metrics
    assert metrics == {"01.lines_read": 100, "01.revenue": 12.5, "02.features": 7, "06.roc_auc": 0.8}


def test_a_notebook_holds_its_own_metrics_and_parameters_but_no_folder(sent):
    eda = runs_of(sent)["01_eda"].data
    assert eda.metrics == {"lines_read": 100, "revenue": 12.5}
    assert eda.params == {"title": "A toy shop", "columns": '{"order_id": "InvoiceNo"}'}


def test_metrics_of_days_have_the_day_as_step_and_as_time(sent):
    """2025-09-25 is day 20,356 since 1970-01-01: 55 years of 365 days, 14 leap days, 267 days of 2025."""
    run = runs_of(sent)["06_churn"].info.run_id
    history = client_of(sent).get_metric_history(run, "roc_auc_matured")
    assert {(one.step, one.timestamp, one.value) for one in history} == {
        (20_356, 20_356 * 86_400_000, 0.78),
        (20_266, 20_266 * 86_400_000, 0.75),
    }
    assert [one.value for one in client_of(sent).get_metric_history(run, "brier_matured")] == [0.2]
    assert runs_of(sent)["06_churn"].data.metrics["roc_auc_matured"] == 0.78  # the latest day is what the table shows


def test_a_parameter_that_is_too_long_for_mlflow_is_cut(sent):
    note = runs_of(sent)["06_churn"].data.params["note"]
    assert len(note) == 6000
    assert note.endswith("x…")


def test_pages_figures_and_executed_notebooks_arrive(sent):
    runs = runs_of(sent)
    parent, churn = runs["20261121-0143-1a2b3c"], runs["06_churn"]
    assert files_of(sent, parent, "report") == ["report/01_eda.html", "report/06_churn.html", "report/index.html"]
    assert "series.json" in files_of(sent, parent)
    assert {"06_churn.html", "notebook.ipynb", "metrics.json"} <= set(files_of(sent, churn))
    assert files_of(sent, churn, "figures") == ["figures/roc.png"]


def test_no_table_of_customers_is_sent(sent):
    sent_files = {path.name for path in (sent / "mlruns").rglob("*") if path.is_file()}
    assert not [name for name in sent_files if name.endswith(".parquet")]


def test_runs_have_the_times_at_which_they_ran(sent):
    runs = runs_of(sent)
    parent, churn = runs["20261121-0143-1a2b3c"].info, runs["06_churn"].info
    assert parent.end_time - parent.start_time == 60_000
    assert churn.end_time - churn.start_time == 2_000


def test_a_failed_notebook_fails_its_run_and_the_series(sent):
    runs = runs_of(sent)
    assert {name: run.info.status for name, run in runs.items()} == {
        "20261121-0143-1a2b3c": "FAILED",
        "01_eda": "FINISHED",
        "05_classification": "FAILED",
        "06_churn": "FINISHED",
    }
    assert runs["05_classification"].data.tags["patrons.error"] == "cell 3: ValueError: no"
    assert files_of(sent, runs["05_classification"]) == ["05_classification.failed.ipynb"]


def logged_model(root):
    (model,) = client_of(root).search_logged_models([runs_of(root)["06_churn"].info.experiment_id])
    return model


def test_a_model_has_a_signature_exact_requirements_and_predicts_as_before(sent, model):
    logged = logged_model(sent)
    assert logged.name == "churn"
    assert logged.source_run_id == runs_of(sent)["06_churn"].info.run_id
    loaded = mlflow.pyfunc.load_model(logged.artifact_location)
    assert loaded.metadata.get_input_schema().input_names() == ["recency_days", "orders"]
    assert loaded.metadata.signature.outputs is not None
    np.testing.assert_array_equal(loaded.predict(SAMPLE), model.predict(SAMPLE))
    sklearn_model = mlflow.sklearn.load_model(logged.artifact_location)
    np.testing.assert_allclose(sklearn_model.predict_proba(SAMPLE), model.predict_proba(SAMPLE))
    folder = sent / logged.artifact_location.split(str(sent))[1].lstrip("/")
    requirements = (folder / "requirements.txt").read_text().split()
    assert {line.split("==")[0] for line in requirements} >= {"mlflow", "scikit-learn", "skops", "numpy", "pandas"}
    assert all("==" in line for line in requirements)


def test_a_model_that_was_packed_before_is_sent_as_it_stands_and_is_the_same(sent, shop, tmp_path, monkeypatch):
    processed = shop / "data" / "processed" / "toy"
    for path in models(processed / "06_churn"):
        pack(path, tmp_path)
    monkeypatch.setattr("mlflow.sklearn.save_model", None)  # whoever packs it again fails
    log_series(processed, shop / "reports" / "toy", shop, tmp_path)
    assert contents(shop) == contents(sent)


def contents(root):
    """What was sent of a model, by file, without its ids, the moment and the order in which skops writes its parts."""
    model = logged_model(root)
    folder = Path(model.artifact_location.removeprefix("file://"))
    described = yaml.safe_load((folder / "MLmodel").read_text())
    own = {"model_id": model.model_id, "model_uuid": model.model_id, "run_id": model.source_run_id}
    assert own.items() <= described.items()
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    same = {name: path.read_bytes() for name, path in files.items() if name not in ("MLmodel", "model.skops")}
    varying = ("artifact_path", "utc_time_created", "model_size_bytes", *own)
    return list(files), same, {name: value for name, value in described.items() if name not in varying}


def test_a_model_loads_where_patrons_is_not_installed(sent):
    code = (
        "import sys; sys.path = [p for p in sys.path if not p.endswith('src')]\n"
        "import mlflow, pandas as pd\n"
        f"model = mlflow.pyfunc.load_model({logged_model(sent).artifact_location!r})\n"
        "print(list(model.predict(pd.DataFrame({'recency_days': [3.0, 400.0], 'orders': [9.0, 2.0]}))))\n"
        "import patrons; print('code' in patrons.__file__)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=sent, timeout=120)
    assert done.stdout.split("\n")[:2] == ["[np.int64(0), np.int64(1)]", "True"], done.stderr


def test_a_model_of_scikit_learn_alone_carries_no_code(tmp_path):
    path = save_model(tmp_path / "plain.skops", LogisticRegression().fit(SAMPLE, [0, 1, 0, 1]))
    assert own_code(path, tmp_path) is None


def test_a_model_without_a_sample_is_kept_as_a_file(sent):
    assert files_of(sent, runs_of(sent)["06_churn"], "models") == ["models/preparation.skops"]


def test_a_second_call_sends_nothing(sent):
    before = set(run.info.run_id for run in runs_of(sent).values())
    assert send(sent) is None
    assert set(run.info.run_id for run in runs_of(sent).values()) == before


def test_another_series_of_the_same_name_is_another_run(shop):
    for run_id in ("20261121-0143-1a2b3c", "20261122-0900-abcdef"):
        write_series(shop / "data" / "processed" / "toy", run_id=run_id, stages={})
        assert send(shop)
    assert set(runs_of(shop)) == {"20261121-0143-1a2b3c", "20261122-0900-abcdef"}


def test_a_series_of_which_half_arrived_is_sent_anew(shop, monkeypatch):
    def stop(*_):
        raise ConnectionError("the network went away")

    with monkeypatch.context() as cut:
        cut.setattr(MlflowClient, "log_artifacts", stop)
        with pytest.raises(TrackingError, match="the network went away"):
            send(shop)
    (half,) = runs_of(shop).values()
    assert SENT not in half.data.tags
    parent = send(shop)
    runs = runs_of(shop)  # which would find a run that is there twice
    assert len(runs) == 4
    assert runs["20261121-0143-1a2b3c"].info.run_id == parent != half.info.run_id


def test_models_of_the_half_that_arrived_are_not_there_twice(shop, monkeypatch):
    from patrons.tracking import runs as tracking

    terminated = MlflowClient.set_terminated

    def stop(self, run_id, *rest):
        if self.get_run(run_id).info.run_name.startswith("2026"):
            raise ConnectionError("gone at the very end")
        terminated(self, run_id, *rest)

    with monkeypatch.context() as cut:
        cut.setattr(MlflowClient, "set_terminated", stop)
        with pytest.raises(tracking.TrackingError):
            send(shop)
    assert send(shop)
    assert logged_model(shop).source_run_id == runs_of(shop)["06_churn"].info.run_id


def test_a_server_that_is_away_is_said_in_seconds_and_a_later_call_sends(shop, monkeypatch):
    address = f"http://127.0.0.1:{closed_port()}"
    begun = time.monotonic()
    with monkeypatch.context() as away:
        away.setenv("MLFLOW_TRACKING_URI", address.replace("//", "//me:secret@"))
        with pytest.raises(AwayError, match="patrons log toy") as error:
            send(shop)
    assert time.monotonic() - begun < 20
    assert address in str(error.value)
    assert "secret" not in str(error.value)
    assert send(shop)
    assert len(runs_of(shop)) == 4


def test_mlflow_tracking_uri_is_honoured_and_left_as_it_was(shop, monkeypatch):
    uri = f"sqlite:///{shop / 'elsewhere.db'}"
    (shop / "mlflow.db").rename(shop / "elsewhere.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    environment = dict(os.environ)
    assert send(shop)
    assert dict(os.environ) == environment
    assert MlflowClient(uri).get_experiment_by_name("toy")
    assert not (shop / "mlflow.db").exists()


def test_nothing_is_written_where_the_process_happens_to_be(shop, monkeypatch):
    (shop / "elsewhere").mkdir()
    monkeypatch.chdir(shop / "elsewhere")
    assert send(shop)
    assert not list((shop / "elsewhere").iterdir())


def test_an_experiment_that_was_deleted_is_brought_back_and_told(shop, caplog):
    client = client_of(shop)
    client.delete_experiment(client.create_experiment("toy"))
    write_series(shop / "data" / "processed" / "toy", stages={})
    assert send(shop)
    assert client.get_experiment_by_name("toy").lifecycle_stage == "active"
    assert "MLflow's experiment toy had been deleted: it is restored" in caplog.text


def test_a_damaged_model_is_named(shop):
    write_text(shop / "data" / "processed" / "toy" / "06_churn" / "churn.skops", "no model")
    with pytest.raises(TrackingError, match="toy"):
        send(shop)


def test_a_series_that_is_not_there_or_not_finished_is_an_error(shop):
    processed = shop / "data" / "processed"
    with pytest.raises(TrackingError, match=r"no series 'demo' to send; those that were run: toy\."):
        log_series(processed / "demo", shop / "reports" / "demo", shop)
    write_series(processed / "toy", finished=None)
    with pytest.raises(TrackingError, match="has not finished"):
        send(shop)


def test_a_record_of_which_half_was_written_is_no_series(shop, caplog):
    (shop / "data" / "processed" / "toy" / "series.json").write_text("")
    with pytest.raises(TrackingError, match="no series 'toy' to send"):
        send(shop)
    assert "series.json is damaged or was cut off" in caplog.text


def test_nothing_is_printed(shop, capfd, caplog):
    with caplog.at_level(logging.INFO):
        send(shop)
    assert capfd.readouterr() == ("", "")


def test_processes_that_send_at_once_make_the_file_and_one_copy_and_print_nothing(shop):
    (shop / "mlflow.db").unlink()
    code = f"""
from pathlib import Path
from patrons.tracking.runs import log_series
root = Path({str(shop)!r})
print(log_series(root / "data/processed/toy", root / "reports/toy", root))
"""
    command = [sys.executable, "-c", code]
    pipe = subprocess.PIPE
    started = [subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=shop) for _ in range(2)]
    ended = [process.communicate(timeout=120) for process in started]
    assert [error for _, error in ended] == ["", ""]
    sent = {answer.strip() for answer, _ in ended}
    runs = runs_of(shop)  # which would find a run that is there twice
    assert sent == {runs["20261121-0143-1a2b3c"].info.run_id, "None"}


def test_a_title_of_any_length_is_sent(shop):
    processed = shop / "data" / "processed" / "toy"
    data = read_json(processed / "01_eda" / "dataset.json")
    write_json(processed / "01_eda" / "dataset.json", data | {"title": "T" * 9000, "source": "s" * 70_000})
    write_json(processed / "01_eda" / "metrics.json", {f"m{n}": n for n in range(1500)})
    write_series(processed, stages={"01_eda": stage(**{f"p{n}": n for n in range(250)})})
    assert send(shop)
    runs = runs_of(shop)
    (used,) = runs["20261121-0143-1a2b3c"].inputs.dataset_inputs
    assert used.dataset.name == "T" * 499 + "…"
    assert runs["20261121-0143-1a2b3c"].data.tags["patrons.title"] == "T" * 4999 + "…"
    assert len(runs["01_eda"].data.params) == 250
    assert len(runs["01_eda"].data.metrics) == 1500


def test_a_long_entry_of_the_log_counts_the_gates_that_it_cannot_hold():
    gates = [f"gate {n} is 0.5, which is too low" for n in range(400)]
    entry = json.loads(limits.entry({"action": "promote", "failed": gates, "why": "w" * 2000}))
    assert len(json.dumps(entry)) <= 5000
    assert entry["failed"][0] == gates[0]
    assert entry["failed"][-1] == f"and {400 - len(entry['failed']) + 1} more"
    assert entry["why"] == "w" * 2000


def refused(port=None):
    """As HTTP libraries tell that nobody answers: the cause is last, after what was tried."""
    try:
        raise ConnectionRefusedError(111, "Connection refused")
    except ConnectionRefusedError as cause:
        return MlflowException(f"API request to {'x' * 600} failed: {cause}")


@pytest.mark.parametrize(
    ("error", "parts"),
    [
        (refused(), ["API request to", "[Errno 111] Connection refused"]),
        (OSError(28, "No space left on device"), ["No space left on device", "Free space on that disk, or set"]),
        (
            MlflowException("(sqlite3.OperationalError) database or disk is full\n[SQL: INSERT INTO runs " + "y" * 900),
            ["database or disk is full", "Free space on that disk"],
        ),
        (MlflowException("Invalid value for\nname 'x': more than 500 characters"), ["more than 500 characters"]),
    ],
)
def test_the_useful_part_of_an_error_is_kept(tmp_path, error, parts):
    message = connection._message(error, "http://me:secret@host", "did not take it", "")
    for part in parts:
        assert part in message
    assert len(message) < 700
    assert "secret" not in message


def state():
    levels = [logging.getLogger(name).level for name in connection.LOGGERS]
    return dict(os.environ), os.getcwd(), mlflow.get_tracking_uri(), levels


def test_threads_that_use_mlflow_at_once_leave_the_process_as_it_was(shop):
    before, places = state(), []

    def use():
        with connection.connected(shop, "x"):
            places.append(os.getcwd())
            time.sleep(0.01)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert state() == before
    assert set(places) == {os.getcwd()}


def test_a_tracking_uri_that_the_user_has_set_stays_set(shop):
    mine = f"sqlite:///{shop / 'mine.db'}"
    mlflow.set_tracking_uri(mine)
    try:
        with connection.connected(shop, "x"), connection.connected(shop, "y"):
            assert os.environ["MLFLOW_TRACKING_URI"] == mine  # where the user wants it
        assert mlflow.get_tracking_uri() == mine
    finally:
        mlflow.set_tracking_uri(None)
