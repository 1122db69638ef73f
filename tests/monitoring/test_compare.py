"""Two runs side by side: every change named, and what can explain other numbers."""

import pandas as pd
import pytest
from toy_runs import DAY, results, series, stage

from patrons import plots
from patrons.cli import main as cli
from patrons.files import write_json
from patrons.monitoring import compare, compare_narrative, compare_plots, runs
from patrons.monitoring.compare import Change, Comparison

BETTER = [0.3 + 0.4 * (n % 2) if n % 10 else 0.5 for n in range(50)]
WORSE = [0.5 for _ in range(50)]


@pytest.fixture
def shop(tmp_path):
    processed = tmp_path / "data" / "processed" / "toy"
    results(processed)
    series(processed)
    return processed, tmp_path / "data" / "ledger" / "toy"


def two(shop, stages=None, run=None, **changes):
    """The comparison of a run with one that differs in some results and records."""
    if not shop[1].exists():
        runs.keep(*shop)
    results(shop[0], **changes)
    series(shop[0], 2, stages, **(run or {}))
    runs.keep(*shop)
    return Comparison(*(runs.found(shop[1], text) for text in ("-2", "-1")))


def told(comparison):
    return " ".join(compare_narrative.since_last_run(comparison))


def churn(**changes):
    return {"06_churn": stage(**{"parameters": {"n_trials": 5}, "fingerprint": "other"} | changes)}


def test_runs_with_nothing_changed_are_equal_to_the_last_bit(shop):
    comparison = two(shop)
    assert comparison.changed == []
    assert told(comparison).startswith("Nothing changed, and the numbers are equal to the last bit.")
    assert "all have the scores that they had" in told(comparison)


def test_a_number_that_nothing_explains_is_named(shop):
    comparison = two(shop, metrics={"roc_auc_active": 0.75 + 1e-12})
    assert comparison.unexplained == ["06_churn"]
    assert told(comparison).startswith("Nothing changed that 06_churn depends on, and yet numbers differ there")


def test_each_parameter_that_differs_is_named_and_of_a_dict_what_differs_in_it(shop):
    before = {"06_churn": stage(parameters={"n_trials": 5, "forest": {"leaf": [20], "depth": [3]}, "old": 1})}
    series(shop[0], 1, before)
    runs.keep(*shop)
    after = churn(parameters={"n_trials": 10, "forest": {"leaf": [20, 5], "depth": [3]}, "new": True})
    comparison = two(shop, after, metrics={"roc_auc_active": 0.76})
    assert comparison.parameters == [
        Change("06_churn.n_trials", 5, 10),
        Change("06_churn.forest.leaf", [20], [20, 5]),
        Change("06_churn.old", 1, None),
        Change("06_churn.new", None, True),
    ]
    assert "Only the parameters changed, so other numbers come from that." in told(comparison)
    assert "06_churn.n_trials (5 → 10), 06_churn.forest.leaf ([20] → [20, 5])" in told(comparison)


def test_only_other_data(shop):
    comparison = two(shop, churn(), {"digest": "d2"}, lines=130, metrics={"roc_auc_active": 0.76})
    assert comparison.changed == ["data"]
    assert comparison.data == [Change("lines", 100, 130), Change("digest", "d1", "d2")]
    assert "Only the data changed" in told(comparison)
    assert "The data have 30 lines more." in told(comparison)


def test_only_other_code_is_known_by_the_digest_of_the_code(shop):
    comparison = two(shop, churn(code="another"), metrics={"roc_auc_active": 0.76})
    assert comparison.recoded == ["06_churn"]
    assert comparison.changed == ["code"]


def test_another_commit_is_no_other_code_where_the_code_of_the_notebooks_is_the_same(shop):
    comparison = two(shop, run={"git_commit": "0123456789abcdef-dirty"})
    assert comparison.versions == [Change("git commit", "c0ffee", "0123456789-dirty")]
    assert comparison.changed == []


