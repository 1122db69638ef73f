import pandas as pd
import pytest

from patrons.evaluation.metrics import Interval
from patrons.segments import clustering_narrative as narrative

NEAR, FAR = Interval(0.32, 0.31, 0.33), Interval(0.60, 0.58, 0.62)
BOARD = pd.DataFrame(
    {
        "algorithm": ["K-Means", "Ward"],
        "groups": [4, 5],
        "silhouette": [0.5, 0.3],
        "silhouette_low": [0.48, 0.28],
        "silhouette_high": [0.52, 0.32],
        "stability": [0.9, 0.7],
        "breaks": ["", "stability under 0.8"],
    }
)


def test_preparation_says_what_it_did_to_skewness():
    assert narrative.preparation(3699, 3, 14.21, 0.18) == (
        "3,699 customers are grouped by 3 prepared columns. Preparation brought the largest skewness from 14.2 to 0.2."
    )


def test_the_decision_follows_from_the_rule():
    assert narrative.decision(BOARD) == (
        "We go on with K-Means and 4 groups: its silhouette is the best of those that keep the limits, beyond the "
        "uncertainty of the next."
    )


def test_a_pinned_decision_says_what_it_breaks_and_what_the_rule_would_take():
    assert narrative.decision(BOARD, algorithm="Ward") == (
        "We go on with Ward and 5 groups, as the parameters ask. It breaks: stability under 0.8. The rule would take "
        "K-Means with 4 groups (silhouette 0.500): its silhouette is the best of those that keep the limits, beyond "
        "the uncertainty of the next."
    )


def test_what_lies_far_above_the_null_is_separate():
    assert narrative.separation(FAR, [0.29, 0.30, 0.31]) == (
        "These are natural groups, far clearer than chance makes them (silhouette 0.600; 0.300 on data without groups)."
    )


def test_what_lies_a_little_above_the_null_is_a_continuum():
    assert narrative.separation(NEAR, [0.29, 0.30, 0.30]) == (
        "The groups are only slightly clearer than chance: useful slices, not natural groups (silhouette 0.320; 0.297 "
        "on data without groups)."
    )


def test_a_partition_with_next_to_no_silhouette_is_not_called_useful():
    assert narrative.separation(Interval(0.0, -0.01, 0.01), [0.0, 0.01]) == (
        "The groups hardly differ: customers lie about as near to other groups as to their own (silhouette 0.000; "
        "0.005 on data without groups)."
    )


def test_what_the_null_reaches_shows_nothing():
    one_above = [0.1] * 9 + [0.59]  # the interval lies above their 97.5% quantile, but not above all
    for silhouette, null in ((NEAR, [0.31, 0.32, 0.33]), (FAR, one_above)):
        sentence = narrative.separation(silhouette, null)
        assert sentence.startswith(
            "The groups are no clearer than chance: slices that may be useful, not natural groups"
        )


def test_without_draws_nothing_tells():
    assert narrative.separation(FAR, []) == (
        "On data without groups this family found none, so nothing tells whether these groups are separate."
    )


def test_stability_that_draws_without_groups_reach_too_is_no_evidence():
    chosen = pd.Series({"stability": 0.98, "stability_low": 0.97, "stability_high": 0.99, "refits": 20}, dtype=object)
    assert narrative.stability(chosen, [0.95, 0.97]) == (
        "Refits on 20 bootstrap samples agree with it by 0.98 (95% interval 0.97 to 0.99); without groups by 0.96, "
        "so it is no evidence of groups."
    )
    assert narrative.stability(chosen, [0.80, 0.90]).endswith("(95% interval 0.97 to 0.99); without groups by 0.85.")
    assert narrative.stability(chosen, []).endswith("(95% interval 0.97 to 0.99).")


def test_a_family_that_could_not_be_fitted_is_named_with_the_reason():
    entry = {"family": "HDBSCAN", "setting": "smallest=0.01", "reason": "too few"}
    assert narrative.skipped(entry) == "HDBSCAN (smallest=0.01) is not among them: too few"


def test_why_there_are_no_groups():
    assert narrative.too_alike(1200, 2, ["recency days", "frequency"], 3) == (
        "There are no groups to find: in recency days, frequency the 1,200 customers are of 2 kinds only, and 3 groups "
        "or more were asked for. All of them stay in one segment. Bring more customers, or name other inputs."
    )
    assert "the 40 customers are all alike, and 3 groups" in narrative.too_alike(40, 1, ["frequency"], 3)


def test_titles_say_the_finding():
    assert narrative.silhouette_title(BOARD.loc[0], NEAR) == "K-Means with 4 groups: silhouette 0.320 [0.310, 0.330]"
    assert narrative.score_title("Calinski-Harabasz", 4321.4, [4000.0, 4001.0], 0) == (
        "Calinski-Harabasz 4,321 for the chosen grouping, 4,000 without groups"
    )
    assert narrative.score_title("Davies-Bouldin", 0.814, [], 2) == "Davies-Bouldin 0.81 for the chosen grouping"
    assert narrative.map_title(4, [0.7, 0.21]) == "The 4 groups on a map that shows 91% of the variance"
    assert narrative.agreement_title(pd.Series([0.91, 0.5])) == (
        "The runners-up agree with the chosen grouping by 0.50 to 0.91"
    )
    assert narrative.bic_title(pd.Series({3: 9.0, 4: 7.0})) == (
        "The mixture's BIC is lowest at 4 components, the most that were tried"
    )
    assert narrative.bic_title(pd.Series({3: 7.0, 4: 9.0})) == "The mixture's BIC is lowest at 3 components"


@pytest.mark.parametrize(("low", "flatters"), [(0.9, True), (0.6, False)])
def test_stability_in_time_is_set_beside_that_of_bootstrap_samples(low, flatters):
    refits = pd.DataFrame({"agreement": [0.5, 0.9]})
    told = narrative.in_time(refits, pd.Series({"stability": 0.95, "stability_low": low}))
    assert told.startswith(
        "Groupings made by the same recipe on 2 earlier days agree with it about the same customers by 0.70 on average "
        "(0.50 to 0.90); bootstrap refits by 0.95. "
    )
    assert ("flatters" in told) == flatters
