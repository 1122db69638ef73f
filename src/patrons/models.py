"""Models as skops files: written with the types they hold listed, read only when each of those is known."""

from pathlib import Path
from typing import Any

import skops.io

from patrons.files import whole

# Types that skops does not trust by itself and that our models are made of.
TRUSTED = (
    "numpy.dtype",
    "patrons.preparation.IQRClipper",
    "patrons.selection.Assembler",
    "patrons.selection.CorrelationFilter",
    "patrons.selection.TopFeatures",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.tree._tree.Tree",
)


class ModelError(ValueError):
    """A model file that cannot be used as it is."""


def save_model(path: Path, model: Any) -> Path:
    """Write a fitted estimator; refuse one that `load_model` would refuse."""
    with whole(path) as partial:
        skops.io.dump(model, partial)
        _refuse_unknown_types(partial, path.name)
    return path


def load_model(path: Path) -> Any:
    """Read a fitted estimator; nothing in the file is run, and a type that is not listed is an error."""
    if not path.exists():
        raise ModelError(f"No model at {path}. Run the notebook that writes it: python run_all.py --list shows which.")
    _refuse_unknown_types(path, path.name)
    return skops.io.load(path, trusted=list(TRUSTED))


def _refuse_unknown_types(path: Path, name: str) -> None:
    unknown = sorted(set(skops.io.get_untrusted_types(file=path)) - set(TRUSTED))
    if unknown:
        raise ModelError(
            f"{name} holds types that are not on the list of trusted ones: {', '.join(unknown)}. "
            "Add a type to TRUSTED in patrons/models.py only if you know where the file comes from."
        )
