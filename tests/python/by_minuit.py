"""Minima by iminuit, for the scripts that hold fits against them."""

import iminuit
import numpy as np


def minimum(f, origin, directions, start):
    """Where f is least, begun so many steps off in each of the directions; and new directions, of one
    standard deviation each and not correlated."""
    count = directions.shape[1]
    minuit = iminuit.Minuit(lambda z: f(origin + directions @ np.array(z)), np.full(count, start))
    minuit.errordef, minuit.strategy, minuit.tol = 1, 2, 1e-5
    minuit.errors = np.ones(count)
    minuit.migrad(ncall=100000)
    minuit.hesse()
    assert minuit.valid and minuit.accurate, minuit
    root = np.linalg.cholesky(np.array(minuit.covariance))
    return origin + directions @ np.array(minuit.values), directions @ root


def two_deviances(counts, mu):
    """-2 ln L of counts beside what is expected, up to a constant; large where that is not positive."""
    with np.errstate(all="ignore"):
        filled = counts > 0
        terms = mu - counts
        terms[filled] += counts[filled] * np.log(counts[filled] / mu[filled])
    return 2 * terms.sum() if np.all(mu > 0) else 1e12
