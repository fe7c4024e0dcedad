"""Compares the tables of two runs whose input had the same events in files of another kind, cut in other
places: the same columns, types and units, and the same values, in the order of run, lumi and event.

usage: same_values.py STAGE_FOLDER OTHER_STAGE_FOLDER
prints: rows N
"""
import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet as pq


def whole(folder):
    tables = [pq.read_table(path) for path in sorted(pathlib.Path(folder).glob("part-*.parquet"))]
    return pa.concat_tables([table.replace_schema_metadata() for table in tables])


one, other = whole(sys.argv[1]), whole(sys.argv[2])
assert one.schema.equals(other.schema, check_metadata=True), (one.schema, other.schema)
keys = [name for name in ["run", "luminosityBlock", "event", "candidate"] if name in one.column_names]
frames = [table.to_pandas().sort_values(keys, kind="stable").reset_index(drop=True) for table in (one, other)]
assert frames[0].equals(frames[1]), frames[0].compare(frames[1])
print("rows", len(frames[0]))
