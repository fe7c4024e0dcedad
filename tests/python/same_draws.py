"""Columns that were drawn by the density of a stage, and by the same density of a file.

same_draws.py TABLES TABLES
"""

import sys

import numpy as np
import pyarrow.dataset as ds

one, two = (ds.dataset(path, exclude_invalid_files=True).to_table().sort_by("event") for path in sys.argv[1:])
assert one.column_names == two.column_names and len(one) == len(two) > 100
for name in ["kpi_drawn", "kpi_moved"]:
    first, second = (table[name].to_numpy() for table in (one, two))
    assert np.array_equal(first, second, equal_nan=True), name
    assert np.isfinite(first).mean() > 0.9, name
# By a density that is that of simulation, too, nothing moves but by the width of a bin.
inside = np.isfinite(one["kpi_moved"].to_numpy())
moved = np.abs(one["kpi_moved"].to_numpy() - one["kpi"].to_numpy())[inside]
assert np.quantile(moved, 0.99) < 1e-5, np.quantile(moved, 0.99)
drawn = np.abs(one["kpi_drawn"].to_numpy() - one["kpi"].to_numpy())[inside]
assert np.median(drawn) > 1e-3
print(f"{len(one)} draws are the same")
