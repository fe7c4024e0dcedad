"""How fast the chain of graph models is, against ONNX Runtime in Python on tensors that were prepared in
advance, at its best number of graphs a call; one thread each, in turns.

usage: python tests/benches/graphs.py LUMIMILL FOLDER [--rounds N]

FOLDER is made by `lumimill demo pioneer`. For each stage with a model, Lumimill's time is the CPU time of
its whole process less that of the same without the stage: reading, graphs, features, scoring, Parquet;
and that of all files less that of one, so that what a process needs once (to load the library and the
model, and to try it) is in neither.
"""
import argparse
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import time
import tomllib

import numpy as np
import onnxruntime

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "python"))
import pioneer_graphs as oracle  # noqa: E402


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


def peer(session, model, graphs, size):
    """CPU seconds of scoring all graphs, so many a call; tensors are prepared before."""
    calls = [together(graphs[at : at + size]) for at in range(0, len(graphs), size)]
    calls = [{name: call[what] for name, what in model["inputs"].items()} for call in calls]
    start = time.process_time()
    for call in calls:
        session.run(None, call)
    return time.process_time() - start


def spent_on(arguments, parts, number, files):
    """CPU seconds of a stage on the files of that pattern."""
    spent = []
    for last in (number, number + 1):
        text = "[[stage]]".join(parts[: last + 1]).replace('"out"', '"bench"', 1)
        text = re.sub(r"(files = .*)\*", lambda found: found[1] + ("*" if files == "*" else f"*{files}"), text, count=1)
        cut = arguments.folder / "bench.toml"
        cut.write_text(text)
        shutil.rmtree(arguments.folder / "bench", ignore_errors=True)
        spent.append(cpu([arguments.lumimill, "run", cut, "--slots", "1"]))
    return spent[1] - spent[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lumimill")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    text = (arguments.folder / "campaign.toml").read_text()
    stages = tomllib.loads(text)["stage"]
    parts = text.split("[[stage]]")
    out = arguments.folder / "out" / "pioneer"
    events = oracle.read(out / "groups")
    print("| stage | graphs | edges a graph | ONNX Runtime, graphs/s | at graphs a call | Lumimill, graphs/s | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for number, stage in enumerate(stages):
        if number > 0 and not stage.get("model"):
            # It reads what models found, and none reads it.
            continue
        rows = oracle.read(out / stage["name"])
        for model in stage.get("model", []):
            for event, row in zip(events, rows):
                event |= {name: value for name, value in row.items() if name not in model["outputs"]}
            graphs = [graph for event in events for graph in oracle.graphs_of(event, model["graph"])]
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            session = onnxruntime.InferenceSession(arguments.folder / model["onnx"], options)
            best, ours = {}, []
            for _ in range(arguments.rounds):
                for size in (1, 2, 4, 8, 16, 32, 64):
                    spent = peer(session, model, graphs, size)
                    best[size] = min(spent, best.get(size, spent))
                ours.append(spent_on(arguments, parts, number, "*") - spent_on(arguments, parts, number, "_0"))
            first = {event["event"] for event in oracle.read(arguments.folder / "bench" / "pioneer" / "groups")}
            scored = len(graphs) - sum(len(oracle.graphs_of(event, model["graph"])) for event in events if event["event"] in first)
            size = min(best, key=best.get)
            theirs, mine = len(graphs) / best[size], scored / np.median(ours)
            edges = sum(graph["edges"].shape[1] for graph in graphs) / len(graphs)
            print(f"| {stage['name']} | {len(graphs)} | {edges:.0f} | {theirs:.0f} | {size} | {mine:.0f} | {mine / theirs:.2f} |", flush=True)
        for event, row in zip(events, rows):
            event |= row


if __name__ == "__main__":
    main()
