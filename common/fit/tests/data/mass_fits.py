"""Makes mass_fits.json: samples, and what iminuit finds in them.

    pip install iminuit==2.33.0 numpy scipy
    python mass_fits.py > mass_fits.json

Densities are integrated over bins by Gauss-Legendre's rule of 8 nodes, not by closed forms. iminuit
runs at strategy 2 and tolerance 1e-5, once more without limits, and once more without correlations,
because with its defaults it stops too far from the minimum to be compared with.
"""

import json
import sys

import iminuit
import numpy as np
from iminuit import Minuit
from scipy import special, stats

NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)


def gauss(x, mean, width):
    return np.exp(-0.5 * ((x - mean) / width) ** 2) / width


def crystal_ball(x, mean, width, alpha, n):
    t = (x - mean) / width
    tail = np.exp(-0.5 * alpha**2) * (1 - alpha / n * (np.minimum(t, -alpha) + alpha)) ** -n
    return np.where(t < -alpha, tail, np.exp(-0.5 * t * t))


def double_crystal_ball(x, mean, width, left, n_left, right, n_right):
    t = (x - mean) / width
    low = np.exp(-0.5 * left**2) * (1 - left / n_left * (np.minimum(t, -left) + left)) ** -n_left
    high = np.exp(-0.5 * right**2) * (1 + right / n_right * (np.maximum(t, right) - right)) ** -n_right
    return np.where(t < -left, low, np.where(t > right, high, np.exp(-0.5 * t * t)))


def voigt(x, mean, width, gamma):
    return special.voigt_profile(x - mean, width, gamma)


def johnson_su(x, mean, width, gamma, delta):
    return stats.johnsonsu.pdf(x, gamma, delta, mean, width)


def student(x, mean, width, nu):
    return stats.t.pdf(x, nu, mean, width)


def bifurcated_gauss(x, mean, left, right):
    return np.exp(-0.5 * ((x - mean) / np.where(x < mean, left, right)) ** 2)


def exponential(x, slope):
    return np.exp(slope * (x - 1.8))


def argus(x, endpoint, slope):
    u = np.clip(1 - (x / endpoint) ** 2, 0, None)
    return x * np.sqrt(u) * np.exp(slope * u)


def threshold(x, edge, power, slope):
    d = np.clip(x - edge, 0, None)
    return d**power * np.exp(slope * d)


class Range:
    def __init__(self, low, high, bins):
        self.low, self.high, self.bins = low, high, bins
        self.edges = np.linspace(low, high, bins + 1)
        half = 0.5 * np.diff(self.edges)[:, None]
        self.x = 0.5 * (self.edges[1:] + self.edges[:-1])[:, None] + half * NODES
        self.w = half * WEIGHTS

    def areas(self, f, *p):
        """The integrals over bins of a density that is normalised on the range."""
        areas = (f(self.x, *p) * self.w).sum(axis=1)
        return areas / areas.sum()

    def height(self, f, x, *p):
        return f(x, *p) / (f(self.x, *p) * self.w).sum()

    def chebychev(self, x, *c):
        t = 2 * (x - self.low) / (self.high - self.low) - 1
        return np.polynomial.chebyshev.chebval(t, (1, *c))

    def bernstein(self, x, *parts):
        t = (x - self.low) / (self.high - self.low)
        left, n = 1.0, len(parts)
        b = [0.0]
        for part in parts:
            b.append(left * part)
            left = left * (1 - part)
        b[0] = left
        return sum(b[i] * special.comb(n, i) * t**i * (1 - t) ** (n - i) for i in range(n + 1))


