"""The `patrons` command as its users meet it."""

import json
import subprocess
import sys

import nbformat
import pandas as pd
import pytest

from patrons.cli import main as cli
from patrons.demo import newcomers, simulate
from patrons.files import LockedError
from patrons.tracking import runs as tracking
from patrons.tracking.connection import AwayError, TrackingError


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with two notebooks, called from its folder."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "params").mkdir()
    write_notebook(
        tmp_path / "notebooks" / "01_eda.ipynb",
        "# 1 · What is there?\n\n**Reads** the source.\n\n**Writes** `orders.parquet`.",
        'folder: str = "../data/processed/demo"  # set by the runner\ntitle: str = "Demo"  # name of the data set',
    )
    write_notebook(
        tmp_path / "notebooks" / "03_clustering.ipynb",
        "# 3 · Which groups?\n\n**Reads** `orders.parquet`.\n\n**Writes** `labels.parquet`.",
        "k_max: int = 10  # largest number of groups [2, 30]",
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_notebook(path, text, parameters):
    cell = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text), cell]), path)


def patrons(*words):
    return subprocess.run(
        [sys.executable, "-m", "patrons.cli.main", *words], capture_output=True, text=True, timeout=120
    )


def test_help_shows_the_commands_with_examples(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    output = capsys.readouterr().out
    for command in (".venv/bin/patrons simulate", ".venv/bin/patrons params", ".venv/bin/patrons log demo"):
        assert command in output


@pytest.mark.parametrize("command", ["simulate", "log", "params", "trial", "compare"])
def test_each_command_has_help_with_an_example(command, capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main([command, "--help"])
    assert f"example: .venv/bin/patrons {command}" in capsys.readouterr().out


def test_help_imports_no_library():
    code = "import sys, patrons.cli.main; print(sorted({'numpy', 'pandas', 'mlflow', 'nbformat'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


def test_simulate_says_what_it_wrote(project, capsys):
    assert cli.main(["simulate", "--customers", "60"]) == 0
    output = capsys.readouterr().out.splitlines()
    assert output[1:3] == ["data/raw/demo/customers.csv: 60 rows", "data/raw/demo/truth.parquet: 60 rows"]
    rows = [len(pd.read_csv(project / "data" / "raw" / "demo" / name)) for name in newcomers.FILES]
    assert output[3:] == [
        f"data/raw/demo/{name}: {n} rows, to score" for name, n in zip(newcomers.FILES, rows, strict=True)
    ]
    lines = len(pd.read_parquet(project / "data" / "raw" / "demo" / "orders.parquet"))
    assert output[0] == f"data/raw/demo/orders.parquet: {lines:,} rows"


def test_simulate_plants_a_change_on_a_day(project, capsys):
    assert cli.main(["simulate", "--customers", "60", "--change", "2025-05-01"]) == 0
    assert pd.read_parquet(project / "data" / "raw" / "demo" / "truth.parquet").changed.any()
    assert cli.main(["simulate", "--customers", "60", "--force", "--change", "2027-05-01"]) == 2
    assert "Give a day after 2024-01-01, up to 2025-12-31" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["simulate", "--change", "May"])
    assert "'May' is not a day such as 2025-05-01" in capsys.readouterr().err


def test_simulate_leaves_a_shop_that_is_there_unless_forced(project, capsys):
    cli.main(["simulate", "--customers", "60", "--seed", "1", "--folder", "shop"])
    before = (project / "shop" / "orders.parquet").read_bytes()
    capsys.readouterr()
    assert cli.main(["simulate", "--customers", "60", "--seed", "2", "--folder", "shop"]) == 0
    assert capsys.readouterr().out == "shop holds a simulated shop already; --force makes a new one.\n"
    assert (project / "shop" / "orders.parquet").read_bytes() == before
    cli.main(["simulate", "--customers", "60", "--seed", "2", "--folder", "shop", "--force"])
    assert (project / "shop" / "orders.parquet").read_bytes() != before


def test_simulate_completes_a_shop_of_which_a_file_is_missing(project):
    cli.main(["simulate", "--customers", "60", "--folder", "shop"])
    (project / "shop" / "truth.parquet").unlink()
    cli.main(["simulate", "--customers", "60", "--folder", "shop"])
    assert sorted(path.name for path in (project / "shop").iterdir()) == sorted(simulate.FILES + newcomers.FILES)


def test_simulate_adds_customers_to_score_to_a_shop_that_has_none(project, capsys):
    simulate.write(simulate.simulate(customers=60, seed=1), project / "shop")
    before = (project / "shop" / "orders.parquet").read_bytes()
    assert cli.main(["simulate", "--folder", "shop"]) == 0
    assert (project / "shop" / "orders.parquet").read_bytes() == before
    assert all((project / "shop" / name).exists() for name in newcomers.FILES)


@pytest.mark.parametrize(("option", "value"), [("--customers", "many"), ("--customers", "3"), ("--seed", "-1")])
def test_simulate_refuses_numbers_that_make_no_shop(option, value, capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["simulate", f"{option}={value}"])
    assert f"{value!r} is not a whole number of at least" in capsys.readouterr().err


def test_simulate_says_in_one_line_that_it_cannot_write(project, capsys):
    (project / "file").write_text("")
    assert cli.main(["simulate", "--customers", "60", "--folder", "file/shop"]) == 2
    assert capsys.readouterr().err.startswith("patrons: ")


def test_params_lists_every_parameter_that_a_user_may_set(project, capsys):
    assert cli.main(["params"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["01_eda"],
        ["title", "str", '"Demo"', "name", "of", "the", "data", "set"],
        [],
        ["03_clustering"],
        ["k_max", "int", "10", "largest", "number", "of", "groups", "[2,", "30]"],
    ]


@pytest.mark.parametrize("text", ["3", "03", "clustering", "03_clustering"])
def test_params_lists_one_notebook_by_number_or_name(project, capsys, text):
    assert cli.main(["params", text]) == 0
    assert capsys.readouterr().out.startswith("03_clustering\n  k_max")


def test_params_offers_the_nearest_notebook(project, capsys):
    assert cli.main(["params", "03_clustring"]) == 2
    error = capsys.readouterr().err
    assert "03_clustering" in error
    assert error.count("\n") == 1


def test_params_writes_the_schema(project, capsys):
    assert cli.main(["params", "--write-schema"]) == 0
    assert capsys.readouterr().out == (
        "Wrote params/schema.json\nWrote docs/troubleshooting.md\nWrote docs/parameters.md\n"  # it has no 02
    )
    assert (
        "| `k_max` | `int` | `10` | largest number of groups | 2 to 30 |"
        in (project / "docs/parameters.md").read_text()
    )
    schema = json.loads((project / "params" / "schema.json").read_text())
    assert schema["properties"]["03_clustering"]["properties"]["k_max"]["maximum"] == 30


def test_params_into_a_closed_pipe_is_no_error(project):
    listing = f"{sys.executable} -m patrons.cli.main params | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", listing], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_log_sends_the_series_of_that_name(project, capsys, monkeypatch):
    calls = []
    monkeypatch.setattr(tracking, "log_series", lambda *places: calls.append(places) or "5eed")
    assert cli.main(["log", "params/demo.yaml"]) == 0
    assert calls == [(project / "data" / "processed" / "demo", project / "reports" / "demo", project)]
    assert capsys.readouterr().out == "Sent to MLflow: experiment demo, run 5eed.\n"


def test_log_says_that_nothing_was_left_to_send(project, capsys, monkeypatch):
    monkeypatch.setattr(tracking, "log_series", lambda *places: None)
    assert cli.main(["log", "demo"]) == 0
    assert capsys.readouterr().out == "The last series of demo is in MLflow already.\n"


def test_log_of_an_unknown_series_is_one_line_and_exit_2(project):
    done = patrons("log", "nowhere")
    assert done.returncode == 2
    assert done.stderr == "patrons: There is no series 'nowhere' to send; those that were run: none.\n"


def test_an_error_of_the_program_itself_is_not_hidden(project, monkeypatch):
    def broken(*_):
        raise KeyError("a bug")

    monkeypatch.setattr(tracking, "log_series", broken)
    with pytest.raises(KeyError):
        cli.main(["log", "demo"])


def test_without_notebooks_here_the_project_of_the_package_is_meant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (cli.root_folder() / "src" / "patrons" / "files.py").exists()


@pytest.mark.parametrize(("error", "code"), [(LockedError, 1), (AwayError, 1), (TrackingError, 2)])
def test_what_may_pass_by_itself_ends_with_1_so_that_a_scheduler_tries_again(monkeypatch, capsys, error, code):
    def away(*_):
        raise error("MLflow is away.")

    monkeypatch.setattr("patrons.tracking.runs.log_series", away)
    assert cli.main(["log", "demo"]) == code
    assert capsys.readouterr().err == "patrons: MLflow is away.\n"
