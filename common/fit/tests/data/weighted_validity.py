"""Makes weighted_validity.json: toys whose entries have weights, negative ones too, and what the tests of
control variables give for them, written anew with numpy and scipy: all pairs for Kendall's tau, numerical
derivatives for scores, and the definitions of lumimill-fit's README.

    pip install numpy scipy
    python weighted_validity.py > weighted_validity.json
"""

import json

import numpy as np
from scipy import integrate, optimize, stats

BINS, COLUMNS, PARTS = 60, 10, 4
EDGES = np.linspace(0.0, 1.0, BINS + 1)
MIDDLE = 0.5 * (EDGES[1:] + EDGES[:-1])


def toy(seed, tilt):
    random = np.random.default_rng(seed)
    shape = (COLUMNS, BINS)
    table = {name: np.zeros(shape) for name in ["entries", "sumw", "sumw2", "true_w", "true_w2", "true_entries"]}
    for is_signal, count in [(True, 5000), (False, 8000)]:
        made = 0
        while made < count:
            t = np.sqrt(random.random()) if is_signal else random.random() ** 2
            if is_signal:
                m = random.normal(0.5, 0.05)
            else:
                m = random.random()
                if random.random() * np.exp(tilt) > np.exp(-(1.0 + tilt * (t - 0.3)) * m):
                    continue
            if not 0.0 <= m < 1.0:
                continue
            made += 1
            # A correction that depends on the control variable, and a generator with negative weights.
            w = (0.4 + 0.8 * t) * random.choice([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, -0.6])
            at = min(int(t * COLUMNS), COLUMNS - 1), min(int(m * BINS), BINS - 1)
            of = ["", "true_"] if is_signal else [""]
            for name in of:
                table[(name or "") + "entries"][at] += 1
                table["true_w" if name else "sumw"][at] += w
                table["true_w2" if name else "sumw2"][at] += w * w
    return table


def parts_of(shape):
    """The integrals of both densities over bins."""
    mean, width, slope = shape
    peak = np.diff(stats.norm.cdf(EDGES, mean, width))
    fall = np.diff(np.exp(slope * EDGES))
    return peak / peak.sum(), fall / fall.sum()


def expected(values):
    peak, fall = parts_of(values[2:])
    return values[0] * peak + values[1] * fall


def nll(values, sumw):
    mu = expected(values)
    return mu.sum() - (sumw * np.log(mu)).sum() if (mu > 0).all() else np.inf


def minimum(function, start):
    scale = np.array(start, dtype=float)
    best = np.ones(len(scale))
    for _ in range(6):
        found = optimize.minimize(lambda v: function(v * scale), best, method="Nelder-Mead",
                                  options={"xatol": 1e-11, "fatol": 1e-11, "maxiter": 40000, "maxfev": 40000})
        best = found.x
    return best * scale


def slopes(values):
    """∂μ/∂η of each bin, by parameter."""
    rows = []
    for k, value in enumerate(values):
        step = 1e-5 * max(abs(value), 1e-3)
        up, down = np.array(values), np.array(values)
        up[k] += step
        down[k] -= step
        rows.append((expected(up) - expected(down)) / (2 * step))
    return np.array(rows)


def pairs(sumw, sumw2):
    return 0.5 * (sumw.sum() ** 2 - sumw2.sum())


def kendall(x, y, w, w2):
    sign = np.sign(x[:, None] - x[None, :]) * np.sign(y[:, None] - y[None, :])
    c = sign @ w
    s = 0.5 * (w * c).sum()
    variance = (w2 * c * c).sum()
    everything = pairs(w, w2)
    tied = [sum(pairs(w[k == value], w2[k == value]) for value in np.unique(k)) for k in (x, y)]
    scale = np.sqrt((everything - tied[0]) * (everything - tied[1]))
    return [s / scale, np.sqrt(variance) / scale]


