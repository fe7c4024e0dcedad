"""Fits by a template against iminuit, and weights by them in closed form, by numpy.

weights_by_template.py OUTPUT, of the campaign in `sweights/templates.rs`.
"""

import csv
import glob
import json
import math
import sys

import numpy as np
import pyarrow.parquet as pq

from by_minuit import minimum, two_deviances

output = sys.argv[1]
LOW, HIGH, BINS = 1.80, 1.95, 100
P = [0.5, 2.5, 4.5]
edges = LOW + (HIGH - LOW) * (np.arange(BINS + 1) / BINS)
edges[-1] = HIGH
column = lambda table, name: table[name].to_numpy(zero_copy_only=False).astype("f8")
parent_of = lambda path: pq.ParquetFile(path).metadata.metadata[b"lumimill.parent"].decode()
tables = lambda stage: sorted(glob.glob(f"{output}/{stage}/part-*.parquet"))


def whole(stage, *names):
    read = [pq.read_table(path) for path in tables(stage)]
    return [np.concatenate([column(table, name) for table in read]) for name in names]


def beside(stage):
    """What a stage has of weights, row by row of the stage that is fitted."""
    of_parent = {parent_of(path): path for path in tables(stage)}
    shards = [path.split("part-")[1].split(".")[0] for path in tables("negative")]
    read = [pq.read_table(of_parent[shard]) for shard in shards]
    columns = [name for name in ("sweight", "sweight_syst")]
    return [np.concatenate([column(table, name) for table in read]) for name in columns]


def counts_of(mass, p, category):
    """Counts of the bins in a category; and which rows are of it."""
    with np.errstate(invalid="ignore"):
        inside = (mass >= LOW) & (mass <= HIGH) & (p >= P[category]) & (p < P[category + 1])
    return np.histogram(mass[inside], bins=edges)[0].astype("f8"), inside


NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
half = 0.5 * np.diff(edges)[:, None]
nodes, node_weights = 0.5 * (edges[1:] + edges[:-1])[:, None] + half * NODES, half * WEIGHTS
area = lambda f: (f(nodes) * node_weights).sum(axis=1)


def normalised(f):
    all_of_it = area(f).sum()
    return lambda x: f(x) / all_of_it


def steps(contents, at=edges):
    heights = contents / np.diff(at) / contents.sum()
    return lambda x: heights[np.clip(np.searchsorted(at, x, side="right") - 1, 0, len(heights) - 1)]


def densities(variation, v, template):
    gauss = lambda width: normalised(lambda x: np.exp(-0.5 * ((x - v["mean"]) / width) ** 2))
    f, one, two = v["signal_fraction"], gauss(0.0045), gauss(0.0095)
    signal = lambda x: f * one(x) + (1 - f) * two(x)
    if variation == "nominal":
        return signal, template
    line = normalised(lambda x: 1 + v["background_c1"] * (2 * (x - LOW) / (HIGH - LOW) - 1))
    return signal, lambda x: 0.5 * template(x) + 0.5 * line(x)


def joined(contents):
    """The bins of a histogram joined until each has an entry."""
    ends, sums, open_ = [LOW], [], 0.0
    for bin_, content in enumerate(contents):
        open_ += content
        if open_ > 0 and open_**2 >= 0.99 * content:
            ends.append(edges[bin_ + 1])
            sums.append(open_)
            open_ = 0.0
    sums[-1] += open_
    ends[-1] = HIGH
    return steps(np.array(sums), np.array(ends))


def weights(signal, background, by, x):
    """The weights of the signal at x, by integrals of our own."""
    w = np.array([[area(lambda x: f(x) * h(x) / by(x)).sum() for h in (signal, background)] for f in (signal, background)])
    a = np.linalg.inv(w)
    return (a[0, 0] * signal(x) + a[0, 1] * background(x)) / by(x)


mass, p = whole("negative", "M_D0", "p")
side_mass, side_p = whole("mcbkg", "M_D0", "p")
all_mass, all_p = whole("dstar", "M_D0", "p")
by_stage = {stage: beside(stage) for stage in ("sweights", "cows", "ones")}
sums = list(csv.DictReader(open(f"{output}/report/massfit_sums.csv")))
compared = 0
for category in range(2):
    name = f"p_{category}"
    frozen = json.load(open(f"{output}/massfit/_fit/{name}.json"))
    counts, inside = counts_of(mass, p, category)
    template_counts, _ = counts_of(side_mass, side_p, category)
    reference, _ = counts_of(all_mass, all_p, category)
    for stage, expected in [("mcbkg", template_counts), ("dstar", reference)]:
        there = frozen["histograms"][stage]
        assert there["entries"] == sum(there["counts"]["sumw"]) == expected.sum() > 1000, stage
        assert np.array_equal(np.array(there["counts"]["sumw"]), expected), stage
    template, x = steps(template_counts), mass[inside]
    for variation, at in [("nominal", 0), ("systematic", 1)]:
        (model,) = [model for model in frozen["models"] if model["variation"] == variation]
        names = [value["name"] for value in model["values"]]
        origin = np.array([value["value"] for value in model["values"]])
        scale = np.array([value["error"] or 0.0 for value in model["values"]])
        assert variation == "nominal" or names.count("f") == 1

        def two_nll(parameters):
            v = dict(zip(names, parameters))
            signal, background = densities(variation, v, template)
            with np.errstate(all="ignore"):
                mu = v["signal"] * area(signal) + v["background"] * area(background)
            return two_deviances(counts, mu)

        free = scale > 0
        first, directions = minimum(two_nll, origin, np.diag(scale)[:, free], 0.3)
        found, directions = minimum(two_nll, first, directions, 0.0)
        errors = np.sqrt((directions**2).sum(axis=1))[free]
        pulls, ratios = np.abs(found - origin)[free] / scale[free], errors / scale[free]
        assert pulls.max() < 1e-3, (name, variation, dict(zip(np.array(names)[free], pulls)))
        assert np.abs(ratios - 1).max() < 1e-2, (name, variation, dict(zip(np.array(names)[free], ratios)))
        v = dict(zip(names, origin))
        signal, background = densities(variation, v, template)
        n = np.array([v["signal"], v["background"]])
        fitted = lambda x: (n[0] * signal(x) + n[1] * background(x)) / n.sum()
        ways = [("sweights", "density", fitted), ("cows", "histogram of dstar", joined(reference)), ("ones", "one", np.ones_like)]
        for stage, cow, by in ways:
            given = by_stage[stage][at][inside]
            difference = np.abs(given - weights(signal, background, by, x))
            # A value that is an edge itself may be on either side of it.
            assert np.quantile(difference, 0.999) < 1e-6, (name, variation, cow, difference.max())
            (line,) = [
                line for line in sums
                if (line["category"], line["variation"], line["cow"], line["component"]) == (name, variation, cow, "signal")
            ]
            # Rows lie in their bins where they lie, and count there by the mean weight.
            assert abs(float(line["sumw"]) - given.sum()) < 0.3 * float(line["error"]), (line, given.sum())
            assert abs(float(line["sumw2"]) / (given**2).sum() - 1) < 0.03, (line, (given**2).sum())
            assert line["verdict"] == "valid", line
            assert math.isclose(float(line["yield"]), n[0], rel_tol=1e-5), line
            compared += 1
assert compared == 12, compared
assert len(sums) == 24, len(sums)
for stage in by_stage:
    _, first = counts_of(mass, p, 0)
    _, second = counts_of(mass, p, 1)
    assert np.isnan(by_stage[stage][0][~(first | second)]).all(), stage
print("weights agree")
