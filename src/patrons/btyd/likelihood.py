"""Maximum likelihood within bounds, from several starts, with a report of how it went."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from threadpoolctl import threadpool_limits

Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]
STEP = 1e-4  # of a logarithm, to measure how sharp the maximum is
NEAR = 1e-3  # of a logarithm: a parameter so close to its bound lies on it
FLAT = 0.01  # curvature (standard error: ten logarithms) below which the data do not settle a direction
LEVEL = 1e-5  # gradient, as a share of the log-likelihood, that counts as none


@dataclass(frozen=True)
class Report:
    """How a search went.

    Attributes
    ----------
    parameters : tuple of float
        Where the likelihood is highest.
    log_likelihood : float
        There.
    converged : bool
        Whether the gradient is zero there, in the directions that no bound limits.
    agreed : int
        From how many of the `starts` the same log-likelihood was reached, to 0.01.
    starts : int
    at_bound : tuple of int
        Positions of the parameters that lie on a bound: the data do not settle them.
    covariance : array, shape (n, n)
        Of the logarithms of the parameters (inverse of the observed information); zero where one lies on a bound, and
        in a direction that the data do not settle.
    flat : bool
        Whether there is such a direction: other parameters explain the data as well.
    """

    parameters: tuple[float, ...]
    log_likelihood: float
    converged: bool
    agreed: int
    starts: int
    at_bound: tuple[int, ...]
    covariance: np.ndarray
    flat: bool = False

    @property
    def sound(self) -> bool:
        """Whether the parameters are settled by the data."""
        return self.converged and not self.at_bound and not self.flat and self.agreed > 1

    def draws(self, n: int, seed: int) -> np.ndarray:
        """Parameters as uncertain as the data leave them (delta method), one row a draw, shape (n, parameters)."""
        rng = np.random.default_rng(seed)
        return np.exp(rng.multivariate_normal(np.log(self.parameters), self.covariance, n, method="eigh"))


@threadpool_limits.wrap(limits=1, user_api="blas")  # threads for a handful of parameters cost ten times what they save
def maximise(objective: Objective, starts: Sequence[Sequence[float]], bound: float) -> Report:
    """The highest log-likelihood that is reached from any of the starts.

    Parameters
    ----------
    objective : callable
        From the logarithms of the parameters to the log-likelihood and its gradient.
    starts : sequence
        Parameters to start from.
    bound : float
        Logarithms lie between -bound and bound.
    """
    scale = max(abs(objective(np.log(starts[0]))[0]), 1.0)

    def loss(logs: np.ndarray) -> tuple[float, np.ndarray]:
        log_likelihood, gradient = objective(logs)
        return -log_likelihood / scale, -gradient / scale

    def descend(start: Sequence[float]) -> OptimizeResult:
        limits = [(-bound, bound)] * len(start)
        return minimize(
            loss,
            np.log(start),
            jac=True,
            method="L-BFGS-B",
            bounds=limits,
            options={"ftol": 1e-13, "gtol": 1e-8, "maxiter": 500},
        )

    results = [descend(start) for start in starts]
    best = min(results, key=lambda result: result.fun)
    at_bound = np.abs(best.x) > bound - NEAR
    covariance, flat = _covariance(objective, best.x, ~at_bound)
    return Report(
        parameters=tuple(float(value) for value in np.exp(best.x)),
        log_likelihood=float(-best.fun * scale),
        converged=bool(np.abs(objective(best.x)[1][~at_bound]).max(initial=0.0) <= LEVEL * scale),
        agreed=sum((result.fun - best.fun) * scale < 0.01 for result in results),
        starts=len(starts),
        at_bound=tuple(int(position) for position in np.flatnonzero(at_bound)),
        covariance=covariance,
        flat=flat,
    )


def _covariance(objective: Objective, maximum: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, bool]:
    """Inverse of the observed information in the free directions, no spread in flat ones; and whether one is flat."""
    steps = np.eye(len(maximum)) * STEP
    curvature = np.array([objective(maximum - step)[1] - objective(maximum + step)[1] for step in steps]) / (2 * STEP)
    information = ((curvature + curvature.T) / 2)[np.ix_(free, free)]
    covariance = np.zeros((len(maximum), len(maximum)))
    if not free.any():
        return covariance, False
    values, vectors = np.linalg.eigh(information)
    inverse = np.where(values > FLAT, 1 / np.maximum(values, FLAT), 0.0)
    covariance[np.ix_(free, free)] = (vectors * inverse) @ vectors.T
    return covariance, bool((values <= FLAT).any())
