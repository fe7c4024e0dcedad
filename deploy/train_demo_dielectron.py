"""Train the models that `lumimill demo dielectron` embeds, and those of tests, on toy pairs.

How (Python with uproot, numpy, onnx and scikit-learn):

    cargo run --release -p lumimill --example demo_inputs -- target/demo-train-ee 300000 20250601 dielectron
    python deploy/train_demo_dielectron.py target/demo-train-ee coordinator/src/demo/dielectron/models

The example writes the same toy tables as the demo, with 300,000 pairs and seed 20250601, while the
demo itself uses seed 1: no pair is shared. For each bin of CENTRALITY and PT one gradient-boosted
classifier is trained on pairs of opposite charge, signal as class 1. The ONNX models are as those
of ALICE: float32 `input` [1, features], outputs `label` and `probabilities` [1, classes], the names
of the features in the metadata. With --classes 3 they tell background, prompt and nonprompt apart,
with --all of all thirty features that O2 knows. The models in tests/data/bdt are made with

    --all --trees 8 --bins 10 30 0 2 --bins 10 30 2 20 --bins 30 50 0 2 --bins 30 50 2 20 --names binary_{0,1,2,3}.onnx
    --classes 3 --all --trees 5 --bins 10 30 1 2 --bins 10 30 2 20 --bins 30 50 1 2 --bins 30 50 2 20 --names multi_{0,1,2,3}.onnx
    --features 8 --trees 8 --bins 0 100 0 2 --bins 0 100 2 100 --names eight_{0,1}.onnx
"""

import argparse
import pathlib

import numpy as np
import onnx
import uproot
from onnx import TensorProto, helper
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score

CENTRALITY = [(0, 30), (30, 60)]
PT = [(0, 2), (2, 10)]
LEG = ["ITSChi2NCl", "TPCNClsCR", "TPCChi2NCl", "TPCNSigmaEl"]
FEATURES = [f"k{name}{leg}" for leg in (1, 2) for name in LEG] + ["kDcaXY1", "kDcaXY2"]
ALL_LEG = "Pt ITSChi2NCl TPCNClsCR TPCNClsFound TPCChi2NCl DcaXY DcaZ TPCNSigmaEl TPCNSigmaPi TPCNSigmaPr " \
    "TOFNSigmaEl TOFNSigmaPi TOFNSigmaPr"
ALL = ["kMass", "kPt", "kEta", "kPhi"] + [f"k{name}{leg}" for leg in (1, 2) for name in ALL_LEG.split()]


def read(folder, features):
    """Features [pairs, n], class (0 background, 1 prompt, 2 nonprompt), centrality and pT."""
    columns = [f"f{name[1:]}" for name in features]
    parts = []
    for path in sorted((folder / "data").glob("*.root")):
        with uproot.open(path) as file:
            for frame in [key for key in file.keys(recursive=False) if key.startswith("DF_")]:
                names = sorted(set(columns) | {"fMcDecision", "fSign", "fPt"})
                table = file[frame]["O2rtdielectronall"].arrays(names, library="np")
                table["cent"] = file[frame]["O2rtdielectronml"]["fCentFT0C"].array(library="np")
                parts.append(table)
    table = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    table = {name: values[table["fSign"] == 0] for name, values in table.items()}
    x = np.stack([table[name] for name in columns], 1).astype("f4")
    return x, table["fMcDecision"].astype(int), table["cent"], table["fPt"]


