"""A selection by a BDT configuration, and its significances, computed apart from Lumimill.

dielectron.py TABLES CONFIG MODELS COLUMN MODE CSV SIGNAL SIDEBANDS FILE…: files are read with uproot,
the configuration with json, the models with a few lines of numpy (and with ONNX Runtime where it
is installed). COLUMN is the score column of Binary models, MODE select or score, CSV the file of
significances or -, SIGNAL low,high and SIDEBANDS low,high,low,high.
"""

import csv
import json
import struct
import sys

import numpy as np
import onnxruntime
import pyarrow.dataset as ds
import uproot

tables, config, models, column, mode, path, signal, sidebands, *files = sys.argv[1:]


def fields(data):
    """Numbers and values of a protobuf message."""
    at, found = 0, []

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        wire = key & 7
        if wire == 0:
            value = varint()
        elif wire == 2:
            size = varint()
            value, at = data[at : at + size], at + size
        else:
            size = 4 if wire == 5 else 8
            value, at = data[at : at + size], at + size
        found.append((key >> 3, value))
    return found


def tree_model(file):
    """Attributes of the only node of a model."""
    graph = next(value for number, value in fields(open(file, "rb").read()) if number == 7)
    node = next(value for number, value in fields(graph) if number == 1)
    attributes = {}
    for number, value in fields(node):
        if number == 5:
            inside = fields(value)
            name = next(v for n, v in inside if n == 1).decode()
            floats = [struct.unpack("<f", v)[0] for n, v in inside if n == 7 and len(v) == 4]
            ints = [v for n, v in inside if n == 8]
            words = [v.decode() for n, v in inside if n == 9]
            text = [v.decode() for n, v in inside if n == 4]
            attributes[name] = floats or ints or words or text
    return attributes


def scores(file, x):
    a = tree_model(file)
    key = {(t, n): i for i, (t, n) in enumerate(zip(a["nodes_treeids"], a["nodes_nodeids"]))}
    leaf = {}
    for t, n, c, w in zip(a["class_treeids"], a["class_nodeids"], a["class_ids"], a["class_weights"]):
        leaf[key[t, n]] = (c, w)
    total = np.tile(np.array(a["base_values"], "f8"), (len(x), 1))
    features, values = np.array(a["nodes_featureids"]), np.array(a["nodes_values"], "f4")
    is_leaf = np.array([mode == "LEAF" for mode in a["nodes_modes"]])
    yes = np.array([key.get((t, n), 0) for t, n in zip(a["nodes_treeids"], a["nodes_truenodeids"])])
    no = np.array([key.get((t, n), 0) for t, n in zip(a["nodes_treeids"], a["nodes_falsenodeids"])])
    for tree in sorted(set(a["nodes_treeids"])):
        at = np.full(len(x), key[tree, 0])
        while not is_leaf[at].all():
            down = x[np.arange(len(x)), features[at]] <= values[at]
            at = np.where(is_leaf[at], at, np.where(down, yes[at], no[at]))
        for node in set(at):
            c, w = leaf[node]
            total[at == node, c] += w
    if total.shape[1] == 1:
        p = 1 / (1 + np.exp(-total[:, 0]))
        found = np.stack([1 - p, p], 1)
    else:
        e = np.exp(total - total.max(1, keepdims=True))
        found = e / e.sum(1, keepdims=True)
    session = onnxruntime.InferenceSession(file)
    one_by_one = [session.run(None, {"input": row[None]})[1][0] for row in x[:50]]
    assert len(x) == 0 or np.abs(np.array(one_by_one) - found[:50]).max() < 1e-6, file
    return found


name, selection = next(iter(json.load(open(config)).items()))
features = [f"f{feature[1:]}" for feature in selection["inputFeatures"]]
cent = f"f{selection['cent'][1:]}"
bins = []
for key, outer in selection.items():
    if "AddCentCut" in key:
        for key, inner in outer.items():
            if "AddPtCut" in key:
                cuts = [(float(c["cut"]), c.get("exclude", False)) for k, c in inner.items() if "AddMLCut" in k]
                bins.append((outer["centMin"], outer["centMax"], inner["pTMin"], inner["pTMax"], cuts))

parts = []
for file in files:
    with uproot.open(file) as file:
        for frame in [key for key in file.keys(recursive=False, cycle=False) if key.startswith("DF_")]:
            wanted = sorted(set(features) | {"fMass", "fPt", "fSign"})
            part = file[f"{frame}/O2rtdielectronall"].arrays(wanted, library="np")
            part[cent] = file[f"{frame}/O2rtdielectronml"][cent].array(library="np")
            parts.append(part)
rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
rows = {name: values[rows["fSign"] == 0] for name, values in rows.items()}

x = np.stack([rows[name] for name in features], 1).astype("f4")
which = np.full(len(x), -1)
for number, (low, high, start, stop, _) in enumerate(bins):
    inside = (rows[cent] >= low) & (rows[cent] < high) & (rows["fPt"] >= start) & (rows["fPt"] < stop)
    which[inside & (which < 0)] = number
