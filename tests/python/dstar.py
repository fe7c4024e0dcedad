"""The demo of D* candidates against its truth, and its weights against correctionlib.

dstar.py OUTPUT CORRECTIONS
"""

import csv
import glob
import math
import sys

import numpy as np
import pyarrow.dataset as ds
import pyarrow.parquet as pq

output, corrections = sys.argv[1:]


def read(stage):
    table = ds.dataset(f"{output}/{stage}", exclude_invalid_files=True).to_table()
    return {name: table[name].to_numpy() for name in table.column_names}


# Efficiencies are those of the functions that the toy was drawn from.
# Data have other ones, which drawn and moved values follow as far as the densities are right.
SIMULATION, DATA = (3.7, 0.66, 1.5), (3.3, 0.62, 1.7)


def truth(of, cut, p, cosine, factor=1.0):
    offset, slope, width = of
    mean = factor * np.maximum(offset - slope * p, 0.4) * (1 + 0.15 * cosine)
    pull = (np.log(cut / (1 - cut)) - mean) / width
    return 0.5 * np.vectorize(math.erfc)(pull / math.sqrt(2))


def rows(path):
    return list(csv.DictReader(open(f"{output}/report/{path}")))


column = read("simulation")
column["p"], column["cosTheta"] = column["p"].astype("f8"), column["cosTheta"].astype("f8")
assert column["isSignal"].all() and len(column["p"]) > 1000


def inside_of(line, axes, low="low", high="high"):
    inside = np.ones(len(column["p"]), bool)
    for axis in axes:
        inside &= column[axis] >= float(line[f"{axis}_{low}"])
        inside &= column[axis] < float(line[f"{axis}_{high}"])
    return inside


# Momenta and angles of signal are the same in data and in simulation, charges have nothing to do with it.
KAON, PION = (["p", "cosTheta"], 1.0), (["pi_p", "pi_cosTheta"], -0.8)
found = {}
for name, (axes, factor), of in [
    ("simulation_efficiency.csv", KAON, SIMULATION),
    ("simulation_efficiency_2.csv", PION, SIMULATION),
    ("sweights_efficiency.csv", KAON, DATA),
    ("sweights_efficiency_2.csv", PION, DATA),
    ("resampled_efficiency.csv", KAON, DATA),
    ("resampled_efficiency_2.csv", KAON, DATA),
]:
    pulls = found.setdefault(name, [])
    for line in rows(name):
        if line["precut"] or not line["efficiency"] or not np.isfinite([float(line[f"{axis}_{end}"]) for axis in axes for end in ["low", "high"]]).all():
            continue
        # Below 1.5 GeV weights are not valid, and the report says so.
        if of is DATA and axes[0] == "p" and float(line["p_low"]) < 1.5:
            continue
        inside = inside_of(line, axes)
        cut = float(line["cut"].split(" > ")[1])
        expected = truth(of, cut, column[axes[0]][inside], column[axes[1]][inside], factor).mean()
        # Its own error, that of the mean of the truth, and what a density of some 10,000 kaons is off by.
        own = float(line["error"]) if "sweights" in name else math.sqrt(expected * (1 - expected) / inside.sum())
        closure = 0.015 if "resampled" in name else 0.0
        pulls.append((float(line["efficiency"]) - expected) / math.hypot(own, closure, 0.002))
for name, pulls in found.items():
    assert len(pulls) >= 9 and np.abs(pulls).max() < 4, (name, pulls)
print(f"{sum(map(len, found.values()))} efficiencies agree with the truth")

# Every number of the table of ratios, from those that it is of.
table = rows("kaon_id_table.csv")
parts = {
    ("efficiency", "data"): ("sweights_efficiency.csv", KAON[0]),
    ("efficiency", "mc"): ("simulation_efficiency.csv", KAON[0]),
    ("fake_rate", "data"): ("sweights_efficiency_2.csv", PION[0]),
    ("fake_rate", "mc"): ("simulation_efficiency_2.csv", PION[0]),
}
of_part = {}
for part, (name, axes) in parts.items():
    for line in rows(name):
        edges = tuple(float(line[f"{axis}_{end}"]) for axis in axes for end in ["low", "high"])
        key = (line["cut"].split(" > ")[1], line["precut"], edges)
        of_part[part, key] = [float(line[key] or "nan") for key in ["efficiency", "error", "error_syst"]]


def number(text):
    return float(text or "nan")


for line in table:
    edges = tuple(float(line[f"{axis}_{end}"]) for axis in KAON[0] for end in ["min", "max"])
    key = (line["cut"].split(" > ")[1], line["precut"], edges)
    for kind, ratio in [("efficiency", "ratio"), ("fake_rate", "fake_ratio")]:
        data, mc = (of_part[(kind, sample), key] for sample in ["data", "mc"])
        assert number(line[f"{kind}_data"]) == data[0] and number(line[f"{kind}_mc_stat_err"]) == mc[1]
        value = data[0] / mc[0]
        stat = value * math.hypot(data[1] / data[0], mc[1] / mc[0])
        for name, expected in [("", value), ("_stat_err", stat), ("_syst_err", data[2] / mc[0])]:
            assert math.isclose(number(line[ratio + name]), expected, rel_tol=1e-9), (line, name, expected)
