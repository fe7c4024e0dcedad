"""Scores of a tree of one test, x0 <= 16777216.5, in double precision: 1 where it holds, else 2.

usage: double_model.py STAGE_FOLDER
"""
import sys

import numpy as np
import pyarrow.dataset as ds

table = ds.dataset(sys.argv[1], format="parquet").to_table()
x, score = table["x0"].to_numpy(), table["score"].to_numpy()
assert x.dtype == np.float64 and len(set(x)) > 1, x.dtype
np.testing.assert_array_equal(score, np.where(x <= 16777216.5, 1.0, 2.0))
print("scores", len(x))
