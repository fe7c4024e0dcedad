"""How fast the chain of graph models is, against ONNX Runtime in Python on tensors that were prepared in
advance, at its best number of graphs a call; one thread each, in turns.

usage: python tests/benches/graphs.py LUMIMILL FOLDER [--rounds N] [--graphs N] [--stages NAME ...]

FOLDER is made by `lumimill demo pioneer`; with `--events 48000` the small stages can be told from noise.
For each stage with a model, Lumimill's time is the CPU time of a process that has that stage alone to do,
its parents being there: planning, reading tables, graphs, features, scoring, Parquet and report. From it is
taken the same of the first file alone, so that what a process needs once (to load the library and the model,
to try it, and to find its best size of calls) is in neither. "Graphs and model" is what is left when the
same of the stage without its model, which reads and writes less, is taken away as well: what is to be held
against ONNX Runtime, which neither reads nor writes. ONNX Runtime is given the first graphs, some thousand.

`--memory` prints the peak memory of the whole chain, one shard at a time, instead: of FOLDER as it is.
"""
import argparse
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

SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


def cpu(command):
    """CPU seconds of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


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
    """The chain on some files: what stages before have made, and runs of the next one."""

    def __init__(self, arguments, name, files):
        self.lumimill, self.folder = arguments.lumimill, arguments.folder
        self.name, self.files = name, files
        shutil.rmtree(self.folder / name, ignore_errors=True)

    def run(self, parts, output):
        text = "[[stage]]".join(parts).replace('"out"', f'"{output}"', 1)
        text = re.sub(r"(files = .*)\*", lambda found: found[1] + self.files, text, count=1)
        campaign = self.folder / f"{output}.toml"
        campaign.write_text(text)
        return cpu([self.lumimill, "run", campaign, "--slots", "1"])

    def make(self, parts):
        """Does what is to be done of these stages."""
        self.run(parts, self.name)

    def spent_on(self, before, stage):
        """CPU seconds of a stage alone, which is forgotten again."""
        copy = f"{self.name}-copy"
        shutil.rmtree(self.folder / copy, ignore_errors=True)
        shutil.copytree(self.folder / self.name, self.folder / copy)
        return self.run([*before, stage], copy)


def without_model(stage):
    """The same stage without what is under its model."""
    return stage.split("[[stage.model]]")[0] + "\n"


def measured(arguments, chains, before, part, session, model, graphs):
    """CPU seconds of ours with and without reading and writing, and of the peer's at each size."""
    alone, whole, best = [], [], {size: [] for size in SIZES}
    for _ in range(arguments.rounds):
        for size in SIZES:
            best[size].append(peer(session, calls_of(model, graphs, size)))
        full, bare = ([chain.spent_on(before, stage) for chain in chains] for stage in (part, without_model(part)))
        whole.append(full[0] - full[1])
        alone.append(full[0] - full[1] - bare[0] + bare[1])
    return statistics.median(alone), statistics.median(whole), {size: statistics.median(spent) for size, spent in best.items()}


def memory(arguments):
    text = (arguments.folder / "campaign.toml").read_text().replace('"out"', '"memory"', 1)
    campaign = arguments.folder / "memory.toml"
    campaign.write_text(text)
    shutil.rmtree(arguments.folder / "memory", ignore_errors=True)
    cpu([arguments.lumimill, "run", campaign, "--slots", "1"])
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
    chains = [Chain(arguments, "bench", "*"), Chain(arguments, "bench-one", "*_0")]
    print("| stage | edges a graph | ONNX Runtime, graphs/s | at graphs a call | graphs and model, graphs/s | ratio | whole stage, graphs/s | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
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
            graphs_an_event = len(graphs) / len(events)
            graphs = graphs[: arguments.graphs]
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            session = onnxruntime.InferenceSession(arguments.folder / model["onnx"], options)
            alone, whole, best = measured(arguments, chains, before, part, session, model, graphs)
            scored = [oracle.count(arguments.folder / chain.name / "pioneer" / "groups") for chain in chains]
            scored = (scored[0] - scored[1]) * graphs_an_event
            size = min(best, key=best.get)
            theirs, ours, all_of_it = len(graphs) / best[size], scored / alone, scored / whole
            edges = sum(graph["edges"].shape[1] for graph in graphs) / len(graphs)
            print(f"| {stage['name']} | {edges:.0f} | {theirs:.0f} | {size} | {ours:.0f} | {ours / theirs:.2f} | {all_of_it:.0f} | {all_of_it / theirs:.2f} |", flush=True)
        for event, row in zip(events, rows):
            event |= row
        for chain in chains:
            chain.make([*before, part])


if __name__ == "__main__":
    main()
