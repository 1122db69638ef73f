"""Words of the field that a page explains: where they are first used, and in the sense that they have there."""

import re

import pytest

from patrons.reports.glossary import TERMS
from patrons.reports.terms import explained, listed


def test_words_of_the_field_are_explained_once_where_they_are_first_used():
    body, found = explained("<h2>ROC AUC</h2><p>The ROC AUC and the ROC AUC.</p>", "6")
    told = [term.name for term in listed(found, [{"text": "A warning.", "lines": []}], "6")]
    assert told == ["ROC AUC", "Warning"]
    assert body.count('href="#word-roc-auc"') == 1
    assert body.startswith('<h2>ROC AUC</h2><p>The <a class="term"')


@pytest.mark.parametrize(
    ("text", "page", "name"),
    [
        ("A few large orders lift the mean.", "1", None),
        ("The lift is 2.4.", "6", "Lift"),
        ("A threshold that neither model had seen.", "5", None),
        ("The threshold is 29%.", "6", "Threshold"),
        ("The customers held out played no part in it.", "5", "Kept out"),
        ("108 are held out.", "7", "Held out"),
        ("XGBoost is better (macro-F1 +0.008).", "5", "Macro-F1"),
        ("The F1 is 0.6.", "8", "F1"),
    ],
)
def test_a_word_is_explained_in_the_sense_that_it_has_on_the_page(text, page, name):
    assert explained(f"<p>{text}</p>", page)[1] == ([name] if name else [])
    told = [term.name for term in listed([], [{"text": text, "lines": []}], page)]
    assert told == ([name] if name else [])


def test_a_page_without_a_number_explains_only_what_has_one_sense():
    assert explained("<p>The lift, held out, and the ROC AUC.</p>", "")[1] == ["ROC AUC"]


def test_no_word_has_two_senses_on_one_page():
    for page in "12345678":
        words = [word for word in TERMS.values() if page in word.pages or not word.pages]
        for phrase in ("held out", "kept out", "threshold", "lift", "recall", "precision"):
            assert sum(bool(re.search(word.pattern, phrase)) for word in words) <= 1