def test_without_digests_the_commit_tells_and_what_was_not_committed_is_a_doubt(shop):
    series(shop[0], 1, {"06_churn": stage(code="", fingerprint="a", parameters={"n_trials": 5})})
    runs.keep(*shop)
    other = two(shop, churn(code=""), {"git_commit": "decade"}, metrics={"roc_auc_active": 0.76})
    assert other.changed == ["code"]
    dirty = Comparison(other.before, runs.Run({**other.after.record, "git_commit": "c0ffee-dirty"}, other.after.tested))
    assert dirty.changed == []
    doubt = "the code may have, as not all of it was committed."
    assert told(dirty).startswith(f"Numbers of 06_churn differ. Nothing that is recorded changed; {doubt}")
    fresh = runs.Run({**dirty.after.record, "digest": "d2"}, dirty.after.tested)
    other = Comparison(dirty.before, fresh)
    assert told(other).startswith(f"Of what is recorded only the data changed; {doubt}")


def test_of_several_changes_none_is_blamed(shop):
    after = churn(parameters={"n_trials": 10})
    comparison = two(shop, after, {"digest": "d2"}, metrics={"roc_auc_active": 0.76})
    assert told(comparison).startswith(
        "Parameters and data changed. Which of them moved the numbers cannot be told from these two runs."
    )


def test_libraries_are_one_of_the_four(shop):
    comparison = two(shop, churn(), metrics={"roc_auc_active": 0.76})
    older = {**comparison.before.record, "libraries": {**comparison.before.record["libraries"], "numpy": "1.0"}}
    comparison = Comparison(runs.Run(older, comparison.before.tested), comparison.after)
    assert [change.what for change in comparison.libraries] == ["numpy"]
    assert comparison.changed == ["libraries"]


def test_changes_without_other_numbers_are_told(shop):
    assert told(two(shop, churn(parameters={"n_trials": 10}))).startswith("Parameters changed, and no number did.")


def test_numbers_stand_with_their_intervals_the_most_important_first(shop):
    table = two(shop, churn(), metrics={"roc_auc_active": 0.76, "zeal": 1.0}).metrics
    assert list(table.metric) == ["06.roc_auc_active", "06.brier_active", "01.customers"]
    first = table.iloc[0]
    assert first.difference == pytest.approx(0.01)
    assert (first.before_low, first.after_high) == (0.7, 0.8)
    assert table.iloc[1][["before_low", "after_high"]].isna().all()


def test_what_was_decided_otherwise_is_named(shop):
    assert two(shop, threshold=0.4).decisions == [Change("threshold", 0.5, 0.4)]


def test_a_notebook_that_failed_is_named_and_its_numbers_are_not_compared(shop):
    comparison = two(shop, {"06_churn": stage(status="failed")})
    assert comparison.states == [Change("06_churn", "succeeded", "failed")]
    assert list(comparison.metrics.metric) == ["01.customers"]
    assert comparison.paired == "One of the runs has tested nobody, so there is no paired interval."
    assert "06_churn: succeeded before, failed now." in told(comparison)


def test_the_same_customers_are_compared_in_pairs(shop):
    """Of 40 who could be kept, 20 gone: all told apart before (AUC 1), none after (AUC 1/2); Brier .16, then .25."""
    pair = two(shop, score=WORSE).paired
    assert (pair.customers, pair.active, str(pair.day), pair.corrected) == (40, True, "2025-09-25", 0)
    auc, brier = pair.scores["roc_auc"], pair.scores["brier"]
    assert (auc.before, auc.after) == (1.0, 0.5)
    assert auc.difference == (-0.5, -0.5, -0.5)
    assert brier.difference == pytest.approx((0.09, 0.09, 0.09))


def test_a_worse_and_a_better_forecast_are_told(shop):
    worse = two(shop, score=WORSE)
    assert "the ROC AUC of the forecast is 0.500 lower. It ranks customers worse than before." in told(worse)
    assert compare_narrative.title(worse) == "40 customers tested by both runs: worse"
    back = Comparison(worse.after, worse.before)
    assert compare_narrative.title(back) == "40 customers tested by both runs: better"


