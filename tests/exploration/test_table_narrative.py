"""The sentences on a customer table, written out."""

import pandas as pd

from patrons.exploration import table_narrative as narrative
from patrons.intake.ages import Ages


def test_the_contract_is_kept_or_says_what_breaks_it():
    assert narrative.contract([]) == "The quality contract is kept."
    assert narrative.contract(["12 customers are left", "one outcome has 3 customers"]) == (
        "The quality contract is broken: 12 customers are left; one outcome has 3 customers."
    )


def test_customers_who_are_the_same_stay_together():
    assert narrative.duplicates(22) == (
        "22 rows repeat another one in everything but the id. They are kept, and such customers are never split "
        "between training and test, so that no model is tested on a copy of what it learnt."
    )
    assert narrative.duplicates(1).startswith("1 row repeats another one")
    assert narrative.duplicates(0) == "No two customers are the same in everything but the id."


def test_which_columns_go_on():
    assert narrative.columns(["age", "fee"], ["plan"], ["Id", "Surname"]) == (
        "2 numerical and 1 categorical columns go on. Set aside: Id, Surname."
    )
    assert narrative.columns(["age"], [], []) == "1 numerical and 0 categorical columns go on. None is set aside."


def test_columns_that_look_as_if_written_afterwards():
    assert narrative.leaks([]) == ("No column alone tells who churned: none looks as if it was written after the fact.")
    assert narrative.leaks(["Reason"]) == (
        "Reason tells alone who churned, as only what is written after the fact does. Ask where it comes from; "
        "what was known before goes into `confirmed`."
    )
    assert narrative.leaks(["Reason", "Closed"]) == (
        "Reason and Closed each tell alone who churned, as only what is written after the fact does. Ask where they "
        "come from; what was known before goes into `confirmed`."
    )


def test_who_counts_as_churned():
    assert narrative.outcome(pd.Series([1] * 265 + [0] * 735), "Churn", "Yes") == (
        "26.5% of customers churned: Churn is Yes for 265 of 1,000."
    )


def columns(*rows: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["column", "kind", "missing"])


def test_the_attribute_with_the_most_gaps_is_one_that_goes_on():
    table = columns(("Id", "", 0.5), ("fee", "numerical", 0.002), ("plan", "categorical", 0.001))
    assert narrative.missing(table) == "fee has the most gaps: it is missing for 0.2% of customers."


def test_no_attribute_has_a_gap():
    assert narrative.missing(columns(("Id", "", 0.5), ("fee", "numerical", 0.0))) == (
        "Every customer has a value in every attribute."
    )


def test_what_tells_most_and_what_next_to_nothing():
    auc = pd.Series({"Contract": 0.74, "tenure": 0.73, "fee": 0.6, "gender": 0.51, "phone": 0.5})
    finding = narrative.alone(auc)
    assert finding.title == "Contract alone ranks 74% of pairs right"
    assert finding.text == (
        "Taken alone, Contract, tenure and fee tell most about who churns. Next to nothing: gender, phone."
    )


def test_a_table_of_one_attribute():
    assert narrative.alone(pd.Series({"fee": 0.6})).text == "Taken alone, fee tells most about who churns."


def test_churn_is_highest_where_the_interval_begins_highest():
    # the highest rate is of ten customers, and its interval begins lower
    rates = pd.DataFrame(
        [("plan", "z", 10, 6, 0.6, 0.31, 0.83), ("tenure", "0 to 9", 1_854, 927, 0.5, 0.48, 0.52)],
        columns=["attribute", "value", "customers", "churned", "rate", "low", "high"],
    )
    finding = narrative.churn_rates(rates, 0.265, attributes=19)
    assert finding.title == "50% churn where tenure is 0 to 9"
    assert finding.text == (
        "50% churn where tenure is 0 to 9, against 26% of all customers (95% interval 47% to 53%, 1,854 customers; it "
        "allows for being picked from about 19). "
        "That they go together does not mean that one causes the other."
    )


def answers(**values):
    table = pd.DataFrame({"value": list(values), "customers": list(values.values())})
    return table.assign(share=table.customers / table.customers.sum(), churned=table.value == "Churned")


def test_a_label_of_which_most_churned_is_doubted():
    [doubt] = narrative.doubts_of_outcome(answers(Churned=84, Stayed=16), "State", "Churned", 0)
    assert doubt == "84% churned; the value of State that means so is Churned: is it?"


def test_what_other_values_of_a_label_count_as_is_said():
    [doubt] = narrative.doubts_of_outcome(answers(Churned=19, Stayed=77, Joined=4), "State", "Churned", 0)
    assert doubt == "Stayed (77) and Joined (4) count as stayed. List in `undecided` what says nothing yet."


def test_customers_without_an_outcome_are_counted():
    [doubt] = narrative.doubts_of_outcome(answers(Churned=19, Stayed=77), "State", "Churned", 43)
    assert doubt == "43 customers have no outcome. They are scored, and nothing is learnt from them."


def test_a_label_of_two_values_of_which_few_churned_is_not_doubted():
    assert narrative.doubts_of_outcome(answers(Churned=19, Stayed=77), "State", "Churned", 0) == []


def test_a_few_negative_values_are_odd():
    numbers = pd.DataFrame({"Charge": [-5.0, *[9.0] * 99], "Balance": [-1.0] * 50 + [1.0] * 50, "Age": [30.0] * 100})
    assert narrative.odd(numbers) == (
        "A few values are below 0 where nearly all are not: Charge (1 values). They are kept; are they credits, or "
        "errors?"
    )
    assert narrative.odd(numbers[["Balance", "Age"]]) == ""


def test_dates_are_told_with_the_day_that_they_are_counted_back_from():
    assert narrative.ages(Ages({"Joined": ["%Y-%m-%d"]}, "2024-03-02")) == (
        "Joined is a date: models see how many days it lies before 2024-03-02, the latest day in the table, and so "
        "will those who are scored later."
    )
    assert narrative.ages(Ages({"a": [], "b": []}, "2024-03-02")).startswith("a and b are dates: models see how many")
