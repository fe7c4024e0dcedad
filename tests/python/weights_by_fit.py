"""Fits against iminuit, weights against PyPI's sweights, efficiencies against sums of the tables.

weights_by_fit.py OUTPUT, of the campaign in `sweights.rs`.
"""

import csv
import glob
import json
import math
import sys

import blake3
import numpy as np
import pyarrow.parquet as pq
import sweights

from by_minuit import minimum, two_deviances

output = sys.argv[1]
LOW, HIGH, BINS = 1.80, 1.95, 300
EDGES = [0.5, 2.5, 4.5]
column = lambda table, name: table[name].to_numpy(zero_copy_only=False).astype("f8")
# Tables of a stage that reads another one have its rows in its order, shard by shard.
tables = {stage: glob.glob(f"{output}/{stage}/part-*.parquet") for stage in ["dstar", "sweights"]}
assert len(tables["dstar"]) == len(tables["sweights"]) > 4

of_shard = {path.split("part-")[1].split(".")[0]: path for path in tables["dstar"]}
pairs = []
for path in sorted(tables["sweights"]):
    metadata = {key.decode(): value.decode() for key, value in pq.ParquetFile(path).metadata.metadata.items()}
    metadata = {key.removeprefix("lumimill."): value for key, value in metadata.items()}
    pairs.append((pq.read_table(of_shard[metadata["parent"]]), pq.read_table(path), metadata))
join = lambda at, name: np.concatenate([column(pair[at], name) for pair in pairs])
mass, p = join(0, "M_D0"), join(0, "p")
weight, other = join(1, "sweight"), join(1, "sweight_syst")
assert len(mass) == len(weight)

fits = {}
for line in csv.DictReader(open(f"{output}/report/massfit_fits.csv")):
    value = float(line["value"]), float(line["error"]) if line["error"] else None
    fits.setdefault((line["category"], line["variation"]), {})[line["name"]] = value

NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)
edges = np.linspace(LOW, HIGH, BINS + 1)
half = 0.5 * np.diff(edges)[:, None]
nodes, node_weights = 0.5 * (edges[1:] + edges[:-1])[:, None] + half * NODES, half * WEIGHTS
area = lambda f: (f(nodes) * node_weights).sum(axis=1)


def normalised(f):
    whole = area(f).sum()
    return lambda x: f(x) / whole


def gauss(mean, width):
    return normalised(lambda x: np.exp(-0.5 * ((x - mean) / width) ** 2))


def chebychev(*c):
    return normalised(lambda x: np.polynomial.chebyshev.chebval(2 * (x - LOW) / (HIGH - LOW) - 1, (1, *c)))


def crystal_ball(mean, width, alpha, n):
    def height(x):
        t = (x - mean) / width
        tail = np.exp(-0.5 * alpha**2) * (1 - alpha / n * (np.minimum(t, -alpha) + alpha)) ** -n
        return np.where(t < -alpha, tail, np.exp(-0.5 * t * t))

    return normalised(height)


def densities(variation, values):
    v = lambda name: values[name] if not isinstance(values[name], tuple) else values[name][0]
    if variation == "nominal":
        f, one, two = v("signal_fraction"), gauss(v("mean"), v("width1")), gauss(v("mean"), v("width2"))
        return (lambda x: f * one(x) + (1 - f) * two(x)), chebychev(v("background_c1"), v("background_c2"))
    slope = v("background_slope")
    return (
        crystal_ball(v("mean"), v("width"), v("alpha"), v("n")),
        normalised(lambda x: np.exp(slope * (x - LOW))),
    )


weighed = np.zeros(len(mass), bool)
for category, (low, high) in enumerate(zip(EDGES, EDGES[1:])):
    name = f"p_{category}"
    with np.errstate(invalid="ignore"):
        inside = (p >= low) & (p < high) & (mass >= LOW) & (mass <= HIGH)
    weighed |= inside
    x = mass[inside]
    counts, _ = np.histogram(x, bins=edges)
    frozen = json.load(open(f"{output}/massfit/_fit/{name}.json"))
    assert frozen["entries"] == len(x) and frozen["category"] == name, (frozen["entries"], len(x))
    for variation, column_of in [("nominal", weight), ("systematic", other)]:
        found = fits[name, variation]
        (model,) = [model for model in frozen["models"] if model["variation"] == variation]
        for value in model["values"]:
            assert math.isclose(value["value"], found[value["name"]][0], rel_tol=1e-5), value
        values = {value["name"]: value["value"] for value in model["values"]}
        signal, background = densities(variation, values)
        n_s, n_b = values["signal"], values["background"]
        # The closed form, with integrals of our own.
        g = np.array([area(lambda x: f(x) * h(x) * (n_s + n_b) / (n_s * signal(x) + n_b * background(x))).sum()
                      for f in (signal, background) for h in (signal, background)]).reshape(2, 2)
        a = np.linalg.inv(g)
        i = (n_s * signal(x) + n_b * background(x)) / (n_s + n_b)
        expected = (a[0, 0] * signal(x) + a[0, 1] * background(x)) / i
        difference = np.abs(column_of[inside] - expected).max()
        assert difference < 1e-6, (name, variation, difference)
        assert abs(column_of[inside].sum() / n_s - 1) < 5e-3, (name, variation)
        cow = sweights.Cow((LOW, HIGH), [signal], [background], renorm=False,
                           Im=lambda x: (n_s * signal(x) + n_b * background(x)) / (n_s + n_b))
        assert np.abs(column_of[inside] - cow.get_weight(0, x)).max() < 1e-6
        # Values as they were frozen, as those of the CSV are rounded.
        names = [value["name"] for value in model["values"]]

        def two_nll(parameters):
            values = dict(zip(names, parameters))
            signal, background = densities(variation, values)
            with np.errstate(all="ignore"):
                mu = values["signal"] * area(signal) + values["background"] * area(background)
            return two_deviances(counts, mu)

        origin = np.array([value["value"] for value in model["values"]])
        scale = np.array([value["error"] or 0.0 for value in model["values"]])
        # What is at a limit stays there.
        free = scale > 0
        first, directions = minimum(two_nll, origin, np.diag(scale)[:, free], 0.3)
        # Once more in coordinates without correlations: where parameters are correlated by more than
        # 0.99, Minuit's numerical derivatives are off by some percent, and so are its errors.
        found, directions = minimum(two_nll, first, directions, 0.0)
        errors = np.sqrt((directions**2).sum(axis=1))[free]
        pulls, ratios = np.abs(found - origin)[free] / scale[free], errors / scale[free]
        of_names = np.array(names)[free]
        assert pulls.max() < 1e-3, (name, variation, dict(zip(of_names, pulls)))
        assert np.abs(ratios - 1).max() < 1e-2, (name, variation, dict(zip(of_names, ratios)))
        covariance = directions @ directions.T
        place = {of: index for index, of in enumerate(names)}
        compared = 0
        for line in csv.DictReader(open(f"{output}/report/massfit_fits_covariance.csv")):
            if (line["category"], line["variation"]) == (name, variation):
                i, j = place[line["name"]], place[line["other"]]
                expected = covariance[i, j] / (covariance[i, i] * covariance[j, j]) ** 0.5
                assert abs(float(line["correlation"]) - expected) < 1e-2, (line, expected)
                compared += 1
        assert compared == free.sum() * (free.sum() + 1) / 2, compared
