"""The page of errors: every class has a cause and what to do, every message is as it is raised."""

from pathlib import Path

import pytest

import patrons
from patrons.cli.troubleshooting import REMEDIES, collected, page

PACKAGE = Path(patrons.__file__).parent
CODE = '''
class WrongError(ValueError):
    """A thing that is wrong.

    And more.
    """


def check(path, found):
    raise WrongError(f"{path} is wrong: {found}. Write it anew: {PATRONS} params *.yaml")


def again():
    raise WrongError(message)
'''


def test_messages_are_read_off_the_code_with_dots_for_what_differs(tmp_path):
    (tmp_path / "one.py").write_text(CODE)
    raised = collected(tmp_path)
    assert raised.causes == {"WrongError": "A thing that is wrong."}
    assert raised.messages == {"WrongError": [r"… is wrong: …. Write it anew: .venv/bin/patrons params \*.yaml"]}


def test_a_class_of_errors_without_a_remedy_is_no_page(tmp_path):
    (tmp_path / "one.py").write_text(CODE)
    with pytest.raises(KeyError, match="WrongError"):
        page(tmp_path)


def test_every_class_of_errors_says_its_cause():
    causes = collected(PACKAGE).causes
    assert {name for several in REMEDIES.values() for name in several} == set(causes)
    assert [name for name, cause in causes.items() if len(cause.split()) < 4] == []


def test_messages_that_users_get_are_on_the_page():
    text = page(PACKAGE)
    for message in (
        "… has column names but no rows. Export or download it again.",
        "… is no release: it has no …. Build one: .venv/bin/patrons models build NAME",
        "Another command is running on …: process …, since …. Wait for it, stop it, or use a copy of the params file",
    ):
        assert message in text
