"""A small graph transformer, written once: evaluated by PyTorch, and as the nodes of an ONNX model.

Attention goes along edges, from `i` to `j`: each node weighs what comes to it, and itself, by an
exponential of query times key and of what the edge has. Sums over edges and over the nodes of a graph
are ScatterElements with addition, so that a call takes any number of graphs side by side.
"""

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

WIDTH, EDGE_WIDTH, HEADS, BLOCKS = 24, 8, 4, 2
OPSET = 18
# What quantiles are apart at first: about a tenth of a millimetre, or of a direction.
SPREAD = 0.1


class Torch:
    """Evaluates; weights are made when they are first asked for."""

    def __init__(self, seed):
        self.weights, self.random = {}, np.random.default_rng(seed)

    def weight(self, name, shape, scale):
        if name not in self.weights:
            value = self.random.normal(0, scale, shape) if scale else np.zeros(shape)
            self.weights[name] = torch.tensor(value, dtype=torch.float32, requires_grad=True)
        return self.weights[name]

    def constant(self, name, value):
        return torch.tensor(value, dtype=torch.float32)

    def linear(self, x, weight, bias):
        return x @ weight + bias

    def norm(self, x, scale, bias):
        return torch.nn.functional.layer_norm(x, x.shape[1:], scale + 1, bias)

    def scatter(self, into, index, values):
        return into.index_add(0, index, values)

    def matmul(self, x, matrix):
        return x @ matrix

    def gather(self, x, index):
        return torch.index_select(x, 0, index)

    def concat(self, parts):
        return torch.cat(parts, 1)

    def split(self, x, sizes):
        return torch.split(x, sizes, 1)

    def stack(self, parts):
        return torch.stack(parts, 2)

    def limited_exp(self, x):
        return torch.exp(torch.clip(x, -8.0, 8.0))

    def root(self, x):
        return torch.sqrt(x)

    def relu(self, x):
        return torch.relu(x)

    add, sub, mul, div = (staticmethod(f) for f in (torch.add, torch.sub, torch.mul, torch.div))


class Onnx:
    """Writes nodes, with the weights of a Torch; values are names."""

    def __init__(self, trained):
        self.trained, self.nodes, self.initial = trained, [], {}

    def node(self, operator, inputs, count=1, **attributes):
        names = [f"v{len(self.nodes)}_{at}" for at in range(count)]
        self.nodes.append(helper.make_node(operator, inputs, names, **attributes))
        return names[0] if count == 1 else names

    def constant(self, name, value, kind="f4"):
        self.initial[name] = numpy_helper.from_array(np.asarray(value, kind), name)
        return name

    def weight(self, name, shape, scale):
        return self.constant(name, self.trained.weights[name].detach().numpy())

    def linear(self, x, weight, bias):
        return self.node("Gemm", [x, weight, bias])

    def norm(self, x, scale, bias):
        more = self.constant(f"{scale}_one", numpy_helper.to_array(self.initial.pop(scale)) + 1)
        return self.node("LayerNormalization", [x, more, bias], axis=-1, epsilon=1e-5)

    def scatter(self, into, index, values):
        column = self.node("Unsqueeze", [index, self.constant("axis_1", [1], "i8")])
        wide = self.node("Expand", [column, self.node("Shape", [values])])
        return self.node("ScatterElements", [into, wide, values], axis=0, reduction="add")

    def gather(self, x, index):
        return self.node("Gather", [x, index], axis=0)

    def concat(self, parts):
        return self.node("Concat", parts, axis=1)

    def split(self, x, sizes):
        name = "split_" + "_".join(map(str, sizes))
        return self.node("Split", [x, self.constant(name, sizes, "i8")], len(sizes), axis=1)

    def stack(self, parts):
        axis = self.constant("axis_2", [2], "i8")
        return self.node("Concat", [self.node("Unsqueeze", [part, axis]) for part in parts], axis=2)

    def limited_exp(self, x):
        limits = [self.constant("least", -8.0), self.constant("most", 8.0)]
        return self.node("Exp", [self.node("Clip", [x, *limits])])

    def matmul(self, x, matrix):
        return self.node("MatMul", [x, matrix])

    def add(self, a, b):
        return self.node("Add", [a, b])

    def sub(self, a, b):
        return self.node("Sub", [a, b])

    def mul(self, a, b):
        return self.node("Mul", [a, b])

    def div(self, a, b):
        return self.node("Div", [a, b])

    def root(self, x):
        return self.node("Sqrt", [x])

    def relu(self, x):
        return self.node("Relu", [x])


