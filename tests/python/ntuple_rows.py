"""Holds the table of a stage on common/rootfile/tests/data/rntuple/cms.root against what was written to it.

usage: ntuple_rows.py STAGE_FOLDER
prints: rows N
"""
import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet as pq

parts = sorted(pathlib.Path(sys.argv[1]).glob("part-*.parquet"))
rows = pa.concat_tables([pq.read_table(path) for path in parts]).to_pylist()
rows.sort(key=lambda row: row["event"])
assert [row["event"] for row in rows] == list(range(20)), "lumi sections 1 and 2, of ten events each"
for row in rows:
    n = row["event"]
    assert row["nMuon"] == n % 3, row
    assert row["pt"] == (20 + n if n % 3 else -1), row
    assert row["positive"] == (1 if n % 3 else 0), row
    assert row["HLT_IsoMu24"] == bool(n % 2), row
    assert row["HLT_Late"] == (n >= 15), row
print("rows", len(rows))
