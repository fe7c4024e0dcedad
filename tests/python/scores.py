"""Rankings of any score, held against scikit-learn on the Parquet that was written, each within the
bound that it states for itself. Without a range there are 300 bins at most here, far fewer than usual.

usage: scores.py STAGE_FOLDER REPORT_FOLDER
"""
import json
import sys

import numpy as np
import pyarrow.dataset as ds
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

stage, report = sys.argv[1:]
table = ds.dataset(stage, format="parquet").to_table().to_pandas()
found = json.load(open(report + "/metrics.json"))["stages"][0]
checked = 0
for metric in found["metrics"]:
    if "ranking" not in metric:
        continue
    ranking = metric["ranking"]
    numbers, name = ranking["rows"], (ranking["score"], ranking["range"])
    scores = table[ranking["score"]].to_numpy().astype(float)
    known = ~np.isnan(scores)
    y = table[ranking["label"]].to_numpy().astype(bool)[known]
    # scikit-learn takes no infinite score; the largest number is as good.
    largest = np.finfo(float).max
    s = np.clip(scores[known], -largest, largest)
    assert numbers["dropped"] == (~known).sum(), name
    assert numbers["total"] == len(y) and numbers["positives"] == y.sum(), name
    off = abs(numbers["auc"] - roc_auc_score(y, s))
    assert off <= numbers["auc_binning_error"] + 1e-12, (name, off, numbers["auc_binning_error"])
    if ranking["range"] is None:
        assert off < 5e-3 and numbers["below_range"] == numbers["above_range"] == 0, (name, off)
    else:
        low, high = ranking["range"]
        assert numbers["below_range"] == (s < low).sum() and numbers["above_range"] == (s > high).sum(), name
    off = abs(numbers["average_precision"] - average_precision_score(y, s))
    assert off <= numbers["average_precision_binning_error"] + 1e-12, (name, off)
    for point in numbers["operating_points"]:
        if point["threshold"] is None:
            assert not point["reached"] or point["selected"] == len(s), (name, point)
            continue
        chosen = s >= point["threshold"]
        assert point["selected"] == chosen.sum(), (name, point, chosen.sum())
    is_probability = ranking["range"] in (None, [0.0, 1.0]) and ((s >= 0) & (s <= 1)).all()
    assert (numbers["probability"] is not None) == is_probability, name
    if is_probability:
        assert abs(numbers["probability"]["brier"] - brier_score_loss(y, s)) < 1e-9, name
    checked += 1
print("rankings", checked)
