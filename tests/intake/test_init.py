"""From a file to a params file, and on to a run; and the check that stops what cannot run."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from conftest import copied

import run_all
from patrons.cli import main as cli
from patrons.demo.simulate import simulate
from patrons.errors import OrdersError, SourceError
from patrons.intake import params_table, quality, sources
from patrons.intake.guess import guess
from patrons.intake.init import init
from patrons.intake.order_log import read_log
from patrons.intake.orders import judge, kept
from patrons.intake.reading import open_source
from patrons.series.declarations import declared
from patrons.series.params import load

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture(autouse=True)
def no_users_folder(monkeypatch):
    monkeypatch.delenv("PATRONS_DATA", raising=False)


def german(path, rows=400):
    """A semicolon CSV of a German shop: decimal comma, day first, cp1252, no product, no order number."""
    days = pd.date_range("2023-01-01", "2024-12-30", periods=rows)
    table = pd.DataFrame(
        {
            "Kundennr": [f"K{n * 7 % 60:03d}" for n in range(rows)],
            "Datum": days.strftime("%d.%m.%y"),
            "Betrag": [f"{1000 + n}.{n % 90 + 10}".replace(".", ",") for n in range(rows)],
            "Land": ["Österreich"] * rows,
        }
    )
    table.to_csv(path, sep=";", encoding="cp1252", index=False)
    return path


def section(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_an_order_log_is_recognised_with_its_columns(tmp_path):
    written = init(german(tmp_path / "Bestellungen 2024.csv"), tmp_path)
    assert written.path == tmp_path / "params" / "bestellungen_2024.yaml"
    assert "order log" in written.description
    assert section(written.path)["01_eda"]["columns"] == {
        "customer_id": "Kundennr", "ordered_at": "Datum", "amount": "Betrag", "country": "Land",
    }  # fmt: skip
    assert written.questions == ()


@pytest.mark.parametrize("kind", ["log", "table"])
def test_the_numbers_that_are_the_users_own_are_written_as_the_notebook_has_them(tmp_path, kind):
    file = german(tmp_path / "shop.csv")
    if kind == "table":
        rows = [{"id": f"K{n}", "months": n % 50, "churned": "yes" if n % 4 else "no"} for n in range(400)]
        pd.DataFrame(rows).to_csv(file, index=False)
    path = init(file, tmp_path).path
    own = section(path)["07_customer_value"]
    defaults = declared(NOTEBOOKS / ("table" if kind == "table" else "") / "07_customer_value.ipynb")
    assert set(own) == {"margin_rate", "save_chance", "contact_cost", "budget"} | (
        {"spend"} if kind == "table" else set()
    )
    assert own == {name: defaults[name].default for name in own}
    assert load(path, NOTEBOOKS)["07_customer_value"]["budget"] == own["budget"]  # and so each section stands once


def test_umlauts_stay_in_titles_and_are_spelled_out_in_file_names(tmp_path):
    written = init(german(tmp_path / "Käufe März & Größe.csv"), tmp_path)
    assert written.path.name == "kaeufe_maerz_groesse.yaml"
    assert section(written.path)["01_eda"]["title"] == "Käufe März Größe"
    assert init(tmp_path / "Käufe März & Größe.csv", tmp_path, "Käufer").path.name == "Kaeufer.yaml"
    assert section(tmp_path / "params" / "Kaeufer.yaml")["01_eda"]["title"] == "Käufer"


def test_each_guess_has_its_reason_in_a_comment(tmp_path):
    text = init(german(tmp_path / "log.csv"), tmp_path).path.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("    ")]
    assert len(lines) == 4
    assert all("  # sure: its name; " in line for line in lines)
    assert "day first, settled by" in text


def test_the_written_file_passes_the_check_before_a_run(tmp_path):
    written = init(german(tmp_path / "log.csv"), tmp_path)
    values = section(written.path)
    assert sources.check([values["01_eda"], values["02_transformation"]], tmp_path / "data" / "raw") is not None


def test_the_data_is_copied_to_where_the_series_finds_it(tmp_path):
    file = german(tmp_path / "log.csv")
    init(file, tmp_path)
    assert (tmp_path / "data/raw/log.csv").read_bytes() == file.read_bytes()


def test_a_params_file_is_not_written_over_unless_forced(tmp_path):
    file = german(tmp_path / "log.csv")
    path = init(file, tmp_path, "mine").path
    path.write_text("mine")
    with pytest.raises(SourceError, match=r"params/mine\.yaml exists already"):
        init(file, tmp_path, "mine")
    assert path.read_text() == "mine"
    init(file, tmp_path, "mine", force=True)
    assert path.read_text() != "mine"


def test_dates_that_nothing_settles_are_left_for_the_user_to_say(tmp_path):
    (tmp_path / "log.csv").write_text("client,date,total\na,01/02/2024,1.50\nb,03/04/2024,2.50\na,05/06/2024,3.50\n")
    written = init(tmp_path / "log.csv", tmp_path)
    assert "no row settles which" in written.questions[0]
    assert 'date_format: ""  # TO SETTLE' in written.path.read_text()


@pytest.mark.parametrize(
    ("label", "values", "positive"),
    [
        ("Churn", ["Yes", "No", "No"], "Yes"),
        ("Exited", ["0", "1", "0"], "1"),
        ("Attrition_Flag", ["Existing Customer", "Attrited Customer", "Existing Customer"], "Attrited Customer"),
    ],
)
def test_a_customer_table_is_recognised_with_the_value_that_means_leaving(tmp_path, label, values, positive):
    table = pd.DataFrame({"CustomerId": ["7", "8", "9"], "tenure": ["1", "2", "3"], label: values})
    table.to_csv(tmp_path / "people.csv", index=False)
    written = section(init(tmp_path / "people.csv", tmp_path).path)
    eda = written["01_eda"]
    assert (written["kind"], eda["id"], eda["label"], eda["positive"]) == ("table", "CustomerId", label, positive)
    assert written["03_clustering_comparison"]["inputs"] == ["tenure"]


def test_a_file_that_is_neither_is_refused_and_nothing_is_written(tmp_path, monkeypatch, capsys):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "log.csv").write_text("a,b\nx,y\nz,w\n")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["init", "log.csv"]) == 2
    output = capsys.readouterr().err
    assert "neither an order log" in output
    assert "It has: a, b" in output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.csv", "notebooks"]


def test_the_command_says_what_it_takes_the_file_for_and_what_to_run(tmp_path, monkeypatch, capsys):
    (tmp_path / "notebooks").mkdir()
    german(tmp_path / "log.csv")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["init", "log.csv", "--name", "shop"]) == 0
    output = capsys.readouterr().out
    assert "log.csv is taken for an order log" in output
    assert "Then: make run PARAMS=params/shop.yaml" in output


@pytest.fixture
def became(tmp_path, monkeypatch):
    """What the process became, where `patrons init --run` lets it run the series."""
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)
    commands = []
    monkeypatch.setattr("os.execv", lambda program, command: commands.append(command) or 0)
    return commands


def test_with_run_the_series_follows_with_its_options_and_again_on_the_same_params_file(tmp_path, became, capsys):
    german(tmp_path / "log.csv")
    assert cli.main(["init", "log.csv", "--run", "--set", "03.k=4"]) == 0
    assert became[0][1:] == [str(tmp_path / "run_all.py"), "params/log.yaml", "--set", "03.k=4"]
    text = (tmp_path / "params" / "log.yaml").read_text()
    assert cli.main(["init", "log.csv", "--run"]) == 0
    assert became[1][2:] == ["params/log.yaml"]
    assert (tmp_path / "params" / "log.yaml").read_text() == text
    assert "is there already and is used as it is" in capsys.readouterr().out


def test_with_run_what_cannot_be_told_ends_it_with_what_to_type(tmp_path, became, capsys):
    rows = [f"K{n % 40},0{1 + n % 9}/0{1 + n % 7}/2024,{n + 1}.5" for n in range(200)]
    (tmp_path / "log.csv").write_text("\n".join(["customer,date,amount", *rows]))
    assert cli.main(["init", "log.csv", "--run"]) == 2
    *_, question, last = capsys.readouterr().out.splitlines()
    assert question.startswith("To settle first: ")
    assert last == "Write the answer in params/log.yaml, then type: make run PARAMS=params/log.yaml"
    assert became == []


def test_another_file_of_the_same_name_is_not_taken_for_the_first(tmp_path, became, capsys):
    german(tmp_path / "log.csv")
    cli.main(["init", "log.csv", "--run"])
    with (tmp_path / "log.csv").open("ab") as file:
        file.write(b"K004;31.12.23;1,90;X\n")
    assert cli.main(["init", "log.csv", "--run"]) == 2
    assert "or replace the former one: cp log.csv data/raw/log.csv" in capsys.readouterr().err
    assert len(became) == 1


def test_a_letter_that_marks_cancellations_is_found(tmp_path):
    table = pd.DataFrame(
        {"order": ["1", "2", "C3", "C4"], "customer": list("abab"), "date": ["2024-01-31"] * 4, "sku": list("xyxy"),
         "qty": [1, 2, -1, -2], "price": [1.5] * 4}
    )  # fmt: skip
    table.to_csv(tmp_path / "log.csv", index=False)
    assert section(init(tmp_path / "log.csv", tmp_path).path)["01_eda"]["cancellation_prefix"] == "C"


def test_a_column_is_taken_once(tmp_path):
    pd.DataFrame({"customer": ["a", "b"], "date": ["2024-01-31"] * 2, "total": ["1", "2"]}).to_csv(
        tmp_path / "l.csv", index=False
    )
    columns = guess(open_source(tmp_path / "l.csv").table).columns
    assert {ours: one.column for ours, one in columns.items()} == {
        "customer_id": "customer", "ordered_at": "date", "amount": "total",
    }  # fmt: skip


LESS = pd.DataFrame({"customer_id": ["a", "a", "b"], "ordered_at": ["2024-01-31", "2024-01-31", "2024-02-01"]})


def clean(tmp_path, **columns):
    LESS.assign(**columns).to_csv(tmp_path / "log.csv", index=False)
    return kept(judge(read_log(tmp_path / "log.csv", {}).lines, "", [], "keep")).to_pandas()


def test_without_an_order_number_customer_and_time_are_the_order(tmp_path):
    assert clean(tmp_path, amount=[1.5, 2, 3]).order_id.nunique() == 2


def test_a_line_total_alone_gives_the_other_columns_as_stand_ins(tmp_path):
    table = clean(tmp_path, amount=[1.5, 2, 3])
    assert table.quantity.tolist() == [1, 1, 1]
    assert table.unit_price.tolist() == table.amount.tolist() == [1.5, 2, 3]
    assert set(table.product_id) == {"(none)"}
    assert table.country.isna().all()


def test_a_quantity_and_a_line_total_give_the_price(tmp_path):
    assert clean(tmp_path, amount=[3, 2, 3], quantity=[2, 1, 3]).unit_price.tolist() == [1.5, 2, 1]


def test_what_a_log_lacks_is_told(tmp_path):
    LESS.assign(amount=[3, 2, 3], quantity=[2, 1, 3]).to_csv(tmp_path / "log.csv", index=False)
    assert read_log(tmp_path / "log.csv", {}).absent == ("order_id", "product_id", "country")
    LESS.assign(amount=[3, 2, 3]).to_csv(tmp_path / "log.csv", index=False)
    assert read_log(tmp_path / "log.csv", {}).absent == ("order_id", "product_id", "quantity", "unit_price", "country")


def test_neither_price_nor_total_is_refused(tmp_path):
    with pytest.raises(OrdersError, match="neither a quantity with a unit_price nor an amount"):
        clean(tmp_path, quantity=[1, 2, 3])


def test_every_problem_of_a_source_is_listed_at_once(tmp_path):
    table = pd.DataFrame({"customer_id": ["a"], "ordered_at": ["01/02/2024"], "amount": ["1,234"]})
    table.to_csv(tmp_path / "log.csv", index=False, sep=";")
    with pytest.raises(SourceError) as refused:
        sources.check([{"source": "log.csv"}, {"attributes": ["plan"]}], tmp_path)
    for part in ("no row settles which", "no number settles which", "'plan'"):
        assert part in str(refused.value)


def test_every_limit_that_is_broken_is_named(tmp_path):
    LESS.assign(amount=[3, 2, -3]).to_csv(tmp_path / "log.csv", index=False)
    named = {"source": "log.csv", "max_quarantined": 0.1, "min_days": 60, "min_customers": 2}
    with pytest.raises(SourceError) as refused:
        sources.check([named], tmp_path)
    for part in (
        "max_quarantined: 33.3% of lines",
        "min_days: 1 days",
        "min_customers: 1 customers",
        "1 cancellation",
    ):
        assert part in str(refused.value)


def test_a_log_that_is_too_short_for_the_forecast_is_refused_before_it_runs(tmp_path):
    LESS.assign(amount=[3, 2, 3]).to_csv(tmp_path / "log.csv", index=False)
    with pytest.raises(SourceError, match="together are 180 days, the log covers 2"):
        sources.check([{"source": "log.csv"}, {"horizon_days": 90, "min_history_days": 90, "attributes": []}], tmp_path)


def test_missing_customers_are_counted_over_all_lines(tmp_path):
    LESS.assign(amount=[3, 2, 3], customer_id=["a", "NULL", "?"]).to_csv(tmp_path / "log.csv", index=False)
    measures = quality.measure(judge(read_log(tmp_path / "log.csv", {}).lines, "", [], "keep"))
    assert measures.missing_customer == pytest.approx(2 / 3)
    assert (measures.lines, measures.customers, measures.days) == (3, 1, 1)


def test_a_breach_is_exit_2_and_leaves_nothing_behind(tmp_path, capsys):
    root = copied(tmp_path)
    path = init(german(tmp_path / "log.csv"), root, "mine").path
    assert run_all.main([str(path), "--no-track", "--set", "01.min_customers=100"], root=root) == 2
    assert "min_customers: 60 customers are kept, needed are 100" in capsys.readouterr().err
    assert not (root / "data/processed").exists()


def test_from_a_semicolon_file_to_clean_orders_in_two_commands(tmp_path):
    root = copied(tmp_path)
    path = init(german(tmp_path / "log.csv"), root, "mine").path
    assert run_all.main([str(path), "--no-track", "--only", "01"], root=root) == 0
    results = root / "data/processed/mine/01_eda"
    metrics = json.loads((results / "metrics.json").read_text())
    assert (metrics["lines_kept"], metrics["customers"], metrics["quality_breaches"]) == (400, 60, 0)
    assert json.loads((results / "dataset.json").read_text())["absent"] == [
        "order_id", "product_id", "quantity", "unit_price", "time",
    ]  # fmt: skip
    output = (results / "findings.json").read_text(encoding="utf-8")
    assert "The log has no order number, product, quantity, price or time of day" in output


def test_one_purchase_a_customer_is_explored_and_said(tmp_path):
    root = copied(tmp_path)
    days = pd.date_range("2024-01-01", "2024-12-30", periods=90).strftime("%Y-%m-%d")
    table = pd.DataFrame({"customer": range(1000, 1090), "date": days, "total": [9.5 + n for n in range(90)]})
    table.to_csv(tmp_path / "once.csv", index=False)
    path = init(tmp_path / "once.csv", root).path
    assert run_all.main([str(path), "--no-track", "--only", "01"], root=root) == 0
    absent = json.loads((root / "data/processed/once/01_eda/dataset.json").read_text())["absent"]
    assert absent[-2:] == ["time", "repeat_orders"]
    assert "Nobody came back" in (root / "data/processed/once/01_eda/findings.json").read_text(encoding="utf-8")


def test_the_simulated_shop_written_as_a_german_csv_gives_the_same_orders(tmp_path):
    shop = simulate(customers=60, seed=1).orders
    shop.to_parquet(tmp_path / "shop.parquet")
    written = shop.assign(ordered_at=shop.ordered_at.dt.strftime("%d/%m/%Y %H:%M:%S"))
    written.to_csv(tmp_path / "shop.csv", sep=";", decimal=",", encoding="cp1252", index=False)
    tables = [
        kept(judge(read_log(tmp_path / name, {}).lines, "C", ["POST"], "quarantine")).to_pandas()
        for name in ("shop.parquet", "shop.csv")
    ]
    tables = [table.assign(ordered_at=table.ordered_at.dt.floor("s")) for table in tables]
    pd.testing.assert_frame_equal(*tables)


def test_the_decimal_mark_of_a_table_is_told_by_customers_from_all_over_it(tmp_path, monkeypatch):
    monkeypatch.setattr(params_table, "LOOKED_AT", 100)
    whole, half = [str(n) for n in range(200)], [f"{n},5" for n in range(400)]
    table = pd.DataFrame({"customer": [f"c{n}" for n in range(600)], "fee": whole + half})
    table.assign(churn=["yes", "no"] * 300).to_csv(tmp_path / "shop.csv", sep=";", index=False)
    (tmp_path / "params").mkdir()
    written = yaml.safe_load(init(tmp_path / "shop.csv", tmp_path).path.read_text())
    assert written["01_eda"]["decimal"] == "comma"
