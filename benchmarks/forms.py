"""What does a kept library do as exactly as our fast forms? The forest and the boosted trees of a churn model.

    PYTHONPATH=src python benchmarks/forms.py data/processed/demo/06_churn/churn.skops
    PYTHONPATH=src:../others/lib/python3.11/site-packages python benchmarks/forms.py ...

With the second command treelite and ONNX Runtime, which the project does not need, are measured as well: `pip install
treelite onnx onnxruntime` has put them into a virtual environment `../others`. Processor time of one thread, in µs.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from patrons.models import load_model
from patrons.scoring.fast import models, trees

ROWS, TIMES = 2000, 400
Form = tuple[str, Callable[[np.ndarray], np.ndarray], bool]  # its name, the probability of class 1, takes a table


def main() -> None:
    """Print a Markdown table."""
    line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("model", type=Path, help="churn.skops, beside it churn.sample.parquet")
    path = line.parse_args().model
    model, sample = load_model(path), pd.read_parquet(path.with_suffix(".sample.parquet"))
    some = sample.sample(ROWS, replace=True, random_state=0)
    x = np.ascontiguousarray(model[:-1].transform(some), dtype=float)
    print("| | one row | of a table | largest difference |\n|:--|--:|--:|--:|")
    for member, (first, last) in zip(model[-1].members_, model[-1].views_, strict=True):
        found = {"RandomForestClassifier": of_forest, "XGBClassifier": of_boosted}.get(type(member).__name__)
        if found:
            seen = np.ascontiguousarray(x[:, first:last])
            exact = member.predict_proba(seen)[:, 1]
            for name, answer, takes_table in found(member):
                show(name, answer, takes_table, seen, exact)


def show(name: str, answer: Callable[[np.ndarray], np.ndarray], takes_table: bool, x: np.ndarray, exact: Any) -> None:
    """One row of the table: a row at a time, all rows at once, and how far answers are from the model's own."""
    rows = [x[[n]] for n in range(TIMES)]
    answers = np.concatenate([np.atleast_1d(answer(row)) for row in rows])
    alone = min(spent(lambda: [answer(row) for row in rows]) for _ in range(5)) / TIMES
    table = f"{min(spent(lambda: answer(x)) for _ in range(5)) / ROWS:.1f}" if takes_table else ""
    print(f"| {name} | {alone:,.0f} | {table} | {np.abs(answers - exact[:TIMES]).max():.2g} |", flush=True)


def spent(work: Callable[[], Any]) -> float:
    """Microseconds of processor time."""
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1e6


def of_forest(model: Any) -> Iterator[Form]:
    """A forest of scikit-learn."""
    ours = trees.Forest(model.estimators_)
    model.set_params(n_jobs=1)
    yield f"forest of {len(model.estimators_)} trees: ours", lambda row: ours.probabilities(row[0])[1], False
    yield "scikit-learn", lambda rows: model.predict_proba(rows)[:, 1], True
    if find_spec("treelite"):
        import treelite

        read = treelite.sklearn.import_model(model)
        yield "treelite", lambda rows: treelite.gtil.predict(read, rows, nthread=1)[:, 0, 1], True
    if find_spec("onnxruntime") and find_spec("onnx"):
        run = onnx_session([tree.tree_ for tree in model.estimators_], model.n_features_in_)
        # scikit-learn compares values in single precision with limits in double precision
        yield "ONNX Runtime", lambda rows: run(rows.astype(np.float32).astype(float)), True


def of_boosted(model: Any) -> Iterator[Form]:
    """Boosted trees of XGBoost."""
    ours, booster = models.last(model), model.get_booster()
    booster.set_param({"nthread": 1})
    yield f"{booster.num_boosted_rounds()} boosted trees: ours", lambda row: ours(row[0])[1], False
    yield "XGBoost's `inplace_predict`", booster.inplace_predict, True
    yield "XGBoost's `predict_proba`", lambda rows: model.predict_proba(rows)[:, 1], True
    if find_spec("treelite"):
        import treelite

        read = treelite.frontend.from_xgboost(booster)
        yield "treelite", lambda rows: treelite.gtil.predict(read, rows.astype(np.float32), nthread=1)[:, 0, 0], True


def onnx_session(fitted: list[Any], columns: int) -> Callable[[np.ndarray], np.ndarray]:
    """The mean of trees as ONNX's tree ensemble in double precision, written node by node."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    inner = np.concatenate([tree.children_left >= 0 for tree in fitted])
    starts = np.cumsum([0, *(tree.node_count for tree in fitted)])[:-1]
    number = np.where(inner, inner.cumsum(), (~inner).cumsum()) - 1  # among inner nodes, or among leaves

    def of_nodes(name: str, which: np.ndarray, of_tree: bool = False) -> np.ndarray:
        moved = [getattr(tree, name) + of_tree * start for tree, start in zip(fitted, starts, strict=True)]
        return np.concatenate(moved)[which]

    left, right = of_nodes("children_left", inner, of_tree=True), of_nodes("children_right", inner, of_tree=True)
    shares = of_nodes("value", ~inner)[:, 0, :]
    node = helper.make_node(
        "TreeEnsemble",
        ["x"],
        ["y"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function=0,  # the mean, of targets that are given
        tree_roots=number[starts].tolist(),
        nodes_featureids=of_nodes("feature", inner).tolist(),
        nodes_splits=numpy_helper.from_array(of_nodes("threshold", inner)),
        nodes_modes=numpy_helper.from_array(np.zeros(inner.sum(), np.uint8)),  # x <= split
        nodes_missing_value_tracks_true=of_nodes("missing_go_to_left", inner).astype(int).tolist(),
        nodes_truenodeids=number[left].tolist(),
        nodes_trueleafs=(~inner[left]).astype(int).tolist(),
        nodes_falsenodeids=number[right].tolist(),
        nodes_falseleafs=(~inner[right]).astype(int).tolist(),
        leaf_targetids=[0] * int((~inner).sum()),
        leaf_weights=numpy_helper.from_array(shares[:, 1] / shares.sum(axis=1)),
    )
    names = {"x": columns, "y": 1}
    x, y = (helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, many]) for name, many in names.items())
    operators = [helper.make_opsetid("ai.onnx.ml", 5), helper.make_opsetid("", 21)]
    model = helper.make_model(helper.make_graph([node], "forest", [x], [y]), opset_imports=operators, ir_version=10)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda rows: session.run(None, {"x": rows})[0][:, 0]


if __name__ == "__main__":
    main()
