import pandas as pd

from patrons.evaluation.metrics import Interval
from patrons.segments import narrative
from patrons.segments.names import Earlier, Match

CARDS = pd.DataFrame(
    {
        "share": [0.3, 0.7],
        "revenue_share": [0.72, 0.28],
        "action": ["thank them", "spend nothing on them"],
        "frequency_median": [11.0, 1.0],
        "recency_days_median": [12.0, 434.4],
    },
    index=pd.Index(["Loyal", "Lost"], name="segment"),
)
TABLE_CARDS = pd.DataFrame(
    {
        "share": [0.25, 0.75],
        "lost": [0.5, 0.5],
        "churn_rate": [0.53, 0.1],
        "low": [0.5, 0.08],
        "high": [0.55, 0.12],
        "revenue_share": [0.2, 0.8],
    },
    index=["Short tenure", "Long tenure"],
)
FLOWS = pd.DataFrame({"Loyal": [0.85, 0.2], "Lost": [0.15, 0.8]}, index=["Loyal", "Lost"])
BALANCE = pd.DataFrame({"net": [296, -1044], "new": [51, 0]}, index=["Loyal", "Lost"])


def test_names_that_were_kept_are_told_beside_those_of_today():
    names, by_rule = {0: "Loyal", 1: "Lost"}, {0: "Champions", 1: "Lost"}
    assert narrative.kept_names(names, by_rule) == (
        "Names kept from the previous run, as no other is clearly closer: Loyal (today's numbers alone: Champions)."
    )
    assert narrative.kept_names(names, names) == ""


def test_a_segment_that_moved_too_far_is_told_to_be_new():
    match = Match({}, {0: Earlier(3, "Loyal")})
    assert narrative.moved_away({0: "Lost"}, match) == (
        "New since the previous run: “Lost”, with most members of “Loyal”, but each stands farther from where that "
        "stood than half way to its closest neighbour."
    )
    assert narrative.moved_away({0: "Lost"}, Match({}, {})) == ""


def test_the_segment_with_most_revenue_comes_with_a_suggestion():
    assert narrative.sizes_title(CARDS) == "Loyal: 30% of customers, 72% of revenue"
    assert (
        narrative.sizes(CARDS)
        == "Loyal are 30% of customers and bring 72% of revenue. Suggested, not tested here: thank them."
    )


def test_there_is_no_suggestion_where_revenue_is_no_more_than_the_share_of_customers():
    even = CARDS.assign(revenue_share=[0.3, 0.7])
    assert narrative.sizes(even) == "Loyal are 30% of customers and bring 30% of revenue."


def test_the_quietest_segment():
    assert narrative.quiet(CARDS) == (
        "Half of Lost have been silent for over 434 days; they are 70% of customers and have brought 28% of revenue. "
        "Suggested, not tested here: spend nothing on them."
    )


def test_who_moved():
    assert narrative.movement(FLOWS, BALANCE, 0.272, 90, "Loyal") == (
        "27% of the customers known 90 days ago are in another segment today. Loyal grew by 296 customers (51 are "
        "new), Lost shrank by 1,044 customers. 85% of the earlier members of Loyal are still in it."
    )


def test_where_some_customers_were_drawn_segments_grow_by_shares_and_not_by_counts():
    """200 became 230, 46 of them new; 400 became 300; one had nobody; figures say of whom they count."""
    balance = pd.DataFrame(
        {"before": [200, 400], "after": [230, 300], "net": [30, -100], "new": [46, 0]}, index=["Loyal", "Lost"]
    )
    assert narrative.movement(FLOWS, balance, 0.272, 90, "Loyal", drawn=True) == (
        "27% of the customers known 90 days ago are in another segment today. Loyal grew by 15% (20% of its members "
        "are new), Lost shrank by 25%. 85% of the earlier members of Loyal are still in it."
    )
    assert narrative.balance_title(balance, drawn=True) == "Loyal +15%, Lost -25%"
    empty = balance.assign(before=[0, 400], after=[30, 300])
    assert "Loyal had nobody then (100% of its members are new)" in narrative.movement(
        FLOWS, empty.assign(new=[30, 0]), 0.272, 90, "Loyal", drawn=True
    )
    assert narrative.balance_title(empty, drawn=True) == "Loyal from none, Lost -25%"
    assert narrative.counted(pd.Series([True, True])) == "customers"
    assert narrative.counted(pd.Series([True] * 1200 + [False])) == "customers, of the 1,200 drawn"


def test_a_segment_that_nobody_was_in_is_not_said_to_have_kept_anyone():
    assert narrative.movement(FLOWS, BALANCE, 0.272, 90, "New").endswith("Lost shrank by 1,044 customers.")


def test_who_is_lost_and_who_brings_most_in_a_table():
    assert narrative.churn(TABLE_CARDS) == (
        "“Short tenure” are 25% of customers and 50% of those who churned: 53% of them did (95% interval 50% to 55%, "
        "for all segments at once). Look there first."
    )
    assert narrative.revenue(TABLE_CARDS, "TotalCharges") == (
        "“Long tenure” brings the most by TotalCharges: 80% from 75% of customers."
    )
    assert narrative.revenue(TABLE_CARDS, "") == narrative.NO_MONEY


def test_how_many_stand_on_a_border():
    assert narrative.border(0.048) == (
        "5% of customers stand on a border (margin under 0.1): for them, the segment is a matter of small differences."
    )
    assert narrative.border_of_table(0.048) == (
        "5% of customers stand on a border between two segments (margin under 0.1 of at most 1). Who moved between "
        "segments cannot be said: the table knows one day only."
    )


def test_titles_say_the_finding():
    positions = pd.DataFrame({"recency": [0.8, 0.1], "frequency": [0.9, 0.2]}, index=["Loyal", "Lost"])
    profile = pd.DataFrame({"order_lines": [0.4, -0.4], "price": [1.1, -1.84]}, index=["Loyal", "Lost"])
    assert narrative.positions_title(positions) == "Lost have been silent longest, Loyal order most"
    assert narrative.averages_title(CARDS) == "The median member of Loyal has ordered 11 times"
    assert narrative.profile_title(profile) == "Lost stand out most: price -1.8"
    assert narrative.flows_title(FLOWS, 0.272, 90, "Loyal") == "27% moved in 90 days; Loyal keep most: 85%"
    assert narrative.balance_title(BALANCE) == "Loyal +296 customers, Lost -1,044"
    assert narrative.churn_title(TABLE_CARDS) == "Short tenure: 53% churn"
    assert narrative.churn_range_title(TABLE_CARDS) == "Between 10% and 53% of a segment churned"


def test_movement_is_told_beside_what_another_days_grouping_explains():
    alone = Interval(0.1, 0.09, 0.11)
    assert narrative.beyond(0.3, alone, True).startswith(
        "Groups made on the earlier day would place 10% of the same customers otherwise: of the 30% who moved"
    )
    assert narrative.beyond(0.1, alone, False).endswith("no more than the borders explain: no movement is shown.")
    assert "cannot be told" in narrative.beyond(0.1, None, False)
