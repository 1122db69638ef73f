"""Campaigns read by the command: what was planted is found, what cannot be read is refused, nothing counts twice."""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patrons.cli import main as cli
from patrons.evaluation.metrics import Interval
from patrons.files import write_json
from patrons.series import params
from patrons.value import arms, earlier, effects, gains, outcomes, pool, trial, trial_narrative
from patrons.value.arms import HOLD_OUT, Lot

DAY, HORIZON = date(2024, 2, 10), 90
INTAKE = {
    "columns": {"customer_id": "Kundennr", "ordered_at": "Datum", "amount": "Betrag"},
    "cancellation_prefix": "",
    "non_products": [],
    "duplicates": "quarantine",
}


class Shop:
    """A project with one series, of which 07 has kept a list."""

    def __init__(self, root, intake=INTAKE, name="shop"):
        (root / "notebooks").mkdir(exist_ok=True)
        self.root, self.results = root, root / "data" / "processed" / name
        stages = {"01_eda": {"parameters": intake}, "02_transformation": {"parameters": {"horizon_days": HORIZON}}}
        write_json(self.results / "series.json", {"stages": stages})

    def keep(self, customers=600, day=DAY, hold_out=0.5, silent=0.4, horizon=HORIZON, anew=False):
        ids = [f"{n:04}" for n in range(customers)]
        table = pd.DataFrame({"customer_id": ids, "rank": range(1, customers + 1), "churn_probability": silent})
        lot = Lot(hold_out, 1, str(day or "0123456789"))
        lot = lot if anew else earlier.with_earlier(lot, self.results, day, horizon)
        listed = arms.with_arms(table.assign(suggested_action="contact"), customers, lot)
        name = arms.keep(self.results, listed, lot, day, horizon)
        write_json(self.results / "07_customer_value" / "value.json", {"campaign": name})
        return name

    def customers(self, name):
        return arms.kept(self.results, name).customers

    def played(self, name, save_chance, seed=0):
        """The list with who ordered, and for how much, where contacts save so many of those who would be silent."""
        rng, table = np.random.default_rng(seed), self.customers(name)
        left = table.churn_probability * np.where(table.arm == HOLD_OUT, 1, 1 - save_chance)
        ordered = rng.random(len(table)) >= left
        return table.assign(ordered=ordered.astype(int), spend=(rng.lognormal(4, 1, len(table)) * ordered).round(2))

    def orders(self, table, day=DAY, file="new.csv"):
        """The orders of those who ordered, a stranger's before the list and after the horizon, as the shop exports."""
        who = table[table.ordered == 1]
        days = pd.Timestamp(day) + pd.to_timedelta(np.arange(len(who)) % HORIZON, unit="D")
        ends = [pd.Timestamp(day) - pd.Timedelta(days=200), pd.Timestamp(day) + pd.Timedelta(days=HORIZON + 9)]
        rows = pd.DataFrame({"Kundennr": [*who.customer_id, "other", "0001"], "Datum": [*days, *ends]})
        rows["Betrag"] = [f"{amount:.2f}".replace(".", ",") for amount in [*who.spend, 10.0, 99.5]]
        rows.to_csv(self.root / file, sep=";", index=False)
        return self.root / file


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Shop(tmp_path)


def patrons(*words):
    return cli.main(["trial", *map(str, words)])


def counts(shop):
    return pool.pool(shop.results, trial.readings(shop.results)).counted


