"""Efficiencies against sums of the written tables, and their corrections against correctionlib.

efficiencies.py TABLES CSV JSON, of the metrics in `fits.rs`.
"""

import csv
import json
import math
import sys

import correctionlib
import numpy as np
import pyarrow.dataset as ds

tables, path, corrections = sys.argv[1:]
table = ds.dataset(tables, exclude_invalid_files=True).to_table()
column = {name: table[name].to_numpy() for name in table.column_names}
passes = {
    "HLT_Mu17_Mu8": column["HLT_Mu17_Mu8"].astype(bool),
    "HLT_Mu17_Mu8_DZ && lead_pt > 30": column["HLT_Mu17_Mu8_DZ"].astype(bool) & (column["lead_pt"] > 30),
    "": np.ones(len(table), bool),
    "abs(eta_mumu) < 1.5": abs(column["eta_mumu"]) < 1.5,
}
w, v = column["score_mu17_mu8"].astype("f8"), column["score_mu17_mu8_dz"].astype("f8")
known = np.isfinite(w) & np.isfinite(v)
file = json.load(open(corrections))
evaluator = correctionlib.CorrectionSet.from_file(corrections)
compared, rows = 0, 0


def near(found, expected, within=1e-9, tiny=1e-12):
    global compared
    found = float(found)
    assert math.isclose(found, expected, rel_tol=within, abs_tol=tiny), f"{found}, expected {expected}"
    compared += 1


for line in csv.DictReader(open(path)):
    inside = known & passes[line["precut"]]
    for axis in ["lead_pt", "PV_npvs"]:
        low, high = float(line[f"{axis}_low"]), float(line[f"{axis}_high"])
        inside &= (column[axis] >= low) & (column[axis] < high)
    passing = inside & passes[line["cut"]]
    total, some = w[inside].sum(), w[passing].sum()
    rows += int(line["rows"]) if line["precut"] == "" and line["cut"] == "HLT_Mu17_Mu8" else 0
    assert int(line["rows"]) == inside.sum()
    near(line["sumw_total"], total)
    near(line["sumw_pass"], some)
    if not inside.any():
        assert line["efficiency"] == line["error"] == ""
        continue
    p = some / total
    error = math.sqrt(abs((1 - 2 * p) * (w[passing] ** 2).sum() + p * p * (w[inside] ** 2).sum())) / total
    syst = abs(p - v[passing].sum() / v[inside].sum())
    near(line["efficiency"], p)
    near(line["error"], error, 1e-6, 1e-7)
    near(line["error_syst"], syst, 1e-6, 1e-7)
    ends = [p - error, p + error]
    if not passing.any() or passing.sum() == inside.sum():
        n = total**2 / (w[inside] ** 2).sum()
        half = math.sqrt(max(0.0, p * (1 - p) / n) + 0.25 / n**2)
        ends = [max(0.0, (p + 0.5 / n - half) / (1 + 1 / n)), min(1.0, (p + 0.5 / n + half) / (1 + 1 / n))]
        near(line["interval_low"], ends[0], 1e-6, 1e-7)
        near(line["interval_high"], ends[1], 1e-6, 1e-7)
    else:
        assert line["interval_low"] == line["interval_high"] == ""
    edges = [float(line[key]) for key in ["lead_pt_low", "lead_pt_high", "PV_npvs_low", "PV_npvs_high"]]
    if np.isfinite(edges).all():
        name = line["cut"] + (f" | {line['precut']}" if line["precut"] else "")
        middle = [(edges[0] + edges[1]) / 2, (edges[2] + edges[3]) / 2]
        near(evaluator[name].evaluate("nominal", *middle), p)
        near(evaluator[name].evaluate("stat_up", *middle), ends[1], 1e-6, 1e-7)
        near(evaluator[name].evaluate("stat_down", *middle), ends[0], 1e-6, 1e-7)
        near(evaluator[name].evaluate("syst_down", *middle), p - syst, 1e-6, 1e-7)
assert rows == known.sum(), f"{rows} rows in bins, {known.sum()} in the tables"
assert [c["name"] for c in file["corrections"]][1] == "HLT_Mu17_Mu8_DZ && lead_pt > 30"
print(f"{compared} efficiencies agree, with correctionlib")
