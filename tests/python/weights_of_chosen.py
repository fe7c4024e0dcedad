"""Weights of chosen rows with weights of their own, of three components, by numpy alone.

weights_of_chosen.py OUTPUT, of the campaign in `sweights/chosen.rs`.
"""

import csv
import glob
import json
import sys

import numpy as np
import pyarrow.parquet as pq

output = sys.argv[1]
LOW, HIGH = 1.80, 1.95
column = lambda table, name: table[name].to_numpy(zero_copy_only=False).astype("f8")
of_shard = {path.split("part-")[1].split(".")[0]: path for path in glob.glob(f"{output}/dstar/part-*.parquet")}
pairs = []
for path in sorted(glob.glob(f"{output}/sweights/part-*.parquet")):
    parent = pq.ParquetFile(path).metadata.metadata[b"lumimill.parent"].decode()
    pairs.append((pq.read_table(of_shard[parent]), pq.read_table(path)))
join = lambda at, name: np.concatenate([column(pair[at], name) for pair in pairs])
mass, own = join(0, "M_D0"), join(0, "w")
kaon, pion = join(0, "kaonID"), join(0, "pionID")
with np.errstate(invalid="ignore"):
    fitted = (kaon / (kaon + pion) > 0.3) & (join(0, "charge") > 0) & (mass >= LOW) & (mass <= HIGH)
names = ["signal", "wide", "background"]
columns = ["sweight", "sweight_wide", "bweight"]
weights = np.array([join(1, name) for name in columns])
assert np.isnan(weights[:, ~fitted]).all() and np.isfinite(weights[:, fitted]).all()

frozen = json.load(open(f"{output}/massfit/_fit/all.json"))
assert frozen["entries"] == fitted.sum(), (frozen["entries"], fitted.sum())
values = {value["name"]: value["value"] for value in frozen["models"][0]["values"]}
errors = {value["name"]: value["error"] for value in frozen["models"][0]["values"]}
nodes, node_weights = np.polynomial.legendre.leggauss(16)
cuts = np.linspace(LOW, HIGH, 301)
half = 0.5 * np.diff(cuts)[:, None]
x, w = 0.5 * (cuts[1:] + cuts[:-1])[:, None] + half * nodes, half * node_weights


def normalised(f):
    whole = (f(x) * w).sum()
    return lambda x: f(x) / whole


gauss = lambda width: normalised(lambda x: np.exp(-0.5 * ((x - values["mean"]) / width) ** 2))
line = normalised(lambda x: 1 + values["background_c1"] * (2 * (x - LOW) / (HIGH - LOW) - 1))
g = [gauss(0.0045), gauss(0.0095), line]
yields = np.array([values[name] for name in names])
all_at = lambda x: sum(n * f(x) for n, f in zip(yields, g)) / yields.sum()
overlaps = np.array([[(a(x) * b(x) / all_at(x) * w).sum() for b in g] for a in g])
at = mass[fitted]
expected = np.linalg.inv(overlaps) @ np.array([f(at) for f in g]) / all_at(at) * own[fitted]
assert np.abs(weights[:, fitted] - expected).max() < 1e-5, np.abs(weights[:, fitted] - expected).max()
# What weights add up to, as the rows have it.
lines = list(csv.DictReader(open(f"{output}/report/massfit_sums.csv")))
sums = {line["component"]: line for line in lines if line["cow"] == "density"}
for name, of in zip(names, weights):
    found = {key: float(value) for key, value in sums[name].items() if key not in ("category", "variation", "cow", "component", "verdict")}
    # As the product judges it: by half a percent, or a tenth of the statistical error.
    tolerance = max(5e-3 * values[name], 0.1 * (of[fitted] ** 2).sum() ** 0.5)
    assert abs(of[fitted].sum() - values[name]) < tolerance, (name, of[fitted].sum(), values[name])
    # Rows lie in their bins where they lie, and count there by the mean weight.
    assert abs(found["sumw"] - of[fitted].sum()) < 0.1 * found["error"], (name, found, of[fitted].sum())
    assert abs(found["sumw2"] / (of[fitted] ** 2).sum() - 1) < 0.02, (name, found, (of[fitted] ** 2).sum())
    # The sum of all weights is as sure as the yield.
    assert abs(found["error"] / errors[name] - 1) < 0.03, (name, found["error"], errors[name])
# Weights that are orthogonal by the histogram of what was fitted: its bins joined until each has an entry.
BINS = 150
sumw, sumw2 = (np.histogram(at, BINS, (LOW, HIGH), weights=own[fitted] ** power)[0] for power in (1, 2))
edges, contents, sum_ = [LOW], [], 0.0
for bin_, content in enumerate(sumw):
    sum_ += content
    if sum_ > 0 and sum_**2 >= 0.99 * sumw2[bin_]:
        edges.append(LOW + (HIGH - LOW) * (bin_ + 1) / BINS)
        contents.append(sum_)
        sum_ = 0.0
contents[-1] += max(sum_, 0.0)
edges[-1] = HIGH
heights = np.array(contents) / np.diff(edges) / sum(contents)
by = lambda x: heights[np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(heights) - 1)]
overlaps = np.array([[(a(x) * b(x) / by(x) * w).sum() for b in g] for a in g])
expected = (np.linalg.inv(overlaps) @ np.array([f(at) for f in g]) / by(at) * own[fitted])[0]
of_parent = {pq.ParquetFile(path).metadata.metadata[b"lumimill.parent"].decode(): path for path in glob.glob(f"{output}/cows/part-*.parquet")}
found = []
for path in sorted(glob.glob(f"{output}/sweights/part-*.parquet")):
    parent = pq.ParquetFile(path).metadata.metadata[b"lumimill.parent"].decode()
    found.append(column(pq.read_table(of_parent[parent]), "sweight"))
found = np.concatenate(found)
assert np.isnan(found[~fitted]).all()
difference = np.abs(found[fitted] - expected)
assert np.quantile(difference, 0.99) < 1e-4 and difference.max() < 0.1, (difference.max(), np.quantile(difference, 0.99))
# What these add up to is told, too.
(line,) = [line for line in lines if (line["cow"], line["component"]) == ("histogram of dstar", "signal")]
assert abs(float(line["sumw"]) - found[fitted].sum()) < 0.3 * float(line["error"]), (line, found[fitted].sum())
print("weights agree")
