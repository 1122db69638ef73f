"""Broken data: each kind is found and said, and what is no more than change is not."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from patrons.errors import FeaturesError
from patrons.monitoring import broken, broken_log
from patrons.monitoring.broken_columns import factor
from patrons.monitoring.facts import Facts

CASE = Path(os.environ.get("PATRONS_DATA", "none")).parent / "cases" / "25-score-drifted-columns"
N = 1000


def customers(seed=0, rows=N):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "monthly_fee": rng.lognormal(3.5, 0.4, rows).round(2),
            "distance": rng.gamma(9, 10, rows),
            "tickets": rng.poisson(1.2, rows).astype(float),
            "plan": rng.choice(["S", "M", "L"], rows, p=[0.5, 0.35, 0.15]),
            "country": rng.choice(["DE", "FR", "AT", "CH"], rows, p=[0.6, 0.2, 0.14, 0.06]),
        }
    )


def table(rows, ids=None):
    ids = [f"{n:06d}" for n in range(len(rows))] if ids is None else ids
    return Facts("the champion", rows, pd.DataFrame({"customer_id": ids, "first": pd.NaT}).astype({"customer_id": str}))


def log(first, ends, rows=None):
    known = pd.DataFrame({"customer_id": [str(n) for n in range(len(first))], "first": pd.to_datetime(first)})
    groups = {"order_value": "basket", "line_value": "basket", "tenure_days": "rfm", "country": "attributes"}
    return Facts("the champion", pd.DataFrame() if rows is None else rows, known, groups, pd.Timestamp(ends))


def kinds(then, now):
    return [one.kind for one in broken.broken(then, now)]


def one(now, then=None):
    found = broken.broken(table(customers()) if then is None else then, table(now))
    assert len(found) == 1, found
    return found[0]


NEXT = customers(1)


@pytest.mark.parametrize(
    ("now", "kind", "says"),
    [
        (NEXT.drop(columns="tickets"), "column", "'tickets' is gone"),
        (NEXT.rename(columns={"monthly_fee": "Monthly Fee"}), "column", "did you mean 'monthly_fee' by 'Monthly Fee'?"),
        (NEXT.assign(tickets=np.nan), "empty", "tickets has no value for 100% of customers"),
        (NEXT.assign(plan="S"), "empty", "plan is 'S' for every customer; the champion knew 3 values"),
        (NEXT.assign(monthly_fee=NEXT.monthly_fee * 100), "unit", "100 times as large"),
        (NEXT.assign(monthly_fee=NEXT.monthly_fee / 1000), "unit", "1,000 times smaller"),
        (NEXT.assign(distance=NEXT.distance / 1.609344), "unit", "1.609 times smaller"),
        (NEXT.assign(monthly_fee=NEXT.monthly_fee.where(NEXT.index % 3 > 0, NEXT.monthly_fee * 100)), "unit", "33%"),
        (NEXT.assign(plan=NEXT.plan.replace("M", "Medium")), "category", "is gone, and 'Medium'"),
        (NEXT.assign(plan=NEXT.plan.where(NEXT.index % 4 > 0, "m")), "category", "Spell it as before"),
        (NEXT.assign(country=NEXT.country.replace("DE", " de ")), "category", "which the champion knew as 'DE'"),
    ],
)  # fmt: skip
def test_each_kind_of_breakage_has_a_sentence_of_its_own(now, kind, says):
    found = one(now)
    assert found.kind == kind
    assert says in found.sentence


@pytest.mark.parametrize(
    "now",
    [
        NEXT,
        NEXT.assign(monthly_fee=NEXT.monthly_fee * 1.1),  # prices +10 %
        NEXT.assign(monthly_fee=NEXT.monthly_fee * 0.5),  # a promotion
        NEXT.assign(country=NEXT.country.where(NEXT.index % 2 > 0, "PL")),  # another country
        NEXT.assign(country=NEXT.country.replace("CH", "DE")),  # one left, none came
        NEXT.assign(tickets=NEXT.tickets.where(NEXT.index % 2 > 0)),  # half of them missing: moved, and not broken
        NEXT.assign(tickets=NEXT.tickets * 2 + 1),
        NEXT.assign(note="x"),
        NEXT[list(NEXT)[::-1]],
    ],
)
def test_what_is_no_more_than_change_is_not_broken(now):
    assert broken.broken(table(customers()), table(now)) == []


def test_a_column_that_01_does_not_use_any_more_says_why_and_one_left_out_by_the_parameters_is_meant():
    then, now = table(customers()), table(NEXT.drop(columns="tickets"))
    found = broken.broken(then, replace(now, aside={"tickets": "constant"}))
    assert found[0].sentence.startswith("The column 'tickets' cannot be used any more (constant)")
    assert broken.broken(then, replace(now, aside={"tickets": "left out by the parameters"})) == []


def test_numbers_that_came_as_text_are_no_categories():
    now = NEXT.assign(monthly_fee=NEXT.monthly_fee.map("{:.2f}".format).str.replace(".", ","))
    assert one(now).sentence.startswith("monthly_fee was numbers and now is text, such as '38,02'")


def test_forty_samples_of_the_same_customers_are_never_broken():
    then = table(customers())
    assert not any(broken.broken(then, table(customers(seed, 300))) for seed in range(2, 42))


def test_ids_of_nobody_who_was_known_are_said_and_why_where_that_is_plain():
    bare = one_of_ids([str(n) for n in range(N)], [f"{n:06d}" for n in range(N)])
    assert "Without leading zeros" in bare.sentence
    other = one_of_ids([f"K-{n}" for n in range(N)], [f"{n:06d}" for n in range(N)])
    assert "such as 'K-0', before '000000'" in other.sentence
    assert broken.broken(table(customers(), range(N)), table(NEXT, range(800, 1800))) == []  # a fifth is there


def one_of_ids(now, then):
    found = broken.broken(table(customers(), then), table(NEXT, now))
    assert [each.kind for each in found] == ["ids"]
    return found[0]


def test_of_a_log_what_grows_with_it_is_no_unit_and_prices_are_one():
    first = pd.date_range("2023-01-01", periods=N, freq="12h")
    rng = np.random.default_rng(0)
    values = rng.lognormal(3, 0.5, N)
    rows = pd.DataFrame({"order_value": values, "line_value": values / 3, "tenure_days": rng.uniform(1, 365, N)})
    then = log(first, "2024-06-01", rows)
    assert kinds(then, log(first, "2024-12-01", rows.assign(tenure_days=rows.tenure_days * 7))) == []
    assert kinds(then, log(first, "2024-12-01", rows * [100, 100, 1])) == ["unit"]  # one sentence for both
    assert kinds(then, log(first, "2024-12-01", rows.drop(columns="line_value"))) == []  # a setting leaves groups out


def test_dates_that_moved_are_told_from_a_log_that_begins_or_ends_elsewhere():
    first = pd.date_range("2023-01-01", periods=300, freq="D")
    then = log(first, "2024-06-01")
    later = broken.broken(then, log(first + pd.Timedelta(days=30), "2024-07-01"))
    assert [each.kind for each in later] == ["dates"]
    assert "they lie 30 days later" in later[0].sentence
    swapped = [pd.Timestamp(day.year, day.day, day.month) if day.day <= 12 else day for day in first]
    assert kinds(then, log([max(day, first[0]) for day in swapped], "2024-06-01")) == []  # fewer than half
    odd = first + pd.to_timedelta(np.random.default_rng(0).integers(5, 200, 300), unit="D")
    assert "day and month swapped" in broken.broken(then, log(odd, "2024-06-01"))[0].sentence
    assert kinds(then, log(first.where(first > "2023-05-01", pd.Timestamp("2023-05-01")), "2024-12-01")) == []
    assert kinds(then, log(first - pd.to_timedelta(np.where(first.day < 10, 400, 0), unit="D"), "2024-12-01")) == []


def test_a_log_that_ends_before_it_did_is_cut_off():
    first = pd.date_range("2023-01-01", periods=300, freq="D")
    found = broken.broken(log(first, "2024-06-01"), log(first, "2024-05-01"))
    assert [each.kind for each in found] == ["cut"]
    assert "it ends on 2024-05-01, and the champion knew it until 2024-06-01" in found[0].sentence


def test_sudden_silence_is_found_and_a_trough_or_a_holiday_is_not():
    days = pd.Series(np.random.default_rng(0).poisson(50, 400))
    assert [each.kind for each in broken_log.silence(pd.concat([days, pd.Series([1, 0, 0])]))] == ["cut"]
    assert broken_log.silence(days) == []
    assert broken_log.silence(pd.concat([days * 10, days[:30]])) == []  # a tenth after a peak
    closed = days.copy()
    closed[100:110] = 0
    assert broken_log.silence(pd.concat([closed, pd.Series([0] * 6 + [1])])) == []  # as it was closed before


def test_prices_in_another_unit_since_a_day_are_found_and_a_promotion_is_not(tmp_path):
    rng = np.random.default_rng(0)
    lines = pd.DataFrame({"ordered_at": pd.date_range("2024-01-01", periods=6000, freq="h")})
    lines = lines.assign(unit_price=rng.lognormal(1, 0.8, 6000), quantity=rng.poisson(3, 6000) + 1.0)
    newest = lines.ordered_at >= lines.ordered_at.max() - pd.Timedelta(days=7)

    def found(table):
        table.to_parquet(tmp_path / "orders.parquet")
        return broken_log.prices(tmp_path / "orders.parquet")

    assert (
        "prices of the last 7 days are in another unit: 100 times as large"
        in found(lines.assign(unit_price=lines.unit_price.where(~newest, lines.unit_price * 100)))[0].sentence
    )
    assert found(lines.assign(unit_price=lines.unit_price.where(~newest, lines.unit_price / 2))) == []
    assert found(lines.assign(quantity=lines.quantity.where(~newest, lines.quantity * 3))) == []


def test_a_factor_needs_a_shape_that_stays():
    then = np.arange(1.0, 10)
    assert factor(then, then * 1.609344) == 1.609344
    assert factor(then, then * 1.7) is None  # no unit
    assert factor(then, then**2 * 100 / 5) is None  # another shape


def test_results_without_features_are_refused(tmp_path):
    with pytest.raises(FeaturesError, match=r"lacks features.parquet, dictionary.parquet, dataset.json: run 01 and 02"):
        broken.check(tmp_path, tmp_path)


@pytest.mark.skipif(not CASE.is_dir(), reason="no folder cases beside PATRONS_DATA")
@pytest.mark.parametrize(
    ("file", "wanted", "options"),
    [
        ("new_plain.csv", {}, {}),
        ("new_reordered.csv", {}, {}),
        ("new_decimal_comma.csv", {}, {"sep": ";", "decimal": ","}),
        ("new_renamed_extra.csv", {"column": "tenure_months"}, {}),
        ("new_missing_column.csv", {"column": "tickets"}, {}),
        ("new_in_cents.csv", {"unit": "monthly_fee"}, {}),
        ("new_category.csv", {"category": "'s'"}, {}),
    ],
)
def test_the_case_of_files_that_drifted(file, wanted, options):
    """Customers of these files are new ones, so ids say nothing; plan XXL is new and no other name."""
    then, now = pd.read_csv(CASE / "train.csv"), pd.read_csv(CASE / file, encoding="utf-8-sig", **options)
    before = table(then.drop(columns=["customer_no", "churned"]), range(len(then)))
    found = broken.broken(before, table(now.rename(columns=str.strip).drop(columns="customer_no"), range(len(now))))
    assert {each.kind for each in found} == set(wanted)
    for each in found:
        assert wanted[each.kind] in each.sentence


def results(folder, rows, ends="2024-06-30"):
    """The files of 01 and 02 that are looked at, of a log whose customers came one a day from its begin on."""
    stages = folder / "01_eda", folder / "02_transformation"
    for stage in stages:
        stage.mkdir(parents=True)
    (stages[0] / "dataset.json").write_text(json.dumps({"period": ["2023-01-01", ends]}))
    today = pd.Timestamp(ends) + pd.Timedelta(days=1)
    tenure = (today - pd.Timestamp("2023-01-01")).days - np.arange(len(rows)) % 400
    keys = {"customer_id": [str(n) for n in range(len(rows))], "as_of": today, "tenure_days": tenure}
    rows.assign(**keys).to_parquet(stages[1] / "features.parquet")
    groups = {"monthly_fee": "basket", "country": "attributes"}
    entries = [(name, groups.get(name, "rfm"), "", "") for name in rows]
    pd.DataFrame(entries, columns=["feature", "group", "unit", "meaning"]).to_parquet(stages[1] / "dictionary.parquet")
    lines = pd.DataFrame({"ordered_at": pd.date_range("2023-01-01", pd.Timestamp(ends), freq="3h")})
    lines.assign(unit_price=1.0, quantity=1.0).to_parquet(stages[0] / "orders.parquet")
    return folder


def test_results_are_compared_with_earlier_ones_by_their_files(tmp_path):
    before = results(tmp_path / "before", customers())
    assert broken.check(before, results(tmp_path / "later", NEXT, "2024-08-31")) == []
    cut = broken.check(before, results(tmp_path / "cut", NEXT.assign(monthly_fee=NEXT.monthly_fee * 100), "2024-05-31"))
    assert [each.kind for each in cut] == ["unit", "cut"]


def test_the_results_that_a_release_was_made_of_are_not_broken(demo, demo_release):
    assert broken.check(demo_release, demo.processed) == []
