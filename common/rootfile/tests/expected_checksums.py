"""Make expected_checksums.json: what uproot reads from every sample file, as checksums.

    python expected_checksums.py DATA_FOLDER [OUTPUT]

For every file, tree and branch: [count, crc32, counts_crc32 or null], or a string, which says
why uproot gives no plain column. `count` is the number of innermost values, `crc32` is of these
as little-endian bytes (a boolean is one byte), `counts_crc32` of the number of items of each
entry as little-endian i64. Strings count as lists of bytes. Needs uproot and awkward, and ROOT
for files whose baskets leave out entry offsets.
"""

import json
import pathlib
import sys
import zlib

import awkward as ak
import numpy as np
import uproot


def content(layout):
    """The innermost values of an array's layout, and the number of items of each entry."""
    counts = None
    if layout.is_record or layout.is_union or layout.is_option:
        raise TypeError(f"a {layout.form.type} is no plain column")
    if layout.is_list and not layout.is_regular:
        layout = layout.to_ListOffsetArray64(True)
        offsets = np.asarray(layout.offsets)
        counts = np.diff(offsets).astype("<i8")
        values, _ = content(layout.content[: offsets[-1]])
        return values, counts
    if layout.is_regular:
        values, _ = content(layout.content[: len(layout) * layout.size])
        return values, counts
    if layout.is_indexed:
        return content(layout.project())
    return np.ascontiguousarray(layout.data), counts


def describe(branch):
    """The checksums of one branch."""
    interpretation = branch.interpretation
    if isinstance(interpretation, uproot.interpretation.grouped.AsGrouped):
        return "a group of branches"
    array = branch.array(library="ak", interpretation=interpretation)
    values, counts = content(ak.to_layout(array))
    if values.dtype.fields is not None:
        raise TypeError("several leaves")
    if values.dtype == bool:
        values = values.view("u1") != 0
    return checksums(values, counts)


def checksums(values, counts):
    """The checksums of values, and of the number of items of each entry if that varies."""
    values = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    crc = lambda array: zlib.crc32(array.tobytes())
    return [int(values.size), crc(values), None if counts is None else crc(counts)]


DTYPES = {"Float_t": "<f4", "Double_t": "<f8", "Int_t": "<i4", "UInt_t": "<u4", "Bool_t": "u1"}


def generated_offsets(tree):
    """Whether baskets leave out entry offsets, which uproot does not know how to read."""
    features = tree.all_members.get("fIOFeatures")
    return features is not None and features.member("fIOBits") & 1 != 0


def describe_with_root(path, name, branches):
    """As describe, of the branches whose entries vary in size, read by ROOT itself."""
    import ROOT

    file = ROOT.TFile.Open(str(path))
    tree = file.Get(name)
    columns = {}
    for key in branches:
        leaf = tree.GetLeaf(key)
        counter = leaf.GetLeafCount()
        if leaf.ClassName() != "TLeafC" and not counter:
            continue
        columns[key] = column = []
        for index in range(tree.GetEntries()):
            tree.GetEntry(index)
            if counter:
                values = getattr(tree, key)
                dtype = DTYPES[leaf.GetTypeName()]
                column.append(np.array([values[i] for i in range(int(counter.GetValue()))], dtype))
            else:
                column.append(np.frombuffer(leaf.GetValueString().encode(), "u1"))
    return {
        key: checksums(np.concatenate(column), np.array([len(x) for x in column], "<i8"))
        for key, column in columns.items()
    }


def describe_ntuple(ntuple):
    """As describe, of the fields of an RNTuple that ROOT made from a tree: those that it shows at the top."""
    branches = {}
    for key in ntuple.keys(recursive=False):
        if key.startswith("_collection"):
            continue  # its members are shown at the top
        array = ntuple[key].array(library="ak")
        values, counts = content(ak.to_layout(array))
        if ntuple[key].typename == "ROOT::RNTupleCardinality<std::uint32_t>":
            values = values.astype("<u4")
        branches[key] = checksums(values, counts)
    return branches


def describe_file(path):
    """The checksums of every tree of a file."""
    trees = {}
    with uproot.open(path) as file:
        for name, class_name in file.classnames(cycle=False).items():
            if class_name == "ROOT::RNTuple":
                ntuple = file[name]
                branches = describe_ntuple(ntuple)
                trees[name] = {"entries": int(ntuple.num_entries), "branches": branches}
                continue
            if class_name not in ("TTree", "TNtuple", "TNtupleD"):
                continue
            tree, branches = file[name], {}
            for key, branch in tree.iteritems():
                if key in branches:
                    continue  # only the first of several branches of one name can be read
                try:
                    branches[key] = describe(branch)
                except Exception as error:
                    branches[key] = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
            if generated_offsets(tree):
                branches.update(describe_with_root(path, name, branches))
            trees[name] = {"entries": int(tree.num_entries), "branches": branches}
    return trees


def main():
    data = pathlib.Path(sys.argv[1])
    found = {}
    for path in sorted(data.rglob("*.root")):
        try:
            found[str(path.relative_to(data))] = describe_file(path)
        except Exception as error:
            found[str(path.relative_to(data))] = f"{type(error).__name__}: {error}".splitlines()[0]
            print(path, error, file=sys.stderr)
    text = json.dumps(found, separators=(",", ":"), sort_keys=True)
    out = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else __file__).with_suffix(".json")
    out.write_text(text + "\n")


main()
