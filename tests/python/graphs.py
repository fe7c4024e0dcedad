"""Graphs of jets, made by numpy and scored one at a time by ONNX Runtime, held against a stage's
Parquet.

usage: graphs.py STAGE_FOLDER FILE.root MODEL.onnx EDGE_MODEL.onnx

Jets of an event are one graph (`p0`, `p1`, `Jet_p2`), and one for each group of neighbours in phi
(`Group_p0`, `Jet_q`), which sees what the first model said. The second file gives a value for each
edge and six for each graph.
"""
import sys

import numpy as np
import onnxruntime
import pyarrow.dataset as ds
import uproot

NAMES = ["event", "MET_pt", "Jet_pt", "Jet_eta", "Jet_phi", "Jet_mass"]


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options)


def time_groups(times, gap):
    groups = np.full(len(times), -1)
    order = np.argsort(times, kind="stable")
    groups[order] = np.concatenate([[0], np.cumsum(np.diff(times[order]) > gap)]) if len(times) else []
    return groups


def full(count):
    return np.array([(i, j) for i in range(count) for j in range(count) if i != j]).reshape(-1, 2).T


def nearest(k, *coordinates):
    """From the k nearest to each, and from each to itself, by ascending ends."""
    count = len(coordinates[0])
    far = sum((c[:, None] - c[None, :]) ** 2 for c in coordinates)
    edges = [(j, j) for j in range(count)]
    for j in range(count):
        others = sorted((far[i, j], i) for i in range(count) if i != j)
        edges += [(i, j) for _, i in others[:k]]
    return np.array(sorted(edges)).reshape(-1, 2).T


def f32(*columns):
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1).astype(np.float32)


def transformer(model, x, edges, attributes):
    inputs = {
        "x": x,
        "edge_index": edges.astype(np.int64),
        "edge_attr": attributes,
        "batch": np.zeros(len(x), np.int64),
        "graph_slots": np.zeros(1, np.float32),
    }
    slots = next(port for port in model.get_inputs() if port.name == "graph_slots")
    if "int64" in slots.type:
        inputs["graph_slots"] = np.zeros(1, np.int64)
    return dict(zip(["node_prob", "graph_prob"], model.run(["node_prob", "graph_prob"], inputs)))


def attributes(eta, phi, pt, edges):
    i, j = edges
    return f32(eta[j] - eta[i], phi[j] - phi[i], pt[j] / pt[i], np.ones(len(i)))


def expected(event, models):
    pt, eta, phi, mass = (np.array(event[f"Jet_{n}"], np.float64) for n in ["pt", "eta", "phi", "mass"])
    count, met = len(pt), event["MET_pt"] / 100
    group = time_groups(phi, 0.5)
    found = {"Jet_group": group, "p0": None, "p1": None, "Jet_p2": [], "Group_p0": [], "Jet_q": []}
    found |= {"JetEdge_d": [], "JetEdge_i": [], "JetEdge_j": [], "q_low": None, "q_high": None}
    if count == 0:
        return found
    met_of = np.full(count, met)
    edges = full(count)
    x = f32(pt / 100, eta, phi, mass / 10, met_of, np.full(count, pt.sum() / 1000))
    whole = transformer(models[0], x, edges, attributes(eta, phi, pt, edges))
    found["p0"], found["p1"] = whole["graph_prob"][0, :2]
    found["Jet_p2"] = whole["node_prob"][:, 2]
    found["Jet_q"] = np.zeros(count)
    for g in range(group.max() + 1):
        at = np.flatnonzero(group == g)
        edges = nearest(3, eta[at], phi[at])
        p1 = np.full(len(at), whole["graph_prob"][0, 1])
        x = f32(pt[at] / 100, eta[at], phi[at], whole["node_prob"][at, 2], p1, met_of[at])
        of_group = transformer(models[0], x, edges, attributes(eta[at], phi[at], pt[at], edges))
        found["Group_p0"].append(of_group["graph_prob"][0, 0])
        found["Jet_q"][at] = of_group["node_prob"][:, 1]
    group_p0 = np.array(found["Group_p0"])[group]
    i, j = np.array([(i, j) for i in range(count) for j in range(count) if i != j and abs(eta[i] - eta[j]) <= 1.5]).reshape(-1, 2).T
    found["JetEdge_d"], found["JetEdge_i"], found["JetEdge_j"] = (group_p0[j] - group_p0[i]), i, j
    found["q_low"], found["q_high"] = count, met
    return found


def main(folder, path, *files):
    models = [session(file) for file in files]
    table = ds.dataset(folder, exclude_invalid_files=True).to_table().sort_by("event")
    events = uproot.open(path)["Events"].arrays(NAMES).tolist()
    events = sorted(events, key=lambda event: event["event"])
    assert table.num_rows == len(events) > 0
    edges = empty = 0
    for row, event in zip(table.to_pylist(), events):
        assert row["event"] == event["event"]
        for name, want in expected(event, models).items():
            got = row[name]
            if want is None or got is None:
                assert want is None and got is None, (name, got, want)
                empty += 1
                continue
            got, want = np.atleast_1d(got).astype(float), np.atleast_1d(want).astype(float)
            assert got.shape == want.shape, (name, got, want)
            assert np.allclose(got, want, rtol=1e-5, atol=2e-6), (name, got, want)
        edges += len(row["JetEdge_i"])
    assert edges > len(events)
    print(f"{len(events)} events with {edges} edges agree, {empty} values of empty graphs")


main(*sys.argv[1:])
