"""Changes a plan as somebody would by hand: a row is marked as dropped, or its events are fewer.

changed_plan.py PLAN COLUMN
"""

import sys

import pyarrow as pa
import pyarrow.parquet as pq

path, column = sys.argv[1:]
table = pq.read_table(path)
metadata = {key: value for key, value in pq.ParquetFile(path).metadata.metadata.items() if key != b"ARROW:schema"}
assert metadata[b"lumimill.plan"] and metadata[b"lumimill.seal"]
values = table[column].to_pylist()
values[-1] = not values[-1] if isinstance(values[-1], bool) else values[-1] - 1
at = table.column_names.index(column)
table = table.set_column(at, table.schema.field(at), pa.array(values, table.schema.field(at).type))
pq.write_table(table.replace_schema_metadata(metadata), path, compression="zstd")
