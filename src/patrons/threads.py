"""One thread for sums: those of several threads differ in the last digits, and so would the models made of them."""

from collections.abc import Callable, Iterable

from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

one_thread = threadpool_limits.wrap(limits=1, user_api="blas")  # a decorator


def side_by_side(function: Callable, calls: Iterable[tuple]) -> list:
    """What a function gives for each tuple of arguments, in their order: calls of one thread each, on all cores."""
    return Parallel(n_jobs=-1, prefer="threads")(delayed(function)(*call) for call in calls)