@pytest.mark.parametrize("planted", [0.0, 0.2])
def test_the_command_finds_a_save_chance_that_was_planted(shop, capsys, planted):
    table = shop.played(shop.keep(customers=6000), planted)
    assert patrons("shop", "--orders", shop.orders(table)) == 0
    (reading,) = counts(shop)
    done = trial.effect(reading)
    assert done.save_chance.value == pytest.approx(planted, abs=0.06)
    assert done.save_chance.low < planted < done.save_chance.high
    assert (done.save_chance.low > 0) == (done.ordering.low > 0) == (planted > 0)
    ((low, likely, high),) = trial.suggested(done.save_chance)
    assert (low + likely + high) / 3 == pytest.approx(max(done.save_chance.value, 0), abs=1e-3)
    output = capsys.readouterr().out
    assert ("That cannot be told from no effect" in output) == (planted == 0)
    assert f"save_chance: [[{low}, {likely}, {high}]]" in output
    assert (arms.folder(shop.results) / "save_chance.yaml").read_text() in output


def test_intervals_hold_the_truth_for_arms_as_they_are_drawn():
    """The churn probability falls along the list, differs from customer to customer, and contacts save three in ten."""
    rng, count, planted = np.random.default_rng(5), 430, 0.3
    silent = np.clip(np.linspace(0.75, 0.15, count) + rng.normal(0, 0.1, count), 0.02, 0.98)
    ids = pd.Series([f"c{n}" for n in range(count)])
    lots = np.array([(arms.drawn(ids, Lot(0.2, seed, "")) == HOLD_OUT).to_numpy() for seed in range(40)])
    held = np.tile(lots, (50, 1))
    ordered = rng.random(held.shape) >= silent * np.where(held, 1, 1 - planted)
    by_stratum = [part.reshape(-1, 5, 86).sum(axis=2) for part in (~held, ~held & ordered, held, held & ordered)]
    counts = effects.Counts(*by_stratum)
    total = effects.Counts(*(part.sum(axis=1) for part in by_stratum))
    for interval in (effects.difference(total), effects.stratified_difference(counts)):
        hits = (interval.low <= planted * silent.mean()) & (planted * silent.mean() <= interval.high)
        assert hits.mean() == pytest.approx(0.95, abs=0.02)
    for interval in (effects.save_chance(total), effects.stratified_save_chance(counts)):
        assert ((interval.low <= planted) & (planted <= interval.high)).mean() == pytest.approx(0.95, abs=0.02)


@settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    planted=st.floats(0.0, 0.9),
    silent=st.floats(0.2, 0.8),
    hold_out=st.floats(0.1, 0.5),
    worth=st.floats(0.0, 50.0),
    seed=st.integers(0, 99),
)
def test_whatever_is_planted_is_found_by_the_command(tmp_path, planted, silent, hold_out, worth, seed):
    """Within five standard errors: the save chance, and what contacts add to the spend of each who was contacted."""
    root = tmp_path / f"{seed}-{planted}"
    root.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        shop = Shop(root)
        table = shop.played(shop.keep(3000, hold_out=hold_out, silent=silent), planted, seed)
        bought = (table.ordered == 1) & (table.arm != HOLD_OUT)
        table["spend"] = (table.spend + worth * bought).round(2)
        assert patrons("shop", "--orders", shop.orders(table)) == 0
        done = trial.effect(counts(shop)[0])
    chance, spend = done.save_chance, done.spend
    assert abs(chance.value - planted) < 5 * (chance.high - chance.low) / 3.92
    ordering = 1 - silent * (1 - planted)
    more = ordering * (np.exp(4.5) + worth) - (1 - silent) * np.exp(4.5)
    assert abs(spend.value - more) < 5 * (spend.high - spend.low) / 3.92


def test_what_is_suggested_can_stand_in_a_params_file(shop):
    name = shop.keep()
    assert patrons("shop", "--orders", shop.orders(shop.played(name, 0.3))) == 0
    path = arms.folder(shop.results) / trial.SUGGESTED
    values = params.load(path, Path(__file__).parents[2] / "notebooks")["07_customer_value"]
    gains.falling(values["save_chance"])


