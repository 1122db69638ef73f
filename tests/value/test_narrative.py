"""Sentences of 07, written out."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from patrons.btyd import gamma_gamma, mbgnbd
from patrons.btyd.likelihood import Report
from patrons.evaluation.metrics import Interval
from patrons.value import forecast, list_narrative, narrative, stake_narrative, tables
from patrons.value.actions import Campaign
from patrons.value.forecast import Days
from patrons.value.gains import Plan
from patrons.value.power import Reach
from patrons.value.spend_model import Fits
from patrons.value.stake_check import Checked

# of ten customers, the first is forecast highest, and the last spent most
PREDICTED = np.array([50.0, *[5.0] * 9])
SPENT = np.array([40.0, *[0.0] * 8, 60.0])


def result(*saving):
    scores = forecast.scores(SPENT, PREDICTED)
    leaderboard = pd.DataFrame({"mean of both": scores}).T.assign(oracle=0.6)
    return forecast.Tested(SPENT, PREDICTED, leaderboard, scores, "past rate goes on", Interval(*saving))


CLEAR = result(0.2, 0.05, 0.3)


def fitted(**changed):
    report = {"converged": True, "agreed": 3, "starts": 3, "at_bound": (), "covariance": np.eye(4)}
    orders = Report(parameters=(0.5, 4.0, 0.8, 2.0), log_likelihood=-10.0, **(report | changed))
    value = Report(parameters=(6.0, 3.0, 15.0), log_likelihood=-20.0, **report)
    return Fits(mbgnbd.Fitted(*orders.parameters), gamma_gamma.Fitted(*value.parameters), orders, value)


MANY = pd.DataFrame({"active_days": [2] * 40 + [1] * 10, "frequency": 2})


def test_fits_that_are_settled_are_not_doubted():
    assert narrative.unsettled(fitted(), MANY) == ""


def test_why_fits_are_not_settled():
    assert narrative.unsettled(fitted(at_bound=(2, 3)), MANY) == (
        "MBG/NBD (orders): the log is too short to settle a, b, which lie at their bound."
    )
    assert narrative.unsettled(fitted(agreed=1), MANY) == (
        "MBG/NBD (orders): the search for the parameters came to no clear end."
    )
    assert narrative.unsettled(fitted(), MANY.tail(20)) == (
        "Only 10 of 20 customers ordered on more than one day. It takes 30 to learn how often they order and when they "
        "leave: do not act on the values below."
    )


def test_how_fits_went_is_a_table_with_a_row_each():
    table = tables.convergence(fitted(at_bound=(1,))).set_index("fit")
    orders, value = table.loc["MBG/NBD (orders)"], table.loc["Gamma-Gamma (order values)"]
    assert (orders["at a bound"], value["at a bound"]) == ("alpha", "none")
    assert orders["parameters"] == "r 0.5, alpha 4, a 0.8, b 2"
    assert (value["converged"], value["starts that agree"]) == ("yes", "3 of 3")


def test_what_the_test_says():
    assert narrative.tested_mean(CLEAR, "EUR") == (
        "On average, a customer was expected to spend 9.5 EUR and spent 10 EUR"  # 50 + 9 x 5 and 40 + 60, of ten
    )
    assert narrative.verdict(CLEAR, 60) == (
        "The tenth of customers forecast highest brought 40% of all spend; no list of so many could have brought "
        "more than 60%. In the period that was tested, the forecast of all spend was 5% too low. The squared error is "
        "20% less than that of the best simple rule, “past rate goes on” (95% interval of the saving +5% to +30%)."
    )


def outcome(spent, predicted, *saving):
    scores = forecast.scores(np.array(spent), np.array(predicted))
    leaderboard = pd.DataFrame({"mean of both": scores}).T.assign(oracle=1.0)
    return forecast.Tested(
        np.array(spent), np.array(predicted), leaderboard, scores, "nobody buys", Interval(*(saving or (0.2, 0.1, 0.3)))
    )


@pytest.mark.parametrize(
    ("spent", "expected", "told"),
    [
        ([100.0], [95.0], "the forecast of all spend was 5% too low"),
        ([100.0], [100.1], "the forecast of all spend was right"),
        ([324.0], [1e-6], "the forecast of all spend was 100% too low"),
        ([320.0], [100.0], "the forecast of all spend was 69% too low"),
        ([0.0], [50.0], "nothing was spent"),
        ([0.1], [50.0], "the forecast of all spend was 49900% too high"),
    ],
)
def test_how_far_the_total_was_off_is_plausible(spent, expected, told):
    assert narrative.off(outcome(spent, expected), 0.2) == f"In the period that was tested, {told}."


def test_an_interval_that_holds_customers_only_says_so():
    assert narrative.off(outcome([90.0], [100.0]), None).endswith(f"too high. {narrative.ONE_PERIOD}")
    assert narrative.periods(pd.DataFrame({"spent": [], "as_of": [], "spend_180d": []}), 0.2) == ""


def test_how_much_periods_differ_is_told():
    """In all 50 after 100 and 150 after 100; a day whose horizon is not over does not count."""
    history = pd.DataFrame(
        {"as_of": ["a", "a", "b", "c"], "spent": [20.0, 30.0, 150.0, np.nan], "spend_180d": [60.0, 40.0, 100.0, 1.0]}
    )
    assert narrative.periods(history, np.log(1.25)) == (
        "Spend changes from one period to the next: forecast from the others, the totals of 2 earlier days were off "
        "by a factor of 1.25 (one standard deviation). Every interval of spend and gain allows for that."
    )
    assert narrative.periods(history, None) == ""


def test_what_a_forecast_outside_of_what_earlier_days_saw_means():
    """Seen from two earlier days .5 and 1.5 times as much was spent; today 100 were spent before."""
    history = pd.DataFrame({"as_of": ["a", "b"], "spent": [50.0, 150.0], "spend_180d": [100.0, 100.0]})
    assert narrative.ahead(history, 40.0, 100.0, 180) == (
        "On 2 earlier days, customers then spent 0.50 to 1.50 times as much as before. Either spend will fall further "
        "than it ever did then, or the forecast is too low."
    )
    assert narrative.ahead(history, 160.0, 100.0, 180).endswith(
        "rise higher than it ever did then, or the forecast is too high."
    )
    assert narrative.ahead(history, 90.0, 100.0, 180, drawn=True).endswith(
        "spent about 0.50 to 1.50 times as much as before: the forecast is nothing unusual."
    )
    assert narrative.ahead(history, 90.0, 0.0, 180) == narrative.ahead(history[:0], 90.0, 100.0, 180) == ""


def test_a_total_that_was_right_and_one_that_was_not_agree_with_how_far_it_was_off():
    assert "forecast of all spend was right." in narrative.verdict(outcome([100.0], [100.2]), 60)
    assert "forecast of all spend was 220% too high." in narrative.verdict(outcome([100.0], [320.0]), 60)
    nothing = outcome([0.0, 0.0], [50.0, 1.0], -1e13, -2e13, -1e12)
    assert narrative.verdict(nothing, 60).startswith("Nothing was spent in the period that was tested")
    worse = narrative.verdict(outcome([100.0], [95.0], -1e13, -2e13, -1e12), 60)
    assert "The squared error is many times as much as that of the best simple rule" in worse


def test_a_test_that_shows_no_clear_gain_says_so():
    verdict = narrative.verdict(result(-0.1, -0.3, 0.2), 60)
    assert "10% more than that of the best simple rule" in verdict
    assert verdict.endswith("That is no clear gain: the simple rule will do.")


def test_a_log_that_is_too_short_for_a_test_says_so():
    assert narrative.verdict(None, 60) == (
        "The log is too short to test a forecast of 60 days: nothing below has been checked."
    )


def test_what_customers_are_expected_to_spend():
    total = pd.DataFrame({"value": [3000.0, 1000.0], "customers": [10.0, 30.0]}, ["Loyal", "Lost"])
    when = Days([], None, date(2025, 1, 1))
    assert narrative.expected(total, Interval(4000.0, 3500.0, 4570.0), when, 180, "EUR") == (
        "In the 180 days from 2025-01-01 the 40 customers are expected to spend 4,000 EUR (95% interval 3,500 to "
        "4,570 EUR). “Loyal” should bring 75% of it."
    )
    assert narrative.expected_title(total, 0.43, 180, "EUR") == (
        "4,000 EUR are expected in 180 days, 43% of it from a tenth of the customers"
    )


def test_what_the_same_customers_spent_before():
    assert narrative.before(123.0, 60) == (
        "The same customers spent 123 in the 60 days before. Some of them will not order again, and what new "
        "customers will spend is not in the forecast."
    )


def test_what_the_customers_of_a_table_pay():
    total = pd.DataFrame({"value": [600.0, 200.0], "customers": [1, 3]}, ["High charges", "Low charges"])
    assert narrative.paid(total, "MonthlyCharges", 90) == (
        "The 4 customers who have not churned pay 800 in 90 days if all of them stay and MonthlyCharges does not "
        "change. “High charges” pay 75% of what is paid. This is a price list, not a forecast."
    )


def test_a_table_that_does_not_say_what_is_paid_ends_with_a_list_by_churn_probability():
    reason = narrative.without_spend(["The churn model failed 1 of 9 checks."])
    assert reason == (
        "The table does not say what a customer pays, so nobody can tell what a contact would bring. The list begins "
        "with those most likely to churn. If a column says what customers pay, name it in spend. The churn model "
        "failed 1 of 9 checks."
    )
    assert narrative.without_spend([]).endswith("name it in spend.")


def test_doubts_are_introduced_and_no_doubts_say_nothing():
    assert narrative.doubtful({"churn": ["A."], "value": ["B."]}) == "Treat what follows with caution. A. B."
    assert narrative.doubtful({"churn": [], "value": []}) == ""


def test_one_customer_who_is_most_of_a_forecast_is_told():
    values = pd.DataFrame({"customer_id": ["0", *"abcde"], "expected_spend": [544_000.0, *[52_400.0] * 5]})
    [doubt] = narrative.one_customer(values, "EUR")
    assert doubt.startswith("One customer, 0, makes up ")
    assert "544" in doubt
    assert "806" in doubt
    assert narrative.one_customer(values[1:], "EUR") == []


def test_from_what_stake_on_a_contact_pays():
    assert list_narrative.break_even([(50.0, 20.0, 120.0)], [""], "EUR") == (
        "If the assumptions hold, a contact pays where more than 50 EUR is at stake (95% interval 20 to 120 EUR). "
        "What is at stake is risk × (spend if kept − spend if lost). So at a risk of 50%, a kept customer must bring "
        "100 EUR more than a lost one."
    )
    bands = ["0 to 45 days", "46 to 90 days"]
    assert list_narrative.break_even([(50.0, 20.0, 120.0), (80.0, 30.0, 200.0)], bands, "") == (
        "If the assumptions hold, a contact pays where more than 50 is at stake after 0 to 45 days of silence (95% "
        "interval 20 to 120). It takes 80 after 46 to 90 days. What is at stake is risk × (spend if kept − spend if "
        "lost). So at a risk of 50%, a kept customer must bring 100 more than a lost one after 0 to 45 days of "
        "silence."
    )


def test_who_is_not_on_the_list_is_told_with_the_reason():
    assert list_narrative.not_listed(pd.DataFrame(index=range(30)), 100, 90) == (
        "The list holds the 30 recent buyers, who ordered in the last 90 days. The other 70 customers have been "
        "silent for longer: they would have to be won back."
    )


def test_how_expected_spend_was_divided_is_held_against_what_was_spent():
    checked = pd.DataFrame(
        {
            "customers": [3, 1],
            "ordering": [100.0, np.nan], "ordering_spent": [90.0, np.nan], "ordering_customers": [2, 0],
            "gone": [10.0, 20.0], "gone_spent": [20.0, 10.0], "gone_customers": [1, 1],
        }
    )  # fmt: skip
    assert stake_narrative.two_part(Checked(checked, 80.0, 64.0, np.array([0.5, 0.8, 1.25])), date(2024, 7, 1), 90) == (
        "On the day of the test, what a contact could save was put 25% too high (95% interval -19% to +94%). That "
        "may be chance, so nothing is corrected for it. Intervals of the gain allow for it. A customer who stays was "
        "expected to spend 80 more than one who leaves; it was 64 (mean over what was at stake). "
        "Customers who ordered within 90 days of 2024-07-01 were expected to spend 100 on average and spent 90. "
        "Those who did not were expected to spend 15 on average and spent 15. In this check the risk of no order "
        "comes from earlier days, in the list from page 6."
    )
    told = tables.checked(checked.assign(**{name: 0.0 for name in tables.CHECKED if name not in checked}))
    assert told["share of customers"].tolist() == [0.75, 0.25]
    low = stake_narrative.two_part(Checked(checked, 80.0, 100.0, np.ones(3)), date(2024, 7, 1), 90)
    assert "put 20% too low" in low
    one_outcome = Checked(checked, np.nan, np.nan, np.ones(1))
    assert "Everyone had the same outcome" in stake_narrative.two_part(one_outcome, date(2024, 7, 1), 90)
    assert stake_narrative.two_part(None, None, 90).endswith(
        "the interval of the gain does not allow for an error in it."
    )


def campaign(plan, pays, affordable, held=0):
    gain = {"expected_gain": [2.0] * 60 + [-1.0] * 40, "gain_low": [1.0] * 30 + [-2.0] * 70}
    arms = ["hold out"] * 5 + ["contact"] * 40 + [""] * 55
    listed = pd.DataFrame({"certain": [True] * 30 + [False] * 70, "arm": arms, **gain})
    arms = Reach(plan.contacts, held, 0.45, 0.3, 0.1, 0.1, 5000)
    return Campaign(listed, pd.DataFrame(), plan, [(50.0, 20.0, 120.0)], pays, affordable, arms)


def test_what_the_plan_costs_and_brings_and_what_bounds_it():
    plan = Plan(40, 100.0, 450.0, 150.0, 900.0)
    assert list_narrative.planned(campaign(plan, 60, 40), "EUR") == (
        "Contact 40 customers: the first 40 of the list. That costs 100 EUR, 2.5 EUR each on average. Beyond "
        "that cost it brings about 450 EUR if the assumptions hold. With all that is uncertain, it may be anything "
        "from 150 to 900 EUR (95% interval). The assumed budget pays for 40 contacts, not for more."
    )
    assert list_narrative.planned(campaign(plan._replace(low=-20.0), 40, 70), "") == (
        "Contact 40 customers: the first 40 of the list. That costs 100, 2.5 each on average. Beyond that "
        "cost it brings about 450 if the assumptions hold. With all that is uncertain, it may be anything from -20 "
        "to 900 (95% interval). The assumed budget would pay for 70, but beyond 40 a contact costs more than it "
        "brings. The interval includes zero: it may bring nothing, or lose money."
    )
    assert "the first 50 of the list without the 10 left alone." in list_narrative.planned(
        campaign(plan, 60, 40, held=10), "EUR"
    )
    assert list_narrative.plan_title(plan, "EUR") == (
        "40 contacts cost 100 EUR and bring about 450 EUR beyond that, if the assumptions hold"
    )
    assert list_narrative.pays_title(campaign(plan, 60, 40)) == (
        "A contact is expected to pay for 60 of 100 customers, and likely to for 30"
    )


def test_how_a_gain_comes_about_is_worked_out_for_the_first_on_the_list():
    some = campaign(Plan(40, 100.0, 450.0, 150.0, 900.0), 60, 40)
    first = {"customer_id": "C7", "churn_probability": 0.5, "value_if_kept": 900.0, "value_if_lost": 100.0}
    listed = some.listed.assign(expected_gain=17.5, certain=True, **first)
    listed.loc[listed.arm != "contact", "customer_id"] = "held out"
    assert list_narrative.worked(listed, some, "EUR") == (
        "For example C7, the first to contact: kept, this customer is expected to spend 800 EUR more than lost. At a "
        "risk of 50%, 400 EUR are at stake. A contact brings 5.0% of that back (chance that it saves × margin rate, in "
        "the mean of their ranges), 20 EUR. Less its cost, 2.5 EUR, that is a gain of 17.5 EUR."
    )
    of_bands = some._replace(break_even=some.break_even * 2)
    told = list_narrative.worked(listed.assign(churn_probability=0.014), of_bands, "EUR")
    assert "At a risk of 1.4%, 11.2 EUR are at stake." in told
    assert "(chance that it saves, after such a silence, × margin rate" in told
    assert list_narrative.worked(listed.assign(certain=False), some, "EUR") == ""
    assert list_narrative.worked(listed.assign(arm=""), some, "EUR") == ""


def test_the_gain_is_told_with_and_without_the_error_of_the_test():
    plan = Plan(40, 100.0, 450.0, 150.0, 900.0)
    off = Checked(pd.DataFrame(), 80.0, 64.0, np.full(3, 0.8))  # put 25% too high: 550 / 1.25 = 440, less 100
    told = list_narrative.planned(campaign(plan, 60, 40), "EUR", off)
    assert "brings 340 to 450 EUR if the assumptions hold: the lower amount is corrected for the test." in told
    assert "bring 340 to 450 EUR beyond that" in list_narrative.plan_title(plan, "EUR", off)
    low = Checked(pd.DataFrame(), 80.0, 100.0, np.full(3, 1.25))  # put 20% too low: 550 / 0.8 = 687.5
    assert "450 to 588 EUR if the assumptions hold: the higher" in list_narrative.planned(
        campaign(plan, 60, 40), "EUR", low
    )
    assert "One day proves little" in stake_narrative.stake(off)
    assert list_narrative.bounds(450.0, 350.0, 440.0, 340.0) == (340.0, 450.0)  # holds what is told of it
    nobody = Plan(0, 0.0, 0.0, 0.0, 0.0)
    assert "bring about 0 EUR" in list_narrative.plan_title(nobody, "EUR", off)
    for expected, happened in ((0.0, 0.0), (80.0, -5.0), (80.0, 0.0), (1.0, 1000.0)):
        unknown = Checked(pd.DataFrame(), expected, happened, np.full(3, 0.1))
        assert "brings about 450 EUR" in list_narrative.planned(campaign(plan, 60, 40), "EUR", unknown)
        assert "cannot be told" in stake_narrative.stake(unknown)
    chance = Checked(pd.DataFrame(), 80.0, 64.0, np.array([0.5, 0.8, 1.25]))
    assert "brings about 450 EUR if the assumptions hold." in list_narrative.planned(
        campaign(plan, 60, 40), "EUR", chance
    )


def test_for_how_many_it_is_not_known_whether_a_contact_pays():
    listed = campaign(Plan(0, 0, 0, 0, 0), 0, 0).listed
    assert list_narrative.uncertain(listed) == (
        "A contact is expected to pay for 60 of 100 customers, and likely to for 30. Of the 40 to contact it is likely "
        "to for 25. For the other 15 the interval of the gain includes zero: there it may pay or not."
    )


@pytest.mark.parametrize("currency", ["EUR", ""])
def test_headings_of_scores_name_the_currency_where_there_is_one(currency):
    table = tables.leaderboard(CLEAR, currency)
    assert set(tables.formats(currency)) <= set(table)
    assert ("mean error, EUR" in table) == bool(currency)
