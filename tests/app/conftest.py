"""What tests of the app leave as it was."""

import sys

import pytest


@pytest.fixture(autouse=True)
def main_module():
    """Streamlit puts the app's script in the place of the main module, which new processes would then run."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before
