"""Columns of an event-level stage, computed with numpy from the ROOT files, and the area of its score by
scikit-learn.

usage: event_level.py STAGE_FOLDER REPORT_FOLDER FILE…
"""
import csv
import sys

import numpy as np
import pyarrow.dataset as ds
import uproot
from sklearn.metrics import roc_auc_score

stage, report, *files = sys.argv[1:]
table = ds.dataset(stage, format="parquet").to_table().to_pandas().set_index(["run", "lumi", "event"])
names = ["run", "luminosityBlock", "event", "Muon_pt", "Muon_eta", "Muon_phi", "Muon_mass"]
fewer = checked = 0
for file in files:
    events = uproot.open(file)["Events"].arrays(names, library="np")
    for run, lumi, event, *muons in zip(*(events[name] for name in names)):
        if (run, lumi, event) not in table.index:
            continue
        row = table.loc[(run, lumi, event)]
        pt, eta, phi, mass = (np.asarray(of, dtype=float) for of in muons)
        at = lambda of, n, fallback: of[n] if len(of) > n else fallback
        expected = {
            "lead_pt": at(pt, 0, -1), "lead_eta": at(eta, 0, 0), "sub_pt": at(pt, 1, -1), "sub_eta": at(eta, 1, 0),
            "m_mumu": -1, "pt_mumu": -1,
        }
        if len(pt) > 1:
            x, y, z = (pt * np.cos(phi))[:2].sum(), (pt * np.sin(phi))[:2].sum(), (pt * np.sinh(eta))[:2].sum()
            energy = np.sqrt(mass**2 + (pt * np.cosh(eta)) ** 2)[:2].sum()
            expected["m_mumu"] = np.sqrt(max(energy**2 - x**2 - y**2 - z**2, 0))
            expected["pt_mumu"] = np.hypot(x, y)
        else:
            fewer += 1
        for name, value in expected.items():
            assert abs(row[name] - value) <= 2e-5 * max(1, abs(value)), (run, lumi, event, name, row[name], value)
        checked += 1
assert checked == len(table) and fewer > 0, (checked, len(table), fewer)
line = next(csv.DictReader(open(report + "/metrics_per_label.csv")))
auc = roc_auc_score(table[line["label"]], table[line["score"]])
assert abs(float(line["roc_auc"]) - auc) <= float(line["roc_auc_binning_error"]) + 1e-9, (line["roc_auc"], auc)
print("events agree", checked, fewer)
