"""Small models that ask for much: each is refused, and took all memory of a process before.

python make_hostile_models.py FOLDER, with numpy and onnx.
"""

import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper

folder = pathlib.Path(sys.argv[1])
folder.mkdir(exist_ok=True)


def tree(inputs, outputs, targets=1):
    return helper.make_node(
        "TreeEnsembleRegressor", inputs, outputs, domain="ai.onnx.ml", n_targets=targets,
        nodes_treeids=[0], nodes_nodeids=[0], nodes_featureids=[0], nodes_values=[0.0], nodes_modes=["LEAF"],
        nodes_truenodeids=[0], nodes_falsenodeids=[0], target_treeids=[0], target_nodeids=[0], target_ids=[0],
        target_weights=[1.0],
    )


def save(name, nodes, output, width, more=(), made=None):
    graph = helper.make_graph(
        nodes, name, [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, made)], list(more),
    )
    opsets = [helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.save(model, folder / f"{name}.onnx")


def doubled(first, count, name):
    nodes, last = [], first
    for number in range(count):
        nodes.append(helper.make_node("Concat", [last, last], [f"{name}{number}"], axis=1))
        last = f"{name}{number}"
    return nodes, last


wide = 1 << 20
nodes, last = doubled("x", 20, "c")
save("features_doubled", nodes + [tree([last], ["y"])], "y", wide)
save("features_many_times", [helper.make_node("Concat", ["x"] * 5000, ["c"], axis=1), tree(["c"], ["y"])], "y", wide)
nodes, last = doubled("s", 40, "c")
save("scores_doubled", [tree(["x"], ["s"])] + nodes + [tree([last], ["y"])], "y", 4)
nodes, last = doubled("s", 64, "c")
save("scores_doubled_beyond_counting", [tree(["x"], ["s"])] + nodes, last, 4)
names = [f"t{number}" for number in range(70)]
parts = [tree(["x"], [name], 4096) for name in names]
save("many_targets", parts + [helper.make_node("Sum", names, ["y"])], "y", 4)
index = onnx.numpy_helper.from_array(np.zeros(2000, np.int64), "i")
nodes = [helper.make_node("Gather", ["x", "i"], [f"g{number}"], axis=1) for number in range(2200)]
joined = helper.make_node("Concat", [f"g{number}" for number in range(2200)], ["c"], axis=1)
save("features_gathered", nodes + [joined, tree(["c"], ["y"])], "y", 4, [index])

# As many values as a value of the row says, times 10⁶: nothing in the file says how many that is.
nodes = [
    helper.make_node("ReduceMax", ["x"], ["largest"], keepdims=0), helper.make_node("Abs", ["largest"], ["positive"]),
    helper.make_node("Add", ["positive", "one"], ["more"]), helper.make_node("Mul", ["more", "many"], ["much"]),
    helper.make_node("Cast", ["much"], ["count"], to=TensorProto.INT64), helper.make_node("Reshape", ["count", "single"], ["shape"]),
    helper.make_node("ConstantOfShape", ["shape"], ["zeros"]), helper.make_node("ReduceMean", ["zeros"], ["nothing"], keepdims=0),
    helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1], keepdims=1), helper.make_node("Add", ["mean", "nothing"], ["y"]),
]
more = [
    onnx.numpy_helper.from_array(np.float32(1), "one"), onnx.numpy_helper.from_array(np.float32(200e6), "many"),
    onnx.numpy_helper.from_array(np.array([1]), "single"),
]
folder = folder / "by_value"
folder.mkdir(exist_ok=True)
save("by_value", nodes, "y", 3, more, [None, 1])