def test_other_days_and_horizons_give_no_pair(shop):
    other = two(shop, day=DAY + pd.Timedelta(days=1))
    assert other.paired == (
        "The runs were tested on different days (2025-09-25 and 2025-09-26), so there is no paired interval."
    )
    longer = runs.Run({**other.before.record, "horizon_days": 60}, other.before.tested)
    assert "horizons of different lengths" in Comparison(other.before, longer).paired


def test_customers_with_another_outcome_than_before_are_left_out_and_counted(shop):
    comparison = two(shop)
    tested = comparison.after.tested.copy()
    tested.loc[45:46, "outcome"] = 1 - tested.loc[45:46, "outcome"]
    corrected = tested.assign(active=True)
    all_kept = runs.Run(comparison.before.record, comparison.before.tested.assign(active=True))
    pair = compare.paired(all_kept, runs.Run(comparison.after.record, corrected))
    assert (pair.customers, pair.corrected, pair.active) == (48, 2, False)


def test_too_few_of_the_same_customers_give_no_pair(shop):
    comparison = two(shop)
    few = runs.Run(comparison.after.record, comparison.after.tested.head(30))
    assert compare.paired(comparison.before, few) == (
        "Both runs tested only 30 of the same customers, too few of one outcome for a paired interval."
    )


def test_of_a_table_all_customers_are_compared_without_a_day(shop):
    comparison = two(shop, score=BETTER)
    plain = [
        runs.Run(run.record, run.tested.assign(day=None, active=None)) for run in (comparison.before, comparison.after)
    ]
    pair = compare.paired(*plain)
    assert (pair.customers, pair.day, pair.active) == (50, None, False)
    assert compare_narrative.tested(pair) == "of the 50 customers whom both runs tested"


def test_the_run_in_progress_is_compared_with_the_last_one_kept_and_never_with_itself(shop):
    assert compare.compare_now(*shop) is None
    assert compare_narrative.since_last_run(None) == [compare_narrative.NO_RUN]
    runs.keep(*shop)
    assert compare.compare_now(*shop) is None
    watched = {"08_monitoring": stage(status="not run")}
    series(shop[0], 2, watched, finished=None)
    first = compare.compare_now(*shop)
    assert (first.before.id[:8], first.after.id[:8]) == ("20261101", "20261102")
    assert "08_monitoring" not in first.after.stages
    series(shop[0], 2, {"08_monitoring": stage()})
    runs.keep(*shop)
    assert told(compare.compare_now(*shop)) == told(first)


def test_its_own_numbers_of_the_ledger_explain_nothing(shop):
    series(shop[0], 1, {"08_monitoring": stage()})
    write_json(shop[0] / "08_monitoring" / "metrics.json", {"days_matured": 1})
    runs.keep(*shop)
    write_json(shop[0] / "08_monitoring" / "metrics.json", {"days_matured": 2})
    comparison = two(shop, {"08_monitoring": stage()})
    assert told(comparison).startswith("Nothing changed, and the numbers are equal to the last bit.")
    assert "08.days_matured" in set(comparison.metrics.metric)


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (5, 10, "5 → 10"),
        (None, "ward", "none → ward"),
        (list(range(20)), list(range(1, 21)), "added 20; taken out 0"),
        (list(range(20)), list(range(19, -1, -1)), "the same in another order"),
        ("a" * 40 + "x", "a" * 40 + "y", "…aaaaaaaax → …aaaaaaaay"),
    ],
)
def test_a_change_is_written_so_that_it_shows(before, after, text):
    assert compare_narrative.before_and_after(Change("k", before, after), 40) == text


