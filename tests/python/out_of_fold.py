"""Whether each row of a table was scored by the model of its fold, which saw none of its events.

out_of_fold.py TABLES MODELS LABEL FEATURE…: the models are LABEL.fold0.onnx and so on, beside each
of which LABEL.fold0.events.parquet says what it saw.
"""

import pathlib
import struct
import sys

import numpy as np
import onnxruntime
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import xxhash

tables, models, label, *features = sys.argv[1:]
table = ds.dataset(tables, exclude_invalid_files=True).to_table()
events = list(zip(*(table[name].to_pylist() for name in ("run", "lumi", "event"))))
fold = table["fold"].to_numpy()
score = table[f"score_{label}"].to_numpy()
expected = [xxhash.xxh64_intdigest(struct.pack("<IIQ", *event), 0) % 5 for event in events]
assert (fold == expected).all(), "the fold is the hash of the event"
x = np.stack([table[name].to_numpy() for name in features], axis=1).astype(np.float32)

rows, others = 0, 0
for number in range(5):
    path = pathlib.Path(models) / f"{label}.fold{number}.onnx"
    seen = pq.read_table(path.with_suffix(".events.parquet"))
    seen = set(zip(*(seen[name].to_pylist() for name in ("run", "lumi", "event"))))
    left_out = {event for event, of in zip(events, fold) if of == number}
    assert left_out and not seen & left_out, f"{path} saw events that it scored"
    assert seen | left_out == set(events), f"{path} saw all others"
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    by_this = session.run(["probabilities"], {"input": x})[0][:, 1]
    of_fold = fold == number
    assert np.abs(by_this - score)[of_fold].max() < 1e-6, f"{path} scored its fold"
    rows += of_fold.sum()
    others += (np.abs(by_this - score)[~of_fold] > 1e-6).sum()
assert rows == len(fold) and others > 2 * rows, (rows, others)
print(f"{rows} rows out of fold")
