"""Models as skops files: written with the types they hold listed, read only when each of those is known."""

import re
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from patrons.errors import RUN_ALL
from patrons.files import whole

# Types that skops does not trust by itself and that our models are made of.
TRUSTED = (
    "numpy.dtype",
    "patrons.segments.inputs.ByTypical",
    "patrons.segments.boosting.BoostedTrees",
    "patrons.churn.ensemble.BaseRate",
    "patrons.churn.ensemble.Calibrated",
    "patrons.churn.ensemble.Liblinear",
    "patrons.churn.ensemble.MeanOf",
    "patrons.churn.ensemble.Network",
    "patrons.features.missing.GapScaler",
    "patrons.features.missing.MissingFlags",
    "patrons.features.missing.NearestImputer",
    "patrons.features.missing.RegressionImputer",
    "patrons.features.preparation.IQRClipper",
    "patrons.features.preparation.SignedLog",
    "patrons.features.products.Products",
    "patrons.features.selection.Assembler",
    "patrons.features.selection.CorrelationFilter",
    "patrons.features.selection.TopFeatures",
    "patrons.value.spend_model.SpendModel",
    "sklearn.impute._iterative._ImputerTriplet",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRegressor",
)


SCHEMA = "schema.json"  # of a skops file
# where it names an object by its memory address, or a part by that or by chance
OBJECT = re.compile(r'(?<="__id__": )\d+|(?<="file": ")[\da-f-]+(?=\.)')


class ModelError(ValueError):
    """A model file that cannot be used as it is."""


def skops_io() -> ModuleType:
    """`skops.io`, which takes half a second to import, once there is a model to write or to read."""
    return import_module("skops.io")


def save_model(path: Path, model: Any) -> Path:
    """Write a fitted estimator; refuse one that `load_model` would refuse."""
    with whole(path) as partial:
        skops_io().dump(model, partial)
        _make_canonical(partial)
        _refuse_unknown_types(partial, path.name)
    return path


def _make_canonical(path: Path) -> None:
    """Number the objects of a skops file by their order, and leave out times: the same model gives the same bytes."""
    with ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    schema = parts.pop(SCHEMA).decode()
    numbers = {old: str(n) for n, old in enumerate(dict.fromkeys(OBJECT.findall(schema)))}
    with ZipFile(path, "w", ZIP_DEFLATED) as file:
        for name, content in parts.items():
            stem, dot, ending = name.partition(".")
            file.writestr(ZipInfo(numbers.get(stem, stem) + dot + ending), content, ZIP_DEFLATED)
        file.writestr(ZipInfo(SCHEMA), OBJECT.sub(lambda found: numbers[found[0]], schema), ZIP_DEFLATED)


def load_model(path: Path) -> Any:
    """Read a fitted estimator; nothing in the file is run, and a type that is not listed is an error."""
    if not path.exists():
        raise ModelError(f"No model at {path}. Run the notebook that writes it: {RUN_ALL} --list shows which.")
    _refuse_unknown_types(path, path.name)
    return skops_io().load(path, trusted=list(TRUSTED))


def _refuse_unknown_types(path: Path, name: str) -> None:
    unknown = sorted(set(skops_io().get_untrusted_types(file=path)) - set(TRUSTED))
    if unknown:
        raise ModelError(
            f"{name} holds types that are not on the list of trusted ones: {', '.join(unknown)}. "
            "Add a type to TRUSTED in patrons/models.py only if you know where the file comes from."
        )
