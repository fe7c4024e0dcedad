"""A fit to values with weights, against iminuit and the sandwich formula with derivatives by differences.

weighted_values.py OUTPUT, of the campaign in `sweights/chosen.rs` without bins.
"""

import glob
import json
import sys

import numpy as np
import pyarrow.parquet as pq
from scipy.special import ndtr

from by_minuit import minimum

output = sys.argv[1]
LOW, HIGH = 1.80, 1.95
tables = [pq.read_table(path) for path in glob.glob(f"{output}/dstar/part-*.parquet")]
column = lambda name: np.concatenate([table[name].to_numpy(zero_copy_only=False).astype("f8") for table in tables])
mass, w, kaon, pion, charge = (column(name) for name in ("M_D0", "w", "kaonID", "pionID", "charge"))
with np.errstate(invalid="ignore"):
    fitted = (kaon / (kaon + pion) > 0.3) & (charge > 0) & (mass >= LOW) & (mass <= HIGH)
mass, w = mass[fitted], w[fitted]
frozen = json.load(open(f"{output}/massfit/_fit/all.json"))
assert frozen["entries"] == len(mass) > 1000
found = frozen["models"][0]["values"]
names = [value["name"] for value in found]
assert names == ["signal", "wide", "background", "mean", "background_c1"], names
values, errors = (np.array([value[key] for value in found]) for key in ("value", "error"))


def gauss(x, mean, width):
    whole = ndtr((HIGH - mean) / width) - ndtr((LOW - mean) / width)
    return np.exp(-0.5 * ((x - mean) / width) ** 2) / (width * np.sqrt(2 * np.pi) * whole)


def logarithms(p):
    """ln of the density of each entry."""
    t = 2 * (mass - LOW) / (HIGH - LOW) - 1
    rate = p[0] * gauss(mass, p[3], 0.0045) + p[1] * gauss(mass, p[3], 0.0095) + p[2] * (1 + p[4] * t) / (HIGH - LOW)
    return np.log(np.maximum(rate, 1e-300))


nll = lambda p: p[:3].sum() - (w * logarithms(p)).sum()
scale = (w**2).sum() / w.sum()
best, _ = minimum(lambda p: 2 * nll(p) / scale, values, np.diag(errors), 0.3)
assert np.abs((values - best) / errors).max() < 1e-3, (values - best) / errors

step = 1e-3 * errors
moved = lambda *shifts: values + sum(shift * step[i] * np.eye(5)[i] for i, shift in shifts)
scores = np.array([(logarithms(moved((i, 1))) - logarithms(moved((i, -1)))) / (2 * step[i]) for i in range(5)])
hessian = np.array([[
    (nll(moved((i, 10), (j, 10))) - nll(moved((i, 10), (j, -10))) - nll(moved((i, -10), (j, 10)))
     + nll(moved((i, -10), (j, -10)))) / (400 * step[i] * step[j]) for j in range(5)] for i in range(5)])
inverse = np.linalg.inv(hessian)
sandwich = inverse @ (scores * w**2) @ scores.T @ inverse
ratio = errors / np.sqrt(np.diag(sandwich))
assert np.abs(ratio - 1).max() < 0.01, ratio
print("values with weights agree")
