"""Cuts of entries and of candidates by uproot and awkward, held against a stage's Parquet.

usage: cuts.py rows STAGE_FOLDER MASK.json CUT events|NUMBER FILE.root …   the same rows, all columns
       cuts.py middle MASK.json FILE.root            the number of the certified event in the middle
       cuts.py ntuple FROM.root TO.root              the same entries as an RNTuple of many clusters
       cuts.py spoil FILE.root BRANCH                makes the last basket of a branch unreadable

CUT is an expression of awkward on `e`; with a NUMBER rows are muons of at least that pt.
"""

import json
import sys

import awkward as ak
import numpy as np
import pyarrow.dataset as ds
import uproot

COLUMNS = ["run", "luminosityBlock", "event", "MET_pt", "Muon_pt", "Muon_eta", "Jet_pt"]


def certified(path, mask):
    e = uproot.open(path)["Events"].arrays(COLUMNS)
    good = np.zeros(len(e), bool)
    for run, ranges in json.load(open(mask)).items():
        for first, last in ranges:
            good |= ak.to_numpy((e.run == int(run)) & (e.luminosityBlock >= first) & (e.luminosityBlock <= last))
    return e[good]


def rows(stage, mask, cut, most, *files):
    found = ds.dataset(stage, exclude_invalid_files=True).to_table().to_pydict()
    expected = {}
    for file in files:
        e = certified(file, mask)
        e = e[eval(cut, {"e": e, "ak": ak, "np": np})]
        if most != "events":
            hard = e.Muon_pt > float(most)
            of_members = {name: ak.broadcast_arrays(e[name], e.Muon_pt)[0] for name in ["event", "MET_pt"]}
            of_members |= {name: e[name] for name in ["Muon_pt", "Muon_eta"]}
            e = ak.zip({name: ak.flatten(values[hard]) for name, values in of_members.items()}, depth_limit=1)
        for name in e.fields:
            expected.setdefault(name, []).extend(e[name].to_list())
    order = "Muon_pt" if most != "events" else "MET_pt"

    def sorted_rows(table):
        names = sorted(expected)
        return sorted(zip(*(table[name] for name in names)), key=lambda row: (row[names.index("event")], row[names.index(order)]))

    assert sorted_rows(found) == sorted_rows(expected), "other rows"
    print("rows", len(expected["event"]))


def middle(mask, file):
    e = certified(file, mask)
    print(e.event[len(e) // 2])


def ntuple(source, to):
    tree = uproot.open(source)["Events"]
    with uproot.recreate(to) as file:
        made = None
        for e in tree.iterate(COLUMNS + ["nMuon", "nJet"], step_size=1000):
            e = {name: e[name] for name in e.fields}
            if made is None:
                made = file.mkrntuple("Events", e)
            else:
                made.extend(e)


def spoil(path, name):
    branch = uproot.open(path)["Events"][name]
    key = branch.basket_key(branch.num_baskets - 1)
    start = key.fSeekKey + key.fKeylen
    with open(path, "r+b") as file:
        file.seek(start)
        file.write(bytes(3))


{"rows": rows, "middle": middle, "ntuple": ntuple, "spoil": spoil}[sys.argv[1]](*sys.argv[2:])