def to_onnx(model, features, name):
    """A gradient-boosted classifier as a TreeEnsembleClassifier, for one row at a time."""
    trees = model.estimators_
    classes = len(model.classes_)
    nodes = {key: [] for key in "treeids nodeids featureids modes values truenodeids falsenodeids".split()}
    weights = {key: [] for key in "treeids nodeids ids weights".split()}
    number = 0
    for stage in trees:
        for target, regressor in enumerate(stage):
            tree = regressor.tree_
            for node in range(tree.node_count):
                leaf = tree.children_left[node] < 0
                # scikit-learn compares single precision with `<=`, as this mode does.
                threshold = np.nextafter(np.float32(tree.threshold[node]), np.float32(-np.inf))
                if np.float64(np.float32(tree.threshold[node])) <= tree.threshold[node]:
                    threshold = np.float32(tree.threshold[node])
                nodes["treeids"].append(number)
                nodes["nodeids"].append(node)
                nodes["featureids"].append(0 if leaf else int(tree.feature[node]))
                nodes["modes"].append("LEAF" if leaf else "BRANCH_LEQ")
                nodes["values"].append(0.0 if leaf else float(threshold))
                nodes["truenodeids"].append(0 if leaf else int(tree.children_left[node]))
                nodes["falsenodeids"].append(0 if leaf else int(tree.children_right[node]))
                if leaf:
                    weights["treeids"].append(number)
                    weights["nodeids"].append(node)
                    weights["ids"].append(target)
                    weights["weights"].append(float(model.learning_rate * tree.value[node, 0, 0]))
            number += 1
    prior = np.log(model.init_.class_prior_)
    base = (prior - prior.mean()).tolist() if classes > 2 else [float(prior[1] - prior[0])]
    node = helper.make_node(
        "TreeEnsembleClassifier", ["input"], ["label", "probabilities"], domain="ai.onnx.ml",
        **{f"nodes_{key}": value for key, value in nodes.items()},
        **{f"class_{key}": value for key, value in weights.items()},
        # What is no number fails every comparison, in training as here.
        nodes_missing_value_tracks_true=[0] * len(nodes["modes"]),
        classlabels_int64s=list(range(classes)), base_values=base,
        post_transform="SOFTMAX" if classes > 2 else "LOGISTIC",
    )
    graph = helper.make_graph(
        [node], name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, len(features)])],
        [helper.make_tensor_value_info("label", TensorProto.INT64, [1]),
         helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, classes])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("ai.onnx.ml", 3), helper.make_opsetid("", 15)])
    made.ir_version = 8
    made.doc_string = "trained on toy pairs by deploy/train_demo_dielectron.py"
    for at, feature in enumerate(features):
        made.metadata_props.add(key=f"feature_{at}", value=feature)
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="what the example demo_inputs wrote")
    parser.add_argument("models", type=pathlib.Path, help="where the ONNX files go")
    parser.add_argument("--classes", type=int, default=2, choices=(2, 3))
    parser.add_argument("--all", action="store_true", help="all features that O2 knows")
    parser.add_argument("--features", type=int, default=len(FEATURES), help="how many, of those of the demo")
    parser.add_argument("--trees", type=int, default=40)
    parser.add_argument("--depth", type=int, default=3)
    parser.add_argument("--bins", nargs=4, type=float, action="append", help="centrality and pT of a bin")
    parser.add_argument("--names", nargs="+", help="file names of the bins")
    arguments = parser.parse_args()
    features = ALL if arguments.all else FEATURES[: arguments.features]
    x, truth, centrality, pt = read(arguments.folder, features)
    y = truth if arguments.classes == 3 else np.minimum(truth, 1)
    bins = arguments.bins or [c + p for c in CENTRALITY for p in PT]
    arguments.models.mkdir(parents=True, exist_ok=True)
    for number, (low, high, start, stop) in enumerate(bins):
        inside = (centrality >= low) & (centrality < high) & (pt >= start) & (pt < stop)
        rows, labels = x[inside], y[inside]
        held_out = np.arange(len(rows)) % 5 == 0
        model = GradientBoostingClassifier(
            n_estimators=arguments.trees, max_depth=arguments.depth, learning_rate=0.2,
            min_samples_leaf=30, subsample=0.7, random_state=7,
        ).fit(rows[~held_out], labels[~held_out])
        scores = model.predict_proba(rows[held_out])[:, 1:].sum(1)
        auc = roc_auc_score(labels[held_out] > 0, scores)
        name = arguments.names[number] if arguments.names else f"cent_{low:g}_{high:g}_pt_{start:g}_{stop:g}.onnx"
        path = arguments.models / name
        onnx.save(to_onnx(model, features, name), path)
        print(f"{name}: {len(rows)} pairs, {labels.astype(bool).mean():.3f} signal, ROC-AUC {auc:.4f}, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
