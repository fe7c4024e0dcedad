"""Permutation importances, computed apart from Lumimill on the Parquet that was written: the sample and
the shuffle by hashes of events, scores by ONNX Runtime, areas by scikit-learn.

usage: importance.py STAGE_FOLDER CSV MODEL SCORE LABEL PER SAMPLE FEATURE…
"""
import csv
import glob
import struct
import sys

import numpy as np
import onnxruntime
import pandas as pd
import pyarrow.parquet as pq
import xxhash
from sklearn.metrics import log_loss, roc_auc_score

stage, file, model, score, label, per, most, *features = sys.argv[1:]
onnxruntime.set_default_logger_severity(3)
session = onnxruntime.InferenceSession(model)
KEYS = ["run", "lumi", "event"]


def scores(table):
    values = table[features].to_numpy().astype(np.float32)
    given = session.run(None, {session.get_inputs()[0].name: values})
    probabilities = given[1]
    if isinstance(probabilities, list):
        return np.array([row[1] for row in probabilities], dtype=np.float32)
    return probabilities[:, 1]


def sampled(table):
    """Whole events with the lowest hashes, and the number of each row in its event."""
    ids = [struct.pack("<IIQ", *key) for key in table[KEYS].itertuples(index=False)]
    table = table.assign(id=ids, hash=[xxhash.xxh64_intdigest(key, 1) for key in ids])
    table["number"] = table.groupby(KEYS).cumcount()
    table = table.sort_values(["hash", *KEYS, "number"], kind="stable").reset_index(drop=True)
    sizes = table.groupby("hash", sort=True).size()
    kept = sizes[sizes.cumsum() <= int(most)].index
    return table[table["hash"].isin(kept)].reset_index(drop=True)


def shuffled(table, feature):
    seed = xxhash.xxh64_intdigest(feature.encode(), 0)
    rows = zip(table["id"], table["number"])
    places = np.array([xxhash.xxh64_intdigest(key + struct.pack("<I", n), seed) for key, n in rows], dtype=np.uint64)
    order = np.argsort(places, kind="stable")
    return scores(table.assign(**{feature: table[feature].to_numpy()[order]}))


parts = []
for path in sorted(glob.glob(stage + "/*.parquet")):
    table = sampled(pq.read_table(path).to_pandas())
    again = {f"without {feature}": shuffled(table, feature) for feature in features}
    parts.append(table.assign(part=path, given=scores(table), **again))
table = pd.concat(parts, ignore_index=True)
assert np.abs(table["given"] - table[score]).max() < 1e-6
if per == "event":
    table = table.groupby(["part", *KEYS]).max(numeric_only=True).reset_index()
y = table[label].to_numpy().astype(int)
group = table["hash"].to_numpy().astype(np.uint64).view(np.int64) % 10
lines = [line for line in csv.DictReader(open(file)) if (line["score"], line["per"]) == (score, per)]
assert [line["feature"] for line in lines] == features, lines
ranked = {}
for line in lines:
    name = line["feature"]
    before, after = table["given"].to_numpy().astype(float), table[f"without {name}"].to_numpy().astype(float)
    assert int(line["entries"]) == len(y), (line["entries"], len(y))
    auc, left = roc_auc_score(y, before), roc_auc_score(y, after)
    assert abs(float(line["auc"]) - auc) < 1e-5, (name, line["auc"], auc)
    assert abs(float(line["importance"]) - (auc - left)) < 1e-5, (name, line["importance"], auc - left)
    drops = [
        roc_auc_score(y[group == g], before[group == g]) - roc_auc_score(y[group == g], after[group == g])
        for g in range(10)
        if len(set(y[group == g])) == 2
    ]
    error = np.std(drops, ddof=1) / np.sqrt(len(drops))
    # Scores that differ in the last bit may be ties here and none there.
    assert abs(float(line["importance_error"]) - error) < 0.01 * error + 1e-6, (name, line["importance_error"], error)
    rise = log_loss(y, after, labels=[0, 1]) - log_loss(y, before, labels=[0, 1])
    assert abs(float(line["log_loss_rise"]) - rise) < 1e-5, (name, line["log_loss_rise"], rise)
    ranked[name] = (float(line["importance"]), float(line["importance_error"]))
print("features agree", len(lines), ranked)
