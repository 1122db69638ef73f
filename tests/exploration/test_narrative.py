"""The sentences of the first notebook, written out; the tables that they are made of are worked out by hand."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from patrons.exploration import cancelled, narrative, retention


def loss(kept: int, **aside: int) -> pd.DataFrame:
    names = ["read", *(f"set aside: {reason.replace('_', ' ')}" for reason in aside), "kept"]
    return pd.DataFrame({"lines": names, "count": [kept + sum(aside.values()), *aside.values(), kept]})


def test_how_much_can_be_used_and_why_the_rest_cannot():
    assert narrative.usable(loss(899, no_customer=91, cancellation=10)) == (
        "89.9% of 1,000 lines can be used. The most frequent reason to set one aside: no customer."
    )


def test_a_source_without_a_flaw_can_be_used_as_a_whole():
    assert narrative.usable(loss(7_043), "rows") == "All 7,043 rows can be used."


def test_what_a_log_lacks_is_named_as_people_name_it():
    assert narrative.cautions(["order_id", "country", "time"], [], 0.0) == [
        "The log has no order number, country or time of day. What depends on that is skipped, here and in later "
        "notebooks."
    ]


def test_one_thing_that_a_log_lacks_is_no_list():
    assert narrative.cautions(["country"], [], 0.0) == [
        "The log has no country. What depends on that is skipped, here and in later notebooks."
    ]


def test_dates_in_several_forms_are_a_caution_with_what_fits_none():
    forms = ["2024-01-31", "31/01/2024"]
    assert narrative.cautions([], forms, 0.004) == [
        "Dates come in 2 forms (2024-01-31, 31/01/2024). Each is read by its own rule; the 0.4% of lines that fit none "
        "are set aside."
    ]
    assert narrative.cautions([], forms, 0.0) == [
        "Dates come in 2 forms (2024-01-31, 31/01/2024). Each is read by its own rule."
    ]


def test_a_log_that_has_everything_needs_no_caution():
    assert narrative.cautions([], [], 0.2) == []


def test_the_column_with_most_gaps_is_named():
    shares = pd.Series({"customer_id": 0.249, "country": 0.1, "order_id": 0.0})
    assert narrative.missing(shares) == "Customer id is missing in 24.9% of lines"


def test_nothing_is_missing():
    assert narrative.missing(pd.Series({"customer_id": 0.0, "country": 0.0})) == "No value is missing"


def test_repeats_set_aside_add_up_with_the_table_of_lines():
    # 30 repeat; 20 are set aside for that, 10 had no customer first
    assert narrative.repeats(30, loss(950, no_customer=30, exact_duplicate=20), "quarantine") == (
        "30 lines (3.0%) repeat another line exactly. They are set aside, so that each purchase and each "
        "cancellation counts once. 10 of "
        "them are listed under another reason, which comes first."
    )
    assert narrative.repeats(20, loss(980, exact_duplicate=20), "quarantine") == (
        "20 lines (2.0%) repeat another line exactly. They are set aside, so that each purchase and each "
        "cancellation counts once."
    )


def test_repeats_may_be_kept():
    assert narrative.repeats(2, loss(1_000), "keep") == (
        "2 lines (0.2%) repeat another line exactly. They are kept, as the parameters say."
    )


def test_no_line_repeats_another():
    assert narrative.repeats(0, loss(1_000), "quarantine") == "No line repeats another one exactly."


def extremes(share: float) -> pd.DataFrame:
    row = {"column": "amount", "share": share, "revenue_share": 0.324, "mean": 32.51, "mean_without": 23.83}
    return pd.DataFrame([row])


def test_outliers_carry_revenue_and_lift_the_mean():
    assert narrative.extremes(extremes(0.074), "EUR") == (
        "7.4% of lines are outliers by their amount and carry 32% of revenue. They lift the mean line from 23.8 to "
        "32.5 EUR. They are kept."
    )


def test_no_line_is_an_outlier():
    assert narrative.extremes(extremes(0.0), "EUR") == "No line is an outlier by its amount."


CURVE = pd.DataFrame({"customers": [0.0, 0.01, 0.2, 1.0], "revenue": [0.0, 0.19, 0.72, 1.0]})


def test_the_best_fifth_and_the_best_hundredth():
    finding = narrative.concentration(CURVE, 3_699)
    assert finding.title == "The best fifth of customers bring 72% of revenue"
    assert finding.text == ("The best fifth of customers bring 72% of revenue. The best 1% (37 customers) bring 19%.")


def test_the_best_hundredth_of_a_hundred_customers_is_one_and_of_fewer_nobody():
    assert narrative.concentration(CURVE, 100).text.endswith("The best 1% (1 customer) bring 19%.")
    assert narrative.concentration(CURVE, 99).text == "The best fifth of customers bring 72% of revenue."


def counted(total, taken):
    table = pd.DataFrame({"cancellations": [cancelled.ALL, cancelled.TAKEN], "amount": [total, taken]})
    return table.assign(share=table.amount / total)


def test_revenue_is_net_of_the_cancellations_that_are_matched():
    net = (
        "Revenue is net of cancellations: 62% of 1.1 million GBP cancelled is taken off earlier orders of the same "
        "customer and product, from the day of the cancellation on."
    )
    rest = " The rest is known as returned, and not subtracted."
    assert narrative.cancelled(counted(1_095_136, 681_232), 16e6, "GBP", "net") == net + rest
    assert narrative.cancelled(counted(1_095_136, 1_095_136), 16e6, "GBP", "net") == net.replace("62%", "100%")
    assert narrative.cancelled(counted(228_587.4, 0), 6e6, "EUR", "net") == (
        "Revenue is stated before returns: for cancelled lines of 229,000 EUR no earlier order was found."
    )


def test_revenue_is_stated_before_returns_where_they_are_set_aside():
    assert narrative.cancelled(counted(228_587.4, 0), 6_483_645.17, "EUR", "aside") == (
        "Revenue is stated before returns. Cancelled lines of 229,000 EUR (3.5% of revenue) are set aside, not "
        "subtracted from the orders that they cancel."
    )


def test_a_few_large_orders_lift_the_mean():
    finding = narrative.order_value({"median": 173.2, "mean": 274.7}, "EUR")
    assert finding.title == "Half of the orders are under 173 EUR; the mean is 275"
    assert finding.text == (
        "Half of the orders are under 173 EUR; the mean is 275. A few large orders lift the mean, so medians describe "
        "customers better."
    )


def test_orders_of_about_the_same_value_are_alike():
    assert narrative.order_value({"median": 10.0, "mean": 11.0}, "EUR").text == (
        "Half of the orders are under 10 EUR; the mean is 11. Most orders are alike."
    )


def shares(**revenue: float) -> pd.DataFrame:
    return pd.DataFrame({"revenue": revenue, "customers": {name: 1 / len(revenue) for name in revenue}})


def test_the_country_that_brings_most():
    assert narrative.countries(shares(Netherlands=0.86, Belgium=0.14)).text == (
        "Netherlands brings 86% of revenue from 50% of customers."
    )


def test_the_countries_together_are_no_country():
    assert narrative.countries(shares(France=0.3, Spain=0.2, Other=0.5)).title.startswith("France brings 30%")


def test_a_log_of_one_country():
    assert narrative.countries(shares(France=1.0)).text == "All revenue comes from France."


def spend(*rows: tuple[str, str, float, float], reach: float = 0.1) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["attribute", "value", "share", "spend"])
    return table.assign(low=(1 - reach) * table.spend, high=(1 + reach) * table.spend)


def test_the_widest_gap_is_within_one_attribute_and_between_common_values():
    # 90 / 30 = 3 by plan; 50 / 25 = 2 by channel, where a stand has too few customers to count
    table = spend(
        ("age_plan", "gold", 0.1, 90.0),
        ("age_plan", "free", 0.9, 30.0),
        ("channel", "web", 0.5, 50.0),
        ("channel", "fair", 0.47, 25.0),
        ("channel", "stand", 0.03, 1.0),
    )
    finding = narrative.attributes(table)
    title = "The median customer of age plan gold spends 3.0 times as much as that of age plan free"
    assert finding.title == title
    # 81 / 33
    assert finding.text == f"{title}; at least 2.5 times (95%, as the widest among 5 medians)."


@pytest.mark.parametrize("reach", [0.6, np.nan])
def test_a_widest_gap_that_picking_explains_is_no_finding(reach):
    # 36 / 48 at the least: below 1; without intervals nothing is known
    finding = narrative.attributes(spend(("plan", "gold", 0.5, 90.0), ("plan", "free", 0.5, 30.0), reach=reach))
    assert finding.kind == "caution"
    assert finding.title == (
        "No attribute clearly tells who spends more: the widest among 2 medians may be as wide by chance"
    )


def test_rare_values_count_where_all_others_are_rare():
    table = spend(("channel", "web", 0.97, 50.0), ("channel", "stand", 0.03, 1.0))
    assert narrative.attributes(table).title == (
        "The median customer of channel web spends 50.0 times as much as that of channel stand"
    )


def test_an_attribute_of_one_value_cannot_be_compared():
    assert narrative.attributes(spend(("plan", "gold", 1.0, 90.0))).text == "No attribute has two values to compare."


def months(revenue: list[float], complete: list[bool], start: str = "2024-11-01") -> pd.DataFrame:
    month = pd.date_range(start, periods=len(revenue), freq="MS")
    return pd.DataFrame({"month": month, "revenue": revenue, "complete": complete})


def test_the_best_month_is_compared_with_the_average_and_the_year_before():
    # complete: November 100, then ten of 50, November 119, of which the mean is 719 / 12 = 59.9; December is cut off
    finding = narrative.best_month(months([100, *[50] * 10, 0, 119, 500], [True] * 13 + [False]))
    assert finding.title == "November 2025 was the best month: 2.2 times the average"
    assert finding.text == (
        "November 2025 was the best month: 2.2 times the average. It brought 19% more than a year before."
    )


def test_a_log_of_less_than_a_year_has_no_year_before():
    assert narrative.best_month(months([20, 40, 30], [True, True, False])).text == (
        "December 2024 was the best month: 1.3 times the average."
    )


@pytest.mark.parametrize(
    ("complete", "text"),
    [
        ([True], "November 2024 is the only whole month of the log. It shows no season and no trend."),
        ([False], "November 2024 is the only month of the log. It shows no season and no trend."),
        ([True, False], "November 2024 is the only whole month of the log. It shows no season and no trend."),
    ],
)
def test_one_month_shows_no_trend(complete, text):
    assert narrative.best_month(months([20.0] * len(complete), complete)).text == text


def clock(hours: dict[int, list[float]]) -> pd.DataFrame:
    return pd.DataFrame(hours, index=["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"])


def test_the_busiest_day_and_hour_and_the_days_without_orders():
    finding = narrative.busiest(
        clock({9: [0.1, 0.1, 0, 0, 0.2, 0, 0], 12: [0.1, 0.1, 0.1, 0.1, 0.2, 0, 0]}), timed=True
    )
    assert finding.title == "Friday is the busiest day (40% of orders), 12 to 13 o'clock the busiest hour (60%)"
    assert finding.text == f"{finding.title}. No order comes on Saturday or Sunday."


def test_the_quietest_day_is_one_with_orders_where_the_log_has_no_time_of_day():
    finding = narrative.busiest(clock({0: [0.1, 0.2, 0.2, 0.2, 0.3, 0, 0]}), timed=False)
    assert finding.title == "Friday is the busiest day (30% of orders), Monday the quietest (10%)"


def test_a_shop_that_opens_every_day():
    assert narrative.busiest(clock({0: [0.2, *[0.1] * 4, 0.3, 0.1]}), timed=False).text == (
        "Saturday is the busiest day (30% of orders), Tuesday the quietest (10%)."
    )


def test_all_orders_on_one_weekday():
    assert (
        narrative.busiest(clock({0: [1, *[0] * 6]}), timed=False).title == "Monday is the busiest day (100% of orders)"
    )


def came_back(repeat_rate=0.699, median=21.0, late=113.0, late_finished=40.0):
    return narrative.coming_back(retention.Gaps(repeat_rate, median, late, late_finished, pd.DataFrame()))


def test_half_of_the_gaps_and_nine_in_ten_end_within_so_many_days():
    finding = came_back()
    assert finding.title == "Half of the gaps between visits end within 21 days, nine in ten within 113"
    assert finding.text == (
        f"{finding.title}. 70% of customers came back on another day. Who is silent for longer than 113 days is late. "
        "Finished gaps alone would say 40 days: the long ones, still open, are not in them."
    )
    assert finding.kind == "finding"


def test_a_log_too_short_to_see_most_gaps_end_says_so():
    finding = came_back(late=float("nan"))
    assert finding.title == "Half of the gaps between visits end within 21 days"
    assert "The log is too short to see nine in ten end." in finding.text
    assert came_back(0.2, float("nan"), float("nan")).text == (
        "Fewer than half of the gaps between visits end within the log. 20% of customers came back on another day."
    )


def test_nobody_came_back():
    finding = came_back(0.0, float("nan"), float("nan"), float("nan"))
    assert finding.text == (
        "Nobody came back on another day. Gaps, cohorts and every forecast of a return have nothing to learn from."
    )
    assert finding.kind == "caution"


def test_the_first_cohort_is_left_out_of_the_average():
    # (0.5 * 20 + 0.2 * 40) / 60 = 0.3; the last quarter is not over
    quarters = pd.period_range("2024Q1", periods=4, freq="Q")
    table = pd.DataFrame({90: [0.9, 0.5, 0.2, None]}, index=quarters)
    assert narrative.cohorts(table, pd.Series([100, 20, 40, 30], quarters)).text == (
        "30% of new customers buy again within 90 days of their first order, 20% to 50% from cohort to cohort."
    )


def test_the_only_cohort_has_no_spread():
    quarters = pd.period_range("2024Q1", periods=1, freq="Q")
    assert narrative.cohorts(pd.DataFrame({90: [0.23]}, index=quarters), pd.Series([50], quarters)).text == (
        "23% of new customers buy again within 90 days of their first order."
    )


def test_what_goes_together_most_and_least():
    names = ["spend", "order_value", "days_silent"]
    table = pd.DataFrame([[1, 0.8, -0.9], [0.8, 1, -0.15], [-0.9, -0.15, 1]], names, names)
    finding = narrative.correlations(table)
    assert finding.title == "Spend and days silent go together most (rank correlation -0.90)"
    assert finding.text == f"{finding.title}. Order value and days silent have least to do with each other (-0.15)."


def test_one_pair_is_the_most_and_not_the_least():
    table = pd.DataFrame([[1, 0.8], [0.8, 1]], ["orders", "spend"], ["orders", "spend"])
    assert narrative.correlations(table).text == "Orders and spend go together most (rank correlation 0.80)."


def test_what_the_series_goes_on_with():
    assert narrative.next_step(199_411, 3_699, date(2024, 1, 4), date(2025, 12, 23)) == (
        "The series goes on with 199,411 lines of 3,699 customers, from 2024-01-04 to 2025-12-23."
    )


def test_lines_below_zero_without_a_letter_are_asked_about():
    assert narrative.unmarked(12, "C") == (
        "12 lines below zero are set aside, and no order number begins with C: if these are credit notes, set "
        'cancellation_prefix to "", and they count as returns.'
    )
