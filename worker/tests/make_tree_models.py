#!/usr/bin/env python3
"""Makes the small odd tree ensembles of worker/tests/models and ONNX Runtime's scores for them.

Run as `python3 worker/tests/make_tree_models.py`; needs numpy, onnx, onnxruntime, scikit-learn,
skl2onnx, lightgbm and onnxmltools. `expected.json` holds the features and, for every model, its
scores, all as the bits of f32 numbers, so that NaN, infinities and signed zeros survive.
"""

import json
import pathlib
import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

warnings.filterwarnings("ignore")
FOLDER = pathlib.Path(__file__).parent / "models"
WIDTH = 4
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, np.nan, np.inf, -np.inf, 2.0, 3.0, 1e-45, 3.4e38]
MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]
THRESHOLDS = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 0.25, np.inf, -np.inf, 3.0]
POSTS = ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"]
random = np.random.default_rng(7)


def features():
    rows = random.normal(size=(28, WIDTH)).astype(np.float32)
    odd = random.random(rows.shape) < 0.4
    rows[odd] = random.choice(np.array(SPECIAL, dtype=np.float32), size=odd.sum())
    return rows


def grow(modes, depth, leaf):
    """One random tree as nested lists: [mode, feature, threshold, missing, yes, no] or a leaf."""
    if depth == 0 or random.random() < 0.15:
        return leaf()
    return [
        str(random.choice(modes)),
        int(random.integers(WIDTH)),
        float(random.choice(THRESHOLDS)),
        int(random.integers(2)),
        grow(modes, depth - 1, leaf),
        grow(modes, depth - 1, leaf),
    ]


def is_leaf(tree):
    return isinstance(tree, dict)


def table(trees, prefix):
    """The attributes of the operators of ai.onnx.ml 1 and 3; a leaf is {target: weight}."""
    out = {f"nodes_{name}": [] for name in ["treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids", "missing_value_tracks_true"]}
    leaf_key = "class" if prefix == "class" else "target"
    weights = {f"{leaf_key}_{name}": [] for name in ["treeids", "nodeids", "ids", "weights"]}

    def visit(number, tree, counter):
        node = counter[0]
        counter[0] += 1
        position = len(out["nodes_treeids"])
        for name, value in [("treeids", number), ("nodeids", node), ("truenodeids", 0), ("falsenodeids", 0)]:
            out[f"nodes_{name}"].append(value)
        mode, feature, threshold, missing = ("LEAF", 0, 0.0, 0) if is_leaf(tree) else tree[:4]
        for name, value in [("modes", mode), ("featureids", feature), ("values", threshold), ("missing_value_tracks_true", missing)]:
            out[f"nodes_{name}"].append(value)
        if is_leaf(tree):
            for target, weight in tree.items():
                for name, value in [("treeids", number), ("nodeids", node), ("ids", target), ("weights", weight)]:
                    weights[f"{leaf_key}_{name}"].append(value)
        else:
            out["nodes_truenodeids"][position] = visit(number, tree[4], counter)
            out["nodes_falsenodeids"][position] = visit(number, tree[5], counter)
        return node

    for number, tree in enumerate(trees):
        visit(number, tree, [0])
    return out | weights


def as_double(attributes):
    """Replaces lists of floats by tensors of doubles, as ai.onnx.ml 3 allows."""
    for name in ["nodes_values", "class_weights", "target_weights", "base_values"]:
        if name in attributes:
            values = np.array(attributes.pop(name), dtype=np.float64)
            attributes[f"{name}_as_tensor"] = numpy_helper.from_array(values, f"{name}_as_tensor")
    return attributes


def model(nodes, outputs, inputs=None, constants=(), double=False, ml=3, metadata=None):
    kind = TensorProto.DOUBLE if double else TensorProto.FLOAT
    inputs = inputs or [helper.make_tensor_value_info("X", kind, [None, WIDTH])]
    graph = helper.make_graph(nodes, "trees", inputs, outputs, list(constants))
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", ml)], ir_version=8)
    if metadata:
        helper.set_model_props(made, metadata)
    return made


def scores_output(name, columns=None, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, [None, columns])


