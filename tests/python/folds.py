"""The fold of every row, and that its score is that of the fold's model.

usage: folds.py STAGE_FOLDER FOLD_0_STAGE_FOLDER FOLD_1_STAGE_FOLDER

The last two folders hold the same rows scored by one of the models each.
"""
import struct
import sys

import numpy as np
import pyarrow.dataset as ds
import xxhash

KEYS = ["run", "lumi", "event", "candidate"]


def rows(folder):
    return ds.dataset(folder, format="parquet").to_table().to_pandas().sort_values(KEYS).reset_index(drop=True)


folded, *single = map(rows, sys.argv[1:])
digest = lambda r: xxhash.xxh64_intdigest(struct.pack("<IIQ", r.run, r.lumi, r.event), 0)
expected = np.array([digest(row) % len(single) for row in folded[KEYS].itertuples()])
assert (folded["fold"].to_numpy() == expected).all()
assert set(expected) == set(range(len(single)))
for fold, alone in enumerate(single):
    chosen = expected == fold
    assert (folded["score_mu17_mu8"][chosen] == alone["score_mu17_mu8"][chosen]).all(), fold
assert (single[0]["score_mu17_mu8"] != single[1]["score_mu17_mu8"]).any()
print("folds", len(folded))