def proxies(table, values):
    peak, fall = parts_of(values[2:])
    up_to = np.cumsum(peak)
    at = lambda part: min(int(np.searchsorted(up_to, part * up_to[-1], side="left")), BINS - 1)
    lower, upper = at(0.0025), at(0.9975) + 1
    first, last = at(0.05), at(0.95) + 1
    background = values[1] * fall
    cells = []

    def push(b, x, factor, to):
        for column in range(COLUMNS):
            w, w2 = table["sumw"][column, b], table["sumw2"][column, b]
            if w2 > 0:
                to.append((x, column, factor * w, factor * factor * w2))

    sidebands = []
    for b in list(range(lower)) + list(range(upper, BINS)):
        push(b, MIDDLE[b], 1.0, sidebands)
    window = []
    for b in range(first, last):
        push(b, MIDDLE[b], 1.0, window)
    middle = (first + last) // 2
    for band, half in [(range(lower), range(first, middle)), (range(upper, BINS), range(middle, last))]:
        count = min(len(band), len(half))
        for number in range(count):
            part = lambda r: r[number * len(r) // count:(number + 1) * len(r) // count]
            source, target = part(band), part(half)
            factor = -background[list(target)].sum() / background[list(source)].sum()
            x = MIDDLE[(target[0] + target[-1] + 1) // 2]
            for b in source:
                push(b, x, factor, window)
    return [kendall(*map(np.array, zip(*cells))) for cells in (sidebands, window)]


def split(table, values):
    """The parts as documented, then Cochran's statistic of what each would move the shape by."""
    entries = table["entries"].sum(axis=1)
    parts, seen = [], 0
    for column in range(COLUMNS):
        wanted = int((seen + entries[column] // 2) / entries.sum() * PARTS)
        seen += entries[column]
        if not parts or (wanted >= len(parts) and len(parts) < PARTS):
            parts.append([])
        parts[-1].append(column)
    moved, precisions, effective = [], [], 0.0
    for part in parts:
        w, w2 = table["sumw"][part].sum(axis=0), table["sumw2"][part].sum(axis=0)
        effective += w.sum() ** 2 / w2.sum()
        share = w.sum() / (values[0] + values[1])
        yields = minimum(lambda y: nll([*y, *values[2:]], w), [values[0] * share, values[1] * share])
        here = [*yields, *values[2:]]
        mu, s = expected(here), slopes(here)
        gradient = (s * (1 - w / mu)).sum(axis=1)
        gradient[:2] = 0
        inverse = np.linalg.inv((s / mu) @ s.T)
        variance = (s * (w2 / mu**2)) @ s.T
        moved.append((inverse @ gradient)[2:])
        precisions.append(np.linalg.inv((inverse @ variance @ inverse)[2:, 2:]))
    mean = np.linalg.solve(sum(precisions), sum(p @ d for p, d in zip(precisions, moved)))
    chi2 = sum((d - mean) @ p @ (d - mean) for p, d in zip(precisions, moved))
    ndf = 3 * (len(parts) - 1)
    return {"chi2": chi2, "ndf": ndf, "p_value": stats.chi2.sf(chi2, ndf), "entries": effective}


def bin_weights(values):
    """The mean signal weight of each bin."""
    n, (mean, width, slope) = np.array(values[:2]), values[2:]
    areas = [stats.norm.cdf(1, mean, width) - stats.norm.cdf(0, mean, width), (np.exp(slope) - 1) / slope]
    g = lambda x: np.array([stats.norm.pdf(x, mean, width) / areas[0], np.exp(slope * x) / areas[1]])
    i = lambda x: (n @ g(x)) / n.sum()
    over = lambda f, a, b: integrate.fixed_quad(f, a, b, n=12)[0]
    cut = np.linspace(0, 1, 121)
    w = np.array([[sum(over(lambda x: g(x)[j] * g(x)[k] / i(x), a, b) for a, b in zip(cut, cut[1:]))
                   for k in range(2)] for j in range(2)])
    row = np.linalg.inv(w)[0]
    weight = lambda x: (row @ g(x)) / i(x)
    pairs = zip(EDGES, EDGES[1:])
    return np.array([over(lambda x: weight(x) * (n @ g(x)), a, b) / over(lambda x: n @ g(x), a, b) for a, b in pairs])


def closure(table, values):
    """Weighted entries less the true ones: χ² by the sandwich formula, and the greatest distance."""
    w, w2 = table["sumw"].sum(axis=0), table["sumw2"].sum(axis=0)
    weights = bin_weights(values)
    mu, s = expected(values), slopes(values)
    score = s / mu
    steps = [1e-4 * max(abs(v), 1e-2) for v in values]
    bend, change = np.zeros((5, 5)), []
    for k, step in enumerate(steps):
        up, down = np.array(values), np.array(values)
        up[k] += step
        down[k] -= step
        slope = lambda v: (slopes(v) * (1 - w / expected(v))).sum(axis=1)
        bend[k] = (slope(up) - slope(down)) / (2 * step)
        change.append((bin_weights(up) - bin_weights(down)) / (2 * step))
    response = np.linalg.inv(0.5 * (bend + bend.T))
    variance = (score * w2) @ score.T
    n = len(table["sumw"])
    difference = table["sumw"] @ weights - table["true_w"].sum(axis=1)
    moved = [response @ (np.array(change) @ table["sumw"][g]) for g in range(n)]
    scores = [score @ (table["sumw2"][g] * weights - table["true_w2"][g]) for g in range(n)]
    covariance = np.array([[moved[i] @ variance @ moved[j] + moved[j] @ scores[i] + moved[i] @ scores[j]
                            for j in range(n)] for i in range(n)])
    for g in range(n):
        own = (table["sumw2"][g] - table["true_w2"][g]) * weights**2 + table["true_w2"][g] * (weights - 1) ** 2
        covariance[g, g] += own.sum()
    parts = [table["sumw"] @ weights, table["true_w"].sum(axis=1)]
    below = [np.cumsum(part) / part.sum() for part in parts]
    return {"chi2": difference @ np.linalg.solve(covariance, difference),
            "distance": np.abs(below[0] - below[1]).max(),
            "sumw": (w * weights).sum(), "sumw2": (w2 * weights**2).sum()}


def case(name, seed, tilt):
    table = toy(seed, tilt)
    w = table["sumw"].sum(axis=0)
    values = list(minimum(lambda v: nll(v, w), [0.4 * w.sum(), 0.6 * w.sum(), 0.5, 0.05, -1.0]))
    background, signal = proxies(table, values)
    cells = {key: [[round(float(x), 12) for x in row] for row in rows] for key, rows in table.items()}
    return {"name": name, "values": values, "tau_background": background, "tau_signal": signal,
            "split": split(table, values), "closure": closure(table, values), "cells": cells}


def main():
    cases = [case("clean", 11, 0.0), case("bent", 12, 1.5)]
    print(json.dumps({"cases": cases}, default=float))


main()
