"""Checksums of what ROOT reads of the files of packed numbers in `data`.

`python packed_checksums.py > packed_checksums.json` with real ROOT (PyPI `root`) compiles
packed_numbers.C, writes the files again where they are not there, and reads them: of each branch
the number of values, the CRC-32 of the values as little-endian bytes, and where their number
varies the CRC-32 of the counts as little-endian i64. ROOT is asked, as uproot 5.7 reads some of
these branches in another way than ROOT, or not at all.
"""

import json
import os
import sys
import zlib

import numpy as np
import ROOT

TYPES = {"Float16_t": "<f4", "Double32_t": "<f8", "Float_t": "<f4", "Int_t": "<i4"}
# Members that TTree::Draw reads: arrays that another member counts.
COUNTED = {"var": "<f8", "hvar": "<f4"}


def summed(rows, kind, varies, per=1):
    flat = np.array([value for row in rows for value in row], kind)
    counts = np.array([len(row) // per for row in rows], "<i8")
    return [len(flat), zlib.crc32(flat.tobytes()), zlib.crc32(counts.tobytes()) if varies else None]


def leaves(path):
    file = ROOT.TFile(path)
    tree = file.Get("T")
    values = {}
    for entry in range(tree.GetEntries()):
        tree.GetEntry(entry)
        for leaf in tree.GetListOfLeaves():
            branch = leaf.GetBranch()
            name = branch.GetName()
            if branch.GetListOfLeaves().GetEntries() > 1:
                name += "." + leaf.GetName()
            kind = TYPES.get(leaf.GetTypeName())
            if kind:
                rows = values.setdefault(name, (kind, bool(leaf.GetLeafCount()), []))[2]
                rows.append([leaf.GetValue(at) for at in range(leaf.GetLen())])
    return {
        name: summed(rows, kind, varies, 2 if name == "dvr" else 1)
        for name, (kind, varies, rows) in values.items()
    }


def vectors(path, name, kind):
    return {name: summed(ROOT.RDataFrame("T", path).AsNumpy([name])[name], kind, True)}


def counted(path):
    file = ROOT.TFile(path)
    tree = file.Get("T")
    found = {}
    for name, kind in COUNTED.items():
        count = tree.Draw(name, "", "goff")
        values = [tree.GetV1()[at] for at in range(count)]
        lengths = [entry % 4 for entry in range(tree.GetEntries())]
        ends = np.cumsum([0] + lengths)
        rows = [values[ends[at] : ends[at + 1]] for at in range(len(lengths))]
        found[name] = summed(rows, kind, True)
    return found


if __name__ == "__main__":
    ROOT.gErrorIgnoreLevel = ROOT.kFatal
    here = os.path.dirname(os.path.abspath(sys.argv[0]))
    ROOT.gSystem.CompileMacro(os.path.join(here, "packed_numbers.C"), "k")
    os.chdir(os.path.join(here, "data"))
    for name in ["leaves", "packs", "vecs", "vech", "ptrs"]:
        if not os.path.exists(f"{name}.root"):
            getattr(ROOT, name)(f"{name}.root")
    found = {name: leaves(name) for name in ["leaves.root", "packs.root"]}
    found["vecs.root"] = vectors("vecs.root", "vd", "<f8")
    found["vech.root"] = vectors("vech.root", "vh", "<f4")
    found["ptrs.root"] = counted("ptrs.root")
    json.dump(found, sys.stdout, indent=1)
