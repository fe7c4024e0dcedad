"""Train the model that `lumimill demo pid` embeds, on toy tracks of another seed.

How (Python with uproot, numpy, onnx and scikit-learn):

    cargo run --release -p lumimill --example demo_inputs -- target/demo-train-pid 400000 20250601 pid
    python deploy/train_demo_pid.py target/demo-train-pid coordinator/src/demo/pid/attention.onnx

The example writes the same toy tracks as the demo, with 400,000 tracks and seed 20250601, while the
demo itself uses seed 1: no track is shared. The model embeds each group of features (TPC, TOF,
Bayes, kinematics) in WIDTH numbers, weighs the groups by attention over those that are there, and
classifies their sum. It is plain numpy, and so are its gradients, which are checked against
differences before the training. The ONNX model takes float32 `features` [rows, 21] and `mask`
[rows, 4], and gives `probabilities` [rows, 4].
"""

import argparse
import pathlib

import numpy as np
import onnx
import uproot
from onnx import TensorProto, helper, numpy_helper
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

NAMES = ["pi", "ka", "pr", "el"]
TPC = ["tpc_signal"] + [f"tpc_nsigma_{name}" for name in NAMES]
TOF = ["tof_beta"] + [f"tof_nsigma_{name}" for name in NAMES]
BAYES = [f"bayes_{name}" for name in NAMES]
KINEMATICS = ["pt", "eta", "phi", "dca_xy", "dca_z"]
GROUPS = [5, 5, 4, 7]  # the last with the two flags
WIDTH, HIDDEN, CLASSES = 24, 32, 4


def read(folder):
    """Features [tracks, 21], mask [tracks, 4] and classes, as the campaign makes them."""
    files = [f"{path}:tracks" for path in sorted((folder / "data").glob("*.root"))]
    tracks = uproot.concatenate(files, TPC + TOF + BAYES + KINEMATICS + ["species"], library="np")
    has_tpc = ~np.isnan(tracks["tpc_signal"])
    has_tof = ~np.isnan(tracks["tof_beta"]) & (tracks["tof_beta"] > -900)
    columns = [np.where(has_tpc, tracks[name], 0) for name in TPC]
    columns += [np.where(has_tof, tracks[name], 0) for name in TOF]
    columns += [tracks[name] for name in BAYES + KINEMATICS]
    features = np.stack(columns + [has_tpc, has_tof], 1).astype("f4")
    there = np.ones(len(features))
    mask = np.stack([has_tpc, has_tof, there, there], 1).astype("f4")
    return features, mask, tracks["species"].astype(int)


def initial(random):
    """Random weights: of each group its embedding, then attention, then two layers."""
    weights = {}
    for group, size in enumerate(GROUPS):
        weights[f"embed{group}"] = random.normal(0, (2 / size) ** 0.5, (size, WIDTH))
        weights[f"bias{group}"] = np.zeros(WIDTH)
    weights["query"] = random.normal(0, WIDTH**-0.5, (WIDTH, 1))
    weights["hidden"] = random.normal(0, (2 / WIDTH) ** 0.5, (WIDTH, HIDDEN))
    weights["hidden_bias"] = np.zeros(HIDDEN)
    weights["out"] = random.normal(0, HIDDEN**-0.5, (HIDDEN, CLASSES))
    weights["out_bias"] = np.zeros(CLASSES)
    return weights


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def forward(weights, x, mask):
    """Probabilities, and what the gradients need; `x` is standardised."""
    parts = np.split(x, np.cumsum(GROUPS)[:-1], axis=1)
    embedded = [np.maximum(part @ weights[f"embed{g}"] + weights[f"bias{g}"], 0) for g, part in enumerate(parts)]
    level = np.concatenate([e @ weights["query"] for e in embedded], 1) + (mask - 1) * 1e4
    attention = softmax(level)
    pooled = sum(e * attention[:, g : g + 1] for g, e in enumerate(embedded))
    hidden = np.maximum(pooled @ weights["hidden"] + weights["hidden_bias"], 0)
    return softmax(hidden @ weights["out"] + weights["out_bias"]), (parts, embedded, attention, pooled, hidden)


def gradients(weights, x, mask, y):
    """Mean cross entropy and its gradients."""
    found, (parts, embedded, attention, pooled, hidden) = forward(weights, x, mask)
    rows = np.arange(len(y))
    loss = -np.log(found[rows, y] + 1e-12).mean()
    d_out = found.copy()
    d_out[rows, y] -= 1
    d_out /= len(y)
    slopes = {"out": hidden.T @ d_out, "out_bias": d_out.sum(0)}
    d_hidden = (d_out @ weights["out"].T) * (hidden > 0)
    slopes |= {"hidden": pooled.T @ d_hidden, "hidden_bias": d_hidden.sum(0)}
    d_pooled = d_hidden @ weights["hidden"].T
    d_attention = np.stack([(d_pooled * e).sum(1) for e in embedded], 1)
    d_level = attention * (d_attention - (attention * d_attention).sum(1, keepdims=True))
    slopes["query"] = sum(e.T @ d_level[:, g : g + 1] for g, e in enumerate(embedded))
    for g, (part, e) in enumerate(zip(parts, embedded)):
        d_e = d_pooled * attention[:, g : g + 1] + d_level[:, g : g + 1] @ weights["query"].T
        d_e *= e > 0
        slopes |= {f"embed{g}": part.T @ d_e, f"bias{g}": d_e.sum(0)}
    return loss, slopes


