"""What `init` cannot decide: asked at a terminal, else a line to settle in the params file."""

import numpy as np
import pandas as pd
import pytest
import yaml

from patrons.intake.init import init
from patrons.intake.questions import Question, at_terminal


@pytest.fixture(autouse=True)
def no_users_folder(monkeypatch):
    monkeypatch.delenv("PATRONS_DATA", raising=False)


@pytest.mark.parametrize(
    ("typed", "answer"), [(["2"], "b"), (["a"], "a"), ([""], ""), (["3", "c", " 1 "], "a"), (["0", ""], "")]
)
def test_an_answer_is_a_number_a_choice_or_nothing(monkeypatch, capsys, typed, answer):
    lines = iter(typed)
    monkeypatch.setattr("builtins.input", lambda prompt: next(lines))
    assert at_terminal(Question("Which?", {"a": "its name", "b": "its content"})) == answer
    shown = capsys.readouterr().out
    assert shown.startswith("Which?\n  1. a (its name)\n  2. b (its content)\n")
    assert shown.count("is none of them.") == len(typed) - 1


def shop(path, **columns):
    """400 orders of 40 customers over 400 days."""
    rows = np.arange(400)
    days = pd.date_range("2023-01-01", periods=400).strftime("%Y-%m-%d")
    table = pd.DataFrame({"order_date": days, "amount": 10 + rows % 90, "customer_id": 1000 + rows * 7 % 40})
    table.assign(**columns).to_csv(path, index=False)
    return path


def section(written):
    return yaml.safe_load(written.path.read_text(encoding="utf-8"))["01_eda"]


class Asked:
    """Answers every question with the choice that begins with `start`, and keeps the questions."""

    def __init__(self, start):
        self.start, self.questions = start, []

    def __call__(self, question):
        self.questions.append(question)
        return next((choice for choice in question.choices if choice.startswith(self.start)), "")


def test_dates_that_nothing_settles_are_asked_about_at_a_terminal(tmp_path):
    days = [f"{n % 12 + 1:02d}/{n % 11 + 1:02d}/2023" for n in range(400)]
    ask = Asked("%d/%m")
    written = init(shop(tmp_path / "log.csv", order_date=days), tmp_path, ask=ask)
    assert len(ask.questions) == 1
    assert section(written)["date_format"] == "%d/%m/%Y"
    assert written.questions == ()


def test_decimals_that_nothing_settles_are_asked_about_at_a_terminal(tmp_path):
    amounts = [f"{n % 9 + 1}.{n % 900 + 100}" for n in range(400)]
    written = init(shop(tmp_path / "log.csv", amount=amounts), tmp_path, ask=Asked("comma"))
    assert section(written)["decimal"] == "comma"
    assert written.questions == ()


def test_a_column_that_is_missing_is_asked_about_at_a_terminal(tmp_path):
    path = shop(tmp_path / "log.csv")
    frame = pd.read_csv(path).rename(columns={"customer_id": "xq"})
    frame.assign(xq="K" + frame.xq.astype("str"), xr=[f"R{n // 4}" for n in range(400)]).to_csv(path, index=False)
    ask = Asked("xq")
    written = init(path, tmp_path, ask=ask)
    assert ask.questions[0].text == "Which column is the customer?"
    assert section(written)["columns"]["customer_id"] == "xq"


ONE = {"customer_id": np.where(np.arange(400) % 10 < 6, 17, 1000 + np.arange(400) % 40)}


EMAILS = [f"p{n % 40}@x.de" for n in range(400)]


def test_one_id_on_most_lines_is_a_line_to_settle(tmp_path):
    written = init(shop(tmp_path / "log.csv", **ONE, email=EMAILS), tmp_path)
    [question] = written.questions
    assert question == (
        "“17” stands on 60% of the lines as customer_id. It is taken for one customer: is that right, or is another "
        "column the customer? Others that may be: email."
    )
    assert f"    # TO SETTLE: {question}" in written.path.read_text()


def test_0_on_most_lines_is_a_line_to_settle_where_no_other_column_may_be_the_customer(tmp_path):
    ids = np.where(ONE["customer_id"] == 17, 0, ONE["customer_id"])
    [question] = init(shop(tmp_path / "log.csv", customer_id=ids), tmp_path).questions
    assert "“0” stands on 60% of the lines as customer_id. It is taken for a lack of a customer" in question
    assert question.endswith("No other column may be.")
    named = section(init(shop(tmp_path / "emails.csv", customer_id=ids, email=EMAILS), tmp_path))["columns"]
    assert named["customer_id"] == "email"


def test_one_id_on_most_lines_is_asked_about_at_a_terminal(tmp_path):
    ask = Asked("email")
    written = init(shop(tmp_path / "log.csv", **ONE, email=EMAILS), tmp_path, ask=ask)
    assert list(ask.questions[0].choices) == ["customer_id", "email"]
    assert section(written)["columns"]["customer_id"] == "email"
    assert written.questions == ()


def test_blanks_on_most_lines_are_no_customer_and_no_question(tmp_path):
    ids = np.where(np.arange(400) % 10 < 6, "", (1000 + np.arange(400) % 40).astype(str))
    assert init(shop(tmp_path / "log.csv", customer_id=ids), tmp_path).questions == ()


def test_equal_lines_are_one_line_twice_where_more_agrees_than_a_purchase(tmp_path):
    varied = {f"c{n}": np.arange(400) % (n + 3) for n in range(3)}
    path = shop(tmp_path / "log.csv", **varied)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, *lines[1:6]]) + "\n")
    written = init(path, tmp_path)
    assert section(written)["duplicates"] == "quarantine"
    assert "# 5 lines are equal to another one in all columns, 3 of no purchase too" in written.path.read_text()
    assert section(init(shop(tmp_path / "few.csv"), tmp_path))["duplicates"] == "keep"
