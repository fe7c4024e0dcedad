"""Graphs of the demo of pion decays, made by numpy from tables: what `pioneer.py` and the bench are held
against. The expressions of the campaign mean the same in Python."""
import numpy as np
import pyarrow.dataset as ds

FUNCTIONS = {"log": np.log, "exp": np.exp, "abs": np.abs, "sum": np.sum}
INPUTS = {"x": "nodes", "edge_index": "edges", "edge_attr": "edge_features", "batch": "graph_of_node", "u": "globals"}


def evaluated(texts, names):
    with np.errstate(all="ignore"):
        return [np.asarray(eval(text, {"__builtins__": {}}, FUNCTIONS | names), "f8") for text in texts]


def graph_of(event, graph, at, group=None):
    """Tensors of the nodes `at`."""
    nodes = graph["nodes"]
    names = {}
    for name, value in event.items():
        is_list = isinstance(value, np.ndarray)
        if name.startswith(f"{nodes}_"):
            names[name] = names[name[len(nodes) + 1 :]] = value[at]
        elif is_list and name.startswith("Group_") and nodes == "Hit":
            names[name] = value[group] if group is not None else value[event["Hit_group"][at]]
        elif not is_list:
            names.setdefault(name, value)
    count = len(at)
    columns = evaluated(graph["features"], names)
    x = np.stack([np.broadcast_to(column, count) for column in columns], 1)
    i, j = (ends.ravel() for ends in np.meshgrid(np.arange(count), np.arange(count), indexing="ij"))
    kept = i != j
    if isinstance(graph["edges"], dict):
        within = event[graph["edges"]["within"]][at]
        kept &= within[i] == within[j]
    i, j = i[kept], j[kept]
    edges = np.stack(evaluated(graph["edge_features"], names | {"i": i, "j": j}), 1)
    tensors = {"nodes": x.astype("f4"), "edges": np.stack([i, j]), "edge_features": edges.astype("f4")}
    tensors["graph_of_node"] = np.zeros(count, "i8")
    whole = evaluated(graph.get("globals", []), names)
    tensors["globals"] = np.array([whole], "f4").reshape(1, len(whole))
    return tensors


def asked(outputs, text):
    """The values that an output column is made of."""
    name, _, place = text.partition("[")
    values = outputs[name]
    if place:
        for at in map(int, place.rstrip("]").split(",")):
            values = values[:, at] if values.ndim == 2 else values[:, at, :]
    return values.reshape(len(values))


def graphs_of(event, graph):
    """Of an event the tensors of its graph, or of one for each group."""
    if graph.get("per"):
        groups = event["Hit_group"]
        return [graph_of(event, graph, np.flatnonzero(groups == group), group) for group in range(groups.max() + 1)]
    nodes = len(event["Hit_z"] if graph["nodes"] == "Hit" else event["Group_energy"])
    return [graph_of(event, graph, np.arange(nodes))]


def found_by(event, model, session):
    found = {column: [] for column in model["outputs"]}
    for tensors in graphs_of(event, model["graph"]):
        given = {name: tensors[what] for name, what in model["inputs"].items()}
        assert all(INPUTS[name] == what for name, what in model["inputs"].items())
        names = [port.name for port in session.get_outputs()]
        outputs = dict(zip(names, session.run(names, given)))
        for column, text in model["outputs"].items():
            found[column].extend(asked(outputs, text))
    return found


def read(folder, first=None):
    """The rows of a table in the order of their events, or the first so many of them."""
    table = ds.dataset(folder, ignore_prefixes=["_", "."]).to_table().sort_by("event")
    rows = table.slice(0, first).to_pylist()
    return [{k: np.array(v) if isinstance(v, list) else v for k, v in row.items()} for row in rows]


def count(folder):
    return ds.dataset(folder, ignore_prefixes=["_", "."]).count_rows()