def check(weights, x, mask, y):
    """The gradients are those of differences."""
    _, slopes = gradients(weights, x, mask, y)
    for name, value in weights.items():
        place = tuple(size // 2 for size in value.shape)
        kept, losses = value[place], []
        for step in (1e-5, -1e-5):
            value[place] = kept + step
            losses.append(gradients(weights, x, mask, y)[0])
        value[place] = kept
        expected = (losses[0] - losses[1]) / 2e-5
        assert abs(slopes[name][place] - expected) < 1e-6 + 1e-3 * abs(expected), name


def train(x, mask, y, epochs, random):
    """Adam on shuffled batches, with a rate that falls to nothing."""
    weights = initial(random)
    check(weights, x[:64], mask[:64], y[:64])
    first = {name: np.zeros_like(value) for name, value in weights.items()}
    second = {name: np.zeros_like(value) for name, value in weights.items()}
    batch, step = 512, 0
    steps = epochs * (len(y) // batch)
    for _ in range(epochs):
        order = random.permutation(len(y))
        for start in range(0, len(y) - batch + 1, batch):
            rows = order[start : start + batch]
            _, slopes = gradients(weights, x[rows], mask[rows], y[rows])
            step += 1
            rate = 3e-3 * (1 - step / (steps + 1))
            for name, slope in slopes.items():
                first[name] += 0.1 * (slope - first[name])
                second[name] += 0.001 * (slope**2 - second[name])
                mean = first[name] / (1 - 0.9**step)
                spread = np.sqrt(second[name] / (1 - 0.999**step)) + 1e-8
                weights[name] -= rate * mean / spread
    return weights


def exported(weights, mean, spread):
    """The same network as an ONNX model."""
    constants = {"mean": mean, "spread": spread, "one": [1.0], "far": [1e4]} | weights
    inits = [numpy_helper.from_array(np.asarray(value, "f4"), name) for name, value in constants.items()]
    inits.append(numpy_helper.from_array(np.array(GROUPS, "i8"), "sizes"))
    inits.append(numpy_helper.from_array(np.array([1] * len(GROUPS), "i8"), "ones"))
    nodes = []

    def node(operator, inputs, outputs, **attributes):
        nodes.append(helper.make_node(operator, inputs, outputs, **attributes))

    node("Sub", ["features", "mean"], ["centred"])
    node("Div", ["centred", "spread"], ["standard"])
    groups = range(len(GROUPS))
    node("Split", ["standard", "sizes"], [f"part{g}" for g in groups], axis=1)
    for g in groups:
        node("Gemm", [f"part{g}", f"embed{g}", f"bias{g}"], [f"plain{g}"])
        node("Relu", [f"plain{g}"], [f"e{g}"])
        node("MatMul", [f"e{g}", "query"], [f"level{g}"])
    node("Concat", [f"level{g}" for g in groups], ["levels"], axis=1)
    node("Sub", ["mask", "one"], ["missing"])
    node("Mul", ["missing", "far"], ["penalty"])
    node("Add", ["levels", "penalty"], ["masked"])
    node("Softmax", ["masked"], ["attention"], axis=1)
    node("Split", ["attention", "ones"], [f"a{g}" for g in groups], axis=1)
    for g in groups:
        node("Mul", [f"e{g}", f"a{g}"], [f"weighed{g}"])
    node("Sum", [f"weighed{g}" for g in groups], ["pooled"])
    node("Gemm", ["pooled", "hidden", "hidden_bias"], ["hidden_plain"])
    node("Relu", ["hidden_plain"], ["hidden_there"])
    node("Gemm", ["hidden_there", "out", "out_bias"], ["logits"])
    node("Softmax", ["logits"], ["probabilities"], axis=1)

    def port(name, width):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", width])

    inputs = [port("features", sum(GROUPS)), port("mask", len(GROUPS))]
    graph = helper.make_graph(nodes, "pid", inputs, [port("probabilities", CLASSES)], inits)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    model.producer_name = "deploy/train_demo_pid.py"
    onnx.checker.check_model(model)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="what the example demo_inputs wrote")
    parser.add_argument("model", type=pathlib.Path, help="where the ONNX file goes")
    parser.add_argument("--epochs", type=int, default=6)
    arguments = parser.parse_args()
    random = np.random.default_rng(7)
    features, mask, y = read(arguments.folder)
    held_out = np.arange(len(y)) % 5 == 0
    mean, spread = features[~held_out].mean(0), features[~held_out].std(0) + 1e-6
    x = ((features - mean) / spread).astype("f8")
    weights = train(x[~held_out], mask[~held_out], y[~held_out], arguments.epochs, random)
    found, _ = forward(weights, x[held_out], mask[held_out])
    y = y[held_out]
    auc = roc_auc_score(np.eye(CLASSES)[y], found)
    balanced = balanced_accuracy_score(y, found.argmax(1))
    arguments.model.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(exported(weights, mean, spread), arguments.model)
    size = arguments.model.stat().st_size
    print(f"{len(y)} tracks, macro ROC-AUC {auc:.4f}, balanced accuracy {balanced:.4f}, {size} bytes")


if __name__ == "__main__":
    main()
