"""Rows of the categories that are fitted have weights, and no other has one.

empty_category.py OUTPUT EMPTY, of the campaign in `sweights/empty.rs`: EMPTY is the number of edges up to
the empty category.
"""

import glob
import sys

import numpy as np
import pyarrow.parquet as pq

output, edges = sys.argv[1], [0.5, 2.5, 4.8, 9.0]
highest = edges[int(sys.argv[2]) - 1]
of_shard = {path.split("part-")[1].split(".")[0]: path for path in glob.glob(f"{output}/dstar/part-*.parquet")}
seen = 0
for path in glob.glob(f"{output}/sweights/part-*.parquet"):
    parent = pq.ParquetFile(path).metadata.metadata[b"lumimill.parent"].decode()
    rows, weights = pq.read_table(of_shard[parent]), pq.read_table(path)
    mass, p = (rows[name].to_numpy().astype("f8") for name in ("M_D0", "p"))
    fitted = (mass >= 1.80) & (mass <= 1.95) & (p >= edges[0]) & (p < highest)
    for name in ("sweight", "sweight_syst"):
        is_null = weights[name].is_null().to_numpy()
        assert (is_null == ~fitted).all(), (path, name)
    seen += int(fitted.sum())
assert seen > 1000, seen
print("weights of", seen, "rows")
