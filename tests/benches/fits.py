"""How long mass fits in 48 categories and weights by them take on every row: the CPU time of the same job in
Python (uproot, iminuit, sweights, pyarrow) divided by that of Lumimill's whole process, in turns.

    python tests/benches/fits.py target/release/lumimill --rows 10000000

The job: read files of decays (uproot wrote them, without compression), histogram the mass in each category,
fit a peak over a falling line to each by extended maximum likelihood in 150 bins, make classic sWeights of
every row, and write them beside what was read as Parquet. Lumimill reads a skim that it made before, fits,
weighs, and writes its report besides. Both have one thread. Yields of both agree to 0.02 of their errors,
weights to 1e-2, or the bench fails. Printed as well is the ratio of Lumimill's whole campaign, which does what
the job in Python does not: it tells events apart, writes the skim, and tests whether the weights may be used
for a control variable.

Inputs and outputs are kept in target/bench/fits. `--rows 200000` shows within a minute, and with a debug
build, that it works.
"""

import argparse
import csv
import glob
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = 10
LOW, HIGH, BINS = 1.80, 1.95, 150
P = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5]
COSINE = [-0.9, -0.6, -0.3, 0.0, 0.3, 0.6, 0.9]
CAMPAIGN = """\
name = "bench"
output = "out"
[[dataset]]
name = "decays"
kind = "mc"
files = ["*.root"]
tree = "decays"
[shards]
events = 1_000_000
[[stage]]
name = "skim"
keep = ["run", "luminosityBlock", "event", "mass", "p", "cosTheta", "kpi"]
[[stage]]
name = "massfit"
from = "skim"
[stage.fit]
variable = "mass"
range = [1.80, 1.95]
bins = 150
by = [{ column = "p", edges = %s }, { column = "cosTheta", edges = %s }]
nominal = { signal = "gauss(mean, width)", background = "chebychev(1)" }
[[stage]]
name = "sweights"
from = "skim"
weigh = { fit = "massfit", control = ["kpi"], background = true }
""" % (P, COSINE)


def make(folder, rows):
    """Files of decays: a peak of 40 % whose place and width depend on the momentum, over a falling line."""
    import numpy as np
    import uproot

    folder.mkdir(parents=True)
    for number in range(FILES):
        random = np.random.default_rng(number)
        size = rows // FILES
        p, cosine = random.uniform(0.5, 4.5, size), random.uniform(-0.9, 0.9, size)
        is_signal = random.uniform(size=size) < 0.4
        peak = 1.8648 + 0.0003 * p + (0.004 + 0.001 * p) * random.normal(size=size)
        # A line that falls by 40 % from end to end, by its quantile.
        line = LOW + (HIGH - LOW) * (1 - np.sqrt(1 - 0.64 * random.uniform(size=size))) / 0.4
        types = {"run": "u4", "luminosityBlock": "u4", "event": "u8", "mass": "f8", "p": "f4", "cosTheta": "f4", "kpi": "f4"}
        with uproot.recreate(folder / f"decays_{number}.root", compression=None) as file:
            tree = file.mktree("decays", types)
            columns = {
                "run": np.ones(size, "u4"), "luminosityBlock": np.full(size, number + 1, "u4"),
                "event": np.arange(size, dtype="u8") + number * size,
                "mass": np.where(is_signal, peak, line), "p": p.astype("f4"), "cosTheta": cosine.astype("f4"),
                "kpi": random.uniform(size=size).astype("f4"),
            }
            for start in range(0, size, 100_000):
                tree.extend({name: column[start : start + 100_000] for name, column in columns.items()})


