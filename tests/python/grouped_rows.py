"""Says how many rows each run has that were put together, and the least event of them.

usage: grouped_rows.py STAGE_FOLDER
prints: RUN: ROWS from LEAST, ...
"""
import pathlib
import sys

import pandas as pd

parts = [pd.read_parquet(path) for path in pathlib.Path(sys.argv[1]).glob("part-*.parquet")]
rows = pd.concat(parts).sort_values("run")
print(", ".join(f"{run}: {count} from {int(least)}" for run, count, least in zip(rows["run"], rows["rows"], rows["least"])))
