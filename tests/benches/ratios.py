"""Measure Lumimill side by side with what a user would pick instead, and print ratios.

    python tests/benches/ratios.py --peers ../shared/bench

runs the same job (read, certify, opposite-sign muon pairs, four features, Parquet) with
`lumimill run --slots 1`, with uproot + awkward + coffea (+ onnxruntime), and with RDataFrame, in
turns on the same machine, and prints the median over rounds of the peer's CPU time divided by
Lumimill's. The folder with the peers holds make_nano.py, train_trigger.py, peer_uproot.py and
peer_rdf.py; their interpreter (`--python`) needs uproot, awkward, coffea, onnxruntime, lightgbm,
onnxmltools, pyarrow, and ROOT for RDataFrame, which is left out where it is missing.

CPU time and peak memory are the operating system's, for whole processes from start to end. The
peers also print the CPU time of their event loop alone, without imports, session set-up or
just-in-time compilation (RDataFrame runs its job twice and prints each); the second ratio sets
the last of those against Lumimill's whole process, planning and report included.

Inputs, models and outputs are kept in target/bench.
"""

import argparse
import dataclasses
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LABELS = ["HLT_Mu17_TrkIsoVVL_Mu8_TrkIsoVVL_DZ", "HLT_Mu17_Mu8", "HLT_Mu17_Mu8_DZ"]
FEATURES = ["m_mumu", "pt_mumu", "eta_mumu", "dR_mumu", "PV_npvs", "MET_pt"]
CAMPAIGN = """\
name = "bench"
output = "{output}"
[certification]
mask = "{mask}"
[[dataset]]
name = "bench"
kind = "data"
files = ["{file}"]
tree = "Events"
[[stage]]
name = "dimuon"
rows = {{ pairs = "Muon", charge = "opposite" }}
keep = ["run", "luminosityBlock as lumi", "event", "PV_npvs", "MET_pt"]
labels = {labels}
[stage.columns]
m_mumu = "mass(pair)"
pt_mumu = "pt(pair)"
eta_mumu = "eta(pair)"
dR_mumu = "deltaR(first, second)"
"""
MODEL = """\
[[stage.model]]
name = "score_{label}"
onnx = "{models}/{label}.onnx"
inputs = {features}
class = 1
"""


