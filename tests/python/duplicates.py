"""Holds a table of events against what uproot reads: kept as often as they are there, or once.

usage: duplicates.py keep|first STAGE_FOLDER MASK FILE...

The stage keeps run, luminosityBlock, event and MET_pt of events with nMuon >= 2; of events that are
there more than once, the first in the order of files and entries counts.
"""
import json
import sys

import numpy as np
import pyarrow.dataset as ds
import uproot

policy, folder, mask, *files = sys.argv[1:]
mask = {int(run): ranges for run, ranges in json.load(open(mask)).items()}


def certified(run, lumi):
    return any(first <= lumi <= last for first, last in mask.get(run, []))


seen, expected = set(), []
for file in files:
    tree = uproot.open(file)["Events"].arrays(["run", "luminosityBlock", "event", "nMuon", "MET_pt"], library="np")
    for run, lumi, event, muons, met in zip(*tree.values()):
        key = (int(run), int(lumi), int(event))
        if not certified(key[0], key[1]) or (policy == "first" and key in seen):
            continue
        seen.add(key)
        if muons >= 2:
            expected.append((*key, float(met)))
table = ds.dataset(folder, format="parquet").to_table().to_pydict()
found = list(zip(table["run"], table["luminosityBlock"], table["event"], table["MET_pt"]))
assert sorted(found) == sorted(expected), (len(found), len(expected))
assert policy == "keep" or len(set(found)) == len(found)
print("rows", len(found), "of", len(seen), "events")
