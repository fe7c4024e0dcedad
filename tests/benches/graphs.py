"""How fast the chain of graph models is, against ONNX Runtime in Python on tensors that were prepared in
advance, at its best number of graphs a call; one thread each, in turns.

usage: python tests/benches/graphs.py LUMIMILL FOLDER [--rounds N] [--graphs N] [--stages NAME ...]

FOLDER is made by `lumimill demo pioneer --events 48000 --output FOLDER`: with fewer the small stages are over
before their size of calls is found. Lumimill does a stage with its parents there; what a model took is
summed up from its log: the CPU time of its thread from columns that were read to columns that are to be
written, with graphs, features, scoring and lists, once the size of calls is found. ONNX Runtime is given the
first graphs, some thousand, and neither makes graphs nor columns.

`--memory` prints the peak memory of the whole chain, one shard at a time, instead: of FOLDER as it is.
"""
import argparse
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
import tomllib

import numpy as np
import onnxruntime

sys.path.insert(1, str(pathlib.Path(__file__).parents[1] / "python"))
import pioneer_graphs as oracle  # noqa: E402

SIZES = (4, 8, 16, 32, 64, 128, 256, 512)
# Of its log: what a call of a model of graphs took, and the end of the search for the best size of calls.
SCORED = re.compile(r"graphs scored graphs=(\d+) calls=\d+ cpu_us=(\d+) of_it_in_engine_us=(\d+)")
FOUND = "nodes and edges of a call"


def together(graphs):
    """Some graphs side by side."""
    before = np.cumsum([0] + [len(graph["nodes"]) for graph in graphs[:-1]])
    number = np.repeat(np.arange(len(graphs)), [len(graph["nodes"]) for graph in graphs])
    join = lambda name, axis=0: np.concatenate([graph[name] for graph in graphs], axis)
    edges = np.concatenate([graph["edges"] + start for graph, start in zip(graphs, before)], 1)
    return {"nodes": join("nodes"), "edges": edges, "edge_features": join("edge_features"),
            "graph_of_node": number, "globals": join("globals")}


def calls_of(model, graphs, size):
    """The inputs of all calls, of so many graphs each."""
    calls = [together(graphs[at : at + size]) for at in range(0, len(graphs), size)]
    return [{name: call[what] for name, what in model["inputs"].items()} for call in calls]


def peer(session, calls):
    """CPU seconds of scoring."""
    start = time.process_time()
    for call in calls:
        session.run(None, call)
    return time.process_time() - start


class Chain:
    """The chain: what stages before have made, and runs of the next one."""

    def __init__(self, arguments):
        self.lumimill, self.folder = arguments.lumimill, arguments.folder
        shutil.rmtree(self.folder / "bench", ignore_errors=True)

    def run(self, parts, output="bench"):
        """Does what is to be done of these stages; what it wrote into its log."""
        campaign = self.folder / f"{output}.toml"
        campaign.write_text("[[stage]]".join(parts).replace('"out"', f'"{output}"', 1))
        command = [self.lumimill, "run", campaign, "--slots", "1"]
        environment = os.environ | {"LUMIMILL_LOG": "warn,lumimill_worker::graph=debug"}
        done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
        return re.sub(r"\x1b\[[0-9;]*m", "", done.stderr)

    def spent_on(self, parts):
        """Graphs, and CPU seconds of their models and of the engine among them, of the last of these stages,
        which is forgotten again."""
        shutil.rmtree(self.folder / "bench-copy", ignore_errors=True)
        shutil.copytree(self.folder / "bench", self.folder / "bench-copy")
        log = self.run(parts, "bench-copy")
        _, _, after = log.rpartition(FOUND)
        sums = [sum(numbers) for numbers in zip(*(map(int, found) for found in SCORED.findall(after)))]
        if not sums:
            raise SystemExit("nothing was scored once the size of calls was found: take more events")
        graphs, whole, engine = sums
        return graphs, whole / 1e6, engine / 1e6


def measured(arguments, chain, parts, session, model, graphs):
    """Graphs per CPU second of ours, of the engine in it, and of the peer at each size."""
    ours, engine, best = [], [], {size: [] for size in SIZES}
    for _ in range(arguments.rounds):
        for size in SIZES:
            best[size].append(len(graphs) / peer(session, calls_of(model, graphs, size)))
        count, spent, within = chain.spent_on(parts)
        ours.append(count / spent)
        engine.append(count / within)
    return statistics.median(ours), statistics.median(engine), {size: statistics.median(all) for size, all in best.items()}


def memory(arguments):
    text = (arguments.folder / "campaign.toml").read_text().replace('"out"', '"memory"', 1)
    campaign = arguments.folder / "memory.toml"
    campaign.write_text(text)
    shutil.rmtree(arguments.folder / "memory", ignore_errors=True)
    subprocess.run([arguments.lumimill, "run", campaign, "--slots", "1"], check=True, capture_output=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    size = sum(file.stat().st_size for file in (arguments.folder / "data").iterdir())
    print(f"peak memory of the chain on {size / 1e6:.0f} MB of input: {peak / 1024:.0f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lumimill")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--graphs", type=int, default=6000, help="graphs that ONNX Runtime is given, at most")
    parser.add_argument("--stages", nargs="+", help="stages that are measured, unless all")
    parser.add_argument("--memory", action="store_true")
    arguments = parser.parse_args()
    if arguments.memory:
        return memory(arguments)
    text = (arguments.folder / "campaign.toml").read_text()
    stages = tomllib.loads(text)["stage"]
    head, *parts = text.split("[[stage]]")
    out = arguments.folder / "out" / "pioneer"
    events = oracle.read(out / "groups", arguments.graphs)
    chain = Chain(arguments)
    print("| stage | edges a graph | ONNX Runtime, graphs/s | at graphs a call | Lumimill, graphs/s | ratio | its engine alone, graphs/s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for number, (stage, part) in enumerate(zip(stages, parts)):
        before = [head, *parts[:number]]
        if number > 0 and not stage.get("model"):
            # It reads what models found, and none reads it.
            continue
        rows = oracle.read(out / stage["name"], len(events))
        asked = arguments.stages is None or stage["name"] in arguments.stages
        for model in stage.get("model", []) if asked else []:
            for event, row in zip(events, rows):
                event |= {name: value for name, value in row.items() if name not in model["outputs"]}
            graphs = [graph for event in events for graph in oracle.graphs_of(event, model["graph"])]
            graphs = graphs[: arguments.graphs]
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            session = onnxruntime.InferenceSession(arguments.folder / model["onnx"], options)
            ours, engine, best = measured(arguments, chain, [*before, part], session, model, graphs)
            size = max(best, key=best.get)
            edges = sum(graph["edges"].shape[1] for graph in graphs) / len(graphs)
            print(f"| {stage['name']} | {edges:.0f} | {best[size]:.0f} | {size} | {ours:.0f} | {ours / best[size]:.2f} | {engine:.0f} |", flush=True)
        for event, row in zip(events, rows):
            event |= row
        chain.run([*before, part])


if __name__ == "__main__":
    main()
