import json
from pathlib import Path

import pytest
from toy_series import notebook, params

from patrons.series.declarations import ParamsError, declared
from patrons.series.params import load
from patrons.series.schema import schema

ROOT = Path(__file__).parents[2]
CELL = """k_max: int = 10  # largest number of groups [2, 30]
share: float = 0.2  # share of rows held out [0, 1]
linkage: str = "ward"  # rule that joins groups {ward, average}
as_of: str = ""  # last day
days: list[int] = [30, 90]  # windows, days [1, inf]
columns: dict[str, str] = {"order_id": "InvoiceNo"}  # our names -> the source's
simulated: bool = True  # whether the data is made up
"""


@pytest.fixture
def notebooks(tmp_path):
    notebook(tmp_path, "03_groups", parameters=CELL)
    notebook(tmp_path, "04_labels", parameters="low: float = 0.1  # no range\n")
    return tmp_path / "notebooks"


def given(notebooks, text, *overrides):
    return load(params(notebooks.parent, text), notebooks, overrides)["03_groups"]


def problems(notebooks, text, *overrides):
    with pytest.raises(ParamsError) as error:
        given(notebooks, text, *overrides)
    return str(error.value)


def test_a_declaration_gives_type_default_meaning_range_and_choices(notebooks):
    parameters = declared(notebooks / "03_groups.ipynb")
    assert list(parameters) == ["folder", "k_max", "share", "linkage", "as_of", "days", "columns", "simulated"]
    k_max = parameters["k_max"]
    assert (k_max.type, k_max.default, k_max.low, k_max.high) == ("int", 10, 2.0, 30.0)
    assert k_max.meaning == "largest number of groups"
    assert parameters["linkage"].choices == ("ward", "average")
    assert parameters["columns"].default == {"order_id": "InvoiceNo"}
    assert parameters["days"].high == float("inf")


def test_an_empty_file_gives_the_defaults_without_the_runners_own(notebooks):
    assert given(notebooks, "") == {
        "k_max": 10,
        "share": 0.2,
        "linkage": "ward",
        "as_of": "",
        "days": [30, 90],
        "columns": {"order_id": "InvoiceNo"},
        "simulated": True,
    }


