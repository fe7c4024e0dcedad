"""Make expected_checksums.json: what uproot reads from every sample file, as checksums.

    python expected_checksums.py DATA_FOLDER [OUTPUT]

For every file, tree and branch: [count, crc32, counts_crc32 or null], or a string, which says
why uproot gives no plain column. `count` is the number of innermost values, `crc32` is of these
as little-endian bytes (a boolean is one byte), `counts_crc32` of the number of items of each
entry as little-endian i64. Strings count as lists of bytes. Needs uproot and awkward.
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
    values = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    crc = lambda array: zlib.crc32(array.tobytes())
    return [int(values.size), crc(values), None if counts is None else crc(counts)]


def describe_file(path):
    """The checksums of every tree of a file."""
    trees = {}
    with uproot.open(path) as file:
        for name, class_name in file.classnames(cycle=False).items():
            if class_name not in ("TTree", "TNtuple", "TNtupleD"):
                continue
            tree, branches = file[name], {}
            for key, branch in tree.iteritems():
                try:
                    branches[key] = describe(branch)
                except Exception as error:
                    branches[key] = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
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
