"""The demo of D* candidates against its truth, and its weights against correctionlib.

dstar.py OUTPUT CORRECTIONS SIMULATION
"""

import csv
import math
import sys

import numpy as np
import pyarrow.dataset as ds

output, corrections, simulation = sys.argv[1:]
table = ds.dataset(f"{output}/simulation", exclude_invalid_files=True).to_table()
column = {name: table[name].to_numpy() for name in table.column_names}
assert column["isSignal"].all() and len(table) > 1000

# Efficiencies are those of the functions that the toy was drawn from.
# Data have other ones, which drawn and moved values follow as far as the densities are right.
SIMULATION, DATA = (3.7, 0.66, 1.5), (3.3, 0.62, 1.7)


def truth(of, cut, p, cosine, factor=1.0):
    offset, slope, width = of
    mean = factor * np.maximum(offset - slope * p, 0.4) * (1 + 0.15 * cosine)
    pull = (math.log(cut / (1 - cut)) - mean) / width
    return 0.5 * np.vectorize(math.erfc)(pull / math.sqrt(2))


def rows_of(path, axes):
    for line in csv.DictReader(open(path)):
        inside = np.ones(len(table), bool)
        for axis in axes:
            inside &= column[axis] >= float(line[f"{axis}_low"])
            inside &= column[axis] < float(line[f"{axis}_high"])
        yield line, inside


pulls = {"kpi": [], "pi_kpi": [], "kpi_drawn": [], "kpi_moved": []}
for name, axes, factor, p, cosine in [
    ("simulation_efficiency.csv", ["p", "cosTheta"], 1.0, "p", "cosTheta"),
    ("simulation_efficiency_2.csv", ["pi_p"], -0.8, "pi_p", "pi_cosTheta"),
]:
    for line, inside in rows_of(f"{output}/report/{name}", axes):
        if line["precut"]:
            inside &= (column["charge"] > 0) == (">" in line["precut"])
        if inside.sum() < 50:
            continue
        variable, cut = line["cut"].split(" > ")
        of = DATA if variable.endswith(("drawn", "moved")) else SIMULATION
        expected = truth(of, float(cut), column[p][inside], column[cosine][inside], factor).mean()
        error = math.sqrt(expected * (1 - expected) / inside.sum())
        # What a density of 150,000 tracks may be off by.
        closure = 0.012 if of is DATA else 0.0
        pulls[variable].append((float(line["efficiency"]) - expected) / math.hypot(error, closure))
for variable, found in pulls.items():
    found = np.array(found)
    assert len(found) >= 9 and abs(found).max() < 4.5, (variable, found)
    assert variable.startswith("kpi_") or 0.6 < found.std() < 1.5, (variable, found.std())
print(f"{sum(map(len, pulls.values()))} efficiencies agree with the truth")

# A drawn value knows nothing of the one that it replaces, a moved one keeps its order.
logit = {name: np.log(column[name].astype("f8") / (1 - column[name].astype("f8"))) for name in ["kpi", "kpi_drawn", "kpi_moved"]}
known = np.isfinite([logit[name] for name in logit]).all(axis=0) & (column["p"] < 1.5) & (column["p"] > 1.3)
correlation = {name: np.corrcoef(logit["kpi"][known], logit[name][known])[0, 1] for name in logit}
assert abs(correlation["kpi_drawn"]) < 0.1 and correlation["kpi_moved"] > 0.97, correlation

weights = np.array([column["pid_weight"], column["pid_weight_up"], column["pid_weight_down"]])
assert np.isfinite(weights).all()
try:
    import correctionlib
except ImportError:
    print("weights agree, correctionlib missing")
    sys.exit()
ratio = correctionlib.CorrectionSet.from_file(corrections)["kpi > 0.5"]
p, cosine = column["p"].astype("f8"), column["cosTheta"].astype("f8")
value = {s: ratio.evaluate(s, p, cosine) for s in ["nominal", "stat_up", "stat_down", "syst_up", "syst_down"]}
nominal = value["nominal"]
up = nominal + np.hypot(value["stat_up"] - nominal, value["syst_up"] - nominal)
down = nominal - np.hypot(value["stat_down"] - nominal, value["syst_down"] - nominal)
assert np.abs(weights - np.array([nominal, up, down])).max() < 1e-14
print(f"{weights.size} weights agree with correctionlib")
