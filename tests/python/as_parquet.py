"""Writes the tree of a file again as Parquet, in row groups of some entries.

usage: as_parquet.py FILE.root OUT.parquet ENTRIES CODEC flat|records
flat: each branch is a column, those that are counted are lists; records: those of one counter are one list
of records, and no column says how long it is.
prints: columns N
"""
import sys

import awkward as ak
import pyarrow as pa
import pyarrow.parquet as pq
import uproot

source, out, entries, codec, form = sys.argv[1:6]
file = uproot.open(source)
names = [name for name, kind in file.classnames().items() if kind == "TTree"]
events = file["Events" if "Events;1" in names else names[0]]
arrays = events.arrays(library="ak")
counters = [name for name in arrays.fields if name.startswith("n") and name[1:2].isupper()]
columns = {}
grouped = {}
for name in arrays.fields:
    column = arrays[name]
    collection = name.split("_")[0]
    is_list = column.ndim == 2
    if form == "records" and is_list and "n" + collection in counters and "_" in name:
        grouped.setdefault(collection, {})[name.split("_", 1)[1]] = column
    elif not (form == "records" and name in counters):
        columns[name] = column
for collection, members in grouped.items():
    columns[collection] = ak.zip(members)
if form == "records":
    # A counter that nothing else tells.
    for name in counters:
        if name[1:] not in grouped:
            columns[name] = arrays[name]
table = pa.table({name: ak.to_arrow(column, list_to32=True, extensionarray=False) for name, column in columns.items()})
pq.write_table(table, out, row_group_size=int(entries), compression=codec)
print("columns", len(columns))
