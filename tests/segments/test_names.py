import re

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

from patrons.segments import names as segments
from patrons.segments import table as segments_table

# recent, frequent, rich; silent, rare, poor; in between, with one order
RFM = pd.DataFrame(
    {
        "recency_days": [1, 2, 3, 400, 410, 420, 4, 5, 6],
        "frequency": [30, 31, 32, 1, 1, 1, 1, 2, 1],
        "monetary": [900.0, 950, 990, 10, 11, 12, 15, 20, 18],
    }
)
GROUPS = np.repeat([0, 1, 2], 3)


def test_names_follow_from_what_was_measured():
    # positions (recency, frequency, monetary): 0 (.89, .89, .89), 1 (.22, .33, .22), 2 (.56, .33, .56)
    assert segments.name_groups(RFM, GROUPS) == {
        0: "Champions",
        1: "Hibernating",
        2: "Needs attention",
    }


def test_renumbering_the_groups_renames_nobody():
    renumbered = np.array([7, 4, 9])[GROUPS]
    assert segments.name_groups(RFM, renumbered) == {
        7: "Champions",
        4: "Hibernating",
        9: "Needs attention",
    }


def test_another_currency_or_order_of_customers_renames_nobody():
    order = np.random.default_rng(0).permutation(9)
    shuffled = RFM.assign(monetary=RFM.monetary * 137).iloc[order]
    assert segments.name_groups(shuffled, GROUPS[order]) == segments.name_groups(RFM, GROUPS)


def test_names_are_unique_even_for_groups_that_are_alike():
    names = segments.name_groups(RFM, np.arange(9))
    assert len(set(names.values())) == 9


def test_more_groups_than_names_is_an_error():
    table = pd.concat([RFM] * 2)
    with pytest.raises(segments.SegmentsError, match="18 groups"):
        segments.name_groups(table, np.arange(18))


def test_positions_go_from_worst_to_best():
    stood = segments.positions(RFM, GROUPS)
    assert stood.monetary.tolist() == pytest.approx([8 / 9, 2 / 9, 5 / 9])
    assert stood.recency[0] > stood.recency[2] > stood.recency[1]


PEOPLE = list("abcdefghi")
NAMES = {0: "Champions", 1: "Hibernating", 2: "Needs attention"}


def previous(labels, names, numbers):
    return pd.DataFrame(
        {"customer_id": PEOPLE, "group": [numbers[one] for one in labels], "segment": [names[one] for one in labels]}
    )


LAST = previous(GROUPS, NAMES, {0: 1, 1: 3, 2: 2})


def test_a_refit_that_numbers_groups_otherwise_finds_the_earlier_segments():
    refitted = np.array([7, 4, 9])[GROUPS]
    found = segments.earlier_segments(PEOPLE, refitted, LAST)
    assert found == {7: (1, "Champions"), 4: (3, "Hibernating"), 9: (2, "Needs attention")}
    assert segments.number_groups([7, 4, 9], found, LAST) == {7: 1, 4: 3, 9: 2}


def test_a_group_with_few_members_of_an_earlier_segment_is_a_new_one():
    # 0 keeps a, b; 5 has c and d, e, f of which Hibernating were all three; 2 as before
    labels = np.array([0, 0, 5, 5, 5, 5, 2, 2, 2])
    found = segments.earlier_segments(PEOPLE, labels, LAST)
    assert {group: one.number for group, one in found.items()} == {0: 1, 5: 3, 2: 2}
    scattered = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2])  # each shares one of five with each
    assert segments.earlier_segments(PEOPLE, scattered, LAST) == {}
    assert segments.number_groups([0, 1, 2], {}, LAST) == {0: 4, 1: 5, 2: 6}


def test_customers_who_are_new_since_do_not_count_against_a_segment():
    found = segments.earlier_segments([*PEOPLE, *"uvwxyz"], np.append(GROUPS, [0] * 6), LAST)
    assert found[0].number == 1


def test_without_an_earlier_run_groups_are_numbered_from_one_in_the_order_given():
    assert segments.earlier_segments(PEOPLE, GROUPS, None) == {}
    assert segments.number_groups([2, 0, 1], {}, None) == {2: 1, 0: 2, 1: 3}


def test_an_earlier_name_stays_unless_another_is_clearly_closer():
    # 2 stands at (.56, .33, .56): Needs attention is nearest (.039 away), Promising close (.051), Lost far
    near = segments.earlier_segments(PEOPLE, GROUPS, LAST.replace("Needs attention", "Promising"))
    assert segments.name_groups(RFM, GROUPS, near)[2] == "Promising"
    far = segments.earlier_segments(PEOPLE, GROUPS, LAST.replace("Needs attention", "Lost"))
    assert segments.name_groups(RFM, GROUPS, far) == NAMES


@pytest.mark.parametrize("before", [NAMES, {0: "Loyal", 1: "Lost", 2: "Promising"}, {0: "Lost", 1: "New", 2: "Loyal"}])
def test_a_rerun_on_its_own_labels_changes_nothing(before):
    last = previous(GROUPS, before, {0: 5, 1: 3, 2: 9})
    for _ in range(3):
        found = segments.earlier_segments(PEOPLE, GROUPS, last)
        names, numbers = segments.name_groups(RFM, GROUPS, found), segments.number_groups([0, 1, 2], found, last)
        again = previous(GROUPS, names, numbers)
        assert last is None or again.group.tolist() == last.group.tolist()
        last = again
    first, second = segments.earlier_segments(PEOPLE, GROUPS, last), segments.name_groups(RFM, GROUPS, found)
    assert segments.name_groups(RFM, GROUPS, first) == second


