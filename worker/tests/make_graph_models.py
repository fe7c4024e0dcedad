#!/usr/bin/env python3
"""Makes the small models of worker/tests/graph_models, and what ONNX Runtime gives for them.

Run as `python3 worker/tests/make_graph_models.py`; needs numpy, onnx, onnxruntime, scikit-learn and
skl2onnx. `expected.json` holds for every model its inputs and the values of its outputs.
"""

import json
import pathlib
import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto as T
from onnx import helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression

warnings.filterwarnings("ignore")
FOLDER = pathlib.Path(__file__).parent / "graph_models"
ROWS = 70
random = np.random.default_rng(11)
expected = {}


def port(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def constant(name, values):
    return numpy_helper.from_array(np.asarray(values), name)


def save(name, nodes, inputs, outputs, constants=(), opset=17):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(constants))
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    (FOLDER / f"{name}.onnx").write_bytes(model.SerializeToString())
    return model


def score(name, inputs, outputs, model=None, batch=None):
    """Values of some outputs, `batch` rows at a time."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession((model or (FOLDER / f"{name}.onnx").read_bytes()), options)
    rows = len(next(iter(inputs.values())))
    found = {output: [] for output in outputs}
    for start in range(0, rows, batch or rows):
        part = {key: value[start : start + (batch or rows)] for key, value in inputs.items()}
        for output, values in zip(outputs, session.run(outputs, part)):
            found[output].append(values)
    expected[name] = {
        "inputs": {key: value.reshape(rows, -1).astype(float).tolist() for key, value in inputs.items()},
        "outputs": {key: np.concatenate(value).reshape(rows, -1).astype(float).tolist() for key, value in found.items()},
    }


def floats(width):
    return random.normal(size=(ROWS, width)).astype(np.float32)


def every_type():
    kinds = {"f": (T.FLOAT, np.float32), "d": (T.DOUBLE, np.float64), "l": (T.INT64, np.int64), "i": (T.INT32, np.int32), "b": (T.BOOL, np.bool_)}
    nodes, inputs, values = [], [], {}
    for name, (kind, dtype) in kinds.items():
        # One of rank 1 among them.
        shape = ["rows"] if name == "i" else ["rows", 2]
        inputs.append(port(name, kind, shape))
        values[name] = random.integers(-5, 5, size=(ROWS, 2) if name != "i" else ROWS).astype(dtype)
        nodes.append(helper.make_node("Cast", [name], [f"{name}_double"], to=T.DOUBLE))
    nodes.append(helper.make_node("Unsqueeze", ["i_double", "axis"], ["i_wide"]))
    joined = [f"{name}_double" if name != "i" else "i_wide" for name in kinds]
    nodes.append(helper.make_node("Concat", joined, ["all"], axis=1))
    nodes.append(helper.make_node("ReduceSum", ["all", "axis"], ["total"], keepdims=0))
    nodes.append(helper.make_node("Cast", ["total"], ["whole"], to=T.INT32))
    nodes.append(helper.make_node("Greater", ["total", "zero"], ["positive"]))
    outputs = [port("all", T.DOUBLE, ["rows", 9]), port("total", T.DOUBLE, ["rows"]), port("whole", T.INT32, ["rows"]), port("positive", T.BOOL, ["rows"])]
    save("every_type", nodes, inputs, outputs, [constant("axis", np.array([1])), constant("zero", np.float64(0))])
    score("every_type", values, ["all", "total", "whole", "positive"])


def slow():
    """Much to do for a row: products of matrices, one after the other."""
    nodes = [helper.make_node("ConstantOfShape", ["square"], ["w"], value=constant("v", np.array([1 / 256], np.float32)))]
    nodes.append(helper.make_node("Expand", ["x", "wide"], ["y0"]))
    for at in range(40):
        nodes.append(helper.make_node("MatMul", [f"y{at}", "w"], [f"z{at}"]))
        nodes.append(helper.make_node("Relu", [f"z{at}"], [f"y{at + 1}"]))
    nodes.append(helper.make_node("ReduceMean", ["y40"], ["mean"], axes=[1], keepdims=0))
    sizes = [constant("square", np.array([256, 256])), constant("wide", np.array([1, 256]))]
    save("slow", nodes, [port("x", T.FLOAT, ["rows", 1])], [port("mean", T.FLOAT, ["rows"])], sizes)


def network(name, rows, after=(), out="p", shape=None):
    """Two layers, of a declared number of rows."""
    weights = [constant("w", random.normal(size=(3, 8)).astype(np.float32)), constant("v", random.normal(size=(8, 2)).astype(np.float32))]
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Tanh", ["h"], ["t"]),
        helper.make_node("MatMul", ["t", "v"], ["s"]),
        helper.make_node("Softmax", ["s"], ["p"], axis=1),
    ]
    extra = [item for item in after if isinstance(item, onnx.TensorProto)]
    nodes += [item for item in after if isinstance(item, onnx.NodeProto)]
    save(name, nodes, [port("x", T.FLOAT, [rows, 3])], [port(out, T.FLOAT, shape or [rows, 2])], weights + extra)
    values = {"x": floats(3)}
    score(name, values, [out], batch=rows if isinstance(rows, int) else None)


def refused():
    x, y = [port("x", T.FLOAT, ["rows", 3])], [port("y", T.FLOAT, ["rows", 3])]
    dropout = helper.make_node("Dropout", ["x", "ratio", "training"], ["y"])
    save("dropout", [dropout], x, y, [constant("ratio", np.float32(0.5)), constant("training", True)])
    save("random", [helper.make_node("RandomNormalLike", ["x"], ["r"]), helper.make_node("Add", ["x", "r"], ["y"])], x, y)
    save("unknown_operator", [helper.make_node("Frobnicate", ["x"], ["y"])], x, y)
    save("unknown_domain", [helper.make_node("Frobnicate", ["x"], ["y"], domain="org.example")], x, y)
    save("huge", [helper.make_node("ConstantOfShape", ["s"], ["z"]), helper.make_node("ReduceSum", ["z"], ["r"], keepdims=0), helper.make_node("Add", ["x", "r"], ["y"])], x, y, [constant("s", np.array([1 << 20, 1 << 20]))])
    branch = helper.make_graph([helper.make_node("Relu", ["x"], ["t"])], "b", [], [port("t", T.FLOAT, ["rows", 3])])
    save("breaks_off", [helper.make_node("Transpose", ["x"], ["y"], perm=[0, 99])], x, y)
    save("halves", [helper.make_node("Relu", ["x"], ["y"])], [port("x", T.FLOAT16, ["rows", 3])], [port("y", T.FLOAT16, ["rows", 3])])
    save("branches", [helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)], x, y, [constant("c", np.array(True))])
    save("deep", [helper.make_node("Unsqueeze", ["x", "a"], ["y"])], x, [port("y", T.FLOAT, None)], [constant("a", np.array([2]))])
    save("other_rows", [helper.make_node("Transpose", ["x"], ["y"])], x, [port("y", T.FLOAT, None)])
    save("text", [helper.make_node("Cast", ["x"], ["y"], to=T.STRING)], x, [port("y", T.STRING, ["rows", 3])])
    relu = [helper.make_node("Identity", ["x"], ["y"])]
    save("three_dimensions", relu, [port("x", T.FLOAT, ["rows", 3, 4])], [port("y", T.FLOAT, ["rows", 3, 4])])
    save("bytes", relu, [port("x", T.UINT8, ["rows", 3])], [port("y", T.UINT8, ["rows", 3])])
    save("wrong_width", [helper.make_node("MatMul", ["x", "w"], ["y"])], [port("x", T.FLOAT, None)], y, [constant("w", np.eye(3, dtype=np.float32))])
    # A mean over the rows of a batch, of any number and of three.
    mean = [helper.make_node("ReduceMean", ["x"], ["m"], axes=[0], keepdims=1), helper.make_node("Sub", ["x", "m"], ["y"])]
    save("mixes_rows", mean, x, y)
    save("mixes_three_rows", mean, [port("x", T.FLOAT, [3, 3])], [port("y", T.FLOAT, [3, 3])])


def guarded():
    """Operators by which ONNX Runtime ends the process for some values, and branches that hand on a value."""
    save("whole_division", [helper.make_node("Div", ["x", "d"], ["y"], name="/share/Div")], [port(name, T.INT64, ["rows", 1]) for name in "xd"], [port("y", T.INT64, ["rows", 1])])
    x = [port("x", T.FLOAT, ["rows", 3])]
    # Numbers above the least one, in a row after the other, gone over by recurrence.
    nodes = [
        helper.make_node("Reshape", ["x", "flat"], ["numbers"]),
        helper.make_node("Greater", ["numbers", "least"], ["is_there"]),
        helper.make_node("Compress", ["numbers", "is_there"], ["there"]),
        helper.make_node("Reshape", ["there", "sequence"], ["s"]),
        helper.make_node("GRU", ["s", "w", "r"], ["", "last"], hidden_size=2, name="/gru"),
        helper.make_node("Reshape", ["last", "row"], ["one_row"]),
        helper.make_node("MatMul", ["x", "zeros"], ["rows"]),
        helper.make_node("Add", ["rows", "one_row"], ["y"]),
    ]
    draw = np.random.default_rng(13)
    constants = [constant("w", draw.normal(size=(1, 6, 1)).astype(np.float32)), constant("r", draw.normal(size=(1, 6, 2)).astype(np.float32))]
    constants += [constant("least", np.float32(-1000)), constant("flat", np.array([-1])), constant("sequence", np.array([-1, 1, 1])), constant("row", np.array([1, 2]))]
    constants.append(constant("zeros", np.zeros((3, 2), np.float32)))
    save("recurrent", nodes, x, [port("y", T.FLOAT, ["rows", 2])], constants)
    # As TorchScript writes squeeze(1), and one_hot with as many classes as a tensor has columns.
    of = lambda operator, *inputs: helper.make_graph(
        [helper.make_node("Constant", [], [f"axes of {operator}"], value=constant("", np.array([1]))), helper.make_node(operator, ["sum", *inputs], [operator])],
        operator, [], [port(operator, T.FLOAT, None)])
    nodes = [
        helper.make_node("ReduceSum", ["x", "one"], ["sum"], keepdims=1),
        helper.make_node("Shape", ["sum"], ["shape"]),
        helper.make_node("Gather", ["shape", "one"], ["width"]),
        helper.make_node("Equal", ["width", "one"], ["is_one"]),
        helper.make_node("If", ["is_one"], ["squeezed"], then_branch=of("Squeeze", "axes of Squeeze"), else_branch=of("Identity")),
        # No division of whole numbers.
        helper.make_node("Div", ["squeezed", "half"], ["p"]),
        helper.make_node("Cast", ["is_many"], ["index"], to=T.INT64),
        helper.make_node("Greater", ["squeezed", "half"], ["is_many"]),
        helper.make_node("Shape", ["x"], ["shape of x"]),
        helper.make_node("Gather", ["shape of x", "one"], ["depth"]),
        helper.make_node("OneHot", ["index", "depth", "values"], ["q"]),
    ]
    nodes[6], nodes[7] = nodes[7], nodes[6]
    outputs = [port("p", T.FLOAT, ["rows"]), port("q", T.FLOAT, ["rows", 3])]
    constants = [constant("one", np.array([1])), constant("half", np.float32(0.5)), constant("values", np.array([0, 1], np.float32))]
    save("hands_on", nodes, x, outputs, constants)
    score("hands_on", {"x": floats(3)}, ["p", "q"])


def of_graphs():
    """A model of graphs: of each edge its only feature, of each graph its two globals, six times."""
    inputs = [port("x", T.FLOAT, ["nodes", 1]), port("e", T.INT64, [2, "edges"])]
    inputs += [port("a", T.FLOAT, ["edges", 1]), port("u", T.FLOAT, ["graphs", 2])]
    nodes = [
        helper.make_node("Squeeze", ["a", "one"], ["difference"]),
        helper.make_node("Concat", ["u", "u", "u"], ["six"], axis=1),
        helper.make_node("Reshape", ["six", "shape"], ["quantiles"]),
    ]
    outputs = [port("difference", T.FLOAT, ["edges"]), port("quantiles", T.FLOAT, ["graphs", 2, 3])]
    save("edges", nodes, inputs, outputs, [constant("one", np.array([1])), constant("shape", np.array([-1, 2, 3]))])


def dense():
    """Attention of nodes to the others of their graph, of which there are up to eight, with a mask."""
    draw = np.random.default_rng(12)
    weights = {name: draw.normal(size=shape).astype(np.float32) for name, shape in {
        "wq": (3, 4), "wk": (3, 4), "wv": (3, 4), "wn": (4, 2), "wg": (5, 2),
    }.items()}
    nodes = [helper.make_node("MatMul", ["x", f"w{name}"], [name]) for name in "qkv"]
    nodes += [
        helper.make_node("Transpose", ["k"], ["kt"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["q", "kt"], ["all"]),
        helper.make_node("Sub", ["mask", "one"], ["absent"]),
        helper.make_node("Mul", ["absent", "large"], ["low"]),
        helper.make_node("Unsqueeze", ["low", "axis_one"], ["low_of_keys"]),
        helper.make_node("Add", ["all", "low_of_keys"], ["masked"]),
        helper.make_node("Softmax", ["masked"], ["attention"], axis=2),
        helper.make_node("MatMul", ["attention", "v"], ["mixed"]),
        helper.make_node("MatMul", ["mixed", "wn"], ["of_nodes"]),
        helper.make_node("Sigmoid", ["of_nodes"], ["node_prob"]),
        helper.make_node("Unsqueeze", ["mask", "axis_two"], ["there"]),
        helper.make_node("Mul", ["mixed", "there"], ["of_there"]),
        helper.make_node("ReduceSum", ["of_there", "axis_one"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", ["mask", "axis_one"], ["count"], keepdims=1),
        helper.make_node("Div", ["sum", "count"], ["mean"]),
        helper.make_node("Concat", ["mean", "u"], ["graph"], axis=1),
        helper.make_node("MatMul", ["graph", "wg"], ["of_graphs"]),
        helper.make_node("Sigmoid", ["of_graphs"], ["graph_prob"]),
    ]
    inputs = [port("x", T.FLOAT, ["graphs", 8, 3]), port("mask", T.FLOAT, ["graphs", 8])]
    inputs += [port("u", T.FLOAT, ["graphs", 1])]
    outputs = [port("node_prob", T.FLOAT, ["graphs", 8, 2]), port("graph_prob", T.FLOAT, ["graphs", 2])]
    constants = [constant(name, values) for name, values in weights.items()]
    constants += [constant("one", np.float32(1)), constant("large", np.float32(1e9))]
    constants += [constant("axis_one", np.array([1])), constant("axis_two", np.array([2]))]
    save("dense", nodes, inputs, outputs, constants)


def forests():
    x = floats(4)
    kinds = {
        "forest_two": RandomForestClassifier(20, max_depth=5, random_state=1).fit(x, x[:, 0] > 0),
        "forest_three": RandomForestClassifier(20, max_depth=5, random_state=1).fit(x, np.digitize(x[:, 1], [-0.5, 0.5])),
        "forest_regressor": RandomForestRegressor(20, max_depth=5, random_state=1).fit(x, x[:, 0] * x[:, 1]),
    }
    for name, forest in kinds.items():
        # Labels as whole numbers beside the probabilities.
        is_classifier = name != "forest_regressor"
        options = {id(forest): {"zipmap": False}} if is_classifier else None
        model = to_onnx(forest, x[:1], options=options, target_opset={"": 17, "ai.onnx.ml": 3})
        (FOLDER / f"{name}.onnx").write_bytes(model.SerializeToString())
        outputs = ["label", "probabilities"] if is_classifier else ["variable"]
        outputs = outputs if name == "forest_three" or not is_classifier else ["probabilities"]
        score(name, {"X": floats(4)}, outputs)


def zipped():
    """A model that is no ensemble of trees, with a ZipMap at its end; scores are those without it."""
    x = np.random.default_rng(12).normal(size=(ROWS, 3)).astype(np.float32)
    model = LogisticRegression().fit(x, x[:, 0] + x[:, 1] > 0.2)
    with_map, without = (to_onnx(model, x[:1], options={id(model): {"zipmap": zipmap}}, target_opset={"": 17, "ai.onnx.ml": 3}) for zipmap in (True, False))
    (FOLDER / "zipped.onnx").write_bytes(with_map.SerializeToString())
    score("zipped", {"X": x}, ["probabilities"], without.SerializeToString())
    expected["zipped"]["outputs"] = {with_map.graph.output[1].name: expected["zipped"]["outputs"]["probabilities"]}


def main():
    FOLDER.mkdir(exist_ok=True)
    every_type()
    slow()
    network("network", "rows")
    network("ten_rows", 10)
    network("one_row", 1)
    # One row, and no other number: what comes out of it has a fixed shape.
    fixed = [constant("shape", np.array([1, 2])), helper.make_node("Reshape", ["p", "shape"], ["q"])]
    network("only_one_row", 1, fixed, "q")
    flat = [helper.make_node("ReduceMax", ["p"], ["q"], axes=[1], keepdims=0)]
    network("flat", "rows", flat, "q", ["rows"])
    dense()
    forests()
    refused()
    guarded()
    of_graphs()
    zipped()
    (FOLDER / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


main()
