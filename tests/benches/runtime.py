"""Models by ONNX Runtime in Lumimill against Python's onnxruntime: ratios of runs in turns.

    python tests/benches/runtime.py MODEL.onnx ... --lumimill target/release/lumimill

`lumimill model MODEL --engine runtime --bench` gathers columns and scores them, on one thread, with
the rows at a time that it finds best; Python's session is given whole arrays, on one thread, in
batches of each size, of the same numbers. Both count the processor's time of their thread. Printed are the median over
rounds of each one's best, in rows a second, the median of their ratios, and the share of Lumimill's time in which
columns were gathered. The interpreter needs
numpy and onnxruntime, and the library should be the same one:

    LUMIMILL_ONNXRUNTIME=target/python/lib/python3.11/site-packages/onnxruntime/capi
"""

import argparse
import json
import statistics
import subprocess
import time

import numpy as np
import onnxruntime

SIZES = [1, 16, 64, 256, 1024, 4096]
SPAN = 0.3
TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(bool)": np.bool_}


def by_python(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    # What `lumimill model` asks for: the last output, unless there is one alone.
    output = [session.get_outputs()[-1].name]
    best = 0.0
    for rows in SIZES:
        inputs = {}
        place = 0
        for port in session.get_inputs():
            width = port.shape[1]
            # As `lumimill model --bench` makes them up: trees are faster on rows that are all alike.
            numbers = (np.arange(rows)[:, None] * 7 + np.arange(place, place + width)) % 2
            inputs[port.name] = numbers.astype(TYPES[port.type])
            place += width
        session.run(output, inputs)
        start, cpu, times = time.monotonic(), time.thread_time(), 0
        while time.monotonic() - start < SPAN:
            session.run(output, inputs)
            times += 1
        best = max(best, rows * times / (time.thread_time() - cpu))
    return best


def by_lumimill(program, path):
    command = [program, "model", path, "--engine", "runtime", "--bench", "--json"]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    best = max(told["speed"], key=lambda speed: speed["rows_per_second"])
    return best["rows_per_second"], best["gathering"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--lumimill", default="target/release/lumimill")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print("| model | Python onnxruntime, rows/s | Lumimill, rows/s | ratio | of it gathering |")
    print("| --- | --- | --- | --- | --- |")
    for path in arguments.models:
        rounds = [(by_python(path), *by_lumimill(arguments.lumimill, path)) for _ in range(arguments.rounds)]
        python, lumimill, gathering = (statistics.median(found) for found in zip(*rounds))
        ratio = statistics.median(ours / theirs for theirs, ours, _ in rounds)
        print(f"| {path.rsplit('/', 1)[-1]} | {python:.0f} | {lumimill:.0f} | {ratio:.2f} | {gathering:.1%} |", flush=True)


main()
