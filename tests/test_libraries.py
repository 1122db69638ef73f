"""Which libraries are compared, and what a difference means."""

import platform

import pytest

from patrons import __version__, libraries
from patrons.libraries import COMPARED, Difference, by_library, differences, installed, requirements, versions


@pytest.fixture
def here(monkeypatch) -> dict[str, str]:
    """Some versions that stand in for those of this environment."""
    stated = {"python": "3.12", "patrons": "0.1.0", "scikit-learn": "1.9.1", "xgboost-cpu": "3.4.1", "numpy": "2.4.6"}
    monkeypatch.setattr(libraries, "versions", lambda: stated)
    return stated


def test_what_is_installed_is_recorded_with_python_and_patrons():
    recorded = versions()
    assert recorded["python"] == ".".join(platform.python_version().split(".")[:2])
    assert recorded["patrons"] == __version__
    assert set(COMPARED) <= set(by_library(recorded))
    assert len({"xgboost", "xgboost-cpu"} & set(recorded)) == 1


def test_a_library_that_is_not_installed_is_left_out():
    assert installed(["numpy", "no-such-library"]) == {"numpy": installed(["numpy"])["numpy"]}
    assert requirements(["no-such-library", "numpy"]) == [f"numpy=={installed(['numpy'])['numpy']}"]


def test_the_same_versions_do_not_differ(here):
    assert differences(here) == []


@pytest.mark.parametrize("library", ["python", "pandas", "scipy", "skops"])
def test_a_library_that_is_only_recorded_is_not_compared(here, library):
    assert differences(here | {library: "0.1"}) == []


def test_xgboost_is_one_library_whichever_distribution_it_comes_from(here):
    elsewhere = {**here, "xgboost": here["xgboost-cpu"]}
    del elsewhere["xgboost-cpu"]
    assert differences(elsewhere) == []
    assert differences(elsewhere | {"xgboost": "3.2.0"}) == [Difference("xgboost", "3.2.0", "3.4.1")]


@pytest.mark.parametrize(
    ("made_with", "here", "major"),
    [("3.2.0", "3.4.1", False), ("3.4.1", "3.2.0", False), ("2.1.4", "3.2.0", True), ("3.2.0", "none", True)],
)
def test_a_difference_is_major_where_the_first_number_differs(made_with, here, major):
    difference = Difference("xgboost", made_with, here)
    assert difference.is_major is major
    assert str(difference) == f"made with xgboost {made_with}, and here is {here}"


def test_a_library_that_is_not_here_is_a_major_difference(here):
    made_with = dict(here)
    del here["xgboost-cpu"]
    assert differences(made_with) == [Difference("xgboost", "3.4.1", "none")]
    assert differences(made_with)[0].is_major