def classifier(trees, classes, post="NONE", base=None, double=False, source="X", output="P"):
    attributes = table(trees, "class")
    attributes |= {"post_transform": post, "classlabels_int64s": list(range(classes))}
    if base is not None:
        attributes["base_values"] = base
    if double:
        as_double(attributes)
    return helper.make_node("TreeEnsembleClassifier", [source], ["L", output], domain="ai.onnx.ml", **attributes)


def regressor(trees, targets, post="NONE", base=None, aggregate="SUM", double=False, source="X", output="Y"):
    attributes = table(trees, "target")
    attributes |= {"post_transform": post, "n_targets": targets, "aggregate_function": aggregate}
    if base is not None:
        attributes["base_values"] = base
    if double:
        as_double(attributes)
    return helper.make_node("TreeEnsembleRegressor", [source], [output], domain="ai.onnx.ml", **attributes)


def label_output():
    return helper.make_tensor_value_info("L", TensorProto.INT64, [None])


def weight(low, high):
    return float(np.float32(random.uniform(low, high)))


def forest(targets_of_leaf, low=-1.0, high=1.0, modes=("BRANCH_LEQ", "BRANCH_LT"), trees=3, depth=3):
    leaf = lambda: {int(t): weight(low, high) for t in targets_of_leaf()}
    return [grow(list(modes), depth, leaf) for _ in range(trees)]


def linked(trees, targets, post=0, aggregate=1, double=False):
    """The operator of ai.onnx.ml 5; a leaf is {target: weight} with one entry."""
    names = ["featureids", "modes", "splits", "truenodeids", "falsenodeids", "trueleafs", "falseleafs", "missing_value_tracks_true"]
    out = {f"nodes_{name}": [] for name in names}
    leaves, roots, members = ([], []), [], []

    def add_leaf(leaf):
        (target, value), = leaf.items()
        leaves[0].append(target)
        leaves[1].append(value)
        return len(leaves[0]) - 1, 1

    def visit(tree):
        if is_leaf(tree):
            return add_leaf(tree)
        position = len(out["nodes_modes"])
        mode, feature, threshold, missing, yes, no = tree
        number = (MODES + ["BRANCH_MEMBER"]).index(mode)
        row = [feature, number, 0.0 if mode == "BRANCH_MEMBER" else threshold, 0, 0, 0, 0, missing]
        for name, value in zip(names, row):
            out[f"nodes_{name}"].append(value)
        if mode == "BRANCH_MEMBER":
            members.extend([*threshold, np.nan])
        for branch, child in [("true", yes), ("false", no)]:
            index, leaf = visit(child)
            out[f"nodes_{branch}nodeids"][position] = index
            out[f"nodes_{branch}leafs"][position] = leaf
        return position, 0

    for tree in trees:
        if is_leaf(tree):
            roots.append(len(out["nodes_modes"]))
            index, _ = add_leaf(tree)
            for name, value in zip(names, [0, 0, 0.0, index, index, 1, 1, 0]):
                out[f"nodes_{name}"].append(value)
        else:
            roots.append(visit(tree)[0])
    dtype = np.float64 if double else np.float32
    out["nodes_modes"] = numpy_helper.from_array(np.array(out["nodes_modes"], dtype=np.uint8), "nodes_modes")
    out["nodes_splits"] = numpy_helper.from_array(np.array(out["nodes_splits"], dtype=dtype), "nodes_splits")
    out["leaf_weights"] = numpy_helper.from_array(np.array(leaves[1], dtype=dtype), "leaf_weights")
    if members:
        out["membership_values"] = numpy_helper.from_array(np.array(members, dtype=dtype), "membership_values")
    out |= {"leaf_targetids": leaves[0], "tree_roots": roots, "n_targets": targets, "post_transform": post, "aggregate_function": aggregate}
    return helper.make_node("TreeEnsemble", ["X"], ["Y"], domain="ai.onnx.ml", **out)


