"""Weighted rankings and drifts, held against scikit-learn and numpy on the Parquet that was written.

usage: weights.py STAGE_FOLDER REPORT_FOLDER

scikit-learn takes no negative weights for curves; with them all pairs are compared instead.
"""
import csv
import json
import sys

import numpy as np
import pyarrow.dataset as ds
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

stage, report = sys.argv[1:]
table = ds.dataset(stage, format="parquet").to_table().to_pandas()
found = json.load(open(report + "/metrics.json"))["stages"][0]


def pairs(y, s, w):
    """The area by comparing all pairs, and its error by the placement of every entry."""
    order = np.sort(np.unique(s))
    place = np.searchsorted(order, s)
    sums = {c: np.bincount(place[y == c], w[y == c], len(order)) for c in (0, 1)}
    below = {c: np.cumsum(sums[c]) - sums[c] / 2 for c in (0, 1)}
    total = {c: sums[c].sum() for c in (0, 1)}
    of_positives = below[0][place[y == 1]] / total[0]
    of_negatives = 1 - below[1][place[y == 0]] / total[1]
    auc = np.sum(w[y == 1] * of_positives) / total[1]
    variance = 0
    for c, placed in ((1, of_positives), (0, of_negatives)):
        square = np.sum(w[y == c] ** 2)
        variance += np.sum(w[y == c] ** 2 * (placed - auc) ** 2) / (total[c] ** 2 - square)
    return auc, np.sqrt(variance)


def near(name, value, expected, bound=0.0):
    size = 1e-9 * max(1.0, abs(expected))
    assert abs(value - expected) <= bound + size, (name, value, expected, bound)


def check_ranking(name, numbers, y, s, w):
    auc, error = pairs(y, s, w)
    near(name, numbers["auc"], auc, numbers["auc_binning_error"])
    # What is stated counts scores that are the same, too; the true difference is much smaller.
    assert abs(numbers["auc"] - auc) < 1e-4, (name, numbers["auc"], auc)
    assert abs(numbers["auc_statistical_error"] / error - 1) < 0.02, (name, error)
    near(name, numbers["weights"]["positives"], w[y == 1].sum())
    near(name, numbers["weights"]["negatives"], w[y == 0].sum())
    effective = w[y == 1].sum() ** 2 / (w[y == 1] ** 2).sum()
    near(name, numbers["weights"]["effective_positives"], effective)
    near(name, numbers["prevalence"], w[y == 1].sum() / w.sum())
    near(name, numbers["probability"]["brier"], np.sum(w * (s - y) ** 2) / w.sum())
    for point in numbers["operating_points"]:
        if point["threshold"] is not None:
            chosen = s >= point["threshold"]
            assert point["selected"] == chosen.sum(), (name, point)
            near(name, point["efficiency"], w[chosen & (y == 1)].sum() / w[y == 1].sum())
            near(name, point["rate"], w[chosen].sum() / w.sum())
            for share, of in (("efficiency", y == 1), ("false_positive_rate", y == 0)):
                p, total = w[chosen & of].sum() / w[of].sum(), w[of].sum()
                # Of weights that pass and of those that do not, each with its own variance.
                variance = (1 - p) ** 2 * np.sum(w[chosen & of] ** 2) + p**2 * np.sum(w[~chosen & of] ** 2)
                if (chosen & of).any():
                    near(name, point[share + "_error"], np.sqrt(variance) / abs(total), 1e-6)
    if (w >= 0).all():
        near(name, auc, roc_auc_score(y, s, sample_weight=w))
        near(name, numbers["probability"]["brier"], brier_score_loss(y, s, sample_weight=w))
        near(name, numbers["probability"]["log_loss"], log_loss(y, np.clip(s, 1e-15, 1 - 1e-15), sample_weight=w), 1e-6)
        precision = average_precision_score(y, s, sample_weight=w)
        near(name, numbers["average_precision"], precision, numbers["average_precision_binning_error"])
    else:
        assert numbers["average_precision_binning_error"] is None, name


rankings = drifts = 0
for metric in found["metrics"]:
    if "ranking" in metric and "weight" in metric["ranking"]:
        ranking = metric["ranking"]
        columns = [table[ranking[of]].to_numpy().astype(float) for of in ("label", "score", "weight")]
        name = (ranking["score"], ranking["weight"])
        check_ranking(name, ranking["rows"], *columns)
        if ranking["events"]:
            keys = ["run", "lumi", "event"]
            # The best row of an event, the first of several, and whether any of its labels is true.
            groups = table.groupby(keys, sort=False)
            best = table.loc[groups[ranking["score"]].idxmax()]
            label = groups[ranking["label"]].max().to_numpy().astype(float)
            s, w = (best[ranking[of]].to_numpy().astype(float) for of in ("score", "weight"))
            check_ranking(name, ranking["events"], label, s, w)
        rankings += 1
    if "drift" in metric and "weight" in metric["drift"]:
        drift = metric["drift"]
        key, w = table[drift["by"]].to_numpy(), table[drift["weight"]].to_numpy().astype(float)
        for at in drift["keys"]:
            here = key == at["key"]
            for name, column in zip(drift["columns"], at["columns"]):
                x, v = table[name].to_numpy().astype(float)[here], w[here]
                near(name, column["weights"], v.sum())
                if v.sum() <= 0:
                    assert column["mean"] is None
                    continue
                mean = np.sum(v * x) / v.sum()
                near(name, column["mean"], mean)
                rest = v.sum() ** 2 - np.sum(v**2)
                if rest > 0:
                    near(name, column["mean_error"], np.sqrt(np.sum(v**2 * (x - mean) ** 2) / rest))
            for name, label in zip(drift["labels"], at["labels"]):
                first = table[here].groupby(["run", "lumi", "event"], sort=False).first()
                fired, v = first[name].to_numpy().astype(float), first[drift["weight"]].to_numpy().astype(float)
                if v.sum() > 0:
                    near(name, label["fraction"], np.sum(v * fired) / v.sum())
        drifts += 1

# The file says what the page does.
lines = list(csv.DictReader(open(report + "/metrics_per_label.csv")))
for line in lines:
    if line["weight"]:
        y = table[line["label"]].to_numpy().astype(bool)
        near("csv", float(line["sum_positives"]), table[line["weight"]].to_numpy().astype(float)[y].sum())
print("rankings", rankings, "drifts", drifts)
