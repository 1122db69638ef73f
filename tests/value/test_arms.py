"""Who is held out: by lot, in the same way each time, and alike in rank; and lists that outlive the next one."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from patrons.value import actions, arms, arms_narrative, earlier, gains, power, table
from patrons.value.arms import CONTACT, HOLD_OUT, Lot
from patrons.value.spread import exact

DAY = date(2024, 2, 10)
LOT = Lot(0.2, 42, str(DAY))


def ids(count):
    return pd.Series([f"c{n}" for n in range(count)])


def listed(count=100, contacts=50, lot=LOT):
    table = pd.DataFrame({"customer_id": ids(count), "rank": range(1, count + 1), "churn_probability": 0.4})
    return arms.with_arms(table.assign(suggested_action="contact: call"), contacts, lot)


def test_a_fifth_is_held_out_one_in_each_block_of_five_ranks():
    arm = arms.drawn(ids(50), LOT)
    assert ((arm == HOLD_OUT).to_numpy().reshape(10, 5).sum(axis=1) == 1).all()
    assert set(arm) == {CONTACT, HOLD_OUT}


@pytest.mark.parametrize(
    ("count", "share", "held"), [(21, 0.2, 5), (50, 0.5, 25), (50, 0.0, 0), (19, 0.5, 0), (0, 0.5, 0)]
)
def test_the_share_is_rounded_up_and_nobody_is_held_out_of_a_handful(count, share, held):
    assert (arms.drawn(ids(count), LOT._replace(hold_out=share)) == HOLD_OUT).sum() == held


def test_the_same_list_is_drawn_alike_and_another_seed_or_day_is_another_lot():
    arm = arms.drawn(ids(500), LOT)
    assert arms.drawn(ids(500), LOT).equals(arm)
    for other in (LOT._replace(seed=43), LOT._replace(drawn_for="2024-05-10")):
        agree = (arms.drawn(ids(500), other) == arm).mean()
        assert 0.6 < agree < 0.76  # .2 x .2 + .8 x .8 = .68 by chance


def test_everyone_is_as_likely_to_be_held_out():
    held = sum((arms.drawn(ids(50), LOT._replace(seed=seed)) == HOLD_OUT).to_numpy(int) for seed in range(200))
    assert held.sum() == 200 * 10
    assert np.abs(held / 200 - 0.2).max() < 4 * 0.0283  # four standard errors


def test_who_is_held_out_is_not_to_be_contacted_and_beyond_the_plan_nobody_has_an_arm():
    table = listed()
    assert (table.arm[50:] == "").all()
    assert (table.suggested_action == arms.LEFT_ALONE).equals(table.arm == HOLD_OUT)
    assert (table.suggested_action[table.arm == CONTACT] == "contact: call").all()


def test_the_budget_is_spent_on_those_contacted():
    assert arms.within(pays=1000, affordable=428, hold_out=0.2) == 535  # 107 of whom are held out
    assert arms.within(pays=500, affordable=428, hold_out=0.2) == 500
    assert arms.within(pays=1000, affordable=10, hold_out=0.2) == 10  # too few to hold any out
    assert all(
        (arms.drawn(ids(arms.within(1000, n, share)), Lot(share, 0, "")) == CONTACT).sum() <= n
        for n in range(20, 120, 7)
        for share in (0.1, 0.2, 0.33, 0.5)
    )


def test_cost_and_gain_are_of_those_contacted_alone():
    people = pd.DataFrame({"customer_id": ids(60), "segment": "X", "churn_probability": 0.5, "value": 100.0})
    people = table.at_stake(people.assign(reason_1="", reason_2="", reason_3=""))
    assumed = gains.assumed([0.5], [[0.2]], [3.0], [120.0])  # each contact brings 5 - 3, and 40 are paid
    campaign = actions.campaign(people, exact(), assumed, {}, LOT)
    assert (campaign.reach.contacted, campaign.reach.held, campaign.armed) == (40, 10, 50)
    assert campaign.plan == pytest.approx((40, 120.0, 80.0, 80.0, 80.0))
    assert campaign.curve.contacted.iloc[-1] == 50  # of 60, without the ten held out
    assert (campaign.listed.arm == "contact").sum() == 40


def test_where_no_gain_is_known_the_arms_are_those_of_as_many_as_the_budget_pays():
    people = pd.DataFrame({"customer_id": ids(60), "segment": "X", "churn_probability": 0.5, "value": np.nan})
    people = table.at_stake(people.assign(reason_1="", reason_2="", reason_3=""))
    campaign = actions.campaign(people, exact(), gains.assumed([0.5], [[0.2]], [3.0], [120.0]), {}, LOT)
    assert (campaign.plan.contacts, campaign.reach.contacted, campaign.reach.held) == (0, 40, 10)


def test_a_list_is_kept_once_and_outlives_the_next(tmp_path):
    results = tmp_path / "data" / "processed" / "shop"
    first = arms.keep(results, listed(), LOT, DAY, 90)
    assert arms.keep(results, listed(), LOT, DAY, 90) == first
    second = arms.keep(results, listed(contacts=60), LOT, DAY, 90)
    assert arms.names(results) == sorted([first, second])
    assert first.startswith("2024-02-10-")
    kept = arms.kept(results, first)
    assert (kept.day, kept.horizon_days) == (pd.Timestamp(DAY), 90)
    assert kept.customers.customer_id.tolist() == ids(50).tolist()
    assert kept.customers.arm.equals(listed().arm.head(50))
    assert kept.customers.stratum.nunique() == 1  # ten hold-outs are no more than a stratum asks for


def test_strata_follow_the_rank_and_hold_whole_blocks(tmp_path):
    results = tmp_path / "data" / "processed" / "shop"
    customers = arms.kept(results, arms.keep(results, listed(400, 300), LOT, None, None)).customers
    counts = customers.groupby("stratum").arm.value_counts().unstack()
    assert counts.to_numpy().tolist() == [[48, 12]] * 5
    assert customers.stratum.is_monotonic_increasing


def test_a_list_without_hold_outs_is_no_campaign(tmp_path):
    assert arms.keep(tmp_path / "a" / "b", listed(contacts=5), LOT, DAY, 90) == ""
    assert not list(tmp_path.iterdir())


def test_an_unknown_list_is_refused_with_the_nearest(tmp_path):
    results = tmp_path / "data" / "processed" / "shop"
    name = arms.keep(results, listed(), LOT._replace(drawn_for="0123456789abcdef"), None, None)
    assert name.startswith("table-01234567-")
    assert arms.kept(results, name).day is None
    with pytest.raises(arms.CampaignError, match=f"did you mean '{name}'"):
        arms.kept(results, name[:-1])


@pytest.fixture
def results(tmp_path):
    return tmp_path / "data" / "processed" / "shop"


def lot_of(results, day, share=0.2, horizon=90):
    return earlier.with_earlier(Lot(share, 42, str(day)), results, day, horizon)


def arm_of(list_):
    return list_[list_.arm != ""].set_index("customer_id").arm


def test_who_has_an_arm_keeps_it_until_the_horizon_is_over_and_the_lot_is_of_the_others(results):
    first = listed(contacts=50)
    name = arms.keep(results, first, LOT, DAY, 90)
    for days in (7, 89, -89):  # a list of an older export too
        lot = lot_of(results, DAY + timedelta(days=days))
        next_list = listed(contacts=100, lot=lot)
        assert arm_of(next_list)[:50].equals(arm_of(first))
        assert (arm_of(next_list)[50:] == HOLD_OUT).sum() == 10  # a fifth of the fifty who are new
        assert set(lot.earlier.elsewhere.values()) == {name}
    for days in (90, -90):
        assert not lot_of(results, DAY + timedelta(days=days)).earlier.arm


def test_a_list_is_read_with_those_alone_who_were_drawn_for_it(results):
    """Who was contacted and ordered may have left the list: of those who keep an arm, arms are no longer alike."""
    first = arms.keep(results, listed(contacts=50), LOT, DAY, 90)
    later = DAY + timedelta(days=30)
    lot = lot_of(results, later)
    second = arms.kept(results, arms.keep(results, listed(contacts=100, lot=lot), lot, later, 90))
    assert second.customers.customer_id.tolist() == ids(100)[50:].tolist()
    third = DAY + timedelta(days=60)
    lot = lot_of(results, third)
    assert arms.keep(results, listed(contacts=100, lot=lot), lot, third, 90) == second.name  # nobody is new
    fourth = DAY + timedelta(days=95)  # the first list is over, the second is not
    lot = lot_of(results, fourth)
    assert arms.keep(results, listed(contacts=100, lot=lot), lot, fourth, 90) not in (first, second.name)
    assert set(lot.earlier.arm) == set(second.customers.customer_id)


def test_a_run_again_on_the_same_data_draws_alike_and_says_the_same(results):
    first = arms.keep(results, listed(), LOT, DAY, 90)
    lot = lot_of(results, DAY)
    again = listed(lot=lot)
    assert again.equals(listed())
    assert power.reach(again, 0.1, lot) == power.reach(listed(), 0.1, LOT)
    assert arms.keep(results, again, lot, DAY, 90) == first
    more = listed(contacts=100, lot=lot)  # a greater budget
    assert len(arms.kept(results, arms.keep(results, more, lot, DAY, 90)).customers) == 100
    half = lot_of(results, DAY, share=0.5)  # another share: both draws must not be read as one
    assert len(half.earlier.elsewhere) == 100


def test_hold_outs_of_an_earlier_list_are_left_alone_beyond_the_plan_too(results):
    first = listed(contacts=50)
    arms.keep(results, first, LOT, DAY, 90)
    lot = lot_of(results, DAY + timedelta(days=7))
    next_list = listed(contacts=20, lot=lot)
    assert (next_list.arm[20:] == "").all()
    assert (next_list.suggested_action == arms.LEFT_ALONE).equals(first.arm == HOLD_OUT)


def test_the_budget_pays_those_who_keep_being_contacted_as_well():
    has = pd.Series([CONTACT] * 30 + [HOLD_OUT] * 10 + [""] * 960)
    other = has != ""
    assert arms.within(1000, 110, 0.2, has, other) == 140  # 30 go on, 10 are left alone, 80 of 100 new ones
    assert arms.within(20, 110, 0.2, has, other) == 20
    assert arms.within(1000, 12, 0.2, has, other) == 12


@pytest.mark.parametrize("budget", [120.0, 129.0])  # 40 contacts, and 43 of which rounding leaves one unused
def test_a_run_again_contacts_as_many(results, budget):
    people = pd.DataFrame({"customer_id": ids(60), "segment": "X", "churn_probability": 0.5, "value": 100.0})
    people = table.at_stake(people.assign(reason_1="", reason_2="", reason_3=""))
    assumed = gains.assumed([0.5], [[0.2]], [3.0], [budget])
    first = actions.campaign(people, exact(), assumed, {}, LOT)
    arms.keep(results, first.listed, LOT, DAY, 90)
    again = actions.campaign(people, exact(), assumed, {}, lot_of(results, DAY))
    assert again.listed.equals(first.listed)
    assert again.reach == first.reach
    assert again.plan == first.plan


def test_07_says_how_many_keep_their_arm_and_counts_on_the_others(results):
    arms.keep(results, listed(contacts=50), LOT, DAY, 90)
    lot = lot_of(results, DAY + timedelta(days=7))
    next_list = listed(contacts=100, lot=lot).assign(expected_gain=1.0)
    reach = power.reach(next_list, 0.1, lot)
    assert (reach.contacted, reach.held, reach.kept, reach.kept_held) == (80, 20, 50, 10)
    assert reach.least == pytest.approx(power.least(40, 10, 0.4), nan_ok=True)
    assert "What 50 newly drawn customers can show" in arms_narrative.arms(next_list, reach, "EUR")
    assert arms_narrative.before(next_list, reach) == (
        "50 of the first 100, 10 of them left alone, stay as an earlier list drew them, because its trial is not over. "
        "They count for that trial."
    )


def test_a_list_that_is_damaged_is_left_out_and_that_is_said(results):
    name = arms.keep(results, listed(), LOT, DAY, 90)
    (arms.folder(results) / f"{name}.parquet").write_bytes(b"PAR1")
    lot = lot_of(results, DAY + timedelta(days=7))
    assert not lot.earlier.arm
    (note,) = lot.earlier.notes
    assert note.startswith(f"The earlier list {name} cannot be read and was left out: whom it holds out may be")
    assert arms_narrative.before(listed(), power.reach(listed(), 0.1), lot.earlier.notes).endswith(note)


def test_a_table_has_no_days_and_keeps_the_arms_of_the_same_data_alone(results):
    lot = Lot(0.2, 42, "0123456789abcdef")
    name = arms.keep(results, listed(lot=lot), lot, None, None)
    assert len(earlier.with_earlier(lot, results, None, None).earlier.arm) == 50
    assert not earlier.with_earlier(lot._replace(drawn_for="fedcba98"), results, None, None).earlier.arm
    assert name in arms.names(results)