def many(seed=0):
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 4, 600)
    return pd.DataFrame(
        {
            "recency_days": np.array([8, 30, 150, 400])[kind] * rng.lognormal(0, 0.2, 600),
            "frequency": np.array([20, 1.5, 8, 1])[kind] * rng.lognormal(0, 0.2, 600),
            "monetary": np.array([900, 40, 300, 30])[kind] * rng.lognormal(0, 0.2, 600),
        }
    )


def named(table, order, seed, factor=1.0):
    """Name of each customer of `many`, after a fit on shuffled rows in another currency."""
    shuffled = table.iloc[order].assign(monetary=lambda t: t.monetary * factor)
    labels = KMeans(4, n_init=5, random_state=seed).fit_predict(StandardScaler().fit_transform(np.log(shuffled)))
    names = segments.name_groups(shuffled, labels)
    return pd.Series(labels, order).map(names).sort_index().tolist()


@pytest.mark.parametrize("seed", range(5))
def test_shuffling_customers_refitting_and_another_currency_rename_nobody(seed):
    table = many()
    order = np.random.default_rng(seed).permutation(len(table))
    assert named(table, order, seed, factor=10.0**seed / 7) == named(table, np.arange(len(table)), 99)


def test_records_hold_the_lasting_number_and_the_clusterers_and_no_nan():
    cards = pd.DataFrame({"share": [0.5, np.nan]}, index=["Loyal", "Lost"])
    kept = segments.records(cards, {4: "Lost", 2: "Loyal"}, {4: 1, 2: 7}, pd.DataFrame(index=[4, 2]))
    assert kept == [
        {"segment": "Loyal", "share": 0.5, "group": 7, "cluster": 2},
        {"segment": "Lost", "share": None, "group": 1, "cluster": 4},
    ]


def test_where_nobody_came_back_nobody_is_called_loyal():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"recency_days": rng.integers(1, 400, 400), "frequency": 1, "monetary": rng.lognormal(3, 1, 400).round(2)}
    )
    labels = 2 * (table.recency_days > 200).to_numpy() + (table.monetary > 20).to_numpy()
    names = set(segments.name_groups(table, labels).values())
    assert len(names) == 4
    assert not names & set(segments.RETURNING)
    assert set(segments.name_groups(table.assign(frequency=2), labels).values()) & set(segments.RETURNING)


@pytest.mark.parametrize(
    "said", [*segments.ADVICE.contact.items(), *((name, one[1]) for name, one in segments_table.ADVICE.items())]
)
def test_what_to_do_with_one_who_is_contacted_does_not_say_to_let_be(said):
    assert said[1]
    assert not re.search(r"nothing|leave|in peace|\brest\b|contact|everyone", said[1]), said


# a to c stand at 1, d to f at 0, g to i at .5; the closest other is .5 away, so a segment may move by .25
BEFORE = [{"group": number, "x_position": at, "share": 1 / 3} for number, at in ((1, 1.0), (3, 0.0), (2, 0.5))]


@pytest.mark.parametrize(("at", "same"), [(1.0, True), (0.75, True), (0.74, False), (0.0, False)])
def test_a_group_keeps_its_segment_up_to_half_way_to_the_closest_other_and_is_new_beyond(at, same):
    found = segments.match(PEOPLE, GROUPS, LAST, pd.DataFrame({"x": [at, 0.0, 0.5]}), BEFORE)
    assert set(found.earlier) == ({0, 1, 2} if same else {1, 2})
    assert found.moved_away == ({} if same else {0: (1, "Champions")})
    numbers = segments.number_groups([0, 1, 2], found.earlier, LAST)
    assert numbers == ({0: 1, 1: 3, 2: 2} if same else {0: 4, 1: 3, 2: 2})


def test_where_the_previous_run_does_not_say_where_segments_stood_their_members_decide():
    now = pd.DataFrame({"x": [0.1, 0.0, 0.5]})
    plain = [{"group": 1, "share": 1.0}]
    assert set(segments.match(PEOPLE, GROUPS, LAST, now, plain).earlier) == {0, 1, 2}
    assert set(segments.match(PEOPLE, GROUPS, LAST, now.rename(columns={"x": "y"}), BEFORE).earlier) == {0, 1, 2}
    assert segments.match(PEOPLE, GROUPS, None, now, []) == ({}, {})


def test_the_only_segment_of_a_run_may_stand_anywhere():
    assert segments.farthest(pd.DataFrame({"x": [0.2]})).tolist() == [np.inf]
    assert segments.farthest(pd.DataFrame({"x": [0.0, 0.6, 0.8]})).tolist() == pytest.approx([0.3, 0.1, 0.1])


def test_cards_say_where_each_segment_stands_and_are_read_again():
    cards = pd.DataFrame({"share": [0.25, 0.75]}, index=["Loyal", "Lost"])
    centres = pd.DataFrame({"x": [0.1, 0.9], "y": [0.2, 0.8]}, index=[4, 7])
    written = segments.records(cards, {4: "Lost", 7: "Loyal"}, {4: 1, 7: 2}, centres)
    assert [(card["segment"], card["x_position"]) for card in written] == [("Loyal", 0.9), ("Lost", 0.1)]
    assert segments.stood(written).loc[1].to_dict() == {"x": 0.1, "y": 0.2}


def test_names_are_told_apart_and_none_says_risk_which_is_the_word_of_warnings():
    names = [profile.name for profile in segments.PROFILES]
    assert len({name.lower() for name in names}) == len(names)
    assert not [name for name in names if "risk" in name.lower()]