@dataclasses.dataclass
class Run:
    """One process from start to end; `loop` is the CPU time that a peer says its loop took."""

    cpu: float
    wall: float
    peak_mb: float
    loop: float | None
    pairs: int


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def execute(command, log):
    """Runs a command to its end; returns its CPU seconds, wall seconds, peak MB and output."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with open(log, "w") as out:
        start = time.perf_counter()
        process = subprocess.Popen([str(c) for c in command], stdout=out, stderr=out, env=environment, cwd=ROOT)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    text = log.read_text()
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{text[-3000:]}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, text


class Bench:
    """Where everything lies, and how each contender is started."""

    def __init__(self, options):
        self.options = options
        self.folder = ROOT / "target" / "bench"
        self.models = self.folder / f"models-{options.trees}"
        self.folder.mkdir(parents=True, exist_ok=True)

    def peer(self, name):
        return self.options.peers / name

    def file(self, codec):
        return self.folder / f"{codec}-{self.options.events}.root"

    def mask(self, codec):
        return self.file(codec).with_suffix(".json")

    def prepare(self):
        """Builds the program, makes the files and trains the models, where they are not there."""
        if self.options.lumimill is None:
            say("building lumimill (release)")
            subprocess.run(["cargo", "build", "--release", "--bin", "lumimill"], check=True, cwd=ROOT)
            target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
            self.options.lumimill = target / "release" / "lumimill"
        for codec in self.options.codecs:
            if not self.mask(codec).exists():
                say(f"making {self.file(codec)}")
                arguments = ["--events", self.options.events, "--codec", codec]
                self.python("make_nano.py", self.file(codec), *arguments)
        if not all((self.models / f"{label}.onnx").exists() for label in LABELS):
            say(f"training three models of {self.options.trees} trees")
            table = self.folder / "training.parquet"
            codec = self.options.codecs[0]
            self.python("peer_uproot.py", self.file(codec), self.mask(codec), "-", table, "--no-score")
            self.python("train_trigger.py", table, self.models, "--trees", self.options.trees)

    def python(self, script, *arguments):
        return execute([self.options.python, self.peer(script), *arguments], self.folder / "prepare.log")

    def lumimill(self, codec, scored):
        output = self.folder / "out"
        shutil.rmtree(output, ignore_errors=True)
        text = CAMPAIGN.format(output=output, mask=self.mask(codec), file=self.file(codec), labels=LABELS)
        if scored:
            models = [MODEL.format(label=label, models=self.models, features=FEATURES) for label in LABELS]
            text += "".join(models)
        campaign = self.folder / "campaign.toml"
        campaign.write_text(text.replace("'", '"'))
        command = [self.options.lumimill, "run", campaign, "--slots", "1"]
        cpu, wall, peak, _ = execute(command, self.folder / "lumimill.log")
        return Run(cpu, wall, peak, None, self.rows(output / "bench" / "dimuon"))

    def rows(self, folder):
        """Rows of all Parquet objects of a stage, as pyarrow counts them."""
        code = "import sys, pyarrow.dataset as d; print(d.dataset(sys.argv[1], format='parquet').count_rows())"
        return int(execute([self.options.python, "-c", code, folder], self.folder / "rows.log")[3])

    def uproot(self, codec, scored):
        arguments = [self.file(codec), self.mask(codec), self.models, self.folder / "uproot.parquet"]
        return self.run_peer("peer_uproot.py", arguments + ([] if scored else ["--no-score"]))

    def rdf(self, codec, scored):
        return self.run_peer("peer_rdf.py", [self.file(codec), self.mask(codec), self.folder / "rdf.root"])

    def run_peer(self, script, arguments):
        cpu, wall, peak, text = self.python(script, *arguments)
        last = re.findall(r"pairs (\d+) .*? cpu ([0-9.]+) s", text)[-1]
        return Run(cpu, wall, peak, float(last[1]), int(last[0]))

    def has_root(self):
        command = [str(self.options.python), "-c", "import ROOT"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def measure(bench, codec, scored, peers):
    """Runs every contender in each round, a different one first each time."""
    contenders = {"lumimill": bench.lumimill, **peers}
    runs = {name: [] for name in contenders}
    names = list(contenders)
    for number in range(bench.options.rounds):
        for name in names[number % len(names):] + names[:number % len(names)]:
            run = contenders[name](codec, scored)
            runs[name].append(run)
            say(f"{codec}, {'scored' if scored else 'not scored'}, round {number + 1}: {name} {run.cpu:.2f} s of CPU")
    pairs = {name: {run.pairs for run in of} for name, of in runs.items()}
    if len(set().union(*pairs.values())) != 1:
        sys.exit(f"{codec}: the contenders do not find the same pairs: {pairs}")
    return runs


def ratio(theirs, ours):
    """Median over rounds, and the range."""
    values = [t / o for t, o in zip(theirs, ours)]
    return f"{statistics.median(values):.1f} ({min(values):.1f}–{max(values):.1f})"


def rows_of_table(codec, scored, runs):
    ours = runs.pop("lumimill")
    for name, theirs in runs.items():
        yield " | ".join([
            f"| {codec.upper()}", "three models" if scored else "none", name,
            ratio([r.cpu for r in theirs], [r.cpu for r in ours]),
            ratio([r.loop for r in theirs], [r.cpu for r in ours]),
            ratio([r.wall for r in theirs], [r.wall for r in ours]),
            f"{max(r.peak_mb for r in ours):.0f}",
            f"{max(r.peak_mb for r in theirs):.0f} |",
        ])


def parse(text):
    """The options of a bench whose documentation is `text`."""
    parser = argparse.ArgumentParser(description=text.splitlines()[0])
    peers = pathlib.Path(os.environ.get("LUMIMILL_PEERS", ROOT.parent / "shared" / "bench"))
    parser.add_argument("--peers", type=pathlib.Path, default=peers, help="folder with the peers (LUMIMILL_PEERS)")
    parser.add_argument("--python", default=sys.executable, help="interpreter that the peers run with")
    parser.add_argument("--lumimill", type=pathlib.Path, help="the program; built in release mode unless given")
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--codecs", nargs="+", default=["zlib", "zstd", "lzma"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trees", type=int, default=300)
    options = parser.parse_args()
    if not (options.peers / "peer_uproot.py").exists():
        parser.error(f"{options.peers} holds no peer_uproot.py: name the folder with --peers")
    options.peers = options.peers.resolve()
    if options.lumimill is not None:
        options.lumimill = options.lumimill.resolve()
    return options


def main():
    bench = Bench(parse(__doc__))
    bench.prepare()
    with_root = bench.has_root()
    if not with_root:
        say("ROOT is not installed: RDataFrame is left out")
    lines = [
        "| file | scoring | peer | CPU, whole processes | CPU, peer's loop only | wall time | peak MB, ours | peak MB, peer's |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for codec in bench.options.codecs:
        for scored in (False, True):
            peers = {"uproot": bench.uproot}
            if with_root and not scored:
                peers["RDataFrame"] = bench.rdf
            lines += rows_of_table(codec, scored, measure(bench, codec, scored, peers))
    rounds = bench.options.rounds
    lines.append(f"\nPeer divided by Lumimill: median of {rounds} rounds in turns (range); {bench.options.events:,} events, one thread each.")
    text = "\n".join(lines)
    (bench.folder / "ratios.md").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
