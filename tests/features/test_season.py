from datetime import date

import numpy as np
import pandas as pd
import pytest

from patrons.churn.kinds import LOGISTIC, build
from patrons.churn.wording import Wording
from patrons.features import Recipe, season
from patrons.features.panel import FeaturesError
from patrons.features.preparation import preparation

AUTUMN = [10, 11, 12]


@pytest.mark.parametrize(
    ("day", "days", "months", "share"),
    [
        (date(2011, 10, 1), 92, AUTUMN, 1.0),
        (date(2011, 1, 1), 90, AUTUMN, 0.0),
        (date(2011, 9, 11), 90, AUTUMN, 0.75),  # 70 of 90 days
        (date(2011, 11, 15), 90, AUTUMN, 0.5),  # the peak ends within
        (date(2011, 12, 1), 60, [1, 12], 1.0),  # over the turn of the year
    ],
)
def test_the_share_of_the_days_ahead_that_lie_in_the_peak(day, days, months, share):
    assert season.peak_ahead(day, days, months) == share


def test_a_season_is_learnable_where_days_with_and_without_a_peak_ahead_were_seen():
    every = [date(2010, month, 11) for month in range(3, 13)]
    assert season.learnable(every, 90, AUTUMN)
    assert not season.learnable(every[:4], 90, AUTUMN)  # spring and early summer: no peak ahead
    assert not season.learnable([date(2010, 10, 11)], 90, AUTUMN)  # nothing to compare with
    assert season.learnable(every, 90, [12])  # the most that a year can show is a quarter
    assert not season.learnable(every, 90, list(range(1, 13)))  # it is always peak
    assert not season.learnable(every, 90, [])
    assert not season.learnable([], 90, AUTUMN)


def test_a_table_without_a_season_stays_what_it_is():
    table = pd.DataFrame({"as_of": pd.to_datetime(["2011-09-11"])})
    assert season.with_peak(table, 90, []) is table
    assert list(season.with_peak(table, 90, AUTUMN)) == ["as_of", "peak_ahead"]


def test_nothing_after_the_day_tells_of_the_peak_but_the_calendar():
    table = pd.DataFrame(
        {"as_of": pd.to_datetime(["2011-06-11", "2011-09-11", "2011-09-11"]), "peak_share": [1.0, 0.5, 0.0]}
    )
    seasonal = season.with_peak(table, 90, AUTUMN)
    assert seasonal.peak_ahead.tolist() == [0.0, 0.75, 0.75]
    assert seasonal.peak_habit.tolist() == [0.0, 0.375, 0.0]
    assert [name for name, *_ in season.columns(90, AUTUMN)] == ["peak_ahead", "peak_habit"]
    assert [name for name, *_ in season.columns(90, AUTUMN, habit=False)] == ["peak_ahead"]


def test_the_dictionary_names_the_months():
    known = Recipe(60, peak_months=[11, 12]).dictionary().set_index("feature")
    assert known.meaning["peak_share"] == "orders in the peak season (November, December)"
    assert known.meaning["peak_ahead"].startswith("of the next 60 days, those in the peak season")
    assert not set(season.COLUMNS) & set(Recipe().dictionary().feature)
    without = Recipe(60, leave_out=["time of order"], peak_months=[11]).dictionary()
    assert set(season.COLUMNS) & set(without.feature) == {"peak_ahead"}


def test_a_rare_peak_is_neither_clipped_nor_drawn_in():
    rows = pd.DataFrame({"spend": np.arange(100.0), "peak_ahead": [0.0] * 80 + [0.25] * 15 + [1.0] * 5})
    out = preparation(["spend", "peak_ahead"], [], calendar=["peak_ahead"]).fit_transform(rows)
    assert out.peak_ahead.iloc[-1] - out.peak_ahead.iloc[0] == pytest.approx(1 / rows.peak_ahead.std(ddof=0))


def test_a_model_that_knows_the_season_forecasts_it():
    rng = np.random.default_rng(0)
    peak = np.repeat([0.0, 0.25, 0.5, 0.75, 0.0], 400)
    rows = pd.DataFrame({"spend": rng.gamma(2, 50, 2000), "peak_ahead": peak})
    churned = (rng.random(2000) < 0.8 - 0.6 * peak).astype(int)
    model = build(LOGISTIC, {"c": 1.0, "products": 0, "l1": 0}, 0)
    prepare = preparation(list(rows), [], calendar=["peak_ahead"]).fit(rows)
    probabilities = model.fit(prepare.transform(rows), churned).predict_proba(prepare.transform(rows))[:, 1]
    assert probabilities[peak == 0.75].mean() == pytest.approx(0.35, abs=0.05)


def test_what_the_calendar_adds_to_everyone_is_no_reason_of_one_customer():
    wording = Wording(["peak_ahead", "recency_days"], Recipe(90, peak_months=AUTUMN).dictionary())
    for season_adds in (-0.4, 0.4):
        ((first, *_),) = wording.texts(
            np.array([[season_adds, 0.1]]), pd.DataFrame([[0.75, 140.0]], columns=wording.names)
        )
        assert first == "raises the risk: no order for 140 days"


def test_who_orders_in_the_peak_is_one_reason_of_both_its_features():
    wording = Wording(["peak_share", "peak_habit", "recency_days"], Recipe(90, peak_months=[12]).dictionary())
    ((first, *rest),) = wording.texts(
        np.array([[0.1, -0.3, 0.25]]), pd.DataFrame([[1.0, 0.75, 140.0]], columns=wording.names)
    )
    # together the others speak for the other side
    assert (first, rest) == ("raises the risk: no order for 140 days", ["", ""])


def test_a_customer_table_may_have_such_names_and_a_log_may_not():
    rows = pd.DataFrame({"peak_share": [1.0, np.nan, 3.0, 400.0]})
    assert preparation(["peak_share"], []).fit_transform(rows).notna().all(axis=None)
    with pytest.raises(FeaturesError, match="Rename"):
        Recipe(90, peak_months=AUTUMN).dictionary(["peak_share"])
