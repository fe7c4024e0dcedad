"""Compares the tables of a campaign on small files whose shards read many of them with those of one
whose shards read one each: the same columns, and the same rows in the order of the list.

usage: small_files.py STAGE_FOLDER OTHER_STAGE_FOLDER
prints: rows N
"""
import pathlib
import sys

import pyarrow
import pyarrow.parquet as pq


def read(folder):
    """The rows of all parts, in the order of the event numbers, and how many parts there are."""
    tables = [pq.read_table(path) for path in pathlib.Path(folder).glob("part-*.parquet")]
    schemas = {str(table.schema.remove_metadata()) for table in tables}
    assert len(schemas) == 1, schemas
    for table in tables:
        events = table["event"].to_pylist()
        assert events == sorted(events), "in the order of the list"
    return pyarrow.concat_tables(tables).sort_by("event"), len(tables)


(packed, few), (alone, many) = read(sys.argv[1]), read(sys.argv[2])
assert few * 4 < many, (few, many)
assert packed.schema.equals(alone.schema), (packed.schema, alone.schema)
assert packed.equals(alone)
assert packed["fired"].null_count > 0 and packed["fired"].null_count < packed.num_rows
print("rows", packed.num_rows)