def test_the_figure_holds_numbers_with_intervals_each_to_its_own_scale(shop):
    comparison = two(shop, churn(), metrics={"roc_auc_active": 0.79, "roc_auc_active_high": 0.9}, score=BETTER)
    table = compare_plots.key_numbers(comparison)
    assert list(table.label) == [
        "churn: ROC AUC (can be kept)",
        "churn: Brier score (lower is better)",
        "churn: log loss (lower is better)",
    ]
    assert compare_narrative.numbers_title(table[:1]) == "All 1 key numbers lie within the intervals that they had"
    beyond = table.assign(after=[0.85, *table.after[1:]])
    assert compare_narrative.numbers_title(beyond).startswith("3 of 3 key numbers lie outside of the interval")
    same = table.assign(after=table.before)
    assert compare_narrative.numbers_title(same) == "All 3 key numbers are as they were"
    ax = compare_plots.before_and_after(table, "Numbers", plots.axes())
    assert [text.get_text() for text in ax.texts[:1]] == ["0.75"]
    ends = ax.containers[1].lines[2][0].get_segments()[0]  # 0.7 to 0.9, of 0.7 to 0.9
    assert ends[:, 0] == pytest.approx([0, 1])
    ax = compare_plots.differences(comparison.paired, "Pairs", plots.axes())
    assert [label.get_text().split("\n")[0] for label in ax.get_yticklabels()] == ["ROC AUC", "Brier score", "log loss"]
    plots.plt.close("all")


@pytest.fixture
def terminal(shop, monkeypatch, capsys):
    """`patrons compare` in the shop's project: exit code, output, errors."""
    root = shop[0].parents[2]
    (root / "notebooks").mkdir()
    monkeypatch.chdir(root)

    def run(*words):
        code = cli.main(["compare", *words])
        return code, *capsys.readouterr()

    return run


def test_the_command_sets_the_last_two_runs_side_by_side_in_100_columns(shop, terminal):
    long = {"06_churn": stage(parameters={"leave_out": [f"feature_{n}" for n in range(40)]})}
    two(shop, long, metrics={"roc_auc_active": 0.76}, score=WORSE)
    code, out, _ = terminal("toy")
    lines = out.splitlines()
    assert code == 0
    assert max(map(len, lines)) <= 100
    assert lines[0] == "before 20261101-0900-aaaaa1  2026-11-01 09:01  100 lines of Toy shop"
    assert "  06.roc_auc_active                       0.75        0.76         +0.01" in lines
    assert lines[-1] == "The same: data, code, libraries, decisions, notebooks."
    assert terminal("toy", "-2", "20261102")[1] == out
    assert terminal("toy", "-1", "-2")[1] != out


def test_the_command_says_where_nothing_changed(shop, terminal):
    two(shop)
    code, out, _ = terminal("toy")
    assert code == 0
    assert "Nothing changed, and the numbers are equal to the last bit." in out
    assert "Numbers: all are equal." in out


def test_the_command_lists_runs_the_last_first(shop, terminal):
    two(shop, {"06_churn": stage(status="failed")})
    code, out, _ = terminal("toy", "--list")
    assert code == 0
    assert out.splitlines() == [
        " -1  20261102-0900-aaaaa2  2026-11-02 09:01  100 lines of Toy shop  failed: 06_churn",
        " -2  20261101-0900-aaaaa1  2026-11-01 09:01  100 lines of Toy shop",
    ]


def test_the_command_says_what_is_wrong_and_what_to_do(shop, terminal):
    assert terminal("toy") == (2, "", "patrons: No run of toy is kept. Run it: .venv/bin/python run_all.py toy\n")
    runs.keep(*shop)
    assert "Only one run of toy is kept, 20261101-0900-aaaaa1" in terminal("toy")[2]
    assert "There are runs of toy. Run it" in terminal("tou")[2]
    two(shop)
    assert "Name two runs, the earlier first, or none" in terminal("toy", "-1")[2]
    assert "Both are the run 20261102-0900-aaaaa2" in terminal("toy", "-1", "20261102")[2]
    assert terminal("toy", "-1", "20261103")[0] == 2