def test_the_file_overrides_defaults_and_set_overrides_the_file(notebooks):
    text = "03_groups:\n  k_max: 5\n  linkage: average\n"
    for section in ("03", "3", "groups", "03_groups"):
        values = given(notebooks, text, f"{section}.k_max=7")
        assert (values["k_max"], values["linkage"], values["share"]) == (7, "average", 0.2)


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("share: 1", "share", 1.0),
        ("share: 1e-3", "share", 0.001),
        ("as_of: 2024-01-21", "as_of", "2024-01-21"),
        ("days: [7]", "days", [7]),
        ("columns: {a: b}", "columns", {"a": "b"}),
    ],
)
def test_a_value_is_taken_as_the_declared_type(notebooks, line, name, value):
    converted = given(notebooks, f"03_groups:\n  {line}\n")[name]
    assert converted == value
    assert type(converted) is type(value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("k_max: 40", "03_groups.k_max: 40 is outside [2, 30] (largest number of groups)"),
        ("k_max: 2.5", "03_groups.k_max: 2.5 is not int"),
        ("k_max: true", "03_groups.k_max: True is not int"),
        ("k_max:", "03_groups.k_max: None is not int"),
        ("share: .nan", "03_groups.share: nan is outside [0, 1]"),
        ("linkage: single", "'single' is not one of ward, average"),
        ("as_of: 2024", "2024 is not str (quote it to make it text)"),
        ("days: 30", "30 is not list[int]"),
        ("days: [30, 0]", "0 is outside [1, inf]"),
        ("columns: {1: a}", "1 is not str as a key"),
        ("simulated: 1", "1 is not bool"),
        ("kmax: 3", "03_groups has no parameter 'kmax'; did you mean 'k_max'?"),
        ("folder: elsewhere", "03_groups.folder is set by the runner: remove it"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(notebooks, line, message):
    assert message in problems(notebooks, f"03_groups:\n  {line}\n")


def test_all_problems_are_told_at_once(notebooks):
    text = "03_groups:\n  k_max: 1\n  zzzz: 1\n04_label: {}\n3: {}\n04_labels: 7\n"
    lines = problems(notebooks, text, "09.k=1", "k_max=3", "3.share=2").splitlines()
    assert [line for line in lines if line.startswith("  - ")] == [
        "  - no notebook '04_label'; did you mean '04_labels'?",
        "  - no notebook 3; did you mean '03_groups'?",
        "  - 04_labels holds 7 where `name: value` lines belong",
        "  - --set 09.k=1: no notebook '09'; there is: 03_groups, 04_labels",
        "  - --set k_max=3: not of the form section.name=value, such as 03.k_max=12",
        "  - 03_groups.k_max: 1 is outside [2, 30] (largest number of groups)",
        "  - 03_groups has no parameter 'zzzz'; there is: k_max, share, linkage, as_of, days, columns, simulated",
        "  - 03_groups.share: 2.0 is outside [0, 1] (share of rows held out)",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("03_groups: {k_max: 1, k_max: 2}", "at line 1, column 23: 'k_max' stands twice"),
        ("03_groups:\n  - [", "is not valid YAML at line 2"),
        ("- a\n- b\n", "holds list, not a section for each notebook"),
    ],
)
def test_yaml_that_cannot_be_used_is_named_with_its_place(notebooks, text, message):
    assert message in problems(notebooks, text)


def test_a_missing_file_lists_those_that_are_there(notebooks):
    params(notebooks.parent, name="shop")
    with pytest.raises(ParamsError, match=r"no .*other\.yaml.*: shop\."):
        load(notebooks.parent / "params" / "other.yaml", notebooks)


@pytest.mark.parametrize(
    "line",
    ["k: int = 3  # k = 3 is usual", "k: int = 'three'", "k: set = 3", "k: int = 3  # [1, x]", "k: int = 1  # [2, 3]"],
)
def test_a_declaration_that_cannot_be_understood_is_an_error(tmp_path, line):
    with pytest.raises(ParamsError, match=r"01_a\.ipynb.* k|'k'"):
        declared(notebook(tmp_path, "01_a", parameters=line))


def test_the_schema_says_what_the_declarations_say(notebooks):
    section = schema(notebooks)["properties"]["03_groups"]
    assert "folder" not in section["properties"]
    assert section["properties"]["k_max"] == {
        "type": "integer",
        "minimum": 2.0,
        "maximum": 30.0,
        "description": "largest number of groups [2, 30]",
        "default": 10,
    }
    assert section["properties"]["days"]["items"] == {"type": "integer", "minimum": 1.0}
    assert section["properties"]["linkage"]["enum"] == ["ward", "average"]
    assert section["additionalProperties"] is False


def test_the_schema_in_the_repository_is_current():
    kept = json.loads((ROOT / "params" / "schema.json").read_text(encoding="utf-8"))
    assert kept == schema(ROOT / "notebooks"), "Run `patrons params --write-schema`."


@pytest.mark.parametrize("path", sorted((ROOT / "params").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_params_file_fits_the_notebooks_and_names_the_schema(path):
    assert load(path, ROOT / "notebooks")
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=schema.json\n")


SPACE = "boosting: dict[str, list[float]] = {}  # settings to try instead of the usual {spaces.boosting}\n"


@pytest.fixture
def searching(tmp_path):
    notebook(tmp_path, "03_groups", parameters=SPACE)
    return tmp_path / "notebooks"


def test_a_space_of_settings_is_overridden_by_name(searching):
    assert given(searching, "03_groups: {boosting: {depth: [3, 4]}}") == {"boosting": {"depth": [3.0, 4.0]}}
    assert given(searching, "") == {"boosting": {}}


def test_names_and_ranges_of_a_space_are_checked_before_anything_runs(searching):
    assert "no setting 'dept'; did you mean 'depth'" in problems(searching, "03_groups: {boosting: {dept: [3]}}")
    assert "depth: 40 is outside [1, 12]" in problems(searching, "03_groups: {boosting: {depth: [3, 40]}}")
    assert "depth needs at least one value" in problems(searching, "03_groups: {boosting: {depth: []}}")


def test_the_schema_knows_the_settings_of_a_space_with_their_ranges(searching):
    space = schema(searching)["properties"]["03_groups"]["properties"]["boosting"]
    assert space["additionalProperties"] is False
    assert space["properties"]["depth"]["items"] == {"type": "number", "minimum": 1, "maximum": 12}
    assert space["properties"]["depth"]["default"] == [2, 3, 4, 5, 6, 8]