def operators():
    """Every mode, aggregate, transform and shape of classes of the operators themselves."""
    one = lambda: [0]
    for mode in MODES:
        yield f"mode_{mode[7:].lower()}", model([regressor(forest(one, modes=[mode]), 1)], [scores_output("Y", 1)])
    yield "mode_mixed", model([regressor(forest(one, modes=MODES, trees=8), 1)], [scores_output("Y", 1)])
    several = lambda: random.choice(3, size=random.integers(1, 4), replace=False)
    for aggregate in ["SUM", "AVERAGE", "MIN", "MAX"]:
        for base in [None, [0.25]]:
            made = regressor(forest(one), 1, aggregate=aggregate, base=base)
            yield f"aggregate_{aggregate.lower()}_1{'_base' if base else ''}", model([made], [scores_output("Y", 1)])
        for base in [None, [0.25, -0.5, 1.0]]:
            made = regressor(forest(several, trees=3), 3, aggregate=aggregate, base=base)
            yield f"aggregate_{aggregate.lower()}_3{'_base' if base else ''}", model([made], [scores_output("Y", 3)])
    for post in POSTS:
        low, high = (0.05, 0.18) if post == "PROBIT" else (-1, 1)
        name = post.lower()
        yield f"regressor_{name}_1", model([regressor(forest(one, low, high), 1, post=post)], [scores_output("Y", 1)])
        yield f"regressor_{name}_3", model([regressor(forest(lambda: [0, 1, 2], low, high), 3, post=post)], [scores_output("Y", 3)])
        for shape, classes, leaf, base in [
            ("column", 2, one, None),
            ("column_base1", 2, one, [0.1]),
            ("column_base2", 2, one, [0.1, 0.2]),
            ("second", 2, lambda: [1], None),
            ("two", 2, lambda: [0, 1], None),
            ("two_base1", 2, lambda: [0, 1], [0.1]),
            ("two_base2", 2, lambda: [0, 1], [0.1, 0.2]),
            ("uneven", 2, lambda: [random.integers(2)], None),
            ("three", 3, lambda: [0, 1, 2], None),
            ("three_uneven", 3, lambda: [random.integers(3)], [0.1, 0.2, 0.3]),
            ("three_sparse", 3, lambda: [random.integers(2)], None),
        ]:
            if post == "PROBIT" and shape in ["column", "column_base1", "uneven"]:
                continue  # ONNX Runtime leaves the second column unset
            made = classifier(forest(leaf, low, high), classes, post=post, base=base)
            yield f"classifier_{name}_{shape}", model([made], [label_output(), scores_output("P", classes)])
    for post in ["NONE", "LOGISTIC", "SOFTMAX"]:
        made = classifier(forest(one, 0.0, 0.2), 2, post=post)
        yield f"classifier_{post.lower()}_positive", model([made], [label_output(), scores_output("P", 2)])
    yield "classifier_one_class", model([classifier(forest(one), 1)], [label_output(), scores_output("P", 1)])


def doubles():
    """Double precision: thresholds that are no f32 decide ties."""
    near = [0.5 + 1e-12, 0.5 - 1e-12, 1.0 + 1e-12, 1.0 - 1e-12, 1e-50, -1e-50, 1e300, -1e300, 2.0]
    global THRESHOLDS
    kept, THRESHOLDS = THRESHOLDS, near
    made = regressor(forest(lambda: [0], modes=MODES, trees=8), 1, base=[0.1], double=True)
    yield "double_regressor", model([made], [scores_output("Y", 1)], double=True)
    made = classifier(forest(lambda: [0], trees=8), 2, post="LOGISTIC", double=True)
    yield "double_classifier", model([made], [label_output(), scores_output("P", 2)], double=True)
    made = linked(forest(lambda: [0], modes=MODES, trees=8), 1, double=True)
    yield "linked_double", model([made], [scores_output("Y", 1, TensorProto.DOUBLE)], double=True, ml=5)
    THRESHOLDS = kept
    cast = helper.make_node("Cast", ["X"], ["X64"], to=TensorProto.DOUBLE)
    made = regressor(forest(lambda: [0]), 1, double=True, source="X64")
    yield "double_cast", model([cast, made], [scores_output("Y", 1)])


