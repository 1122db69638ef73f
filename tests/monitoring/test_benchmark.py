"""The benchmark of the verdict, small: a few shops of each kind, with wide bounds, and its rules worked out by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import monitoring as benchmark
from benchmarks import monitoring_rules as usual
from benchmarks import monitoring_shops as shops

SHOPS = 2


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    path = tmp_path_factory.mktemp("benchmark") / "shops.jsonl"
    found = [benchmark.shop(kind, seed) for kind in ("stable", "seasonal", "harm") for seed in range(SHOPS)]
    path.write_text("".join(json.dumps(one) + "\n" for one in found))
    return path


def test_calm_shops_are_rarely_trained_anew_and_harm_is_mostly_found(results):
    table = benchmark.rules(benchmark.read(results)).set_index("rule")
    own = table.loc[benchmark.VERDICT]
    assert own[["stable: falsely alarmed", "seasonal: falsely alarmed"]].sum() <= 1 / 2  # of four one at most
    assert own["harm found"] >= 1 / 2
    assert table.loc["KS p < .05", "quiet months in alarm"] > 1 / 2


def test_planted_harm_costs_about_a_fifth_of_the_loss(results):
    worse = [one["worse"][0] for one in map(json.loads, results.read_text().splitlines()) if one["kind"] == "harm"]
    assert 1.1 < np.mean(worse) < 1.35


def test_until_the_change_the_shop_is_the_same():
    world = shops.world("harm", 4)
    calm, changed = (shops.simulate(shops.replace(world, strength=strength), 4) for strength in (0.0, 0.9))
    np.testing.assert_array_equal(calm.counts[:, : shops.TRAINED], changed.counts[:, : shops.TRAINED])
    assert changed.counts[:, world.harm + 60 :].sum() < calm.counts[:, world.harm + 60 :].sum()


def test_a_day_is_described_by_what_was_before_it():
    shop = shops.simulate(shops.world("stable", 1), 1)
    counts = shop.counts.copy()
    counts[:, 400:] = 0
    before, cut = (shops.described(shops.Shop(c, shop.spend, shop.abroad))[400] for c in (shop.counts, counts))
    names = [name for name in shops.NAMES if name != "spend_90"]
    pd.testing.assert_frame_equal(before[names], cut[names])
    assert cut.churned.all()


def _counted(tmp_path, rule, of_shops):
    """The row of a rule in the table of shops that are given as day of harm and days in alarm."""
    path = tmp_path / "shops.jsonl"
    kinds = ["stable" if harm is None else "harm" for harm, _ in of_shops]
    lines = [
        {"kind": kind, "harm": harm, "alarms": {rule: alarms}, "seed": 0, "like": "stable"}
        for kind, (harm, alarms) in zip(kinds, of_shops, strict=True)
    ]
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    return benchmark.rules(benchmark.read(path)).set_index("rule").loc[rule]


def test_alarms_of_outcomes_are_counted_by_hand(tmp_path):
    """Looked at on 820, 850, ... 1150. Of harm on 800 alarms are right from 846 on, in time until 820 + 30 + 90."""
    own = _counted(
        tmp_path,
        benchmark.VERDICT,
        [
            (None, [820, 850, 940]),  # two false alarms, 3 of 12 quiet months in alarm
            (800, [910]),  # found; one quiet month (820)
            (800, [820, 850]),  # false: 70 of the 90 days whose outcomes arrived on 820 were before the change
            (800, [970]),  # right, but late
            (
                850,
                [850, 880, 910],
            ),  # false, and in alarm when harm sets in: not found; three quiet months, two in alarm
        ],
    )
    assert own["stable: falsely alarmed"] == 1
    assert own["false alarms a quiet year"] == pytest.approx(4 / 18 * 12)
    assert own["quiet months in alarm"] == pytest.approx(6 / 18)
    assert own["in alarm when harm set in"] == 1 / 4
    assert own["harm found"] == 1 / 4
    assert own["median days to it"] == 110
    assert own["alarms that were right"] == pytest.approx(2 / 6)


def test_an_alarm_that_always_stands_finds_nothing(tmp_path):
    always = list(range(730, 1061, 30))
    own = _counted(tmp_path, "always", [(None, always), (800, always), (879, always)])
    assert own["false alarms a quiet year"] == pytest.approx(3 / (12 + 3 + 5) * 12)  # one each, on the first day
    assert own[["quiet months in alarm", "in alarm when harm set in"]].tolist() == [1, 1]
    assert own[["harm found", "alarms that were right"]].tolist() == [0, 0]


def test_a_rule_of_inputs_is_right_from_the_day_after_the_change(tmp_path):
    own = _counted(tmp_path, usual.RULES[0], [(790, [790]), (790, [820]), (790, [760, 820])])  # false; right; both
    assert own[["in alarm when harm set in", "harm found", "median days to it"]].tolist() == [1 / 3, 2 / 3, 30]
    assert own["alarms that were right"] == pytest.approx(2 / 4)


def test_the_usual_rules_by_hand():
    a, b = np.arange(100.0), np.arange(100.0) + 20
    assert usual.ks(a, b) == pytest.approx(0.2)
    assert usual.ks_p(0.2, 100, 100) == pytest.approx(0.0366, abs=0.001)  # sqrt(50) * .2 = 1.414
    shares = np.array([0, 0, *[0.1] * 7, 0.3])  # of b in the deciles of a, none standing for .0001
    assert usual.psi(a, b) == pytest.approx(2 * (0.0001 - 0.1) * np.log(0.001) + 0.2 * np.log(3), rel=0.01)
    assert shares.sum() == pytest.approx(1)


def test_evidently_asks_half_of_the_columns_and_changes_its_tests_above_a_thousand_rows():
    rng = np.random.default_rng(0)
    small = pd.DataFrame({"x": rng.normal(size=1000), "abroad": rng.random(1000) < 0.1})
    now = pd.DataFrame({"x": rng.normal(size=1000) + 0.09, "abroad": rng.random(1000) < 0.1})
    large = pd.concat([small, small])
    assert usual.evidently(small, now.assign(x=now.x + 0.1)) == [True, False]
    assert usual.evidently(large, small.assign(x=small.x + 0.09)) == [False, False]  # .09 standard deviations
    assert usual.evidently(large, small.assign(x=small.x + 0.12)) == [True, False]
    assert usual.half([True, False])
    assert not usual.half([True, False, False])