def test_a_line_is_added_to_a_log_that_ends_without_one(shop):
    name = shop.keep()
    new = shop.orders(shop.played(name, 0.3))
    assert patrons("shop", "--orders", new) == 0
    log = arms.folder(shop.results) / trial.LOG
    log.write_text(log.read_text().rstrip())
    assert patrons("shop", "--orders", new) == 0
    assert len(trial.readings(shop.results)) == 2


def test_orders_count_within_the_horizon_alone_and_who_has_none_has_not_ordered(shop):
    name = shop.keep(customers=40)
    kept = arms.kept(shop.results, name)
    rows = [("0000", "2024-02-09", 5), ("0001", "2024-02-10", 7), ("0001", "2024-05-09", 8), ("0002", "2024-05-10", 9)]
    lines = pd.DataFrame(rows, columns=["Kundennr", "Datum", "Betrag"])
    lines.to_csv(shop.root / "new.csv", index=False)
    read = outcomes.from_orders(shop.root / "new.csv", INTAKE, kept).customers.set_index("customer_id")
    assert read.index[read.ordered].tolist() == ["0001"]
    assert read.spend["0001"] == 15.0
    assert read.spend.sum() == 15.0


@pytest.mark.parametrize(
    ("how", "ordered", "spent"), [("net", ["0001", "0003"], 14.0), ("aside", ["0001", "0002", "0003"], 78.0)]
)
def test_what_was_cancelled_within_the_horizon_does_not_count(shop, how, ordered, spent):
    kept = arms.kept(shop.results, shop.keep(customers=40))
    rows = [
        ("0001", "1", "2024-02-12", 3, 4.0),  # one of three comes back
        ("0001", "C1", "2024-02-20", -1, 4.0),
        ("0002", "2", "2024-02-12", 1, 60.0),  # all of it, on the last day
        ("0002", "C2", "2024-05-09", -1, 60.0),
        ("0003", "3", "2024-05-09", 1, 6.0),  # the day after the horizon
        ("0003", "C3", "2024-05-10", -1, 6.0),
        ("0004", "4", "2024-01-01", 1, 9.0),  # bought before, and brought back within it
        ("0004", "C4", "2024-03-01", -1, 9.0),
    ]
    names = ["customer_id", "order_id", "ordered_at", "quantity", "unit_price"]
    pd.DataFrame(rows, columns=names).assign(product_id="x").to_csv(shop.root / "new.csv", index=False)
    intake = INTAKE | {"columns": {}, "cancellation_prefix": "C", "cancellations": how}
    read = outcomes.from_orders(shop.root / "new.csv", intake, kept).customers
    assert read.customer_id[read.ordered].tolist() == ordered
    assert read.spend.sum() == pytest.approx(spent)


def test_orders_and_outcomes_of_the_same_campaign_say_the_same(shop):
    table = shop.played(shop.keep(), 0.3)
    table[["customer_id", "ordered", "spend"]].to_csv(shop.root / "outcomes.csv", index=False)
    assert patrons("shop", "--orders", shop.orders(table)) == 0
    assert patrons("shop", "--outcomes", "outcomes.csv") == 0
    first, second = trial.readings(shop.results)
    assert first["strata"] == second["strata"]
    assert first["spend"]["contacted"] == pytest.approx(second["spend"]["contacted"])
    by_hand = table[table.arm != HOLD_OUT]
    assert sum(row[1] for row in first["strata"]) == by_hand.ordered.sum()
    assert first["spend"]["contacted"] == pytest.approx(by_hand.spend.mean())


def test_a_campaign_read_again_counts_once_and_leaves_a_trace(shop, capsys):
    name = shop.keep()
    for chance in (0.1, 0.6):
        assert patrons("shop", "--orders", shop.orders(shop.played(name, chance))) == 0
    first, second = trial.readings(shop.results)
    assert (first["replaces"], second["replaces"]) == (None, first["read_at"])
    assert counts(shop) == [second]
    assert "1 campaign, 600 customers" in capsys.readouterr().out.split("For params")[2]


