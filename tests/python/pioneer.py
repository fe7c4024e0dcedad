"""The demo of pion decays: what each model of its chain finds, by numpy and ONNX Runtime, one event at a
time, from the tables of the stages before it; and whether the models know what they are for.

usage: pioneer.py CAMPAIGN.toml
"""
import json
import pathlib
import sys
import tomllib

import numpy as np
import onnxruntime
import uproot
from scipy.stats import beta
from sklearn.metrics import roc_auc_score

from pioneer_graphs import found_by, read


def auc(events, truth, score):
    parts = [np.concatenate([np.atleast_1d(event[name]) for event in events]) for name in (truth, score)]
    return roc_auc_score(*parts)


def main(path):
    path = pathlib.Path(path)
    stages = tomllib.loads(path.read_text())["stage"]
    out = path.parent / "out" / "pioneer"
    events = read(out / "groups")
    files = sorted((path.parent / "data").glob("*.root"))
    hits = uproot.concatenate([f"{file}:atar" for file in files], ["event", "Hit_time", "Hit_particles"]).tolist()
    hits = [event for event in hits if event["Hit_time"]]
    for event, raw in zip(events, sorted(hits, key=lambda hit: hit["event"]), strict=True):
        times = np.array(raw["Hit_time"], "f4").astype("f8")
        order = np.argsort(times, kind="stable")
        group = np.empty(len(times), int)
        group[order] = np.concatenate([[0], np.cumsum(np.diff(times[order]) > 2.0)])
        assert (event["Hit_group"] == group).all()
        muons = [bool((np.array(raw["Hit_particles"])[group == g] & 2).any()) for g in range(group.max() + 1)]
        assert (event["Group_true_muon"] == muons).all()
    worst, values = 0.0, 0
    for stage in stages[1:]:
        if stage["name"] == "events":
            # It only measures.
            assert not list((out / "events").glob("*.parquet"))
            continue
        rows = read(out / stage["name"])
        assert len(rows) == len(events)
        for model in stage.get("model", []):
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            session = onnxruntime.InferenceSession(path.parent / model["onnx"], options)
            for event, row in zip(events, rows):
                event |= {name: value for name, value in row.items() if name not in model["outputs"]}
                for column, want in found_by(event, model, session).items():
                    got, want = np.atleast_1d(row[column]), np.array(want, "f4")
                    assert got.shape == want.shape, (stage["name"], column, got, want)
                    off = np.abs(got - want).max(initial=0)
                    assert off < 2e-5, (stage["name"], event["event"], column, got, want)
                    worst, values = max(worst, off), values + len(want)
        for event, row in zip(events, rows):
            event |= row
    truths = [("Group_true_pion", "Group_pion"), ("Group_true_muon", "Group_muon"), ("Group_true_mip", "Group_mip")]
    truths += [("Hit_true_pion", "Hit_pion"), ("Hit_true_muon", "Hit_muon"), ("Hit_true_mip", "Hit_mip")]
    truths += [("Group_true_first", "Group_first"), ("is_direct", "direct_score")]
    areas = {score: auc(events, truth, score) for truth, score in truths}
    for event in events:
        groups = np.stack([event["Group_true_first"], event["Group_true_second"]])
        i, j = event["GroupEdge_i"], event["GroupEdge_j"]
        true = (groups[:, i] & groups[:, j]).any(0) if len(i) else np.zeros(0, bool)
        assert (np.atleast_1d(event["GroupEdge_true"]).astype(bool) == true).all()
        event["GroupEdge_true"] = true
        event["GroupEdge_same"] = np.atleast_1d(event["GroupEdge_same"]).astype(float)
    areas["GroupEdge_same"] = auc(events, "GroupEdge_true", "GroupEdge_same")
    report = json.loads((out / "report" / "metrics.json").read_text())
    metrics = next(stage for stage in report["stages"] if stage["name"] == "decays")["metrics"]
    ranked = {metric["ranking"]["score"]: metric["ranking"] for metric in metrics if "ranking" in metric}
    told = ranked["GroupEdge_same"]["rows"]["auc"]
    assert abs(told - areas["GroupEdge_same"]) < 1e-3, (told, areas)
    for score, area in areas.items():
        assert area > LEAST.get(score, 0.97), areas
    column = lambda name: np.array([event[name] for event in events], float)
    assert np.allclose(column("direct_score"), [1 - (e["Group_first"] * e["Group_muon"]).max() for e in events], atol=1e-6)
    for regressed, true in [("stop_", "true_stop_"), ("dir_", "true_dir_")]:
        for axis in "xyz":
            low, middle, high = (column(f"{regressed}{axis}{quantile}") for quantile in (16, 50, 84))
            truth = column(f"{true}{axis}")
            assert (low < middle).all() and (middle < high).all()
            inside = ((truth > low) & (truth < high)).mean()
            assert abs(inside - 0.68) < 0.08, (regressed, axis, inside)
            assert np.median(np.abs(middle - truth)) < 0.35 * np.median(np.abs(truth - np.median(truth))), (regressed, axis)
    suppression(out, column("direct_score"), column("is_direct") > 0)
    displays(out, {event["event"]: event for event in events})
    print(f"{len(events)} events, {values} values agree to {worst:.1e};", " ".join(f"{k} {v:.4f}" for k, v in areas.items()))


LEAST = {"Group_first": 0.9, "GroupEdge_same": 0.9}


def displays(out, events):
    """The events that are drawn: what they are, and what was found."""
    report = json.loads((out / "report" / "metrics.json").read_text())
    metrics = next(stage for stage in report["stages"] if stage["name"] == "events")["metrics"]
    shown = next(metric["display"] for metric in metrics if "display" in metric)["entries"]
    assert len(shown) == 6
    bits = lambda classes: (np.stack(classes) * np.array([[1], [2], [4]])).sum(0)
    kinds = ("pion", "muon", "mip")
    for entry in shown:
        event = events[entry["key"][2]]
        assert np.allclose(entry["at"], np.stack([event["Hit_z"], event["Hit_coord"]], 1))
        assert (bits([event[f"Hit_true_{kind}"] for kind in kinds]) == entry["truth"]).all()
        scores = np.stack([event[f"Hit_{kind}"] for kind in kinds])
        likely = np.where((scores > 0.5).any(0), scores > 0.5, scores == scores.max(0))
        assert (bits(likely) == entry["found"]).all()


def suppression(out, score, is_direct):
    """The working point of 90 % efficiency, and the limit of what else it selects."""
    lines = [line.split(",") for line in (out / "report" / "thresholds.csv").read_text().splitlines()]
    named = [dict(zip(lines[0], line)) for line in lines[1:]]
    asked = ("decays", "direct_score", "efficiency", "0.9", "rows")
    point = next(p for p in named if (p["stage"], p["score"], p["goal"], p["goal_value"], p["population"]) == asked)
    chosen = score >= float(point["threshold"])
    assert chosen[is_direct].mean() >= 0.9
    wrong, negatives = (chosen & ~is_direct).sum(), (~is_direct).sum()
    assert np.isclose(float(point["false_positive_rate"]), wrong / negatives)
    assert np.isclose(float(point["false_positive_limit"]), beta.ppf(0.95, wrong + 1, negatives - wrong), rtol=1e-6)


main(*sys.argv[1:])