classes = len(bins[0][4])
found = np.full((len(x), classes), np.nan)
for number, file in enumerate(selection["modelFiles"]):
    inside = which == number
    made = scores(f"{models}/{file}", x[inside])
    found[inside] = made[:, [int(column)]] if classes == 1 else made[:, :classes]
passes, near = which >= 0, np.zeros(len(x), bool)
others = [passes.copy() for _ in range(classes)]
for number, (*_, cuts) in enumerate(bins):
    inside = which == number
    for k, (cut, exclude) in enumerate(cuts):
        passed = found[:, k] <= cut if exclude else found[:, k] >= cut
        near |= inside & (np.abs(found[:, k] - cut) < 1e-6)
        passes &= ~inside | passed
        for other in range(classes):
            if other != k:
                others[other] &= ~inside | passed

table = ds.dataset(tables, exclude_invalid_files=True).to_table()
names = [f"bdt_{name}" for name in ("background", "prompt", "nonprompt")[:classes]]
assert set(names) | {"bdt_bin"} == {name for name in table.column_names if name.startswith("bdt_")}
kept = passes if mode == "select" else which >= 0
keys = {(m, p): at for at, (m, p) in enumerate(zip(rows["fMass"], rows["fPt"]))}
assert len(keys) == len(x)
at = np.array([keys[m, p] for m, p in zip(table["fMass"].to_numpy(), table["fPt"].to_numpy())], int)
missing = np.setdiff1d(np.flatnonzero(kept), at)
extra = at[~kept[at]]
assert mode == "score" or (near[missing].all() and near[extra].all()), (missing, extra)
assert mode == "select" or (len(missing), len(extra)) == (0, 0), (missing, extra)
assert (table["bdt_bin"].to_numpy() == which[at]).all()
for k, name in enumerate(names):
    assert np.abs(table[name].to_numpy() - found[at, k]).max(initial=0) < 1e-6, name
print(f"{len(at)} of {len(x)} rows agree, in {len(set(which[at]))} bins")

if path != "-":
    low, high = map(float, signal.split(","))
    edges = list(map(float, sidebands.split(",")))
    ranges = list(zip(edges[::2], edges[1::2]))
    # The line through the densities of the sidebands, and what each of them brings to it.
    centres = np.array([(start + stop) / 2 for start, stop in ranges])
    widths = np.array([stop - start for start, stop in ranges])
    unit = [np.polyfit(centres, row / widths, 1, w=np.sqrt(widths)) for row in np.eye(len(ranges))]
    scales = np.array([(high - low) * np.polyval(line, (low + high) / 2) for line in unit])
    peak = (rows["fMass"] >= low) & (rows["fMass"] < high)
    bands = [(rows["fMass"] >= start) & (rows["fMass"] < stop) for start, stop in ranges]
    beside = np.any(bands, axis=0)
    compared, best = 0, {}
    for line in csv.DictReader(open(path)):
        k = names.index(line["score"])
        number, cut = int(line["bin"]), float(line["cut"])
        assert [float(line[key]) for key in ("cent_low", "cent_high", "pt_low", "pt_high")] == list(bins[number][:4])
        inside = (which == number) & others[k]
        passed = inside & (found[:, k] <= cut if bins[number][4][k][1] else found[:, k] >= cut)
        blurred = int((inside & (np.abs(found[:, k] - cut) < 1e-6)).sum())
        n, m = int(line["candidates"]), int(line["sidebands"])
        assert abs(n - (passed & peak).sum()) <= blurred and abs(m - (passed & beside).sum()) <= blurred, line
        all_n = (inside & peak).sum()
        all_b = scales @ [(inside & band).sum() for band in bands]
        counts = np.array([(passed & band).sum() for band in bands])
        scan = best.setdefault((k, number), [all_n > all_b and (inside & beside).any()])
        if blurred:
            # Which side of the cut a score is on, the other engine may see otherwise.
            scan.append((float(line["significance"] or "-inf"), line["best"] == "1"))
            continue
        b, variance = scales @ counts, scales**2 @ counts
        assert abs(float(line["background"]) - b) < 1e-9
        if n:
            z = (n - b) / n**0.5
            error = ((n + b) ** 2 / (4 * n**2) + variance / n) ** 0.5
            assert abs(float(line["significance"]) - z) < 1e-9 and abs(float(line["significance_error"]) - error) < 1e-9
            scan.append((z, line["best"] == "1"))
        if not all_n > all_b:
            assert line["efficiency"] == "", line
            continue
        share = (n - b) / (all_n - all_b)
        assert abs(float(line["efficiency"]) - share) < 1e-9
        compared += 1
    for there, *scan in best.values():
        chosen = [z for z, is_best in scan if is_best]
        assert len(chosen) == there and (not there or chosen[0] > max(z for z, _ in scan) - 1e-9), (there, scan)
    print(f"{compared} thresholds agree")
