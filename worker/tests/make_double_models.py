"""Tree models with inputs in double precision or whole numbers, and ONNX Runtime's scores for values
at their thresholds, one unit in the last place beside them, and for odd ones.

usage: make_double_models.py [FOLDER]; needs numpy, onnx, onnxruntime, scikit-learn, skl2onnx,
lightgbm, xgboost and onnxmltools. Writes FOLDER/*.onnx and FOLDER/expected.json, in which numbers
are written as their bits.
"""
import json
import pathlib
import sys

import lightgbm
import numpy as np
import onnxruntime
import xgboost
from onnx import TensorProto, helper, numpy_helper
from onnxmltools.convert import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import DoubleTensorType as OtherDouble
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import DoubleTensorType
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier

WIDTH = 3
random = np.random.default_rng(5)
X = np.round(random.normal(size=(400, WIDTH)) * 1e3) / 1e3 + 1e-9
X[:, 2] = 2.0**24 + random.integers(0, 40, 400)
noise = random.normal(size=400)
target = X[:, 0] + np.sin(X[:, 1]) + (X[:, 2] % 7) / 3 + 0.1 * noise
truth = (target > np.median(target)).astype(int)


def opset(ml):
    return [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", ml)]


def value(name, kind, width):
    return helper.make_tensor_value_info(name, kind, [None, width])


def stumps(modes, thresholds, doubles, element=TensorProto.DOUBLE, classifier=False):
    """One tree of one test for each mode and threshold."""
    n = len(thresholds)
    kind, ids = ("class", "class_ids") if classifier else ("target", "target_ids")
    attributes = {
        "nodes_treeids": [tree for tree in range(n) for _ in range(3)],
        "nodes_nodeids": [0, 1, 2] * n,
        "nodes_featureids": [id for tree in range(n) for id in (tree % WIDTH, 0, 0)],
        "nodes_modes": [mode for tree in range(n) for mode in (modes[tree % len(modes)], "LEAF", "LEAF")],
        "nodes_truenodeids": [1, 0, 0] * n,
        "nodes_falsenodeids": [2, 0, 0] * n,
        "nodes_missing_value_tracks_true": [flag for tree in range(n) for flag in (tree // 2 % 2, 0, 0)],
        kind + "_treeids": [tree for tree in range(n) for _ in range(2)],
        kind + "_nodeids": [1, 2] * n,
        ids: [0] * (2 * n),
    }
    values = [v for t in thresholds for v in (t, 0.0, 0.0)]
    weights = [w for tree in range(n) for w in (2.0**-tree, -(2.0**-tree))]
    if doubles:
        attributes["nodes_values_as_tensor"] = numpy_helper.from_array(np.array(values), "v")
        attributes[kind + "_weights_as_tensor"] = numpy_helper.from_array(np.array(weights), "w")
    else:
        attributes["nodes_values"], attributes[kind + "_weights"] = values, weights
    if classifier:
        attributes["classlabels_int64s"] = [0, 1]
        attributes["post_transform"] = "LOGISTIC"
        node = helper.make_node("TreeEnsembleClassifier", ["X"], ["L", "P"], domain="ai.onnx.ml", **attributes)
        outputs = [helper.make_tensor_value_info("L", TensorProto.INT64, [None]), value("P", TensorProto.FLOAT, 2)]
    else:
        attributes["n_targets"] = 1
        node = helper.make_node("TreeEnsembleRegressor", ["X"], ["P"], domain="ai.onnx.ml", **attributes)
        outputs = [value("P", TensorProto.FLOAT, 1)]
    graph = helper.make_graph([node], "g", [value("X", element, WIDTH)], outputs)
    return helper.make_model(graph, opset_imports=opset(3), ir_version=9)


def linked(thresholds):
    """Operator TreeEnsemble: one tree a threshold, of all modes in turn."""
    n = len(thresholds)
    splits = np.array([0.0 if tree % 7 == 6 else t for tree, t in enumerate(thresholds)])
    members = [t for tree, t in enumerate(thresholds) if tree % 7 == 6]
    tensor = lambda name, values, kind: numpy_helper.from_array(np.array(values, kind), name)
    node = helper.make_node(
        "TreeEnsemble", ["X"], ["P"], domain="ai.onnx.ml", n_targets=1, aggregate_function=1, post_transform=0,
        tree_roots=list(range(n)), nodes_featureids=[tree % WIDTH for tree in range(n)],
        nodes_modes=tensor("m", [tree % 7 for tree in range(n)], np.uint8),
        nodes_splits=tensor("s", splits, np.float64),
        nodes_truenodeids=[2 * tree for tree in range(n)], nodes_trueleafs=[1] * n,
        nodes_falsenodeids=[2 * tree + 1 for tree in range(n)], nodes_falseleafs=[1] * n,
        nodes_missing_value_tracks_true=[tree // 2 % 2 for tree in range(n)],
        leaf_targetids=[0] * (2 * n),
        leaf_weights=tensor("w", [w for tree in range(n) for w in (2.0**-tree, -(2.0**-tree))], np.float64),
        **({"membership_values": tensor("b", [v for m in members for v in (m, np.nan)], np.float64)} if members else {}),
    )
    graph = helper.make_graph([node], "g", [value("X", TensorProto.DOUBLE, WIDTH)], [value("P", TensorProto.DOUBLE, 1)])
    return helper.make_model(graph, opset_imports=opset(5), ir_version=10)


def side_by_side(thresholds, to):
    """Inputs of three types, cast to one and joined."""
    inner = stumps(["BRANCH_LEQ", "BRANCH_LT"], thresholds, to == TensorProto.DOUBLE, to)
    nodes, inputs = [], []
    for name, kind in (("a", TensorProto.FLOAT), ("b", TensorProto.DOUBLE), ("c", TensorProto.INT64)):
        inputs.append(value(name, kind, 1))
        nodes.append(helper.make_node("Cast", [name], [name + "_cast"], to=to))
    nodes.append(helper.make_node("Concat", ["a_cast", "b_cast", "c_cast"], ["X"], axis=1))
    nodes.extend(inner.graph.node)
    graph = helper.make_graph(nodes, "g", inputs, inner.graph.output)
    return helper.make_model(graph, opset_imports=opset(3), ir_version=9)


def models(thresholds):
    modes = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]
    yield "stumps_double", stumps(modes, thresholds, True)
    yield "stumps_single", stumps(modes, [float(np.float32(t)) for t in thresholds], False)
    yield "linked_double", linked([t for tree, t in enumerate(thresholds) if tree % 7 != 6])
    yield "whole_numbers", stumps(modes, [2.0**24, 3.0, -7.0] * 2, False, TensorProto.INT64, True)
    finite = [t for t in thresholds if abs(t) < 1e30]
    yield "joined_double", side_by_side(finite, TensorProto.DOUBLE)
    yield "joined_single", side_by_side([float(np.float32(t)) for t in finite], TensorProto.FLOAT)
    initial = [("X", DoubleTensorType([None, WIDTH]))]
    forest = RandomForestClassifier(n_estimators=4, max_depth=4, random_state=1, n_jobs=1).fit(X, truth)
    yield "sklearn_forest", convert_sklearn(forest, initial_types=initial, options={id(forest): {"zipmap": False}})
    boosted = GradientBoostingRegressor(n_estimators=6, max_depth=3, random_state=1).fit(X, target)
    made = convert_sklearn(boosted, initial_types=initial)
    # skl2onnx declares an output that ONNX Runtime refuses: its scores are of single precision.
    made.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT
    yield "sklearn_boosted", made
    initial = [("X", OtherDouble([None, WIDTH]))]
    light = lightgbm.LGBMRegressor(n_estimators=6, num_leaves=8, verbose=-1, n_jobs=1).fit(X, target)
    yield "lightgbm", convert_lightgbm(light, initial_types=initial)
    extreme = xgboost.XGBRegressor(n_estimators=6, max_depth=3, n_jobs=1).fit(X, target)
    yield "xgboost", convert_xgboost(extreme, initial_types=initial)
    raw = stumps(["BRANCH_LEQ"], [float(np.float32(t)) for t in thresholds], False, TensorProto.FLOAT)
    raw.graph.node[0].attribute.append(helper.make_attribute("post_transform", "LOGISTIC"))
    yield "raw_regressor", raw


def computed():
    """Scores that are computed with in double precision: 1e30 twice as large, and as small again."""
    model = stumps(["BRANCH_LEQ"], [0.1, 0.2], False, TensorProto.FLOAT)
    model.graph.node[0].output[0] = "S"
    large = numpy_helper.from_array(np.array([1e30]), "large")
    model.graph.initializer.append(large)
    steps = [("Cast", ["S"], "D", {"to": TensorProto.DOUBLE}), ("Mul", ["D", "large"], "M", {}), ("Mul", ["M", "large"], "N", {}),
             ("Div", ["N", "large"], "O", {}), ("Div", ["O", "large"], "Q", {}), ("Cast", ["Q"], "P", {"to": TensorProto.FLOAT})]
    model.graph.node.extend(helper.make_node(kind, of, [to], **more) for kind, of, to, more in steps)
    return model


def own_thresholds(model):
    found = [[] for _ in range(WIDTH)]
    for node in model.graph.node:
        at = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        values = at.get("nodes_values", at.get("nodes_values_as_tensor", at.get("nodes_splits")))
        if values is None:
            continue
        values = values if isinstance(values, list) else numpy_helper.to_array(values).tolist()
        for feature, v in zip(at["nodes_featureids"], values):
            found[feature].append(float(v))
    return found


def rows(model):
    odd = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e300, -1e300, 5e-324, 2.0**24 + 1, 2.0**53 + 2]
    columns = []
    for thresholds in own_thresholds(model):
        chosen = random.permutation(sorted(set(thresholds)))[:12]
        near = [v for t in chosen for v in (np.nextafter(t, -np.inf), t, np.nextafter(t, np.inf), float(np.float32(t)))]
        columns.append(random.permutation(np.array(near + odd)))
    length = 90
    return np.stack([np.resize(column, length) for column in columns], axis=1)


def reference(model, values):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    inputs = session.get_inputs()
    types = {"tensor(double)": np.float64, "tensor(float)": np.float32, "tensor(int64)": np.int64}
    # What is no whole number is none in the column either.
    for column in range(WIDTH):
        kind = types[inputs[column if len(inputs) > 1 else 0].type]
        if kind == np.int64:
            values[:, column] = np.trunc(np.nan_to_num(values[:, column], nan=1.0)).clip(-(2.0**60), 2.0**60)
    if len(inputs) == 1:
        feed = {inputs[0].name: values.astype(types[inputs[0].type])}
    else:
        feed = {port.name: values[:, [n]].astype(types[port.type]) for n, port in enumerate(inputs)}
    return values, session.run([session.get_outputs()[-1].name], feed)[0]


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "double_models")
    folder.mkdir(exist_ok=True)
    thresholds = [0.1, 1e-300, -2.5, 16777217.0, 1.0 + 2.0**-40, 1e18, -0.0, 0.3, 7.0, -1e-9, 1.1, 2.0**24 + 0.5]
    (folder / "computed_double.onnx").write_bytes(computed().SerializeToString())
    expected = {}
    for name, model in models(thresholds):
        values, scores = reference(model, rows(model))
        (folder / f"{name}.onnx").write_bytes(model.SerializeToString())
        expected[name] = {
            "features": values.view(np.uint64).tolist(),
            "scores": scores.reshape(len(values), -1).astype(np.float32).view(np.uint32).tolist(),
        }
        print(name, len(values))
    text = json.dumps(expected, separators=(",", ":")).replace('},"', '},\n"')
    (folder / "expected.json").write_text(text + "\n")


main()
