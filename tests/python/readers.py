"""Opens a stage's folder as one data set with pyarrow, polars and DuckDB.

usage: readers.py STAGE_FOLDER ROWS
"""
import sys

import duckdb
import polars
import pyarrow.dataset as ds
import pyarrow.parquet as pq

folder, rows = sys.argv[1], int(sys.argv[2])
dataset = ds.dataset(folder, format="parquet")
assert dataset.count_rows() == rows, (dataset.count_rows(), rows)
frame = polars.read_parquet(folder + "/*.parquet")
assert frame.height == rows, frame.height
counted = duckdb.connect().execute(f"select count(*), sum(m_mumu) from '{folder}/*.parquet'").fetchone()
assert counted[0] == rows, counted
assert abs(counted[1] - frame["m_mumu"].cast(polars.Float64).sum()) < 1e-3 * abs(counted[1])
for part in dataset.files:
    file = pq.ParquetFile(part)
    facts = {k.decode(): v.decode() for k, v in file.metadata.metadata.items()}
    for key in ("campaign", "stage", "shard", "configuration", "version", "model.score_iso_dz.sha256"):
        assert facts["lumimill." + key], key
    assert facts["lumimill.shard"] in part
    assert file.schema_arrow.field("m_mumu").metadata[b"unit"] == b"GeV"
    for column in range(file.metadata.num_columns):
        chunk = file.metadata.row_group(0).column(column)
        assert chunk.compression == "ZSTD", chunk.compression
        assert chunk.is_stats_set, chunk.path_in_schema
print("rows", rows, "parts", len(dataset.files))