class Network:
    """`sizes` are the features of nodes, edges and graphs; `heads` what comes out: pairs of a kind
    (graph, node, edge or quantiles) and the number of values, by the name of the output."""

    def __init__(self, sizes, heads):
        self.sizes, self.heads = sizes, heads

    def outputs(self, ops, x, i, j, edges, of_graph, globals_):
        """Of each head its values: logits, and of quantiles those of 16, 50 and 84 % of each."""
        nodes_in, edges_in, globals_in = self.sizes

        def linear(name, x, width, out, gain=1.0):
            weight = ops.weight(f"{name}_w", (width, out), gain * width**-0.5)
            return ops.linear(x, weight, ops.weight(f"{name}_b", (out,), 0))

        def norm(name, x):
            return ops.norm(x, ops.weight(f"{name}_scale", (WIDTH,), 0), ops.weight(f"{name}_shift", (WIDTH,), 0))

        def two(name, x, width, out, gain=1.0):
            return linear(f"{name}_2", ops.relu(linear(f"{name}_1", x, width, 2 * WIDTH)), 2 * WIDTH, out, gain)

        share = np.kron(np.eye(HEADS), np.ones((1, WIDTH // HEADS)))
        spread = ops.constant("spread", share)  # of a head to its values
        gathered = ops.constant("gathered", share.T * (WIDTH // HEADS) ** -0.5)

        def positive(x):
            # Of roots, other than of exponentials, bits do not depend on how many there are.
            one, half = ops.constant("one", 1.0), ops.constant("half", 0.5 * SPREAD)
            return ops.mul(ops.add(x, ops.root(ops.add(ops.mul(x, x), one))), half)

        def weighed(level, values):
            weight = ops.limited_exp(level)
            return ops.concat([ops.mul(ops.matmul(weight, spread), values), weight])

        def mean(sums):
            values, weight = ops.split(sums, [WIDTH, HEADS])
            return ops.div(values, ops.matmul(weight, spread))

        x = ops.relu(linear("embed", x, nodes_in, WIDTH))
        edges = ops.relu(linear("edge", edges, edges_in, EDGE_WIDTH))
        for block in range(BLOCKS):
            inner = norm(f"norm{block}", x)
            query, key, value = ops.split(linear(f"qkv{block}", inner, WIDTH, 3 * WIDTH), [WIDTH] * 3)
            level = ops.matmul(ops.mul(ops.gather(query, j), ops.gather(key, i)), gathered)
            level = ops.add(level, linear(f"bias{block}", edges, EDGE_WIDTH, HEADS))
            sent = ops.add(ops.gather(value, i), linear(f"sent{block}", edges, EDGE_WIDTH, WIDTH))
            own = weighed(ops.matmul(ops.mul(query, key), gathered), value)
            found = mean(ops.scatter(own, j, weighed(level, sent)))
            x = ops.add(x, linear(f"mixed{block}", found, WIDTH, WIDTH, 0.5))
            x = ops.add(x, two(f"forward{block}", norm(f"normf{block}", x), WIDTH, WIDTH, 0.5))
        x = norm("last", x)
        if any(kind in ("graph", "quantiles") for kind, _ in self.heads.values()):
            start = ops.relu(linear("globals", globals_, globals_in, WIDTH))
            own = weighed(linear("own", start, WIDTH, HEADS), start)
            from_nodes = weighed(linear("pool", x, WIDTH, HEADS), linear("pooled", x, WIDTH, WIDTH))
            whole = mean(ops.scatter(own, of_graph, from_nodes))
            whole = ops.concat([whole, start])
        found = {}
        for name, (kind, count) in self.heads.items():
            if kind == "graph":
                found[name] = two(name, whole, 2 * WIDTH, count)
            elif kind == "quantiles":
                parts = ops.split(two(name, whole, 2 * WIDTH, 3 * count), [count] * 3)
                below, above = positive(parts[1]), positive(parts[2])
                found[name] = ops.stack([ops.sub(parts[0], below), parts[0], ops.add(parts[0], above)])
            elif kind == "node":
                found[name] = two(name, x, WIDTH, count)
            else:
                a, b = ops.gather(x, i), ops.gather(x, j)
                both = ops.concat([ops.add(a, b), ops.mul(a, b), edges])
                found[name] = two(name, both, 2 * WIDTH + EDGE_WIDTH, count)
        return found

    def exported(self, trained, producer):
        """The ONNX model; probabilities in the place of logits."""
        ops, names = Onnx(trained), ["x", "edge_index", "edge_attr", "batch", "u"]
        zero, one = (ops.constant(f"row_{row}", row, "i8") for row in (0, 1))
        i, j = (ops.gather("edge_index", row) for row in (zero, one))
        found = self.outputs(ops, "x", i, j, "edge_attr", "batch", "u")
        outputs = []
        for name, (kind, count) in self.heads.items():
            operator = "Identity" if kind == "quantiles" else "Sigmoid"
            ops.nodes.append(helper.make_node(operator, [found[name]], [name]))
            rows = {"node": "nodes", "edge": "edges"}.get(kind, "graphs")
            shape = [rows, count, 3] if kind == "quantiles" else [rows, count]
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        nodes_in, edges_in, globals_in = self.sizes
        real, whole = TensorProto.FLOAT, TensorProto.INT64
        shapes = [["nodes", nodes_in], [2, "edges"], ["edges", edges_in], ["nodes"], ["graphs", globals_in]]
        kinds = [real, whole, real, whole, real]
        read = {name for node in ops.nodes for name in node.input}
        inputs = zip(names, kinds, shapes)
        inputs = [helper.make_tensor_value_info(*port) for port in inputs if port[0] in read]
        graph = helper.make_graph(ops.nodes, "graph_transformer", inputs, outputs, list(ops.initial.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        model.producer_name = producer
        onnx.checker.check_model(model)
        return model