def minimum(f, start, limits, names):
    minuit = Minuit(f, start, name=names)
    minuit.errordef = 1
    minuit.strategy = 2
    minuit.tol = 1e-5
    for name, limit in zip(names, limits):
        minuit.limits[name] = limit
    minuit.migrad(ncall=100000)
    for name in names:
        minuit.limits[name] = None
    minuit.migrad(ncall=100000)
    minuit.hesse()
    # Once more in coordinates without correlations, where differences make better derivatives: on
    # the tail of a crystal ball the errors of the first time are off by 2 to 4 %.
    origin = np.array(minuit.values)
    root = np.linalg.cholesky(np.array(minuit.covariance))
    straight = Minuit(lambda z: f(origin + root @ np.array(z)), np.zeros(len(names)))
    straight.errordef, straight.strategy, straight.tol = 1, 2, 1e-5
    straight.errors = np.full(len(names), 1.0)
    straight.migrad(ncall=100000)
    straight.hesse()
    if not (minuit.valid and straight.accurate):
        sys.exit(f"no minimum: {minuit} {straight}")
    covariance = root @ np.array(straight.covariance) @ root.T
    values = origin + root @ np.array(straight.values)
    return {
        name: {"value": value, "error": row[index] ** 0.5, "covariance": list(row)}
        for index, (name, value, row) in enumerate(zip(names, values, covariance))
    }


def binned(name, on, components, rates, start, limits, counts, names):
    def two_nll(p):
        mu = rates(p)
        if not np.all(mu > 0):
            return 1e12
        filled = counts > 0
        logs = np.zeros(len(counts))
        logs[filled] = counts[filled] * np.log(counts[filled] / mu[filled])
        return 2 * np.sum(mu - counts + logs)

    found = minimum(two_nll, start, limits, names)
    return {
        "name": name,
        "range": [on.low, on.high],
        "components": components,
        "counts": [int(n) for n in counts],
        "parameters": found,
    }


