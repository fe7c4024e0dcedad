"""Tables of directories, as uproot and ROOT see the files and as Lumimill wrote them.

directories.py TABLES FILE…: each file has directories DF_* with O2rtdielectronall and, beside it,
O2rtdielectronml; the table has columns of both, in the order of the files.
"""

import sys

import numpy as np
import pyarrow.dataset as ds
import uproot

tables, *files = sys.argv[1:]
table = ds.dataset(tables, exclude_invalid_files=True).to_table()
TREES = {"O2rtdielectronall": ["fMass", "fSign", "fMcDecision", "fITSClusterMap2"], "O2rtdielectronml": ["fCentFT0C"]}

rows = {name: [] for names in TREES.values() for name in names}
for path in files:
    with uproot.open(path) as file:
        frames = [key for key in file.keys(recursive=False, cycle=False) if key.startswith("DF_")]
        for frame in frames:
            for tree, names in TREES.items():
                arrays = file[f"{frame}/{tree}"].arrays(names, library="np")
                for name in names:
                    rows[name].append(arrays[name])
rows = {name: np.concatenate(parts) for name, parts in rows.items()}

# The order of shards among the objects of a table is none: rows are compared by all they hold.
def ordered(columns):
    return np.sort(np.rec.fromarrays([columns[name] for name in sorted(columns)]))

found = {name: table[name].to_numpy() for name in rows}
assert (ordered(found) == ordered(rows)).all(), "the rows differ"
print(f"{len(rows['fMass'])} rows agree with uproot")

import ROOT

for path in files:
    file = ROOT.TFile.Open(path)
    assert not file.IsZombie() and not file.TestBit(ROOT.TFile.kRecovered), path
    chain = ROOT.TChain("O2rtdielectronall")
    for key in file.GetListOfKeys():
        directory = file.Get(key.GetName())
        assert directory.ClassName() == "TDirectoryFile", directory.ClassName()
        names = sorted(key.GetName() for key in directory.GetListOfKeys())
        assert names == sorted(TREES), names
        chain.Add(f"{path}/{key.GetName()}/O2rtdielectronall")
    with uproot.open(path) as known:
        frames = [known[key] for key in known.keys() if key.endswith("/O2rtdielectronall;1")]
        expected = sum(float(frame["fMass"].array(library="np").sum(dtype="f8")) for frame in frames)
    sum_ = ROOT.RDataFrame(chain).Sum("fMass").GetValue()
    assert abs(sum_ - expected) < 1e-9 * expected, (sum_, expected)
print(f"{len(files)} files agree with ROOT")