arrow = ds.dataset(f"{output}/report/kaon_id_table.parquet").to_table().to_pylist()
assert len(arrow) == len(table) == 54
for one, other in zip(arrow, table):
    assert one["cut"] == other["cut"] and one["ratio_stat_err"] == float(other["ratio_stat_err"])
flat = rows("kaon_id_table_weights.csv")
assert list(flat[0])[3:] == ["p_min", "p_max", "cosTheta_min", "cosTheta_max", "ratio", "ratio_stat_err", "ratio_syst_err"]
assert len(flat) == 108 and {line["particle"] for line in flat} == {"particle", "misid"}
assert flat[1]["ratio"] == table[0]["fake_ratio"]
# A tighter cut has fewer of both kinds, and data are told apart less well.
roc = {key: [float(line[key]) for line in rows("kaon_id_table_roc.csv") if not line["precut"]] for key in ["efficiency", "fake_rate"]}
for values in roc.values():
    assert sorted(values[:3], reverse=True) == values[:3] and sorted(values[3:], reverse=True) == values[3:]
assert all(data < mc for data, mc in zip(roc["efficiency"][:3], roc["efficiency"][3:]))
closure = np.array([[number(line["ratio"]), number(line["ratio_stat_err"])] for line in rows("closure_table.csv") if not line["precut"]])
assert np.abs(closure[:, 0] - 1).max() < 0.1, closure
print(f"{len(table)} rows of ratios agree")

# Closure: what is drawn is distributed as the function says that data are, at each momentum and angle.
drawn = read("resampled")
p, cosine = drawn["p"].astype("f8"), drawn["cosTheta"].astype("f8")
logit = {name: np.log(drawn[name].astype("f8") / (1 - drawn[name].astype("f8"))) for name in ["kpi", "kpi_drawn", "kpi_moved"]}
for name in ["kpi_drawn", "kpi_moved"]:
    assert np.isfinite(drawn[name]).all() and np.isfinite(drawn[f"{name}_syst"]).all()
    clean = p > 1.5
    share = 1 - truth(DATA, drawn[name].astype("f8")[clean].clip(1e-7, 1 - 1e-7), p[clean], cosine[clean])
    share.sort()
    steps = np.arange(len(share) + 1) / len(share)
    distance = max(np.abs(share - steps[:-1]).max(), np.abs(share - steps[1:]).max())
    assert distance < 0.03, (name, distance)
    print(f"KS of {name}: {distance:.4f}")

# What lies over one another in the report: shares in bins, and how far they are from those of data.
beside = rows("resampled_beside_data.csv")
pairs = []
for path in sorted(glob.glob(f"{output}/sweights/part-*.parquet")):
    parent = pq.ParquetFile(path).metadata.metadata[b"lumimill.parent"].decode()
    kpi = pq.read_table(f"{output}/dstar/part-{parent}.parquet")["kpi"].to_numpy()
    weight = pq.read_table(path)["sweight"].to_numpy(zero_copy_only=False)
    pairs.append(np.stack([kpi, weight])[:, np.isfinite(weight)])
kpi, weight = np.concatenate(pairs, axis=1)
share = lambda values, weights=None: np.histogram(values.astype("f8"), 50, (0, 1), weights=weights)[0]
expected = {"kpi": share(column["kpi"]), "kpi_drawn": share(drawn["kpi_drawn"]), "kpi_moved": share(drawn["kpi_moved"])}
of_data = share(kpi, weight) / share(kpi, weight).sum()
found = [float(line["share"]) for line in beside if line["series"] == "data"]
assert np.abs(np.array(found) - of_data).max() < 1e-9, np.abs(np.array(found) - of_data).max()
distances = {}
for name, content in expected.items():
    lines = [line for line in beside if line["column"] == name and line["series"] != "data"]
    content = content / content.sum()
    assert np.abs(np.array([float(line["share"]) for line in lines]) - content).max() < 1e-9, name
    distances[name] = np.abs(np.cumsum(content - of_data)).max()
    assert abs(float(lines[0]["distance"]) - distances[name]) < 1e-9, (name, distances[name])
assert distances["kpi"] > 0.05 > 0.02 > max(distances["kpi_drawn"], distances["kpi_moved"]), distances

# A drawn value knows nothing of the one that it replaces, a moved one keeps its order.
known = np.isfinite([logit[name] for name in logit]).all(axis=0) & (p < 2.0) & (p > 1.8)
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

# Ratios as corrections.
ratios = correctionlib.CorrectionSet.from_file(f"{output}/report/kaon_id_table.json")
assert len(list(ratios)) == 18
for line in table:
    for kind, column_of in [("", "ratio"), ("misid: ", "fake_ratio")]:
        name = f"{kind}{line['cut']}" + (f" | {line['precut']}" if line["precut"] else "")
        at = [(float(line[f"{axis}_min"]) + float(line[f"{axis}_max"])) / 2 for axis in KAON[0]]
        value, stat, syst = (float(line[column_of + end]) for end in ["", "_stat_err", "_syst_err"])
        for variation, expected in [("nominal", value), ("stat_up", value + stat), ("syst_down", value - syst)]:
            assert math.isclose(ratios[name].evaluate(variation, *at), expected, rel_tol=1e-9)
print("ratios agree with correctionlib")