def linked_models():
    """The operator of ai.onnx.ml 5."""
    for aggregate, name in enumerate(["average", "sum", "min", "max"]):
        made = linked(forest(lambda: [random.integers(2)], modes=MODES, trees=6), 2, aggregate=aggregate)
        yield f"linked_{name}", model([made], [scores_output("Y", 2)], ml=5)
    for post in range(5):
        low, high = (0.05, 0.12) if post == 4 else (-1, 1)
        trees = [{0: 0.1}, {1: 0.1}, *forest(lambda: [random.integers(2)], low, high, trees=5)]
        yield f"linked_post_{post}", model([linked(trees, 2, post=post)], [scores_output("Y", 2)], ml=5)
    yield "linked_post_logistic_1", model([linked(forest(lambda: [0]), 1, post=2)], [scores_output("Y", 1)], ml=5)
    sets = [[0.0, 1.0], [2.0], [1.0, 2.0, 3.0], [0.0, 5.0, 30.0]]
    member = lambda: ["BRANCH_MEMBER", int(random.integers(WIDTH)), list(sets[random.integers(4)]), int(random.integers(2)), {0: weight(-1, 1)}, {0: weight(-1, 1)}]
    trees = [["BRANCH_LEQ", 1, 0.5, 0, member(), member()] for _ in range(6)]
    yield "linked_member", model([linked(trees, 1)], [scores_output("Y", 1)], ml=5)


def surroundings():
    """What exporters put around an ensemble."""
    node, one = helper.make_node, lambda: [0]
    ints = lambda name, values: numpy_helper.from_array(np.array(values, dtype=np.int64), name)
    floats = lambda name, values: numpy_helper.from_array(np.array(values, dtype=np.float32), name)
    zipmap = node("ZipMap", ["P"], ["Z"], domain="ai.onnx.ml", classlabels_int64s=[0, 1])
    z = helper.make_value_info("Z", helper.make_sequence_type_proto(helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, []))))
    yield "around_zipmap", model([classifier(forest(one), 2, post="LOGISTIC"), zipmap], [label_output(), z])
    for norm in ["L1", "L2", "MAX"]:
        made = [classifier(forest(lambda: [0, 1, 2], 0.1, 1), 3), node("Normalizer", ["P"], ["N"], domain="ai.onnx.ml", norm=norm)]
        yield f"around_normalizer_{norm.lower()}", model(made, [label_output(), scores_output("N", 3)])
    made = [classifier(forest(lambda: [0, 1, 2]), 3, post="SOFTMAX"), node("ArrayFeatureExtractor", ["P", "which"], ["S"], domain="ai.onnx.ml")]
    yield "around_extractor", model(made, [label_output(), scores_output("S", 1)], constants=[ints("which", [2])])
    made = [node("ArrayFeatureExtractor", ["X", "which"], ["X2"], domain="ai.onnx.ml"), regressor(forest(one), 1, source="X2")]
    yield "around_columns_reordered", model(made, [scores_output("Y", 1)], constants=[ints("which", [3, 1, 0, 2])])
    made = [
        node("Concat", ["pt", "eta", "phi", "charge"], ["X"], axis=1),
        regressor(forest(one), 1),
        node("Sigmoid", ["Y"], ["S"]),
        node("Sub", ["one", "S"], ["B"]),
        node("Concat", ["B", "S"], ["P"], axis=1),
    ]
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in ["pt", "eta", "phi", "charge"]]
    yield "around_named_inputs", model(made, [scores_output("P", 2)], inputs=inputs, constants=[floats("one", [1.0])])
    made = [
        node("Scaler", ["X"], ["S"], domain="ai.onnx.ml", offset=[0.5, 0, -1, 0.25], scale=[2.0, 1, 0.5, -1]),
        regressor(forest(one), 1, source="S", output="A"),
        regressor(forest(one), 1, output="B"),
        node("Sum", ["A", "B"], ["C"]),
        node("Mul", ["C", "half"], ["D"]),
        node("Reshape", ["D", "shape"], ["E"]),
        node("Identity", ["E"], ["Y"]),
    ]
    yield "around_arithmetic", model(made, [scores_output("Y", 1)], constants=[floats("half", 0.5), ints("shape", [-1, 1])])
    made = [classifier(forest(one), 2, post="LOGISTIC"), node("Identity", ["L"], ["label"])]
    outputs = [helper.make_tensor_value_info("label", TensorProto.INT64, [1]), helper.make_tensor_value_info("P", TensorProto.FLOAT, [1, 2])]
    batch1 = [helper.make_tensor_value_info("X", TensorProto.FLOAT, [1, WIDTH])]
    yield "around_batch1", model(made, outputs, inputs=batch1, metadata={"feature_names": '["pt", "eta", "phi", "charge"]'})


