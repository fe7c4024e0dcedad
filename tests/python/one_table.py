"""Opens a stage's folder as one data set with pyarrow, pandas, polars and DuckDB: one schema, and
every value as uproot reads it.

usage: one_table.py STAGE_FOLDER COLUMN=TYPE;... DATASET=FILE...

The stage keeps one row an event and every event, under the names of the branches. A column
"dataset" holds the name of the dataset.
"""
import glob
import sys

import duckdb
import numpy as np
import pandas
import polars
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import uproot

folder, columns, *files = sys.argv[1:]
columns = dict(column.split("=", 1) for column in columns.split(";"))
files = [file.split("=", 1) for file in files]

expected = {name: [] for name in columns}
for dataset, file in files:
    tree = uproot.open(file)["Events"]
    for name in columns:
        values = [dataset] * tree.num_entries if name == "dataset" else tree[name].array(library="np")
        expected[name].extend(v.tolist() if hasattr(v, "tolist") else v for v in values)
rows = len(next(iter(expected.values())))


def same(found, what):
    for name, values in expected.items():
        got = [v.tolist() if hasattr(v, "tolist") else v for v in found(name)]
        order = lambda v: sorted(v, key=lambda x: (str(type(x)), x))
        assert order(got) == order(values), (what, name, got[:5], values[:5])


parts = glob.glob(folder + "/*.parquet")
schemas = {pq.read_schema(part).remove_metadata().to_string() for part in parts}
assert len(schemas) == 1, schemas
schema = pq.read_schema(parts[0])
for name, kind in columns.items():
    assert str(schema.field(name).type) == kind, (name, schema.field(name))
inputs = {name.split("/")[-1] for _, name in files}
for part in parts:
    facts = pq.ParquetFile(part).metadata.metadata
    assert facts[b"lumimill.dataset"].decode() in {dataset for dataset, _ in files}, facts
    assert facts[b"lumimill.input"].decode().split("/")[-1] in inputs, facts

table = ds.dataset(folder, format="parquet").to_table()
assert table.num_rows == rows, (table.num_rows, rows)
same(lambda name: table[name].to_pylist(), "pyarrow")
frame = pandas.read_parquet(folder)
same(lambda name: frame[name], "pandas")
lazy = polars.read_parquet(folder + "/*.parquet")
same(lambda name: lazy[name].cast(polars.String).to_list() if name == "dataset" else lazy[name].to_list(), "polars")
connection = duckdb.connect()
same(lambda name: [v for (v,) in connection.execute(f"select {name} from '{folder}/*.parquet'").fetchall()], "duckdb")
print("rows", rows, "in", len(parts), "parts")
