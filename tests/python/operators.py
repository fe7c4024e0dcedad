"""Operators of ONNX one by one, on values that engines take in different ways: what is no number, what
is infinite, large, tiny or 0.

usage: operators.py make FOLDER      models, rows and a campaign of them all by the embedded engine; names
                                     campaigns of models that it is to refuse
       operators.py compare FOLDER   its table against onnxruntime
"""
import glob
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq
import uproot
from onnx import TensorProto as T
from onnx import helper, numpy_helper

folder = pathlib.Path(sys.argv[2])
WIDTH = 5
nan, inf = np.nan, np.inf
node = helper.make_node


def rows():
    special = [nan, inf, -inf, 0.0, -0.0, 1e-42, 1e-30, 2.5, 3.5, -1.5, 7, -7, 13, -13, 20, -20, 87, -87, 100, -100, 1e5, -1e5, 3e9, -3e9, 1e12, -1e12, 1e38, -1e38]
    random = np.random.default_rng(1)
    usual = random.normal(0, 3, (64, WIDTH))
    # One such value in a row, at each place, and rows of nothing else.
    one = np.repeat(usual[:WIDTH], len(special), axis=0)
    for row, value in enumerate(special * WIDTH):
        one[row, row // len(special)] = value
    pairs = [[a, b, 1, a, b] for a in special for b in (nan, inf, -inf, 1e38, 0.0, -3.0)]
    return np.concatenate([usual, one, pairs, [[value] * WIDTH for value in special]]).astype(np.float32)


def constant(name, values, kind=np.float32):
    return numpy_helper.from_array(np.asarray(values, kind), name)


AXIS = constant("axis", [1], np.int64)
HALF = constant("c", [0.0, 0.5, -1.0, 2.0, -0.0])
models = {}


def add(name, *parts):
    models[name] = ([part for part in parts if isinstance(part, onnx.NodeProto)], [part for part in parts if isinstance(part, onnx.TensorProto)])


def of_one(*names, **attributes):
    for name in names:
        label = name + "".join(f"_{key}_{value}" for key, value in attributes.items())
        add(label.replace(".", "").replace("-", "m"), node(name, ["x"], ["y"], **attributes))


def reduced(name, operator, *parts, **attributes):
    """One value of a row, beside the row without it."""
    add(name, node(operator, ["x", *(part.name for part in parts if isinstance(part, onnx.TensorProto))], ["r"], keepdims=1, **attributes),
        node("Cast", ["r"], ["f"], to=T.FLOAT), node("Expand", ["f", "five"], ["y"]), constant("five", [1, WIDTH], np.int64), *parts)


def functions():
    of_one(*"Abs Acosh Asinh Atan Ceil Celu Cos Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity LeakyRelu Log Mish Neg Reciprocal Relu Round Selu Sigmoid Sign Softplus Softsign Sqrt Tanh ThresholdedRelu".split())
    of_one("Celu", alpha=2.0), of_one("HardSigmoid", alpha=0.5, beta=0.1), of_one("Gelu", approximate="tanh"), of_one("Shrink", bias=0.5, lambd=1.0)
    of_one("Softmax", "LogSoftmax", axis=1), of_one("LogSoftmax", axis=-1)
    add("silu", node("Sigmoid", ["x"], ["s"]), node("Mul", ["x", "s"], ["y"]))
    add("gelu_by_hand", node("Mul", ["x", "r"], ["d"]), node("Erf", ["d"], ["e"]), node("Add", ["e", "o"], ["f"]), node("Mul", ["x", "f"], ["g"]), node("Mul", ["g", "h"], ["y"]), constant("r", 0.5**0.5), constant("o", 1.0), constant("h", 0.5))
    add("mask", node("Softmax", ["w"], ["y"], axis=1), node("Where", ["m", "x", "low"], ["w"]), constant("m", [True, False, True, False, True], bool), constant("low", -inf))
    models["mask"][0].reverse()
    add("batch_norm", node("BatchNormalization", ["x", "g", "b", "m", "v"], ["y"]), *(constant(name, np.arange(1, 6) * scale) for name, scale in (("g", 1.0), ("b", 0.1), ("m", 0.2), ("v", 1.0))))
    add("layer_norm_by_hand", node("ReduceMean", ["x", "axis"], ["m"]), node("Sub", ["x", "m"], ["d"]), node("Pow", ["d", "two"], ["dd"]), node("ReduceMean", ["dd", "axis"], ["v"]), node("Add", ["v", "e"], ["ve"]), node("Sqrt", ["ve"], ["s"]), node("Div", ["d", "s"], ["y"]), AXIS, constant("two", 2.0), constant("e", 1e-5))
    for norm in ("MAX", "L1", "L2"):
        add(f"normalizer_{norm}", node("Normalizer", ["x"], ["y"], domain="ai.onnx.ml", norm=norm))
    for post in ("NONE", "SOFTMAX", "LOGISTIC"):
        weights = [float(value) for value in np.linspace(-1, 1, 25)]
        add(f"linear_{post}", node("LinearClassifier", ["x"], ["l", "y"], domain="ai.onnx.ml", coefficients=weights, intercepts=[0.1] * 5, classlabels_ints=[0, 1, 2, 3, 4], post_transform=post))


def of_two():
    for name in ("Max", "Min", "Sum", "Mean", "Add", "Sub", "Mul", "Div", "Pow", "PRelu"):
        add(name, node(name, ["x", "c"], ["y"]), HALF)
        if name not in ("PRelu", "Mean"):
            add(name + "_turned", node(name, ["c", "x"], ["y"]), HALF)
    for value in (0.0, 1.0, 2.0, 3.0, 0.5, -1.0):
        for name in ("Mul", "Div", "Pow", "Sub"):
            label = f"{name}_{value}".replace(".", "").replace("-", "m")
            add(label, node(name, ["x", "k"], ["y"]), constant("k", value))
            add(label + "_turned", node(name, ["k", "x"], ["y"]), constant("k", value))
    # A zero that is made of constants.
    add("made_zero", node("Sub", ["k", "k"], ["z"]), node("Mul", ["x", "z"], ["y"]), constant("k", 1.0))
    add("gemm_zero", node("Gemm", ["x", "w", "b"], ["y"], alpha=0.0), constant("w", np.eye(5)), constant("b", np.arange(5)))
    add("gemm", node("Gemm", ["x", "w", "b"], ["y"], alpha=0.5, transB=1), constant("w", np.eye(5) + 0.5), constant("b", np.arange(5)))
    add("layers", node("MatMul", ["x", "w"], ["a"]), node("Relu", ["a"], ["b"]), node("MatMul", ["b", "w"], ["d"]), node("Sigmoid", ["d"], ["y"]), constant("w", np.eye(5) - 0.25))
    for low, high in ((1, 1), (1, 0), (0, 1)):
        add(f"clip_{low}{high}", node("Clip", ["x", "low" * low, "high" * high], ["y"]), *([constant("low", -1.0)] * low + [constant("high", 1.0)] * high))
    for name in ("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal"):
        add(name, node(name, ["x", "c"], ["m"]), node("Cast", ["m"], ["y"], to=T.FLOAT), HALF)
        add(name + "_where", node(name, ["x", "c"], ["m"]), node("Not", ["m"], ["n"]), node("Where", ["n", "x", "c"], ["y"]), HALF)
    for name in ("IsNaN", "IsInf"):
        add(name, node(name, ["x"], ["m"]), node("Where", ["m", "c", "x"], ["y"]), HALF)


def of_rows():
    for name in "ReduceMean ReduceProd ReduceSum ReduceL1 ReduceL2 ReduceLogSum ReduceSumSquare".split():
        reduced(name, name, AXIS)
    # What is no number, they refuse.
    for name in ("ReduceMax", "ReduceMin", "ArgMax", "ArgMin"):
        given = {"axis": 1} if name.startswith("Arg") else {}
        add(name + "_of_numbers", node("IsNaN", ["x"], ["m"]), node("Where", ["m", "c", "x"], ["n"]), HALF, node(name, ["n"] if given else ["n", "axis"], ["r"], keepdims=1, **given),
            node("Cast", ["r"], ["f"], to=T.FLOAT), node("Expand", ["f", "five"], ["y"]), constant("five", [1, WIDTH], np.int64), *([] if given else [AXIS]))
    for name in ("MaxPool", "AveragePool"):
        add(name, node("Unsqueeze", ["x", "axis"], ["p"]), node(name, ["p"], ["q"], kernel_shape=[3], pads=[1, 1]), node("Squeeze", ["q", "axis"], ["y"]), AXIS)


def whole_numbers():
    for name, kind in (("int32", T.INT32), ("int64", T.INT64), ("bool", T.BOOL), ("double", T.DOUBLE), ("half", T.FLOAT16)):
        add(f"cast_{name}", node("Cast", ["x"], ["i"], to=kind), node("Cast", ["i"], ["y"], to=T.FLOAT))
    # What fits into 32 bits, and what comes of it.
    for bits, kind, stored in ((64, T.INT64, np.int64), (32, T.INT32, np.int32)):
        small = [node("IsNaN", ["x"], ["m"]), node("Where", ["m", "c", "x"], ["n"]), node("Clip", ["n", "low", "high"], ["k"]), node("Cast", ["k"], ["i"], to=kind), HALF, constant("low", -2e9), constant("high", 2e9)]
        back = node("Cast", ["o"], ["y"], to=T.FLOAT)
        for name in ("Add", "Sub", "Mul", "Div", "Mod", "Max", "Min"):
            # Nothing is divided by -1: the least number is no whole number then, and ends the process.
            last = -2 if name in ("Div", "Mod") else -1
            for label, values in (("", [3, -7, 2, 1, last]), ("_large", [2_000_000_000, -2_000_000_000, 65_536, 1_999_999_999, 46_341])):
                add(f"{name}{bits}{label}", *small, node(name, ["i", "v"], ["o"]), back, constant("v", values, stored))
        add(f"square{bits}", *small, node("Mul", ["i", "i"], ["o"]), back)
        add(f"neg{bits}", *small, node("Neg", ["i"], ["o"]), back)
        add(f"sign{bits}", *small, node("Sign", ["i"], ["o"]), back)
        add(f"clip{bits}", *small, node("Clip", ["i", "a", "b"], ["o"]), back, constant("a", -5, stored), constant("b", 5, stored))
    add("long_constants", *small[:3], node("Cast", ["k"], ["i"], to=T.INT64), *small[4:], node("Mul", ["i", "v"], ["w"]), node("Add", ["w", "v"], ["o"]), back, constant("v", [3_000_000_000, 5_000_000_001, -4_000_000_000, 1, -1], np.int64))


def refused():
    """Operators that are given what the embedded engine does not take."""
    before = set(models)
    add("top", node("TopK", ["x", "k"], ["y", "places"], axis=1), constant("k", [5], np.int64))
    add("hardmax", node("Hardmax", ["x"], ["y"], axis=1))
    reduced("log_sum_exp", "ReduceLogSumExp", AXIS)
    reduced("arg_max", "ArgMax", axis=1)
    reduced("greatest", "ReduceMax", AXIS)
    reduced("least", "ReduceMin", AXIS)
    add("layer_norm", node("LayerNormalization", ["x", "g"], ["y"], axis=1), constant("g", np.ones(5)))
    add("small_whole", node("Cast", ["x"], ["i"], to=T.UINT8), node("Cast", ["i"], ["y"], to=T.FLOAT))
    return {name: models.pop(name) for name in list(models) if name not in before}


def model_of(name):
    nodes, constants = models[name]
    port = lambda name: helper.make_tensor_value_info(name, T.FLOAT, ["rows", WIDTH])
    graph = helper.make_graph(nodes, name, [port("x")], [port("y")], constants)
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()


def make():
    values = rows()
    count = len(values)
    names = [f"x{column}" for column in range(WIDTH)]
    columns = {"run": np.ones(count, np.uint32), "luminosityBlock": np.ones(count, np.uint32), "event": np.arange(count, dtype=np.uint64)}
    columns |= {name: values[:, column] for column, name in enumerate(names)}
    with uproot.recreate(folder / "rows.root") as file:
        file.mktree("Events", {name: column.dtype for name, column in columns.items()}).extend(columns)
    (folder / "campaign.toml").write_text(campaign("operators", models))
    refused_models = refused()
    models.update(refused_models)
    for name in refused_models:
        (folder / f"{name}.toml").write_text(campaign(name, [name]))
    for name in models:
        (folder / f"{name}.onnx").write_bytes(model_of(name))
    print(*refused_models)


def campaign(called, chosen):
    names = [f"x{column}" for column in range(WIDTH)]
    text = f'name = "{called}"\noutput = "out"\n[[dataset]]\nname = "rows"\nkind = "mc"\nfiles = ["rows.root"]\ntree = "Events"\n[[stage]]\nname = "all"\nkeep = ["run", "luminosityBlock", "event"]\n'
    for name in chosen:
        outputs = ", ".join(f'{name}__{column} = "y[{column}]"' for column in range(WIDTH))
        text += f'[[stage.model]]\nname = "{name}"\nonnx = "{name}.onnx"\ninputs = {names}\noutputs = {{ {outputs} }}\nnan = "keep"\nengine = "embedded"\n'.replace("'", '"')
    return text


def compare():
    table = pa.concat_tables(pq.read_table(file) for file in glob.glob(f"{folder}/out/operators/all/part-*.parquet"))
    table = table.sort_by("event")
    values = rows()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    wrong = 0
    for name in models:
        session = onnxruntime.InferenceSession(model_of(name), options)
        wanted = session.run(["y"], {"x": values})[0].astype(float)
        found = np.stack([table[f"{name}__{column}"].to_numpy() for column in range(WIDTH)], axis=1).astype(float)
        with np.errstate(all="ignore"):
            alike = (np.isnan(found) & np.isnan(wanted)) | (found == wanted) | (abs(found - wanted) <= 2e-6 + 2e-5 * abs(wanted))
        for row, column in list(zip(*np.where(~alike)))[:4]:
            print(f"{name}: {values[row].tolist()} [{column}]: {found[row, column]}, onnxruntime {wanted[row, column]}")
        wrong += not alike.all()
    assert wrong == 0, f"{wrong} of {len(models)} operators differ"
    print(f"{len(models)} operators agree on {len(values)} rows")


functions(), of_two(), of_rows(), whole_numbers()
make() if sys.argv[1] == "make" else compare()
