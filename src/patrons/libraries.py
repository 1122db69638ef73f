"""The libraries that results are made with: which are installed, and whether models made with others may be used.

The rule for a release that was made in another environment, such as on another Python, stands here and nowhere else:

- scikit-learn, XGBoost, numpy and Patrons itself are compared. Python and the other libraries are only recorded.
- Where all four are the same, the release is used.
- Where one differs in its minor version or in a patch, the release is used if its golden customers get the answers
  that they got where it was made (`Scorer.load` checks them). Environments of different Pythons may differ so: XGBoost
  from 3.3 on needs Python 3.12, and it reads the trees that earlier versions wrote.
- Where one differs in its major version or is not installed, the release is refused.
"""

import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from patrons import __version__

XGBOOST = ("xgboost-cpu", "xgboost")  # the same library under two names: macOS has wheels of the second only
OF_MODELS = ("scikit-learn", *XGBOOST, "numpy", "scipy", "pandas", "skops")
COMPARED = ("scikit-learn", "xgboost", "numpy", "patrons")


class Difference(NamedTuple):
    """A library that is not here as it was where a release was made.

    Attributes
    ----------
    library : str
    made_with : str
        The version there.
    here : str
        The version here, "none" where it is not installed.
    """

    library: str
    made_with: str
    here: str

    @property
    def is_major(self) -> bool:
        """Whether models cannot be used, whatever they answer."""
        return self.made_with.split(".")[0] != self.here.split(".")[0]

    def __str__(self) -> str:
        return f"made with {self.library} {self.made_with}, and here is {self.here}"


def installed(distributions: Iterable[str]) -> dict[str, str]:
    """The versions of those that are installed."""
    versions = {}
    for name in distributions:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def by_library(versions: Mapping[str, str]) -> dict[str, str]:
    """Versions with XGBoost under one name, whichever distribution it comes from."""
    return {"xgboost" if name in XGBOOST else name: number for name, number in versions.items()}


def requirements(distributions: Iterable[str]) -> list[str]:
    """Those that are installed as requirements of exact versions, such as ``numpy==2.4.6``."""
    return [f"{name}=={number}" for name, number in installed(distributions).items()]


def versions() -> dict[str, str]:
    """Python (major and minor), Patrons, and the libraries that models are made of, as they are here."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"python": python, "patrons": __version__, **installed(OF_MODELS)}


def differences(made_with: Mapping[str, str]) -> list[Difference]:
    """What `COMPARED` libraries are here in other versions than those recorded, by the rule above."""
    there, here = by_library(made_with), by_library(versions())
    return [
        Difference(name, there[name], here.get(name, "none"))
        for name in COMPARED
        if name in there and there[name] != here.get(name)
    ]