def test_a_second_campaign_pools_with_the_first_and_the_next_list_leaves_it_as_it_was(shop, capsys):
    first = shop.keep(customers=2000)
    later = date(2024, 8, 1)
    second = shop.keep(customers=1000, day=later)
    table = shop.played(first, 0.3)
    assert patrons("shop", "--orders", shop.orders(table), "--campaign", first) == 0
    assert patrons("shop", "--orders", shop.orders(shop.played(second, 0.3, seed=1), later)) == 0
    both = trial.together(counts(shop))
    assert both.save_chance.low < 0.3 < both.save_chance.high
    alone = [trial.effect(each).ordering for each in counts(shop)]
    assert both.ordering.high - both.ordering.low < min(high - low for _, low, high in alone)
    assert both.stratified.value == pytest.approx(both.ordering.value, abs=0.01)
    output = capsys.readouterr().out
    assert "2 campaigns together" in output
    assert "by 2 campaigns, 3,000 customers" in output


def test_the_same_customers_at_the_same_time_count_once(shop, capsys):
    first, again = shop.keep(), shop.keep(customers=500)  # the same day, with another budget
    later = shop.keep(day=date(2024, 4, 1), anew=True)  # within the horizon of both, as lists were drawn before
    after = shop.keep(day=date(2024, 8, 1))
    for name, day in ((first, DAY), (again, DAY), (later, date(2024, 4, 1)), (after, date(2024, 8, 1))):
        assert patrons("shop", "--orders", shop.orders(shop.played(name, 0.3), day), "--campaign", name) == 0
    assert [each["campaign"] for each in counts(shop)] == [later, after]
    named = ", ".join(sorted([first, again]))
    assert (
        f"Not counted, as another campaign had the same customers at the same time: {named}." in capsys.readouterr().out
    )


def test_what_comes_too_early_is_refused_with_the_days_and_the_other_lists(shop, capsys):
    first = shop.keep()
    shop.orders(shop.played(first, 0.2))
    shop.keep(customers=900, day=date(2024, 4, 20))
    assert patrons("shop", "--orders", "new.csv") == 2
    error = capsys.readouterr().err
    assert "30 of 90 days have passed since the list of 2024-04-20: the orders of new.csv end on 2024-05-19" in error
    assert f"Other lists, for --campaign: {first}." in error
    assert not trial.readings(shop.results)


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        ("2024-02-01", "2024-03-01", "21 of 90 days have passed"),
        ("2024-01-01", "2024-02-01", "0 of 90 days have passed"),
        ("2024-03-01", "2024-06-01", "begin on 2024-03-01, after the list of 2024-02-10"),
    ],
)
def test_orders_must_cover_the_horizon(shop, first, last, message):
    kept = arms.kept(shop.results, shop.keep(customers=40))
    lines = pd.DataFrame({"Kundennr": ["0001", "0002"], "Datum": [first, last], "Betrag": 1})
    lines.to_csv(shop.root / "new.csv", index=False)
    with pytest.raises(outcomes.OutcomesError, match=message):
        outcomes.from_orders(shop.root / "new.csv", INTAKE, kept)


