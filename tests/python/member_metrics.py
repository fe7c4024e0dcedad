"""Metrics of members of lists, and of estimates, against scikit-learn and numpy on the written tables.

member_metrics.py TABLES REPORT
"""

import csv
import sys

import numpy as np
import pyarrow.dataset as ds
from sklearn import metrics as sk

tables, report = sys.argv[1:]
table = ds.dataset(tables, exclude_invalid_files=True).to_table()
rows = table.to_pylist()
compared = 0


def lines(name):
    return list(csv.DictReader(open(f"{report}/{name}")))


def members(name):
    """Of a list; of a column with one value a row, that for each of its jets."""
    if name.startswith("Jet_"):
        return np.concatenate([np.asarray(row[name], dtype=float) for row in rows])
    return np.concatenate([np.full(len(row["Jet_pt"]), row[name], dtype=float) for row in rows])


def same(what, found, expected, within=1e-9):
    global compared
    assert abs(float(found) - expected) <= within, f"{what}: {found}, expected {expected}"
    compared += 1


# Every jet once; every event by its best jet.
label, score = members("Jet_hard"), members("Jet_score")
(found,) = lines("metrics_per_label.csv")
same("jets", found["total"], len(label))
same("jets, auc", found["roc_auc"], sk.roc_auc_score(label, score))
same("jets, precision", found["average_precision"], sk.average_precision_score(label, score))
(found,) = lines("event_metrics.csv")
with_jets = [row for row in rows if row["Jet_pt"]]
label = [max(row["Jet_hard"]) for row in with_jets]
score = [max(row["Jet_score"]) for row in with_jets]
same("events", found["total"], len(with_jets))
same("events, auc", found["roc_auc"], sk.roc_auc_score(label, score))

values = {(line["bin"], line["class"], line["metric"]): line["value"] for line in lines("s_multiclass.csv")}
truth = members("Jet_class").astype(int)
scores = np.stack([members(name) for name in ("Jet_a", "Jet_b", "Jet_c")], 1)
for bin in ("all", "0..40", "40..1000"):
    low, high = (-np.inf, np.inf) if bin == "all" else map(float, bin.strip("'").split(".."))
    inside = (members("MET_pt") >= low) & (members("MET_pt") < high)
    y, p = truth[inside], scores[inside]
    same((bin, "count"), values[bin, "", "count"], inside.sum())
    same((bin, "accuracy"), values[bin, "", "accuracy"], sk.accuracy_score(y, p.argmax(1)))
    for index, name in enumerate("abc"):
        same((bin, name), values[bin, name, "auc"], sk.roc_auc_score(y == index, p[:, index]), 1e-9)

# Several labels of a jet.
values = {(line["bin"], line["label"], line["metric"]): line["value"] for line in lines("s_multilabel.csv")}
truth = np.stack([members(name) for name in ("Jet_hard", "Jet_central")], 1).astype(int)
scores = np.stack([members(name) for name in ("Jet_score", "Jet_a")], 1)
for bin in ("all", "0..40", "40..1000"):
    low, high = (-np.inf, np.inf) if bin == "all" else map(float, bin.strip("'").split(".."))
    inside = (members("MET_pt") >= low) & (members("MET_pt") < high)
    y, p = truth[inside], scores[inside]
    taken = (p >= [0.5, 0.4]).astype(int)
    same((bin, "exact"), values[bin, "", "exact_match"], sk.accuracy_score(y, taken))
    same((bin, "hamming"), values[bin, "", "hamming_loss"], sk.hamming_loss(y, taken))
    of_labels = sk.precision_recall_fscore_support(y, taken)
    for index, name in enumerate(["hard", "central"]):
        for metric, value in zip(["precision", "recall", "f1", "count"], of_labels):
            same((bin, name, metric), values[bin, name, metric], value[index])
        same((bin, name, "auc"), values[bin, name, "auc"], sk.roc_auc_score(y[:, index], p[:, index]))
        same((bin, name, "log_loss"), values[bin, name, "log_loss"], sk.log_loss(y[:, index], p[:, index]), 1e-6)
    for average in ("macro", "micro", "weighted"):
        expected = sk.precision_recall_fscore_support(y, taken, average=average)
        for metric, value in zip(["precision", "recall", "f1"], expected):
            same((bin, average, metric), values[bin, average, metric], value)
        same((bin, average, "auc"), values[bin, average, "auc"], sk.roc_auc_score(y, p, average=average))


def regression(truth, estimate, interval, inside):
    t, e = truth[inside], estimate[inside]
    r = e - t
    q = np.quantile(r, [0.16, 0.5, 0.84])
    found = {
        "count": len(r), "bias": r.mean(), "median": q[1], "deviation": r.std(ddof=1),
        "resolution": (q[2] - q[0]) / 2, "mae": sk.mean_absolute_error(t, e),
        "rmse": sk.root_mean_squared_error(t, e),
    }
    if interval is not None:
        low, high = (end[inside] for end in interval)
        pulls = r / np.where(t > e, high - e, e - low)
        q = np.quantile(pulls, [0.16, 0.84])
        found["pulls"] = len(pulls)
        found["pull_mean"], found["pull_width"] = pulls.mean(), (q[1] - q[0]) / 2
        found["coverage"] = ((low <= t) & (t <= high)).mean()
        found["crossed"] = ((low > e) | (e > high)).sum()
    return found


def of_rows(name):
    return np.array([row[name] for row in rows], dtype=float)


found = {}
for line in lines("s_regression.csv"):
    found.setdefault((line["truth"], line["bin"]), {})[line["metric"]] = line
for (truth, bin), metrics in found.items():
    if truth == "MET_pt":
        columns = of_rows("MET_pt"), of_rows("MET_estimate"), None
        inside = np.ones(len(rows), bool)
    else:
        columns = members("Jet_pt"), members("Jet_estimate"), (members("Jet_low"), members("Jet_high"))
        low, high = (-np.inf, np.inf) if bin == "all" else map(float, bin.strip("'").split(".."))
        inside = (members("Jet_eta") >= low) & (members("Jet_eta") < high)
    expected = regression(*columns, inside)
    binning = float(metrics["resolution_binning"]["value"])
    assert binning < 1e-3, binning
    for metric, value in expected.items():
        within = max(binning, 2e-6) if metric in ("median", "resolution", "pull_width") else 1e-9
        same((truth, bin, metric), metrics[metric]["value"], value, within)
    error = expected["deviation"] / np.sqrt(expected["count"])
    same((truth, bin, "error of bias"), metrics["bias"]["error"], error)

# Jets put together by their angle, against their classes.
values = {line["metric"]: line["value"] for line in lines("s_clustering.csv")}
events = [(np.array(row["Jet_class"]), np.array(row["Jet_group"])) for row in rows if row["Jet_pt"]]
several = [pair for pair in events if len(pair[0]) > 1]
rands = np.array([sk.adjusted_rand_score(*pair) for pair in several])
same("rand", values["adjusted_rand"], rands.mean())
same("exact", values["exact"], (rands == 1).mean())
tables = [sk.cluster.contingency_matrix(*pair) for pair in events]
count = sum(table.sum() for table in tables)
same("purity", values["purity"], sum(table.max(0).sum() for table in tables) / count)
same("efficiency", values["efficiency"], sum(table.max(1).sum() for table in tables) / count)
same("groups", values["groups"], sum(table.shape[1] for table in tables))
print(f"{compared} values agree")
