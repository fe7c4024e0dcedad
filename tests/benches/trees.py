"""Tree ensembles scored by Lumimill against Python's onnxruntime: ratios of runs in turns.

    cargo build --release --workspace --example score_speed
    python tests/benches/trees.py [MODEL.onnx ...]

Each round runs `score_speed` and then a session of one thread on the same rows, in batches of each
size; both count the processor's time of their thread, over as long a while, without loading the
model. Printed are the medians over rounds, in thousand rows a second, and the median of the ratios
with its range. A model with `MODEL_ref.csv` beside it is given those rows; without any models named,
some are trained and kept in target/bench/trees. The interpreter needs numpy and onnxruntime, and to
train lightgbm, scikit-learn, onnxmltools and skl2onnx; xgboost's model is left out where that is not there.
"""

import argparse
import pathlib
import platform
import re
import statistics
import subprocess
import time
import warnings

import numpy as np
import onnxruntime

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIZES = [1, 64, 4096]
FEATURES = 6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=pathlib.Path)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "target/release/examples/score_speed")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "target/bench/trees", help="where trained models are kept")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each batch size in a round")
    options = parser.parse_args()
    if onnxruntime.__version__.startswith("1.26."):
        parser.error("onnxruntime 1.26 scores random forests wrongly: use another")
    models = options.models or trained(options.folder)
    print(f"{processor()}, onnxruntime {onnxruntime.__version__}, {options.rounds} rounds in turns\n")
    print("| model | batch | onnxruntime, krows/s | Lumimill, krows/s | ratio |")
    print("| --- | --- | --- | --- | --- |")
    for path in models:
        table, values = rows_of(path, options.folder)
        rounds = []
        for _ in range(options.rounds):
            ours = by_lumimill(options, path, table)
            rounds.append((ours, by_python(path, values, options.seconds)))
        for size in SIZES:
            ours, theirs = ([found[side][size] / 1e3 for found in rounds] for side in (0, 1))
            ratios = [our / their for our, their in zip(ours, theirs)]
            span = f"{statistics.median(ratios):.1f} ({min(ratios):.1f}–{max(ratios):.1f})"
            print(f"| {path.stem} | {size} | {statistics.median(theirs):.0f} | {statistics.median(ours):.0f} | {span} |", flush=True)


def processor():
    try:
        found = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
        return found.group(1) if found else platform.machine()
    except OSError:
        return platform.machine()


def session_of(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def width_of(path):
    return session_of(path).get_inputs()[0].shape[1]


def rows_of(path, folder):
    """The file with the rows to score, and the rows."""
    table = path.with_name(path.stem + "_ref.csv")
    width = width_of(path)
    if not table.exists():
        folder.mkdir(parents=True, exist_ok=True)
        table = folder / f"rows-{width}.csv"
        values = np.random.default_rng(2).normal(size=(4096, width)).astype(np.float32)
        header = ",".join(f"f{index}" for index in range(width))
        np.savetxt(table, values, delimiter=",", header=header, comments="", fmt="%.9g")
    return table, np.loadtxt(table, delimiter=",", skiprows=1, dtype=np.float32)[:, :width]


def by_lumimill(options, path, table):
    command = [options.program, path, table, str(options.seconds)]
    text = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout
    return {int(size): float(speed) for size, speed in re.findall(r"batch +(\d+): +(\d+) rows/s", text)}


def by_python(path, values, seconds):
    session = session_of(path)
    name = session.get_inputs()[0].name
    output = [session.get_outputs()[-1].name]
    found = {}
    for size in SIZES:
        size = min(size, len(values))
        batches = [{name: np.ascontiguousarray(values[start:start + size])} for start in range(0, len(values) - size + 1, size)]
        session.run(output, batches[0])
        start, cpu, done = time.monotonic(), time.thread_time(), 0
        while time.monotonic() - start < seconds:
            for batch in batches[:max(1, 4096 // size)]:
                session.run(output, batch)
                done += size
        found[size] = done / (time.thread_time() - cpu)
    return {asked: found[min(asked, len(values))] for asked in SIZES}


def trained(folder):
    """Trains what is not there, on numbers drawn from one seed."""
    warnings.filterwarnings("ignore")
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for name, train in [
        ("lgbm_300x31", lambda x, y: lightgbm(x, (y > 0.6) * 1, n_estimators=300, num_leaves=31)),
        ("lgbm_1000x63", lambda x, y: lightgbm(x, (y > 0.6) * 1, n_estimators=1000, num_leaves=63)),
        ("lgbm_3x200x31", lambda x, y: lightgbm(x, np.digitize(y, [0.3, 1.2]), n_estimators=200, num_leaves=31)),
        ("xgb_500_depth8", lambda x, y: xgboost(x, (y > 0.6) * 1)),
        ("forest_200_depth12", lambda x, y: forest(x, (y > 0.6) * 1, 12)),
        ("forest_100_deep", lambda x, y: forest(x, (y > 0.6) * 1, None, 100)),
    ]:
        path = folder / f"{name}.onnx"
        if not path.exists():
            random = np.random.default_rng(1)
            x = random.normal(size=(60_000, FEATURES)).astype(np.float32)
            y = np.sin(2 * x[:, 0]) * x[:, 1] + x[:, 2] ** 2 / 2 + x[:, 3] * x[:, 4] + random.normal(size=len(x)) / 2
            try:
                model = train(x, y)
            except ImportError as error:
                print(f"{name} is left out: {error}")
                continue
            path.write_bytes(model.SerializeToString())
        found.append(path)
    return found


def lightgbm(x, y, **options):
    import lightgbm
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    model = lightgbm.LGBMClassifier(random_state=1, n_jobs=1, verbose=-1, min_child_samples=5, learning_rate=0.05, **options).fit(x, y)
    return convert_lightgbm(model, initial_types=[("X", FloatTensorType([None, FEATURES]))], zipmap=False)


def xgboost(x, y):
    import xgboost
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    model = xgboost.XGBClassifier(n_estimators=500, max_depth=8, learning_rate=0.05, n_jobs=1, random_state=1).fit(x, y)
    return convert_xgboost(model, initial_types=[("X", FloatTensorType([None, FEATURES]))])


def forest(x, y, depth, trees=200):
    from skl2onnx import to_onnx
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(trees, max_depth=depth, n_jobs=1, random_state=1).fit(x, y)
    return to_onnx(model, x[:1], options={"zipmap": False})


if __name__ == "__main__":
    main()
