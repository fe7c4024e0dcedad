"""The numbers of a report, held against scikit-learn and NumPy on the Parquet that was written.

usage: metrics.py STAGE_FOLDER REPORT_FOLDER
"""
import json
import sys

import numpy as np
import pyarrow.dataset as ds
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

stage, report = sys.argv[1:]
table = ds.dataset(stage, format="parquet").to_table().to_pandas()
found = json.load(open(report + "/metrics.json"))["stages"][0]


def close(name, value, expected, tolerance):
    assert abs(value - expected) <= tolerance, (name, value, expected, tolerance)


def check_ranking(metric):
    label, score = metric["label"], metric["score"]
    rows = table[["run", "lumi", "event", label, score]].rename(columns={label: "y", score: "s"})
    events = rows.groupby(["run", "lumi", "event"]).agg({"y": "max", "s": "max"})
    for name, frame in (("rows", rows), ("events", events)):
        numbers, y, s = metric[name], frame["y"].to_numpy(), frame["s"].to_numpy().astype(float)
        assert numbers["total"] == len(y) and numbers["positives"] == y.sum(), name
        close(name + " auc", numbers["auc"], roc_auc_score(y, s), numbers["auc_binning_error"] + 1e-12)
        close(name + " ap", numbers["average_precision"], average_precision_score(y, s),
              numbers["average_precision_binning_error"] + 1e-12)
        assert numbers["auc_binning_error"] < 5e-2
        close(name + " brier", numbers["probability"]["brier"], brier_score_loss(y, s), 1e-9)
        close(name + " log loss", numbers["probability"]["log_loss"], log_loss(y, s), 1e-9)
        for bin in numbers["probability"]["reliability"]:
            inside = (s >= bin["low"]) & ((s < bin["high"]) | ((bin["high"] == 1.0) & (s == 1.0)))
            assert bin["count"] == inside.sum(), (name, bin, inside.sum())
            close("mean score", bin["mean_score"], s[inside].mean(), 1e-9)
            close("fired", bin["fired"], y[inside].mean(), 1e-12)
        for point in numbers["operating_points"]:
            [(goal, value)] = point["goal"].items()
            if point["threshold"] is None:
                assert not point["reached"] and goal != "efficiency", point
                continue
            chosen = s >= point["threshold"]
            assert point["selected"] == chosen.sum(), (name, point, chosen.sum())
            close("efficiency", point["efficiency"], chosen[y].mean(), 1e-12)
            for share, of in (("efficiency", chosen[y]), ("false_positive_rate", chosen[~y])):
                if 0 < of.sum():
                    # Binomial.
                    close(share, point[share], of.mean(), 1e-12)
                    close(share + " error", point[share + "_error"], np.sqrt(of.mean() * (1 - of.mean()) / len(of)), 1e-12)
            close("precision", point["precision"], y[chosen].mean(), 1e-12)
            close("rate", point["rate"], chosen.mean(), 1e-12)
            if goal == "efficiency" and point["reached"]:
                assert point["efficiency"] >= value


def check_drift(metric):
    assert metric["by"] == "run"
    runs = table.groupby("run")
    assert [key["key"] for key in metric["keys"]] == sorted(runs.groups)
    for key in metric["keys"]:
        rows = runs.get_group(key["key"])
        assert key["rows"] == len(rows)
        for name, column in zip(metric["columns"], key["columns"]):
            close("mean of " + name, column["mean"], rows[name].astype(float).mean(), 1e-9 * max(1, abs(column["mean"])))
        for name, fired in zip(metric["labels"], key["labels"]):
            per_event = rows.groupby(["lumi", "event"])[name].max()
            assert fired["events"] == len(per_event) and fired["fired"] == per_event.sum(), name


def check_histogram(metric):
    edges = [bin["low"] for bin in metric["bins"]] + [metric["bins"][-1]["high"]]
    values = table[metric["column"]].to_numpy().astype(float)
    entries = np.histogram(values[values < edges[-1]], edges)[0]
    assert [bin["entries"] for bin in metric["bins"]] == entries.tolist(), metric["column"]
    assert metric["underflow"]["entries"] == (values < edges[0]).sum()
    assert metric["overflow"]["entries"] == (values >= edges[-1]).sum()


CHECKS = {"ranking": check_ranking, "drift": check_drift, "histogram": check_histogram}
kinds = []
for metric in found["metrics"]:
    [(kind, content)] = metric.items()
    CHECKS[kind](content)
    kinds.append(kind)
assert {"ranking", "drift", "histogram"} <= set(kinds), kinds
assert found["rows"] == len(table)
print("metrics", len(kinds))
