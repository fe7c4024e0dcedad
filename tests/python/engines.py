"""The engine that the tables of a stage name, which must be the same in all, and the sums of its
scores."""

import pathlib
import sys

import pyarrow.compute as pc
import pyarrow.parquet as pq

engines, sums = set(), {}
for file in sorted(pathlib.Path(sys.argv[1]).glob("part-*.parquet")):
    table = pq.read_table(file)
    metadata = {key.decode(): value.decode() for key, value in pq.read_metadata(file).metadata.items()}
    engines |= {value for key, value in metadata.items() if key.endswith("model.pid.engine")}
    for name in [name for name in table.column_names if name.startswith("p_")]:
        sums[name] = sums.get(name, 0.0) + pc.sum(table[name]).as_py()
(engine,) = engines
print(engine, *sums.values())
