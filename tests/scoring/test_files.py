"""Files of customers as they come in, and what `patrons predict` makes of them; on a scorer without models."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stub_scorer import StubScorer

from patrons.cli import main as cli
from patrons.scoring import Scorer, bulk
from patrons.scoring.scorer import ScoringError

CASE = Path(os.environ.get("PATRONS_DATA", "none")).parent / "cases" / "25-score-drifted-columns"
FEES = np.linspace(20.0, 120.0, 60)


def training(**columns):
    table = pd.DataFrame({"customer_no": [f"{n:06}" for n in range(60)], "tenure_months": np.arange(60)})
    return table.assign(**{"plan": ["S", "M"] * 30, "monthly_fee": FEES} | columns)


@pytest.fixture
def stub():
    return StubScorer(training())


@pytest.fixture
def source(tmp_path):
    training().to_csv(tmp_path / "new.csv", index=False)
    return tmp_path / "new.csv"


def scored(scorer, source, **options):
    target = source.parent / "out.parquet"
    return bulk.score_file(scorer, source, target, **options), pd.read_parquet(target)


@pytest.fixture
def predict(stub, monkeypatch):
    """The command, with the scorer without models."""
    monkeypatch.setattr(Scorer, "load", lambda folder: stub)

    def run(source, output, *more):
        line = ["predict", "--params", "toy", "--release", "r", "--input", str(source), "--output", str(output)]
        return cli.main([*line, *map(str, more)])

    return run


def test_the_input_is_never_the_output_however_its_path_is_written(predict, source, tmp_path, capsys):
    before = source.read_bytes()
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.csv").symlink_to(source)
    (tmp_path / "hard.csv").hardlink_to(source)
    for other in (source, tmp_path / "sub" / ".." / "new.csv", tmp_path / "link.csv", tmp_path / "hard.csv"):
        assert predict(source, other) == 2
        assert "is the input itself, which would be lost" in capsys.readouterr().err
    assert predict(tmp_path / "link.csv", source) == 2
    (tmp_path / "who.csv").write_text("customer_id\n1\n")
    assert predict(source, tmp_path / "who.csv", "--customers", tmp_path / "sub" / ".." / "who.csv") == 2
    assert "is the file of customers itself" in capsys.readouterr().err
    assert source.read_bytes() == before
    assert (tmp_path / "who.csv").read_text() == "customer_id\n1\n"


def test_no_folder_is_made_of_a_typing_error(predict, source, tmp_path, capsys):
    assert predict(source, tmp_path / "ouptut" / "out.csv") == 2
    assert "There is no folder" in capsys.readouterr().err
    assert not (tmp_path / "ouptut").exists()
    (tmp_path / "folder.csv").mkdir()
    assert predict(source, tmp_path / "folder.csv") == 2
    assert "is a folder: name a file in it" in capsys.readouterr().err


def test_an_empty_input_is_a_sentence_and_leaves_no_file(predict, source, tmp_path, capsys):
    source.write_text(source.read_text().splitlines()[0] + "\n")
    assert predict(source, tmp_path / "out.csv") == 2
    assert capsys.readouterr().err.endswith("new.csv has column names but no rows: there is nobody to score.\n")
    source.write_text("")
    assert predict(source, tmp_path / "out.csv") == 2
    assert "new.csv is empty: it has 0 bytes" in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(("copies", "told"), [(1, "is the delimiter right?"), (3, "line 92: fix or remove them")])
def test_a_line_of_another_width_is_refused_so_that_no_customer_is_missing(
    predict, source, tmp_path, capsys, copies, told
):
    names, *rows = source.read_text().splitlines()
    rows *= copies
    source.write_text("\n".join([names, *rows[:90], "000099,3", *rows[90:]]) + "\n")
    assert predict(source, tmp_path / "out.csv") == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()


def test_nobody_scored_is_no_success_and_the_reasons_are_written(predict, source, tmp_path, capsys):
    training(tenure_months="long").to_csv(source, index=False)
    assert predict(source, tmp_path / "out.csv") == 2
    assert "Nobody can be scored: the column `error`" in capsys.readouterr().err
    written = pd.read_csv(tmp_path / "out.csv")
    assert (written.error == "tenure_months: 'long' is not a number within ±1e15").all()
    assert len(written) == 60


def test_the_output_says_release_and_day(stub, predict, source, tmp_path, capsys):
    _, answers = scored(stub, source, as_of=pd.Timestamp("2024-03-31").date())
    assert set(answers.release) == {"0123456789ab"}
    assert [str(day) for day in answers.as_of.unique()] == ["2024-03-31"]
    training(as_of="2024-01-31").to_csv(source, index=False)  # as 02 writes it
    _, answers = scored(stub, source)
    assert [str(day) for day in answers.as_of.unique()] == ["2024-01-31"]
    assert predict(source, tmp_path / "out.csv", "--as-of", "2024-02-29") == 0
    assert "60 customers, as of 2024-01-31, by release 0123456789ab" in capsys.readouterr().out


def test_a_csv_file_of_answers_is_safe_in_a_spreadsheet_and_parquet_is_raw(stub, source, tmp_path):
    danger = '=HYPERLINK("http://x","Müller")'
    table = training()
    table.loc[0, "customer_no"], table.loc[1, "plan"] = danger, "@SUM(1)"
    table.to_csv(source, index=False)
    bulk.score_file(stub, source, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbfcustomer_id,")
    written = pd.read_csv(tmp_path / "out.csv", dtype=str)
    assert written.customer_id[:2].tolist() == [f"'{danger}", "000001"]
    assert written.segments_later[0] == "All"
    _, answers = scored(stub, source)
    assert answers.customer_id[0] == danger


def test_unknown_categories_and_cents_are_told_and_strict_refuses(predict, source, tmp_path, capsys):
    training(plan=["XXL"] * 20 + ["S"] * 40, monthly_fee=(FEES * 100).round()).to_csv(source, index=False)
    assert predict(source, tmp_path / "out.csv") == 0
    out = capsys.readouterr().out
    assert "Warning: plan: 20 of 60 customers have a value that is not known from training: 'XXL' (20)" in out
    assert "Warning: monthly_fee: 60 of 60 customers lie far outside" in out
    assert "about 100 times larger" in out
    written = pd.read_csv(tmp_path / "out.csv")
    assert written.warnings.str.contains("'XXL' is not known from training").sum() == 20
    (tmp_path / "out.csv").unlink()
    assert predict(source, tmp_path / "out.csv", "--strict") == 2
    assert "unlike the training, nothing was written: monthly_fee: 60 of 60" in capsys.readouterr().err
    assert not list(tmp_path.glob("*out*"))


@pytest.mark.parametrize("mark", [",", "."])
def test_a_decimal_comma_is_read_whatever_the_training_had(source, mark):
    scorer = StubScorer(training(), decimal="comma" if mark == "." else "point")
    table = training(monthly_fee=[f"{fee:.2f}".replace(".", mark) for fee in FEES])
    table.to_csv(source, index=False, sep=";")
    result, answers = scored(scorer, source)
    wanted = (np.arange(60) / 100 + FEES.round(2) / 1000).round(9)
    assert answers.churn_probability.tolist() == pytest.approx(wanted.tolist())
    assert (result.errors, result.warnings) == (0, [])
    whole = scorer.score_rows(table)
    assert whole.churn_probability.tolist() == answers.churn_probability.tolist()
    row = table.iloc[5].to_dict()
    assert scorer.score_one(row)["churn_probability"] == answers.churn_probability[5]


def test_numbers_beside_texts_are_numbers_in_any_convention():
    scorer = StubScorer(training(), decimal="comma")
    rows = pd.DataFrame([{"tenure_months": 5, "monthly_fee": 67.9}, {"tenure_months": 5, "monthly_fee": "67,9"}])
    assert scorer.score_rows(rows.astype(object)).churn_probability.tolist() == [0.1179, 0.1179]


def test_columns_in_another_case_are_read_and_those_of_no_feature_named(stub, source, predict, tmp_path, capsys):
    table = training(note="x").rename(columns={"tenure_months": "Tenure_Months", "monthly_fee": " monthly_fee "})
    table.to_csv(source, index=False)
    result, answers = scored(stub, source)
    assert (result.unused, result.warnings, result.errors) == (["note"], [], 0)
    assert answers.churn_probability[1] == pytest.approx(0.01 + FEES[1] / 1000)
    assert predict(source, tmp_path / "out.csv") == 0
    assert "Columns that nothing is made of: note" in capsys.readouterr().out


def test_a_column_that_is_absent_is_named_with_the_one_that_was_meant(stub, source):
    training().rename(columns={"monthly_fee": "montly_fee"}).to_csv(source, index=False)
    with pytest.raises(ScoringError, match=r"no customer is scored: monthly_fee \(did you mean 'montly_fee'\?\)"):
        scored(stub, source)
    training().rename(columns={"plan": "plam"}).to_csv(source, index=False)  # may be missing
    result, _ = scored(stub, source)
    assert result.warnings == [
        "There is no column plan (did you mean 'plam'?): it counts as missing for every customer"
    ]
    with pytest.raises(ScoringError, match="There is no column plan"):
        scored(stub, source, strict=True)
    row = {"customer_no": "1", "tenure_months": 3, "montly_fee": 70.0}
    assert stub.score_one(row)["error"] == "monthly_fee is missing; did you mean 'montly_fee'?"
    assert stub.score_rows(pd.DataFrame([row])).error[0] == "monthly_fee is missing; did you mean 'montly_fee'?"


@pytest.mark.skipif(not CASE.is_dir(), reason="no folder cases beside PATRONS_DATA")
def test_the_drifted_files_of_the_cases(tmp_path):
    scorer = StubScorer(pd.read_csv(CASE / "train.csv", dtype={"customer_no": str}).drop(columns="churned"))
    outcomes = {}
    for path in CASE.glob("new_*"):
        if path.stem not in ("new_empty", "new_missing_column"):
            result = bulk.score_file(scorer, path, tmp_path / "out.parquet")
            outcomes[path.stem] = result, pd.read_parquet(tmp_path / "out.parquet")
    plain = outcomes["new_plain"]
    assert (plain[0].customers, plain[0].errors, plain[0].warnings, plain[0].unlike) == (200, 0, [], 0)
    for name in ("new_reordered", "new_decimal_comma", "new_renamed_extra"):
        pd.testing.assert_frame_equal(outcomes[name][1], plain[1])
    assert outcomes["new_renamed_extra"][0].unused == ["note"]
    told = outcomes["new_category"][0].warnings
    assert any("'XXL' (60)" in text and "'s' (20)" in text for text in told)
    assert outcomes["new_category"][1].warnings.notna().sum() >= 60
    assert "about 100 times larger" in outcomes["new_in_cents"][0].warnings[0]
    assert outcomes["new_ids_without_zeros"][1].customer_id[0] == "1200"
    with pytest.raises(ScoringError, match="tickets"):
        bulk.score_file(scorer, CASE / "new_missing_column.csv", tmp_path / "out.parquet")
    with pytest.raises(ScoringError, match="nobody to score"):
        bulk.score_file(scorer, CASE / "new_empty.csv", tmp_path / "out.parquet")