def peer(folder):
    """The same job by uproot, iminuit, sweights and pyarrow; yields of each category go to peer.json."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    import sweights
    import uproot
    from iminuit import Minuit, cost
    from scipy.special import ndtr

    names = ["run", "luminosityBlock", "event", "mass", "p", "cosTheta", "kpi"]
    edges = np.linspace(LOW, HIGH, BINS + 1)
    counts = np.zeros((len(P) - 1, len(COSINE) - 1, BINS), "i8")
    places = []
    out = folder / "peer"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    files = sorted(glob.glob(f"{folder}/*.root"))
    parts, since = {}, time.process_time()

    def part(name):
        nonlocal since
        now = time.process_time()
        parts[name], since = parts.get(name, 0.0) + now - since, now

    parts["start"] = since
    for path in files:
        rows = uproot.open(path)["decays"].arrays(names, library="np")
        at = [np.searchsorted(axis, rows[name], side="right") - 1 for axis, name in ((P, "p"), (COSINE, "cosTheta"))]
        inside = (rows["mass"] >= LOW) & (rows["mass"] <= HIGH)
        for axis, place in zip((P, COSINE), at):
            inside &= (place >= 0) & (place < len(axis) - 1)
        bin_ = np.minimum(((rows["mass"] - LOW) / (HIGH - LOW) * BINS).astype("i8"), BINS - 1)
        flat = np.ravel_multi_index([at[0][inside], at[1][inside], bin_[inside]], counts.shape)
        counts += np.bincount(flat, minlength=counts.size).reshape(counts.shape)
        places.append((inside, at[0] * (len(COSINE) - 1) + at[1]))
    part("read and count")

    def fractions(mean, width):
        below = ndtr((edges - mean) / width)
        return (below - below[0]) / (below[-1] - below[0])

    def line(c):
        t = 2 * (edges - LOW) / (HIGH - LOW) - 1
        return ((t + 1) + 0.5 * c * (t * t - 1)) / 2

    def expected(_, signal, background, mean, width, c):
        return signal * fractions(mean, width) + background * line(c)

    found, weigh = {}, {}
    for number, content in enumerate(counts.reshape(-1, BINS)):
        total = content.sum()
        nll = cost.ExtendedBinnedNLL(content, edges, expected)
        minuit = Minuit(nll, signal=0.5 * total, background=0.5 * total, mean=1.866, width=0.006, c=-0.2)
        minuit.limits["signal", "background"] = (0, 2 * total)
        minuit.limits["mean"], minuit.limits["width"], minuit.limits["c"] = (LOW, HIGH), (1e-4, 0.05), (-1, 1)
        minuit.migrad()
        minuit.hesse()
        assert minuit.valid, number
        v = dict(zip(minuit.parameters, minuit.values))
        at = (HIGH, LOW)
        norm = np.diff(ndtr((np.array(at[::-1]) - v["mean"]) / v["width"]))[0] * v["width"] * np.sqrt(2 * np.pi)
        signal = lambda x, v=v, norm=norm: np.exp(-0.5 * ((x - v["mean"]) / v["width"]) ** 2) / norm
        background = lambda x, v=v: (1 + v["c"] * (2 * (x - LOW) / (HIGH - LOW) - 1)) / (HIGH - LOW)
        mixture = lambda x, v=v, s=signal, b=background: (
            (v["signal"] * s(x) + v["background"] * b(x)) / (v["signal"] + v["background"]))
        weigh[number] = sweights.Cow((LOW, HIGH), [signal], [background], Im=mixture, renorm=False)
        found[f"p_{number // (len(COSINE) - 1)}_cosTheta_{number % (len(COSINE) - 1)}"] = [
            v["signal"], minuit.errors["signal"]]
    part("fit")
    for path, (inside, category) in zip(files, places):
        rows = uproot.open(path)["decays"].arrays(names, library="np")
        part("read again")
        weights = np.full((2, len(inside)), np.nan)
        for number, cow in weigh.items():
            chosen = inside & (category == number)
            for component in range(2):
                weights[component, chosen] = cow.get_weight(component, rows["mass"][chosen])
        part("weigh")
        table = pa.table(rows | {"sweight": weights[0], "bweight": weights[1]})
        pq.write_table(table, out / (pathlib.Path(path).stem + ".parquet"), compression="zstd")
        part("write")
    print("Python: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in parts.items()))
    (folder / "peer.json").write_text(json.dumps(found))


def agree(folder):
    """Holds yields and weights of both against each other."""
    import numpy as np
    import pyarrow.dataset as ds

    theirs = json.loads((folder / "peer.json").read_text())
    ours = {}
    for row in csv.DictReader((folder / "out/bench/report/massfit_fits.csv").open()):
        if row["variation"] == "nominal" and row["name"] == "signal":
            ours[row["category"]] = float(row["value"])
    assert len(theirs) == 48 and ours.keys() == theirs.keys()
    off = max(abs(ours[name] - value) / error for name, (value, error) in theirs.items())
    assert off < 0.02, off
    of = lambda path, names: ds.dataset(path, exclude_invalid_files=True).to_table(columns=names).sort_by("event")
    one = of(str(folder / "out/bench/sweights"), ["event", "sweight"])
    two = of(str(folder / "peer"), ["event", "sweight"])
    one, two = (table["sweight"].to_numpy(zero_copy_only=False) for table in (one, two))
    assert (np.isnan(one) == np.isnan(two)).all()
    most = np.nanmax(np.abs(one - two))
    assert most < 1e-2, most
    return off, most


def cpu(command):
    """CPU seconds of a process; says what it printed of its parts."""
    threads = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], "1")
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(command, env=os.environ | threads, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert ended.returncode == 0, ended.stdout
    for line in ended.stdout.splitlines():
        if line.startswith("Python: "):
            print(line)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - start.ru_utime - start.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lumimill")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    folder = ROOT / "target/bench/fits" / str(arguments.rows)
    if arguments.peer:
        return peer(folder)
    if not (folder / f"decays_{FILES - 1}.root").exists():
        make(folder, arguments.rows)
    (folder / "campaign.toml").write_text(CAMPAIGN)
    (folder / "weights.toml").write_text(CAMPAIGN.replace('control = ["kpi"], ', ""))
    (folder / "skim.toml").write_text(CAMPAIGN[: CAMPAIGN.index('[[stage]]\nname = "massfit"')])
    run = lambda name: cpu([arguments.lumimill, "run", folder / name, "--slots", "1", "--quiet"])
    spent = {"all": [], "lumimill": [], "python": []}
    for number in range(arguments.rounds):
        start = time.time()
        shutil.rmtree(folder / "out", ignore_errors=True)
        spent["all"].append(run("campaign.toml"))
        shutil.rmtree(folder / "out")
        run("skim.toml")
        spent["lumimill"].append(run("weights.toml"))
        spent["python"].append(cpu([sys.executable, __file__, arguments.lumimill, "--rows", str(arguments.rows), "--peer"]))
        print(f"round {number + 1}: {spent['lumimill'][-1]:.1f} s of CPU against {spent['python'][-1]:.1f} s, "
              f"{spent['all'][-1]:.1f} s with skim and tests; {time.time() - start:.0f} s together", flush=True)
    off, most = agree(folder)
    ratio = lambda name: statistics.median(ours / theirs for ours, theirs in zip(spent[name], spent["python"]))
    every, mine, theirs = (statistics.median(spent[name]) for name in ("all", "lumimill", "python"))
    print(f"yields agree to {off:.1e} of their errors, weights to {most:.1e}")
    print(f"{arguments.rows} rows in 48 categories: Lumimill {mine:.1f} s, Python {theirs:.1f} s; "
          f"ratio {ratio('lumimill'):.2f} (target: under 0.33); with skim and tests {every:.1f} s, ratio {ratio('all'):.2f}")


if __name__ == "__main__":
    main()
