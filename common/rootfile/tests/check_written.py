"""Read files made by the `written` test with uproot, and with ROOT where it is installed.

Usage: check_written.py FOLDER. The folder holds one file per codec and expected.json with the
entries, the cluster boundaries and a CRC-32 of every branch's values as little-endian bytes.
"""

import json
import pathlib
import sys
import zlib

import awkward as ak
import numpy as np
import uproot

FAILURES = []


def check(what, found, expected):
    if found != expected:
        FAILURES.append(f"{what}: found {found!r:.120}, expected {expected!r:.120}")


def crc(array):
    flat = np.ascontiguousarray(ak.to_numpy(ak.flatten(array, axis=None)))
    return zlib.crc32(flat.astype(flat.dtype.newbyteorder("<")).tobytes())


def check_uproot(path, expected):
    with uproot.open(path) as file:
        check(f"{path.name}: trees", sorted(file.keys(cycle=False)), ["Empty", "Events", "LuminosityBlocks"])
        check(f"{path.name}: Empty", file["Empty"].num_entries, 0)
        for name, tree in expected["trees"].items():
            read = file[name].arrays()
            check(f"{path.name}: {name}", file[name].num_entries, tree["entries"])
            for branch, checksum in tree["branches"].items():
                check(f"{path.name}: {name}.{branch}", crc(read[branch]), checksum)
            for branch in (b for b in tree["branches"] if b.startswith("Jet_")):
                same = ak.all(ak.num(read[branch]) == read["nJet"])
                check(f"{path.name}: counts of {branch}", bool(same), True)
    return len(expected["trees"]["Events"]["branches"])


def check_root(path, expected):
    """Clusters, streamer infos and every value, as ROOT itself sees them."""
    import ROOT

    file = ROOT.TFile.Open(str(path))
    check(f"{path.name}: zombie, recovered", (file.IsZombie(), file.TestBit(ROOT.TFile.kRecovered)), (False, False))
    check(f"{path.name}: streamer infos", file.GetStreamerInfoList().GetSize() > 15, True)
    tree = file.Get("Events")
    iterator, boundaries = tree.GetClusterIterator(0), [0]
    while iterator.Next() < tree.GetEntries():
        boundaries.append(iterator.GetNextEntry())
    check(f"{path.name}: clusters", boundaries, expected["clusters"])
    arrays = uproot.open(path)["Events"].arrays()
    # PyROOT has no array view of single bytes: TTree::Draw reads those, as doubles ("+ 0"
    # because it takes a bare array of char for a string).
    narrow = [name for name in arrays.fields if name.endswith("int8")]
    tree.SetEstimate(64 * tree.GetEntries())
    for branch in narrow:
        rows = tree.Draw(f"{branch} + 0", "", "goff")
        values = np.frombuffer(tree.GetV1(), "f8", rows) if rows else np.zeros(0)
        compare(path, branch, values, arrays[branch])
    wide = [name for name in arrays.fields if name not in narrow]
    for branch, values in ROOT.RDataFrame("Events", str(path)).AsNumpy(wide).items():
        values = np.concatenate([np.asarray(v) for v in values]) if values.dtype == object else values
        compare(path, branch, values, arrays[branch])


def compare(path, branch, theirs, ours):
    ours = ak.to_numpy(ak.flatten(ours, axis=None))
    check(f"{path.name}: ROOT's {branch}", theirs.astype(ours.dtype).tobytes(), ours.tobytes())


def main():
    folder = pathlib.Path(sys.argv[1])
    expected = json.loads((folder / "expected.json").read_text())
    try:
        import ROOT
    except ImportError:
        ROOT = None
        print("ROOT is not installed: its half of the check is left out")
    files = sorted(folder.glob("*.root"))
    for path in files:
        branches = check_uproot(path, expected)
        if ROOT is not None:
            check_root(path, expected)
        print(f"{path.name}: {branches} branches checked")
    check("files", len(files), 6)
    for failure in FAILURES[:40]:
        print("DIFFERENT", failure)
    sys.exit(1 if FAILURES else 0)


main()