def test_orders_that_end_a_little_early_are_taken_for_complete_and_that_is_said(shop):
    kept = arms.kept(shop.results, shop.keep(customers=40))
    lines = pd.DataFrame({"Kundennr": ["0001", "0002"], "Datum": ["2024-02-11", "2024-05-07"], "Betrag": 1})
    lines.to_csv(shop.root / "new.csv", index=False)
    read = outcomes.from_orders(shop.root / "new.csv", INTAKE, kept)
    assert read.notes == ("The orders end on 2024-05-07, 2 days early: taken for complete.",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,ordered\n0001,1\n", "no column customer_id; there is: id, ordered"),
        ("customer_id,bought\n0001,1\n", "neither `ordered` .or `stayed`. nor `spend`"),
        ("customer_id,ordered\n0001,1\n0001,0\n", "0001 more than once"),
        ("customer_id,ordered\n0001,maybe\n", "ordered of customer 0001 cannot be used"),
        ("customer_id,spend\n0001,-3\n", "spend of customer 0001 cannot be used"),
        ("customer_id,ordered,spend\n0001,0,12.5\n", "has not ordered and spent 12.5"),
        ("customer_id,ordered\n0001,1\n0002,0\n", "38 of the 40 customers of the list are not in outcomes.csv"),
        ("customer_id,ordered\nx1,1\nx2,1\n", "such as 0000, is among those of outcomes.csv, such as x1, x2"),
        (
            "customer_id,ordered\n" + "".join(f"{n},1\n" for n in range(999)) + "0001,1,7\n",
            "Line 1001 of outcomes.csv has",
        ),
    ],
)
def test_outcomes_that_cannot_be_read_are_refused(shop, text, message):
    kept = arms.kept(shop.results, shop.keep(customers=40))
    (shop.root / "outcomes.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        outcomes.from_file(shop.root / "outcomes.csv", {}, kept, date(2024, 6, 1))


def test_who_is_not_in_a_list_of_those_who_ordered_has_not(shop):
    kept = arms.kept(shop.results, shop.keep(customers=40))
    (shop.root / "outcomes.csv").write_text("Kundennr;spend\n0001;1.012,50\n0003;7,25\n")
    read = outcomes.from_file(shop.root / "outcomes.csv", INTAKE, kept, date(2024, 6, 1))
    assert read.customers.customer_id[read.customers.ordered].tolist() == ["0001", "0003"]
    assert read.customers.spend.sum() == 1019.75
    assert read.notes == ("38 customers who are not in outcomes.csv count as not having ordered.",)
    with pytest.raises(outcomes.OutcomesError, match="21 of 90 days are still to come"):
        outcomes.from_file(shop.root / "outcomes.csv", INTAKE, kept, date(2024, 4, 19))


def test_a_list_of_a_table_has_no_day_and_is_read_by_outcomes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    firm = Shop(tmp_path, {"id": "customerID", "label": "Churn"})
    table = firm.played(firm.keep(day=None, horizon=None), 0.5)
    table = table.rename(columns={"customer_id": "customerID", "ordered": "stayed"})
    table[["customerID", "stayed"]].to_parquet(tmp_path / "outcomes.parquet", index=False)
    assert patrons("shop", "--outcomes", "outcomes.parquet") == 0
    output = capsys.readouterr().out
    assert "of the contacted stayed" in output
    assert "spent" not in output
    assert patrons("shop", "--orders", "outcomes.parquet") == 2
    assert "has no day: say what became of its customers with --outcomes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("shop",), "either --orders FILE or --outcomes FILE"),
        (("shop", "--orders", "a.csv", "--outcomes", "b.csv"), "either --orders FILE or --outcomes FILE"),
        (("shops", "--orders", "a.csv"), "no finished series 'shops'"),
        (
            ("shop", "--orders", "a.csv"),
            "Nobody is held out in the last list of shop. Lists kept, for --campaign: none.",
        ),
        (("shop", "--orders", "a.csv", "--campaign", "x"), "has no list 'x'"),
    ],
)
def test_what_is_no_campaign_is_refused_in_one_line(shop, capsys, words, message):
    assert patrons(*words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_lists_of_one_shop_within_a_horizon_pool_as_nobody_is_drawn_twice(shop, capsys):
    """500 customers, and a month later 900 of whom 500 keep their arm: 400 are read with the second list."""
    later = date(2024, 3, 10)
    first, second = shop.keep(customers=500), shop.keep(customers=900, day=later)
    for name, day in ((first, DAY), (second, later)):
        assert patrons("shop", "--orders", shop.orders(shop.played(name, 0.3), day), "--campaign", name) == 0
    assert [each["campaign"] for each in counts(shop)] == [first, second]
    output = capsys.readouterr().out
    assert "Not counted" not in output
    assert "by 2 campaigns, 900 customers" in output


def test_a_list_that_is_gone_or_damaged_is_taken_to_share_customers_and_the_reading_is_kept(shop, capsys):
    days = [DAY, date(2024, 3, 1), date(2024, 4, 1), date(2024, 8, 1)]
    names = [shop.keep(customers=500 + 200 * number, day=day) for number, day in enumerate(days)]
    readings = [shop.orders(shop.played(name, 0.3), day, f"{day}.csv") for name, day in zip(names, days, strict=True)]
    for name, file in zip(names[:2], readings, strict=False):
        assert patrons("shop", "--orders", file, "--campaign", name) == 0
    (arms.folder(shop.results) / f"{names[0]}.parquet").unlink()
    (arms.folder(shop.results) / f"{names[1]}.parquet").write_bytes(b"PAR1")
    capsys.readouterr()
    for name, file in zip(names[2:], readings[2:], strict=True):
        assert patrons("shop", "--orders", file, "--campaign", name) == 0
    assert [each["campaign"] for each in counts(shop)] == names[2:]
    assert f"may have had the customers of another at the same time: {names[0]}, {names[1]}." in capsys.readouterr().out
    assert patrons("shop", "--orders", readings[1], "--campaign", names[1]) == 2
    assert f"{names[1]}.parquet is damaged: restore a copy, or remove it." in capsys.readouterr().err


def test_nothing_is_written_before_all_that_can_fail_has_been_reckoned(shop, monkeypatch):
    new = shop.orders(shop.played(shop.keep(), 0.3))
    for module, name in ((pool, "pool"), (trial_narrative, "suggestion")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                patrons("shop", "--orders", new)
    assert not list(arms.folder(shop.results).glob("trials.jsonl"))
    assert not list(arms.folder(shop.results).glob("save_chance.yaml"))


def test_a_damaged_log_is_refused_and_stays_as_it_is(shop, capsys):
    name = shop.keep()
    log = arms.folder(shop.results) / trial.LOG
    log.write_text('{"campaign": "x"\n')
    assert patrons("shop", "--orders", shop.orders(shop.played(name, 0.2))) == 2
    assert "Line 1 of data/campaigns/shop/trials.jsonl is no JSON" in capsys.readouterr().err
    assert log.read_text() == '{"campaign": "x"\n'


@pytest.mark.parametrize(
    ("chance", "low", "likely", "high"),
    [
        ((0.2, 0.1, 0.3), 0.1, 0.2, 0.3),
        ((0.1, -0.3, 0.5), 0.0, 0.0, 0.3),  # cut off at 0: the end comes down, so that the mean stays .1
        ((-0.1, -0.4, 0.2), 0.0, 0.0, 0.0),
        ((0.9, 0.5, 0.97), 0.76, 0.97, 0.97),
    ],
)
def test_the_mean_of_what_is_suggested_is_the_estimate(chance, low, likely, high):
    (one,) = trial.suggested(Interval(*chance))
    assert one == pytest.approx([low, likely, high])


def test_the_level_is_measured_and_how_it_falls_with_silence_is_as_assumed():
    bands = trial.suggested(Interval(0.2, 0.1, 0.3), relative=[1.25, 1.0, 0.5])
    assert bands == [pytest.approx(band) for band in ([0.125, 0.25, 0.375], [0.1, 0.2, 0.3], [0.05, 0.1, 0.15])]
    text = trial_narrative.suggestion([READING | {"relative": [1.2, 0.6]}])
    assert "a row for each band of silence: how it falls is as assumed, not measured" in text
    assert yaml.safe_load(text)["07_customer_value"]["save_chance"][1] == pytest.approx(
        [0.0903, 0.2409, 0.3188], abs=0.2
    )


def test_the_commands_of_the_page_on_trials_run_as_typed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = {"columns": {}, "cancellation_prefix": "C", "non_products": [], "duplicates": "quarantine"}
    demo = Shop(tmp_path, own, "demo")
    demo.keep(hold_out=0.2)
    Shop(tmp_path, {"id": "customerID"}, "telco").keep(day=None, horizon=None, hold_out=0.2)
    (tmp_path / "data" / "raw").mkdir()
    for name, what in (("python", ""), ("patrons", "-m patrons.cli.main")):
        command = tmp_path / ".venv" / "bin" / name
        command.parent.mkdir(parents=True, exist_ok=True)
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {what} "$@"\n')
        command.chmod(0o755)
    page = (Path(__file__).parents[2] / "docs" / "trial.md").read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    done = subprocess.run(["bash", "-e", "-c", blocks], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert [done.stdout.count(word) for word in ("Campaign ", "held out: ", "For params/")] == [2, 2, 2]


READING = {
    "campaign": "2024-02-10-0123abcd",
    "day": "2024-02-10",
    "horizon_days": 90,
    "read_at": "2024-06-01T10:00:00+00:00",
    "expected_silent": 0.38,
    "outcome": "ordered",
    "relative": [1.0],
    "strata": [[200, 160, 50, 30], [200, 140, 50, 30]],
    "spend": None,
    "notes": ["The orders end on 2024-05-07, 2 days early: taken for complete."],
    "replaces": "2024-05-30T10:00:00+00:00",
}


def test_what_became_of_a_campaign_in_words():
    assert trial_narrative.summary(READING) == [
        "Campaign 2024-02-10-0123abcd, 90 days from 10 February 2024: 400 contacted, 100 held out.",
        "The orders end on 7 May 2024, 2 days early: taken for complete.",
        "75.0% of the contacted ordered, and 60.0% of the held out: +15.0 points (95% interval +4.9 to +25.6). Within "
        "ranks: +15.0 points (95% interval +4.5 to +25.5). The contacts worked, beyond chance.",
        "40% of the held out have not ordered; 38% were expected not to. Save chance: 38% (95% interval 15% to 53%).",
        "This campaign was read before, on 30 May 2024: this reading counts.",
    ]
    spend = {"contacted": 80.0, "held": 60.0, "error": 8.0, "degrees": 498}
    spend["largest"] = {"customer_id": "17", "share": 0.21, "without": [4.0, -2.0, 10.0]}
    assert trial_narrative.summary(READING | {"spend": spend})[3] == (
        "A contacted customer spent 80, one held out 60: +20 (95% interval +4.3 to +35.7). Spend is heavy-tailed: "
        "customer 17 alone is 21% of it, and without that one the difference is +4 (95% interval -2 to +10)."
    )


def test_where_nothing_follows_no_number_is_suggested():
    all_ordered = READING | {"strata": [[200, 200, 50, 50]]}
    assert "No save chance follows, as nobody was silent" in trial_narrative.summary(all_ordered)[3]
    assert trial_narrative.suggestion([all_ordered]).startswith("# 1 campaign, 250 customers: no save chance follows")
    one = READING | {"strata": [[200, 200, 50, 40]]}  # all of the contacted ordered: no interval follows by strata
    both = [one, one | {"campaign": "2024-08-01-89abcdef"}]
    assert np.isnan(trial.together(both).save_chance.low)
    text = trial_narrative.suggestion(both)
    assert text.startswith("# 2 campaigns, 500 customers: no save chance follows")
    assert text.count("\n") == 1
    assert trial_narrative.pooled(pool.Pool(both, [], []))[1].startswith("No save chance of all follows")
    nothing = trial_narrative.suggestion([READING | {"strata": [[200, 120, 50, 30]]}])
    assert "# Not shown to be above 0" in nothing
    assert "save_chance: [[0.0, 0.0, 0.0]]" in nothing
