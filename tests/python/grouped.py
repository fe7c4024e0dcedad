"""Events made of a flat table by numpy, held against a stage's Parquet.

grouped.py TABLES FOLDER-OF-FLAT-FILES DERIVED-TABLES
"""

import glob
import sys

import numpy as np
import pyarrow.dataset as ds
import uproot

tables, folder, derived = sys.argv[1:]
expected = {}
for path in sorted(glob.glob(f"{folder}/*.root")):
    flat = uproot.open(path)["Events"].arrays(library="np")
    for event in np.unique(flat["event"]):
        at = flat["event"] == event
        lumi = flat["luminosityBlock"][at][0]
        if lumi != 2 and at.sum() > 1:
            expected[event] = {name: flat[name][at] for name in flat}
rows = ds.dataset(tables, exclude_invalid_files=True).to_table().to_pylist()
twice = ds.dataset(derived, exclude_invalid_files=True).to_table().to_pylist()
assert sorted(row["event"] for row in rows) == sorted(expected), "each event once"
for row, other in zip(sorted(rows, key=lambda row: row["event"]), sorted(twice, key=lambda row: row["event"])):
    hits = expected[row["event"]]
    x, energy, time = (hits[name].astype(float) for name in ("x", "energy", "Hit_time"))
    assert np.allclose(row["Hit_x"], x) and np.allclose(row["Hit_energy"], energy)
    assert np.isclose(row["total"], energy.sum(), rtol=1e-5)
    assert np.allclose(row["Hit_share"], energy / energy.sum(), rtol=1e-5)
    order = np.argsort(time, kind="stable")
    groups = np.empty(len(time), int)
    groups[order] = np.concatenate([[0], np.cumsum(np.diff(time[order]) > 0.3)])
    assert (np.array(row["Hit_group"]) == groups).all()
    assert other["event"] == row["event"] and np.allclose(other["Hit_twice"], 2 * x, rtol=1e-5)
print(f"{len(rows)} events agree")
