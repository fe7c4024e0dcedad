"""Train the five models of graphs that `lumimill demo pioneer` embeds, on decays of another seed.

How (Python with numpy, onnx, pyarrow and PyTorch):

    lumimill demo pioneer --inputs-only --events 30000 --seed 20260301 --output target/pioneer
    python deploy/train/pioneer.py target/pioneer/campaign.toml --lumimill lumimill --models coordinator/src/demo/pioneer

It runs the first stage of the campaign, which gives groups of time and what is true, and trains one
model after the other: each sees what those before it find, as the campaign's stages do. What a model
is given is read from the campaign: its expressions mean the same in Python. Every fifth event is kept
apart, and what is found there is printed.
"""

import argparse
import pathlib
import subprocess
import tomllib

import numpy as np
import pyarrow.dataset
import torch

from pioneer_network import Network, Torch

FUNCTIONS = {"log": np.log, "exp": np.exp, "abs": np.abs, "sqrt": np.sqrt}
STOPS = ["true_stop_x", "true_stop_y", "true_stop_z"]
DIRECTIONS = ["true_dir_x", "true_dir_y", "true_dir_z"]
QUANTILES = torch.tensor([0.16, 0.5, 0.84])


def ranges(starts, counts):
    """The numbers start .. start + count of each, one after the other."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - counts), counts)


def pairs(sizes):
    """Both ends of the edges between all members of each of some sets, in ascending order."""
    squares = sizes * sizes
    within = ranges(np.zeros_like(squares), squares)
    size = np.repeat(sizes, squares)
    start = np.repeat(np.cumsum(sizes) - sizes, squares)
    i, j = within // np.maximum(size, 1), within % np.maximum(size, 1)
    return (start + i)[i != j], (start + j)[i != j]


class Columns:
    """Columns of the table, flat: of events, groups and hits."""

    def __init__(self, folder):
        table = pyarrow.dataset.dataset(folder, ignore_prefixes=["_"]).to_table()
        self.levels = {"event": {}, "Group": {}, "Hit": {}}
        self.counts = {}
        for name in table.column_names:
            column = table[name].combine_chunks()
            collection = name.split("_")[0]
            if collection in ("Group", "Hit"):
                self.counts[collection] = column.value_lengths().to_numpy()
                self.levels[collection][name] = column.flatten().to_numpy(zero_copy_only=False)
            else:
                self.levels["event"][name] = column.to_numpy(zero_copy_only=False)
        self.events = len(table)
        event_of_hit = np.repeat(np.arange(self.events), self.counts["Hit"])
        self.first_group = np.cumsum(self.counts["Group"]) - self.counts["Group"]
        # Groups are numbered by time, and hits are in the order of time.
        group_of_hit = self.first_group[event_of_hit] + self.levels["Hit"]["Hit_group"]
        self.hits_of_group = np.bincount(group_of_hit, minlength=self.counts["Group"].sum())
        event_of_group = np.repeat(np.arange(self.events), self.counts["Group"])
        self.up = {("Hit", "Group"): group_of_hit, ("Hit", "event"): event_of_hit, ("Group", "event"): event_of_group}

    def sums(self, name):
        """Of each group the sum over its hits."""
        return np.bincount(self.up["Hit", "Group"], self.levels["Hit"][name], len(self.hits_of_group))

    def names(self, level):
        """What an expression of this level may name."""
        found = dict(FUNCTIONS)
        for other, columns in self.levels.items():
            for name, values in columns.items():
                if other == level:
                    found |= {name: values, name.removeprefix(f"{level}_"): values}
                elif (level, other) in self.up:
                    found.setdefault(name, values[self.up[level, other]])
        return found


class Graphs:
    """The graphs of a model in the campaign: features of nodes and graphs, and edges batch by batch."""

    def __init__(self, columns, stage):
        graph = stage["model"][0]["graph"]
        self.nodes = graph["nodes"]
        groups = columns.counts["Group"]
        if graph.get("per"):
            self.level, self.sizes, cliques = "Group", columns.hits_of_group, np.ones(groups.sum(), "i8")
            self.cliques = self.sizes
        elif self.nodes == "Group":
            self.level, self.sizes, cliques = "event", groups, np.ones(columns.events, "i8")
            self.cliques = groups
        else:
            self.level, self.sizes, cliques = "event", columns.counts["Hit"], groups
            self.cliques = columns.hits_of_group
        self.cliques_of = cliques
        self.event = columns.up.get((self.level, "event"), np.arange(columns.events))
        self.first_node = np.cumsum(self.sizes) - self.sizes
        self.first_clique = np.cumsum(cliques) - cliques
        names = columns.names(self.nodes)
        self.x = self.evaluated(graph["features"], names)
        self.edge_features = [compile(text, text, "eval") for text in graph["edge_features"]]
        read = {name for code in self.edge_features for name in code.co_names}
        self.ends = {name: names[name] for name in read - FUNCTIONS.keys() - {"i", "j"}}
        whole = columns.names(self.level)
        of_graph = np.repeat(np.arange(len(self.sizes)), self.sizes)
        whole["energy"] = names["energy"]
        whole["sum"] = lambda values: np.bincount(of_graph, values, len(self.sizes))
        self.u = self.evaluated(graph.get("globals", []), whole)

    @staticmethod
    def evaluated(expressions, names):
        values = [eval(text, {"__builtins__": {}}, names) for text in expressions]
        return np.stack(values, 1).astype("f4") if values else np.zeros((0, 0), "f4")

    def batch(self, graphs):
        """Inputs of the network for some graphs, and which nodes and edges they have."""
        nodes = ranges(self.first_node[graphs], self.sizes[graphs])
        cliques = self.cliques[ranges(self.first_clique[graphs], self.cliques_of[graphs])]
        i, j = pairs(cliques)
        names = FUNCTIONS | {name: values[nodes] for name, values in self.ends.items()} | {"i": i, "j": j}
        edges = [eval(code, {"__builtins__": {}}, names) for code in self.edge_features]
        edges = np.stack(edges, 1).astype("f4")
        of_graph = np.repeat(np.arange(len(graphs)), self.sizes[graphs])
        u = self.u[graphs] if len(self.u) else self.u
        inputs = [self.x[nodes], i, j, edges, of_graph, u]
        return [torch.from_numpy(np.ascontiguousarray(value)) for value in inputs], nodes, (i, j)


def pinball(found, truth):
    short = truth[:, :, None] - found
    return torch.maximum(QUANTILES * short, (QUANTILES - 1) * short).mean()


def trained(graphs, network, targets, seed, epochs, size):
    """Adam on shuffled batches, with a rate that rises at first and falls to nothing."""
    ops = Torch(seed)
    learnt = np.flatnonzero(graphs.event % 5 != 0)
    steps = epochs * (len(learnt) // size)
    optimiser, step = None, 0
    for _ in range(epochs):
        order = ops.random.permutation(learnt)
        total = 0.0
        for start in range(0, len(order) - size + 1, size):
            inputs, nodes, ends = graphs.batch(np.sort(order[start : start + size]))
            found = network.outputs(ops, *inputs)
            loss = 0.0
            for name, (kind, _) in network.heads.items():
                truth = targets[name]
                at = {"node": nodes, "edge": tuple(nodes[end] for end in ends)}.get(kind)
                if at is None:
                    at = np.sort(order[start : start + size])
                truth = truth(*at) if kind == "edge" else truth[at]
                truth = torch.tensor(truth, dtype=torch.float32)
                if kind == "quantiles":
                    loss = loss + pinball(found[name], truth)
                else:
                    loss = loss + torch.nn.functional.binary_cross_entropy_with_logits(found[name], truth)
            if optimiser is None:
                optimiser = torch.optim.Adam(ops.weights.values())
            step += 1
            optimiser.param_groups[0]["lr"] = 4e-3 * min(step / 100, 1 - step / (steps + 1))
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(ops.weights.values(), 1.0)
            optimiser.step()
            total += loss.item()
        print(f"  loss {total / max(len(order) // size, 1):.4f}", flush=True)
    return ops


@torch.no_grad()
def applied(graphs, network, ops, size=512):
    """What the network finds for all graphs, probabilities in the place of logits."""
    parts = {name: [] for name in network.heads}
    for start in range(0, len(graphs.sizes), size):
        inputs, _, _ = graphs.batch(np.arange(start, min(start + size, len(graphs.sizes))))
        for name, values in network.outputs(ops, *inputs).items():
            is_logit = network.heads[name][0] != "quantiles"
            parts[name].append((torch.sigmoid(values) if is_logit else values).numpy())
    return {name: np.concatenate(values) for name, values in parts.items()}


def auc(truth, score):
    order = np.argsort(score, kind="stable")
    ranks = np.empty(len(score))
    ranks[order] = np.arange(1, len(score) + 1)
    good = truth.sum()
    return (ranks[truth].sum() - good * (good + 1) / 2) / (good * (len(truth) - good))


def told(name, values, truth, kept):
    for at in range(values.shape[1]):
        is_true, value = truth[kept, at].astype(bool), values[kept, at]
        right = ((value > 0.5) == is_true).mean()
        usual = max(is_true.mean(), 1 - is_true.mean())
        print(f"  {name}[{at}]: ROC-AUC {auc(is_true, value):.4f}, accuracy {right:.4f}, of the usual answer {usual:.4f}")


def regression_told(name, values, truth, kept):
    for at in range(values.shape[1]):
        low, middle, high = values[kept, at].T
        miss = middle - truth[kept, at]
        width = (np.quantile(miss, 0.84) - np.quantile(miss, 0.16)) / 2
        inside = ((truth[kept, at] > low) & (truth[kept, at] < high)).mean()
        spread = (np.quantile(truth[kept, at], 0.84) - np.quantile(truth[kept, at], 0.16)) / 2
        print(f"  {name}[{at}]: half of the central 68 % {width:.4f}, before {spread:.4f}; {inside:.3f} within 16 to 84 %")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("campaign", type=pathlib.Path)
    parser.add_argument("--lumimill", default="lumimill")
    parser.add_argument("--models", type=pathlib.Path, required=True)
    parser.add_argument("--only", help="models to train, by commas; others are read from a file of weights")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    text = arguments.campaign.read_text()
    stages = {stage["name"]: stage for stage in tomllib.loads(text)["stage"]}
    first = arguments.campaign.with_name("groups.toml")
    first.write_text("[[stage]]".join(text.split("[[stage]]")[:2]))
    subprocess.run([arguments.lumimill, "run", first, "--replace"], check=True)
    columns = Columns(first.with_name("out") / "pioneer" / "groups")
    groups, hits, events = (columns.levels[level] for level in ("Group", "Hit", "event"))
    truth_of = lambda level, names: np.stack([level[name] for name in names], 1).astype("f4")
    kinds = ("pion", "muon", "mip")
    sources = truth_of(groups, ["Group_true_first", "Group_true_second"])
    same = lambda i, j: (sources[i] * sources[j]).max(1, keepdims=True)
    plan = {
        "classifier": ({"graph_prob": ("graph", 3)}, [truth_of(groups, [f"Group_true_{k}" for k in kinds])]),
        "splitter": ({"node_prob": ("node", 3)}, [truth_of(hits, [f"Hit_true_{k}" for k in kinds])]),
        "linker": ({"affinity": ("edge", 1), "first": ("node", 1)}, [same, sources[:, :1]]),
        "stop": ({"stop": ("quantiles", 3)}, [truth_of(events, STOPS)]),
        "angle": ({"angle": ("quantiles", 3)}, [truth_of(events, DIRECTIONS)]),
    }
    for seed, (name, (heads, targets)) in enumerate(plan.items(), 1):
        graphs = Graphs(columns, stages[name])
        network = Network((graphs.x.shape[1], len(graphs.edge_features), graphs.u.shape[1]), heads)
        targets = dict(zip(heads, targets))
        size = {"Group": 256}.get(graphs.level, 64)
        saved = arguments.campaign.with_name(f"{name}.npz")
        print(f"{name}: {len(graphs.sizes)} graphs", flush=True)
        if arguments.only and name not in arguments.only.split(","):
            ops = Torch(seed)
            ops.weights = {key: torch.tensor(value) for key, value in np.load(saved).items()}
        else:
            ops = trained(graphs, network, targets, seed, arguments.epochs, size)
            np.savez(saved, **{key: value.detach().numpy() for key, value in ops.weights.items()})
            model = network.exported(ops, "deploy/train/pioneer.py")
            path = arguments.models / f"{name}.onnx"
            path.write_bytes(model.SerializeToString(deterministic=True))
            print(f"  {path}: {path.stat().st_size} bytes")
        found = applied(graphs, network, ops)
        kept = graphs.event % 5 == 0
        if name == "classifier":
            groups |= {f"Group_{k}": found["graph_prob"][:, at] for at, k in enumerate(kinds)}
            told("graph_prob", found["graph_prob"], targets["graph_prob"], kept)
        elif name == "splitter":
            hits |= {f"Hit_{k}": found["node_prob"][:, at] for at, k in enumerate(kinds)}
            groups |= {f"Group_{k}_hits": columns.sums(f"Hit_{k}") for k in kinds}
            groups["Group_x"] = groups["Group_sum_x"] / (groups["Group_hits"] - groups["Group_of_y"] + 0.01)
            groups["Group_y"] = groups["Group_sum_y"] / (groups["Group_of_y"] + 0.01)
            told("node_prob", found["node_prob"], targets["node_prob"], np.repeat(kept, graphs.sizes))
        elif name == "linker":
            groups["Group_first"] = found["first"][:, 0]
            told("first", found["first"], targets["first"], np.repeat(kept, graphs.sizes))
            i, j = pairs(graphs.sizes)
            told("affinity", found["affinity"], same(i, j), kept[columns.up["Group", "event"][i]])
        else:
            at = {"stop": "stop", "angle": "dir"}[name]
            for axis, coordinate in enumerate("xyz"):
                events[f"{at}_{coordinate}50"] = found[name][:, axis, 1]
            regression_told(name, found[name], targets[name], kept)
            if name == "angle":
                middle = found[name][kept, :, 1]
                cosine = (middle * targets[name][kept]).sum(1) / np.sqrt((middle**2).sum(1))
                angles = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
                print(f"  angle: median {np.median(angles):.2f} degrees, 68 % within {np.quantile(angles, 0.68):.2f}")


if __name__ == "__main__":
    main()