assert np.isnan(weight[~weighed]).all() and np.isnan(other[~weighed]).all() and (~weighed).sum() > 100
assert np.isfinite(weight[weighed]).all() and (weight[weighed] != other[weighed]).any()
with open(f"{output}/massfit/_fit/p_0.json", "rb") as file:
    digest = blake3.blake3(file.read()).hexdigest()
for _, _, metadata in pairs:
    assert metadata["fit.p_0"] == digest

# The truth: weighted sums are those of the signal.
truth, kpi = join(0, "is_signal"), join(0, "kpi")
true = (truth[weighed & (kpi > 0.8)] == 1).sum() / (truth[weighed] == 1).sum()
by_weights = weight[weighed & (kpi > 0.8)].sum() / weight[weighed].sum()
assert abs(true - by_weights) < 0.02, (true, by_weights)

charge, cosine = join(0, "charge"), join(0, "cosTheta")
passes = {"kpi > 0.2": kpi > 0.2, "kpi > 0.8": kpi > 0.8, "": kpi > -1, "charge > 0": charge > 0, "charge < 0": charge < 0}
lines = list(csv.DictReader(open(f"{output}/report/sweights_efficiency.csv")))
assert list(lines[0])[:12] == [
    "dataset", "cut", "precut", "p_low", "p_high", "cosTheta_low", "cosTheta_high",
    "efficiency", "error", "error_syst", "sumw_pass", "sumw_total",
], list(lines[0])
compared = 0
for line in lines:
    inside = weighed & passes[line["precut"]]
    for axis, values in [("p", p), ("cosTheta", cosine)]:
        inside &= (values >= float(line[f"{axis}_low"])) & (values < float(line[f"{axis}_high"]))
    if not inside.any():
        assert line["efficiency"] == "" and line["error_syst"] == ""
        continue
    passing = inside & passes[line["cut"]]
    efficiency = weight[passing].sum() / weight[inside].sum()
    systematic = abs(efficiency - other[passing].sum() / other[inside].sum())
    assert math.isclose(float(line["efficiency"]), efficiency, rel_tol=1e-5), line
    assert math.isclose(float(line["error_syst"]), systematic, rel_tol=1e-3, abs_tol=1e-6), line
    assert math.isclose(float(line["sumw_total"]), weight[inside].sum(), rel_tol=1e-5), line
    compared += systematic > 0
assert compared >= 24, compared
# Sums in parts of control variables are those of the rows.
parts = 0
for line in csv.DictReader(open(f"{output}/report/massfit_weighted.csv")):
    if line["component"] != "signal":
        continue
    category = int(line["category"].removeprefix("p_"))
    of = {"p": p, "cosTheta": cosine, "kpi": kpi}[line["control"]]
    weights = weight if line["variation"] == "nominal" else other
    inside = weighed & (p >= EDGES[category]) & (p < EDGES[category + 1])
    inside &= (of >= float(line["low"])) & (of < float(line["high"]))
    assert abs(inside.sum() - int(line["entries"])) <= 1, line
    sumw, sumw2 = weights[inside].sum(), (weights[inside] ** 2).sum()
    assert abs(float(line["sumw"]) - sumw) < 0.05 * float(line["error"]) + 1.5, (line, sumw)
    assert abs(float(line["sumw2"]) / sumw2 - 1) < 0.03, (line, sumw2)
    # The fit moves all weights together, and so adds or takes little in a part.
    assert 0.8 < float(line["error"]) / sumw2**0.5 < 1.3, (line, sumw2)
    parts += 1
assert parts > 60, parts
print("weights agree")
