"""One thread for sums: those of several threads differ in the last digits, and so would the models made of them."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

Result = TypeVar("Result")
one_thread = threadpool_limits.wrap(limits=1, user_api="blas")  # a decorator


@one_thread
def side_by_side(function: Callable[..., Result], calls: Iterable[tuple[Any, ...]]) -> list[Result]:
    """What a function gives for each tuple of arguments, in their order: calls of one thread each, on all cores.

    They are started in a shuffled order: fits that hold Python's lock, such as a neural network's, then run beside
    others rather than beside each other.
    """
    calls = list(calls)
    order = np.random.default_rng(0).permutation(len(calls))
    results = Parallel(n_jobs=-1, prefer="threads")(delayed(function)(*calls[n]) for n in order)
    return [results[n] for n in np.argsort(order)]