def cases():
    random = np.random.default_rng(20261126)
    on = Range(1.80, 1.95, 300)
    wide = (1e-4, 0.05)

    def rates_a(p):
        signal, background, fraction, mean, width1, width2, c1, c2 = p
        core = fraction * on.areas(gauss, mean, width1) + (1 - fraction) * on.areas(gauss, mean, width2)
        return signal * core + background * on.areas(on.chebychev, c1, c2)

    start_a = [40000, 60000, 0.6, 1.865, 0.004, 0.01, -0.2, -0.05]
    limits_a = [(0, 2e5), (0, 2e5), (0, 1), (1.8, 1.95), wide, wide, (-1, 1), (-1, 1)]
    names_a = ["signal", "background", "signal_fraction", "mean", "width1", "width2", "background_c1", "background_c2"]
    counts_a = random.poisson(rates_a([40000, 60000, 0.65, 1.8648, 0.0045, 0.0095, -0.25, -0.06]))
    two = "gauss(mean, width1) + gauss(mean, width2)"
    yield binned("two gaussians", on, [["signal", two], ["background", "chebychev(2)"]], rates_a, start_a, limits_a, counts_a, names_a)

    def peak(case, density, shape, start, limits, names, counts=None, truth=None, background=None):
        text, f, p0, limit0, names0 = background or ("exponential", exponential, [-4.0], [(-30, 30)], ["background_slope"])
        split = len(names)

        def rates(p):
            return p[0] * on.areas(shape, *p[2 : 2 + split]) + p[1] * on.areas(f, *p[2 + split :])

        if counts is None:
            counts = random.poisson(rates([40000, 60000, *truth, *p0]))
        components = [["signal", f"{density}({', '.join(names)})"], ["background", text]]
        return binned(
            case, on, components, rates, [4e4, 6e4, *start, *p0], [(0, 2e5), (0, 2e5), *limits, *limit0], counts,
            ["signal", "background", *names, *names0],
        )

    mean = (1.8, 1.95)
    ball = dict(shape=crystal_ball, start=[1.865, 0.005, 1.5, 3.0], limits=[mean, wide, (0.1, 8), (1.01, 100)],
                names=["mean", "width", "alpha", "n"])
    yield peak("crystal ball", "crystal_ball", **ball, truth=[1.865, 0.006, 1.2, 3.5])
    yield peak("crystal ball on two gaussians", "crystal_ball", **ball, counts=counts_a)
    yield peak("double crystal ball", "double_crystal_ball", double_crystal_ball,
               [1.865, 0.005, 1.5, 3.0, 1.5, 3.0], [mean, wide, (0.1, 8), (1.01, 100), (0.1, 8), (1.01, 100)],
               ["mean", "width", "alpha_left", "n_left", "alpha_right", "n_right"],
               truth=[1.866, 0.006, 1.1, 3.0, 1.4, 4.0])
    bernstein = ("bernstein(2)", on.bernstein, [9 / 26, 7 / 17], [(0, 1)] * 2, ["background_c1", "background_c2"])
    yield peak("voigt", "voigt", voigt, [1.865, 0.004, 0.003], [mean, wide, wide], ["mean", "width", "gamma"],
               truth=[1.8645, 0.004, 0.0025], background=bernstein)
    yield peak("johnson su", "johnson_su", johnson_su, [1.865, 0.008, 0.1, 1.3], [mean, wide, (-10, 10), (0.2, 20)],
               ["mean", "width", "gamma", "delta"], truth=[1.866, 0.008, 0.3, 1.4])
    yield peak("student", "student", student, [1.865, 0.005, 4.0], [mean, wide, (0.2, 100)], ["mean", "width", "nu"],
               truth=[1.8645, 0.005, 4.5])
    ends = ("argus(endpoint, slope)", argus, [1.953, -5.0], [(1.9501, 2.1), (-200, 200)], ["endpoint", "slope"])
    yield peak("bifurcated gauss and argus", "bifurcated_gauss", bifurcated_gauss, [1.865, 0.005, 0.008],
               [mean, wide, wide], ["mean", "left", "right"], truth=[1.8645, 0.005, 0.009], background=ends)

    delta = Range(0.1400, 0.1550, 150)

    def rates_d(p):
        signal = delta.areas(gauss, p[2], p[3])
        return p[0] * signal + p[1] * delta.areas(threshold, 0.13957, p[4], p[5])

    counts = random.poisson(rates_d([20000, 30000, 0.14543, 0.0006, 0.6, -30.0]))
    yield binned(
        "mass difference", delta, [["signal", "gauss(mean, width)"], ["background", "threshold(0.13957, power, slope)"]],
        rates_d, [2e4, 3e4, 0.1454, 0.0006, 0.5, -20.0],
        [(0, 1e5), (0, 1e5), (0.14, 0.155), (1e-5, 0.01), (0.05, 6), (-5000, 5000)], counts,
        ["signal", "background", "mean", "width", "power", "slope"],
    )
    yield unbinned(random)


def unbinned(random):
    on = Range(1.80, 1.95, 300)
    n = [random.poisson(700), random.poisson(800)]
    x = np.concatenate([random.normal(1.865, 0.006, n[0]), random.uniform(1.8, 1.95, n[1])])
    x = np.round(x[(x > 1.8) & (x < 1.95)], 7)

    def two_nll(p):
        heights = p[0] * on.height(gauss, x, p[2], p[3]) + p[1] * on.height(exponential, x, p[4])
        return 2 * (p[0] + p[1] - np.sum(np.log(heights)))

    names = ["signal", "background", "mean", "width", "background_slope"]
    limits = [(0, 3000), (0, 3000), (1.8, 1.95), (1e-4, 0.05), (-30, 30)]
    found = minimum(two_nll, [700, 800, 1.865, 0.006, 0.0], limits, names)
    return {
        "name": "unbinned",
        "range": [on.low, on.high],
        "components": [["signal", "gauss(mean, width)"], ["background", "exponential"]],
        "values": list(x),
        "parameters": found,
    }


if __name__ == "__main__":
    print(json.dumps({"iminuit": iminuit.__version__, "cases": list(cases())}))