def exported():
    """Real exports of scikit-learn and LightGBM, trained on few rows."""
    from lightgbm import LGBMClassifier, LGBMRegressor
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType as LightFloats
    from skl2onnx import to_onnx
    from sklearn import ensemble, pipeline, preprocessing, tree

    x = random.normal(size=(300, WIDTH)).astype(np.float32)
    signal = (x[:, 0] + x[:, 1] ** 2 > 0.5).astype(int)
    three = np.digitize(x[:, 0], [-0.5, 0.5])
    zipped = {"zipmap": False}
    for name, estimator, y in [
        ("sklearn_forest", ensemble.RandomForestClassifier(5, max_depth=4, random_state=1), three),
        ("sklearn_extra_binary", ensemble.ExtraTreesClassifier(5, max_depth=4, random_state=1), signal),
        ("sklearn_boosting", ensemble.GradientBoostingClassifier(n_estimators=6, max_depth=3, random_state=1), signal),
        ("sklearn_boosting_three", ensemble.GradientBoostingClassifier(n_estimators=4, max_depth=2, random_state=1), three),
        ("sklearn_tree", tree.DecisionTreeClassifier(max_depth=4, random_state=1), signal),
        ("sklearn_scaled", pipeline.make_pipeline(preprocessing.StandardScaler(), ensemble.RandomForestClassifier(4, max_depth=3, random_state=1)), signal),
    ]:
        fitted = estimator.fit(x, y)
        last = fitted[-1] if hasattr(fitted, "steps") else fitted
        yield name, to_onnx(fitted, x[:1], options={id(last): zipped}, target_opset={"": 15, "ai.onnx.ml": 3})
    for name, estimator in [
        ("sklearn_forest_regressor", ensemble.RandomForestRegressor(5, max_depth=4, random_state=1)),
        ("sklearn_tree_regressor", tree.DecisionTreeRegressor(max_depth=4, random_state=1)),
    ]:
        yield name, to_onnx(estimator.fit(x, x[:, 0] * x[:, 1]), x[:1], target_opset={"": 15, "ai.onnx.ml": 3})
    types = [("X", LightFloats([None, WIDTH]))]
    categories = x.copy()
    categories[:, 3] = random.integers(0, 6, size=len(x))
    light = LGBMClassifier(n_estimators=5, num_leaves=8, min_data_per_group=5, cat_smooth=1, verbose=-1)
    target = (np.isin(categories[:, 3], [1, 4]) ^ (x[:, 0] > 0)).astype(int)
    yield "lightgbm_categories", convert_lightgbm(light.fit(categories, target, categorical_feature=[3]), initial_types=types, target_opset=15, zipmap=False)
    light = LGBMRegressor(n_estimators=6, num_leaves=8, verbose=-1).fit(x, x[:, 0])
    yield "lightgbm_regressor", convert_lightgbm(light, initial_types=types, target_opset=15)
    yield "lightgbm_split", convert_lightgbm(light, initial_types=types, target_opset=15, split=2)


def reference(made, rows):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(made.SerializeToString(), options)
    inputs = session.get_inputs()
    if len(inputs) > 1:
        feed = {port.name: rows[:, [index]] for index, port in enumerate(inputs)}
    else:
        feed = {inputs[0].name: rows.astype(np.float64) if "double" in inputs[0].type else rows}
    if inputs[0].shape[0] == 1:
        parts = [session.run(None, {inputs[0].name: rows[[index]]})[-1] for index in range(len(rows))]
        return np.concatenate(parts)
    scores = session.run(None, feed)[-1]
    if isinstance(scores, list):
        scores = np.array([[row[key] for key in sorted(row)] for row in scores])
    return scores.reshape(len(rows), -1).astype(np.float32)


def main():
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    rows = features()
    expected = {"features": rows.view(np.uint32).tolist(), "scores": {}}
    for maker in [operators, doubles, linked_models, surroundings, exported]:
        for name, made in maker():
            scores = np.ascontiguousarray(reference(made, rows), dtype=np.float32)
            expected["scores"][name] = scores.view(np.uint32).tolist()
            (FOLDER / f"{name}.onnx").write_bytes(made.SerializeToString())
    (FOLDER / "expected.json").write_text(json.dumps(expected, separators=(",", ":")).replace(']],', ']],\n') + "\n")
    print(len(expected["scores"]), "models,", sum(path.stat().st_size for path in FOLDER.iterdir()) // 1024, "KB")


if __name__ == "__main__":
    main()
