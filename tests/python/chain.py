"""That a stage of a chain holds what one stage holds: the same rows in the same order, and every
column of the first bit for bit.

usage: chain.py OUTPUT STAGE OTHER [COLUMN]

With a column, only that one and the rows are compared.
"""
import glob
import sys

import pyarrow as pa
import pyarrow.parquet as pq

output, *stages = sys.argv[1:4]
only = sys.argv[4:5] if any(sys.argv[4:5]) else None


def table(stage):
    parts = []
    for path in glob.glob(f"{output}/{stage}/*.parquet"):
        facts = {k.decode().removeprefix("lumimill."): v.decode() for k, v in pq.read_metadata(path).metadata.items()}
        start = int(facts["entries"].split("-")[0])
        parts.append(((facts["input"], start), pq.read_table(path)))
    assert parts, stage
    parts.sort(key=lambda part: part[0])
    return pa.concat_tables([part for _, part in parts]), [len(part) for _, part in parts]


(one, of_parts), (other, of_others) = map(table, stages)
assert of_parts == of_others, (of_parts, of_others)
assert one.num_rows > 100, one.num_rows
keys = {field.metadata[b"role"]: field.name for field in other.schema if field.metadata and b"role" in field.metadata}
assert {b"run", b"lumi", b"event", b"candidate"} <= set(keys), keys
rows = list(zip(*(other[name].to_pylist() for name in keys.values())))
assert len(set(rows)) == len(rows), "keys tell rows apart"
for name in only or one.column_names:
    assert one.schema.field(name).equals(other.schema.field(name), check_metadata=True), (
        one.schema.field(name), one.schema.field(name).metadata, other.schema.field(name).metadata)
    left, right = (t[name].combine_chunks() for t in (one, other))
    bytes_of = lambda array: [buffer and buffer.to_pybytes() for buffer in array.buffers()]
    left, right = (pa.concat_arrays([array]) for array in (left, right))
    assert left.equals(right) or str(left) == str(right), name
    if pa.types.is_floating(left.type):
        assert left.to_numpy().tobytes() == right.to_numpy().tobytes(), name
