"""Compares the tables of two runs of one campaign, whose input was the same under other names:
the same columns and units, the same rows, and metadata that differ by input and shard alone.
Without a prefix it is other files of the same names: their state differs in the place of the input.

usage: same_rows.py STAGE_FOLDER OTHER_STAGE_FOLDER OTHER_INPUT_PREFIX
prints: rows N
"""
import pathlib
import sys

import pyarrow.parquet as pq


def parts(folder):
    """Facts and table of each part, in the order of input and entries."""
    found = []
    for path in pathlib.Path(folder).glob("part-*.parquet"):
        table = pq.read_table(path)
        pairs = pq.ParquetFile(path).metadata.metadata.items()
        facts = {key.decode(): value.decode() for key, value in pairs if key.startswith(b"lumimill.")}
        name = pathlib.PurePosixPath(facts["lumimill.input"]).name
        first = int(facts["lumimill.entries"].split("-")[0])
        found.append(((name, first), facts, table))
    return sorted(found, key=lambda part: part[0])


one, other, prefix = parts(sys.argv[1]), parts(sys.argv[2]), sys.argv[3]
assert [key for key, _, _ in one] == [key for key, _, _ in other], "the same shards"
rows = 0
for (key, facts, table), (_, other_facts, other_table) in zip(one, other):
    plain = lambda schema: schema.remove_metadata()
    assert plain(table.schema) == plain(other_table.schema), key
    for field, other_field in zip(table.schema, other_table.schema):
        assert field.equals(other_field, check_metadata=True), (key, field)
    frame, other_frame = table.to_pandas(), other_table.to_pandas()
    # A NaN is equal to a NaN here.
    assert frame.equals(other_frame), key
    assert other_facts["lumimill.input"].startswith(prefix), other_facts
    differing = {name for name in facts.keys() | other_facts.keys() if facts.get(name) != other_facts.get(name)}
    assert differing == {"lumimill.input" if prefix else "lumimill.input_state", "lumimill.shard"}, differing
    rows += table.num_rows
print("rows", rows)
