"""The lengths that MLflow limits: what is longer is cut, and ends in …, rather than losing the run.

Its validation refuses longer ones, or the database behind a server does. What is limited and cannot be reached is not
here: names of experiments and of models are names of params files, which the file system limits first.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

LONGEST_RUN_NAME = 250
LONGEST_PARAMETER = 6000
LONGEST_TAG = 5000
LONGEST_DATASET_NAME = 500
LONGEST_DIGEST = 36
LONGEST_SOURCE = 10_000  # of 65,535, as JSON writes up to six characters for one
BATCH = 100  # parameters or metrics a request

Item = TypeVar("Item")


def cut(text: str, longest: int) -> str:
    """The text, its end replaced by … where it is longer."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def run_name(text: str) -> str:
    return cut(text, LONGEST_RUN_NAME)


def parameter(text: str) -> str:
    return cut(text, LONGEST_PARAMETER)


def tags(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: cut(text, LONGEST_TAG) for name, text in texts.items()}


def dataset_name(text: str) -> str:
    return cut(text, LONGEST_DATASET_NAME)


def digest(text: str) -> str:
    """The first characters alone, which still are a digest."""
    return text[:LONGEST_DIGEST]


def source(text: str) -> str:
    return cut(text, LONGEST_SOURCE)


def entry(values: Mapping[str, Any]) -> str:
    """An entry of a registry's log, as JSON; of gates that are too many for it the last are counted only."""
    failed, text = list(values.get("failed", [])), json.dumps(values, ensure_ascii=False)
    while len(text) > LONGEST_TAG and failed:
        failed.pop()
        told = [*failed, f"and {len(values['failed']) - len(failed)} more"]
        text = json.dumps({**values, "failed": told}, ensure_ascii=False)
    return text


def batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    """The items in as many parts as MLflow takes at a time."""
    for begin in range(0, len(items), BATCH):
        yield list(items[begin : begin + BATCH])
